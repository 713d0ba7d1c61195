//! What one view holds of its own.

use crate::{Event, Key, Kind, Revision, Versioned, log::Limits, log::Log};
use imbl::OrdMap;
use std::sync::Arc;

/// What a layer holds for a key.
pub(crate) struct Entry<T> {
    /// The object; none is a tombstone, which occurs only over a parent.
    pub object: Option<Arc<T>>,
    /// What this entry hides of the parent; none in the base view, which has no parent.
    pub cover: Option<Arc<Cover<T>>>,
}

/// How an entry of a sandbox stands over its parent.
pub(crate) struct Cover<T> {
    /// The revision since which the sandbox has an entry for the key; later changes in the parent are not seen.
    pub since: Revision,
    /// The parent's object when the sandbox first changed it, or when this was last brought into the parent.
    pub origin: Option<Arc<T>>,
    /// The sandbox's object that the parent has taken over; none if it has taken none.
    pub settled: Option<Arc<T>>,
}

impl<T> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self { object: self.object.clone(), cover: self.cover.clone() }
    }
}

/// The objects and the history of one kind in one layer.
pub(crate) struct KindState<T> {
    pub entries: OrdMap<Key, Entry<T>>,
    pub log: Log<T>,
}

impl<T> Clone for KindState<T> {
    fn clone(&self) -> Self {
        Self { entries: self.entries.clone(), log: self.log.clone() }
    }
}

impl<T> KindState<T> {
    /// This state as it was at `revision`: the later changes are undone, newest first.
    fn at(&self, revision: Revision) -> Self {
        let mut entries = self.entries.clone();
        for event in self.log.after(revision).rev() {
            if event.first {
                entries.remove(&event.key);
            } else {
                let cover = entries.get(&event.key).and_then(|e| e.cover.clone());
                entries.insert(event.key.clone(), Entry { object: event.old.clone(), cover });
            }
        }
        Self { entries, log: self.log.until(revision) }
    }
}

/// The entries of one view, without those of its parent: an immutable value.
pub(crate) struct Layer<T> {
    pub kinds: OrdMap<Kind, Arc<KindState<T>>>,
    /// Nothing is known of this layer before this revision: it was emptied then.
    pub floor: Revision,
    pub parent: Parent<T>,
}

/// What a layer lies upon.
pub(crate) enum Parent<T> {
    /// Nothing: the base view.
    None,
    /// The current state of another view.
    Live(ViewId),
    /// A state that does not change any more, topmost layer first. Its layers have no parents, so that nests of any depth
    /// are dropped without recursion.
    Frozen(Arc<[Arc<Layer<T>>]>),
}

/// Identifies a view for ever; names may be used again.
pub(crate) type ViewId = u64;

impl<T> Clone for Parent<T> {
    fn clone(&self) -> Self {
        match self {
            Self::None => Self::None,
            Self::Live(id) => Self::Live(*id),
            Self::Frozen(layers) => Self::Frozen(layers.clone()),
        }
    }
}

impl<T> Clone for Layer<T> {
    fn clone(&self) -> Self {
        Self { kinds: self.kinds.clone(), floor: self.floor, parent: self.parent.clone() }
    }
}

impl<T> Layer<T> {
    /// A layer without entries whose history begins at `floor`.
    pub fn empty(floor: Revision, parent: Parent<T>) -> Self {
        Self { kinds: OrdMap::new(), floor, parent }
    }

    /// Whether nothing was ever done in this layer, so that it shows what lies below it and has no history to lose.
    pub fn is_untouched(&self) -> bool {
        self.kinds.is_empty() && self.floor == 0
    }

    pub fn entry(&self, kind: Kind, key: &Key) -> Option<&Entry<T>> {
        self.kinds.get(&kind)?.entries.get(key)
    }

    pub fn entries(&self, kind: Kind) -> Option<&OrdMap<Key, Entry<T>>> {
        Some(&self.kinds.get(&kind)?.entries)
    }

    /// All changes of `kind` later than this revision are known.
    pub fn floor_of(&self, kind: Kind) -> Revision {
        self.kinds.get(&kind).map_or(self.floor, |k| k.log.floor().max(self.floor))
    }

    /// The changes of `kind` in this layer later than `revision`, in order.
    pub fn events_after(&self, kind: Kind, revision: Revision) -> impl Iterator<Item = &Arc<Event<T>>> {
        self.kinds.get(&kind).into_iter().flat_map(move |k| k.log.after(revision))
    }

    /// Whether this layer hid its parent's object of that key at `revision`.
    pub fn covers(&self, kind: Kind, key: &Key, revision: Revision) -> bool {
        self.entry(kind, key).is_some_and(|e| e.cover.as_ref().is_none_or(|c| c.since <= revision))
    }

    /// This layer alone.
    pub fn without_parent(self: &Arc<Self>) -> Arc<Self> {
        match self.parent {
            Parent::None => self.clone(),
            _ => Arc::new(Self { kinds: self.kinds.clone(), floor: self.floor, parent: Parent::None }),
        }
    }

    /// This layer as it was at `revision`, with all kinds or only the given one.
    pub fn at(&self, revision: Revision, only: Option<Kind>) -> Self {
        let undo = |(kind, state): (&Kind, &Arc<KindState<T>>)| {
            let unchanged = state.log.after(revision).next().is_none();
            (*kind, if unchanged { state.clone() } else { Arc::new(state.at(revision)) })
        };
        let kinds = match only {
            None => self.kinds.iter().map(undo).collect(),
            Some(kind) => self.kinds.get_key_value(&kind).map(undo).into_iter().collect(),
        };
        Self { kinds, floor: self.floor, parent: self.parent.clone() }
    }
}

impl<T: Versioned> KindState<T> {
    /// A state without entries whose history begins at `floor`.
    pub fn empty(floor: Revision) -> Self {
        Self { entries: OrdMap::new(), log: Log::new(floor) }
    }

    pub fn record(&mut self, event: Arc<Event<T>>, limits: Limits) {
        self.log.push(event, limits);
    }
}
