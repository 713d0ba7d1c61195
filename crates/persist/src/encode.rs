//! Records and snapshot parts as bytes.

use minkapi_object::Object;
use minkapi_store::{
    Below, ChangedObject, Fork, Forked, ImagePart, ImageView, Key, Kind, LayerEntry, Mode, Record, Settled, TakenOver, Undone,
};
use std::{collections::HashMap, sync::Arc};

/// What comes first of a record or part, and tells what it is.
pub(crate) mod tag {
    pub const COMMIT: u8 = 1;
    pub const FORK: u8 = 2;
    pub const REMOVE: u8 = 3;
    pub const CLEAR: u8 = 4;
    pub const SETTLE: u8 = 5;
    /// Changes go on at a later revision: what was handed out before may not have been kept.
    pub const CONTINUE: u8 = 6;
    /// The log was closed in order.
    pub const CLOSE: u8 = 7;

    pub const START: u8 = 32;
    pub const LAYER: u8 = 33;
    pub const KIND: u8 = 34;
    pub const ENTRY: u8 = 35;
    pub const VIEW: u8 = 36;
    pub const END: u8 = 37;
}

/// Writes values one after the other: numbers in groups of seven bits, texts with their length.
#[derive(Default)]
pub(crate) struct Encoder {
    pub out: Vec<u8>,
    /// Numbers of the objects written before, when each is to be written once. They are kept alive, so that an address
    /// stands for one object.
    seen: Option<HashMap<*const Object, (u64, Arc<Object>)>>,
}

impl Encoder {
    /// Writes every object once and then refers to it by number.
    pub fn remembering() -> Self {
        Self { out: Vec::new(), seen: Some(HashMap::new()) }
    }

    pub fn byte(&mut self, byte: u8) {
        self.out.push(byte);
    }

    pub fn flag(&mut self, flag: bool) {
        self.byte(u8::from(flag));
    }

    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    pub fn len(&mut self, len: usize) {
        self.number(len as u64);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.len(bytes.len());
        self.out.extend_from_slice(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A number that may be missing.
    pub fn maybe(&mut self, number: Option<u64>) {
        self.flag(number.is_some());
        if let Some(number) = number {
            self.number(number);
        }
    }

    fn key(&mut self, key: &Key) {
        self.text(key.namespace());
        self.text(key.name());
    }

    fn kind(&mut self, kind: Kind) {
        self.text(kind.name());
    }

    /// 0 for none, 1 and the object, or 2 and more for one that was written before.
    fn object(&mut self, object: Option<&Arc<Object>>) {
        let Some(object) = object else { return self.byte(0) };
        if let Some(seen) = &mut self.seen {
            let next = seen.len() as u64;
            if let Some((number, _)) = seen.get(&Arc::as_ptr(object)) {
                let number = *number;
                return self.number(number + 2);
            }
            seen.insert(Arc::as_ptr(object), (next, object.clone()));
        }
        self.byte(1);
        self.len(object.around_version().0.len());
        self.len(object.head().fields.len());
        object.head().fields.iter().for_each(|field| self.text(field));
        self.bytes(object.bytes());
    }

    fn entry(&mut self, entry: Option<&LayerEntry<Object>>) {
        self.flag(entry.is_some());
        let Some(entry) = entry else { return };
        self.object(entry.object.as_ref());
        self.flag(entry.cover.is_some());
        if let Some(cover) = &entry.cover {
            self.number(cover.since);
            match &cover.settled {
                TakenOver::Nothing => self.byte(0),
                TakenOver::This => self.byte(1),
                TakenOver::Earlier(object) => {
                    self.byte(2);
                    self.object(Some(object));
                }
            }
            self.object(cover.origin.as_ref());
        }
    }

    pub fn record(&mut self, record: &Record<Object>) {
        match record {
            Record::Commit { view, changes } => {
                self.byte(tag::COMMIT);
                self.number(*view);
                self.len(changes.len());
                for ChangedObject { kind, key, revision, object } in changes {
                    self.kind(*kind);
                    self.key(key);
                    self.number(*revision);
                    self.object(object.as_ref());
                }
            }
            Record::Fork(Forked { id, name, note, fork: Fork { parent, mode, at }, revision, undo }) => {
                self.byte(tag::FORK);
                self.number(*id);
                [name, note, parent].into_iter().for_each(|text| self.text(text));
                self.flag(*mode == Mode::Live);
                self.maybe(*at);
                self.number(*revision);
                self.len(undo.len());
                for Undone { depth, kind, key, entry } in undo {
                    self.len(*depth);
                    self.kind(*kind);
                    self.key(key);
                    self.entry(entry.as_ref());
                }
            }
            Record::Remove { views } => {
                self.byte(tag::REMOVE);
                self.len(views.len());
                views.iter().for_each(|view| self.number(*view));
            }
            Record::Clear { view, kind, revision } => {
                self.byte(tag::CLEAR);
                self.number(*view);
                self.text(kind.map_or("", Kind::name));
                self.number(*revision);
            }
            Record::Settle { view, taken } => {
                self.byte(tag::SETTLE);
                self.number(*view);
                self.len(taken.len());
                for Settled { kind, key, own, origin } in taken {
                    self.kind(*kind);
                    self.key(key);
                    // The object itself is the view's; whether it still is, its revision tells.
                    self.maybe(own.as_ref().map(|o| o.resource_version()));
                    self.object(origin.as_ref());
                }
            }
        }
    }

    pub fn part(&mut self, part: &ImagePart<Object>) {
        match part {
            ImagePart::Start { revision, next_view } => {
                self.byte(tag::START);
                self.number(*revision);
                self.number(*next_view);
            }
            ImagePart::Layer { touched } => {
                self.byte(tag::LAYER);
                self.flag(*touched);
            }
            ImagePart::Kind { kind, like } => {
                self.byte(tag::KIND);
                self.kind(*kind);
                self.maybe(like.map(|l| l as u64));
            }
            ImagePart::Entry { key, entry } => {
                self.byte(tag::ENTRY);
                self.key(key);
                self.entry(entry.as_ref());
            }
            ImagePart::View(ImageView { id, name, note, origin, below }) => {
                self.byte(tag::VIEW);
                self.number(*id);
                self.text(name);
                self.text(note);
                self.flag(origin.is_some());
                if let Some((parent, revision)) = origin {
                    self.number(*parent);
                    self.number(*revision);
                }
                match below {
                    Below::Nothing => self.byte(0),
                    Below::Parent => self.byte(1),
                    Below::Layers(layers) => {
                        self.byte(2);
                        self.len(layers.len());
                        layers.iter().for_each(|layer| self.len(*layer));
                    }
                }
            }
        }
    }
}
