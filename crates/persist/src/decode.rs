//! Records and snapshot parts from bytes.

use crate::encode::tag;
use bytes::Bytes;
use minkapi_object::Object;
use minkapi_store::{
    Below, ChangedObject, Fork, Forked, ImagePart, ImageView, Key, Kind, LayerCover, LayerEntry, Mode, Record, Settled, Store, TakenOver,
    Undone,
};
use std::sync::Arc;

/// Bytes that are not what they should be, although their checksum is right.
pub(crate) const MALFORMED: &str = "a record does not decode";

/// What a log holds.
pub(crate) enum LogRecord {
    /// A change of the store.
    Change(Record<Object>),
    /// Changes go on at a later revision.
    Continue(u64),
    /// The log was closed in order.
    Close,
}

/// What a snapshot holds.
pub(crate) enum SnapshotRecord {
    Part(ImagePart<Object>),
    /// The last record: how many parts there were.
    End(u64),
}

/// Reads what an [`Encoder`](crate::encode::Encoder) has written. Every method is none when the bytes do not fit.
pub(crate) struct Decoder<'a> {
    bytes: &'a [u8],
    seen: Option<&'a mut Vec<Arc<Object>>>,
}

impl<'a> Decoder<'a> {
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, seen: None }
    }

    /// Reads what refers to objects that were read before.
    pub const fn remembering(bytes: &'a [u8], seen: &'a mut Vec<Arc<Object>>) -> Self {
        Self { bytes, seen: Some(seen) }
    }

    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let group = u64::from(byte & 0x7f);
            if shift == 63 && group > 1 {
                return None;
            }
            number |= group << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn len(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// How many items follow; each has at least one byte, so there cannot be more than bytes.
    fn count(&mut self) -> Option<usize> {
        self.len().filter(|n| *n <= self.bytes.len())
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.len()?;
        let (taken, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(taken)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn maybe(&mut self) -> Option<Option<u64>> {
        if self.flag()? { self.number().map(Some) } else { Some(None) }
    }

    fn key(&mut self) -> Option<Key> {
        let namespace = self.text()?;
        Some(Key::new(namespace, self.text()?))
    }

    fn kind(&mut self) -> Option<Kind> {
        self.text().filter(|name| !name.is_empty()).map(Kind::new)
    }

    fn object(&mut self) -> Option<Option<Arc<Object>>> {
        match self.number()? {
            0 => Some(None),
            1 => {
                let version_at = self.len()?;
                let fields: Option<Box<[Arc<str>]>> = (0..self.count()?).map(|_| self.text().map(Arc::from)).collect();
                let bytes = Bytes::copy_from_slice(self.bytes()?);
                let object = Arc::new(Object::restore(bytes, version_at, fields?)?);
                if let Some(seen) = &mut self.seen {
                    seen.push(object.clone());
                }
                Some(Some(object))
            }
            number => {
                let number = usize::try_from(number - 2).ok()?;
                Some(Some(self.seen.as_ref()?.get(number)?.clone()))
            }
        }
    }

    fn entry(&mut self) -> Option<Option<LayerEntry<Object>>> {
        if !self.flag()? {
            return Some(None);
        }
        let object = self.object()?;
        let cover = match self.flag()? {
            true => {
                let since = self.number()?;
                let settled = match self.byte()? {
                    0 => TakenOver::Nothing,
                    1 => TakenOver::This,
                    2 => TakenOver::Earlier(self.object()??),
                    _ => return None,
                };
                Some(LayerCover { since, settled, origin: self.object()? })
            }
            false => None,
        };
        Some(Some(LayerEntry { object, cover }))
    }

    fn many<V>(&mut self, mut one: impl FnMut(&mut Self) -> Option<V>) -> Option<Vec<V>> {
        (0..self.count()?).map(|_| one(self)).collect()
    }

    /// The next record of a log. `store` is the state before it, in which settled objects are found.
    pub fn log_record(&mut self, store: &Store<Object>) -> Option<LogRecord> {
        let record = match self.byte()? {
            tag::COMMIT => {
                let view = self.number()?;
                let changes = self.many(|d| {
                    let (kind, key, revision) = (d.kind()?, d.key()?, d.number()?);
                    Some(ChangedObject { kind, key, revision, object: d.object()? })
                })?;
                Record::Commit { view, changes }
            }
            tag::FORK => {
                let id = self.number()?;
                let (name, note, parent) = (self.text()?.into(), self.text()?.into(), self.text()?.into());
                let mode = if self.flag()? { Mode::Live } else { Mode::Frozen };
                let (at, revision) = (self.maybe()?, self.number()?);
                let undo = self.many(|d| {
                    let (depth, kind, key) = (d.len()?, d.kind()?, d.key()?);
                    Some(Undone { depth, kind, key, entry: d.entry()? })
                })?;
                Record::Fork(Forked { id, name, note, fork: Fork { parent, mode, at }, revision, undo })
            }
            tag::REMOVE => Record::Remove { views: self.many(Self::number)? },
            tag::CLEAR => {
                let (view, kind, revision) = (self.number()?, self.text()?, self.number()?);
                Record::Clear { view, kind: Some(kind).filter(|k| !k.is_empty()).map(Kind::new), revision }
            }
            tag::SETTLE => {
                let view = self.number()?;
                let state = store.views().into_iter().find(|v| v.id() == view)?.snapshot();
                let taken = self.many(|d| {
                    let (kind, key, own) = (d.kind()?, d.key()?, d.maybe()?);
                    let own = own.and_then(|revision| state.get(kind, &key).filter(|o| o.resource_version() == revision));
                    Some(Settled { kind, key, own, origin: d.object()? })
                })?;
                Record::Settle { view, taken }
            }
            tag::CONTINUE => return self.number().map(LogRecord::Continue),
            tag::CLOSE => return Some(LogRecord::Close),
            _ => return None,
        };
        Some(LogRecord::Change(record))
    }

    /// The next record of a snapshot.
    pub fn snapshot_record(&mut self) -> Option<SnapshotRecord> {
        let part = match self.byte()? {
            tag::START => ImagePart::Start { revision: self.number()?, next_view: self.number()? },
            tag::LAYER => ImagePart::Layer { touched: self.flag()? },
            tag::KIND => {
                let kind = self.kind()?;
                let like = self.maybe()?;
                ImagePart::Kind { kind, like: like.map(usize::try_from).transpose().ok()? }
            }
            tag::ENTRY => ImagePart::Entry { key: self.key()?, entry: self.entry()? },
            tag::VIEW => {
                let (id, name, note) = (self.number()?, self.text()?.into(), self.text()?.into());
                let origin = if self.flag()? { Some((self.number()?, self.number()?)) } else { None };
                let below = match self.byte()? {
                    0 => Below::Nothing,
                    1 => Below::Parent,
                    2 => Below::Layers(self.many(Self::len)?),
                    _ => return None,
                };
                ImagePart::View(ImageView { id, name, note, origin, below })
            }
            tag::END => return self.number().map(SnapshotRecord::End),
            _ => return None,
        };
        Some(SnapshotRecord::Part(part))
    }
}
