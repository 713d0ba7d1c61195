//! One change of one object.

use crate::{Key, Revision, Versioned};
use parking_lot::Mutex;
use std::{
    any::Any,
    fmt,
    sync::{Arc, OnceLock},
};

/// A change: creation (`old` is none), update, or deletion (`new` is none). Shared by all who read it, in whichever
/// view, so that what is derived from it is derived once.
pub struct Event<T> {
    /// The revision of the change.
    pub revision: Revision,
    /// Whose change it is.
    pub key: Key,
    /// The object after the change.
    pub new: Option<Arc<T>>,
    /// The object before the change; in a sandbox's first change of a parent's object, the parent's.
    pub old: Option<Arc<T>>,
    /// Whether the layer held nothing for the key before, not even a tombstone.
    pub(crate) first: bool,
    departed: OnceLock<Arc<T>>,
    derived: Mutex<Derived>,
}

/// What a change means to one who sees only some objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The object was created or has begun to be seen.
    Added,
    /// It was changed.
    Modified,
    /// It was deleted or is not seen any more.
    Deleted,
}

/// What callers derived from an event, by their identifier.
#[derive(Default)]
struct Derived {
    values: Vec<(u64, Box<dyn Any + Send + Sync>)>,
    /// Set when the event is no longer recent: nothing is kept from then on.
    released: bool,
}

impl<T> Event<T> {
    pub(crate) fn new(revision: Revision, key: Key, old: Option<Arc<T>>, new: Option<Arc<T>>, first: bool) -> Self {
        Self { revision, key, new, old, first, departed: OnceLock::new(), derived: Mutex::default() }
    }

    /// The value that `make` derives from this event, made once for each `id` among all readers of the event while it
    /// is recent; such as its encoding in one of several formats. `id` must stand for one type and one derivation.
    pub fn derived<V: Clone + Send + Sync + 'static>(&self, id: u64, make: impl FnOnce() -> V) -> V {
        let mut derived = self.derived.lock();
        let found = derived.values.iter().find(|(i, _)| *i == id).and_then(|(_, v)| v.downcast_ref::<V>());
        if let Some(value) = found {
            return value.clone();
        }
        if derived.released {
            drop(derived);
            return make();
        }
        let value = make();
        derived.values.push((id, Box::new(value.clone())));
        value
    }

    /// Forgets what was derived: the event is now old enough that whoever follows has read it.
    pub(crate) fn release(&self) {
        let mut derived = self.derived.lock();
        derived.released = true;
        derived.values = Vec::new();
    }
}

impl<T: Versioned> Event<T> {
    /// The previous state under the revision of this event: what a watcher is told when the object was deleted or left
    /// its selection (C-06-11, C-06-12). Made once for all watchers. None for a creation.
    pub fn departed(&self) -> Option<&Arc<T>> {
        let old = self.old.as_ref()?;
        Some(self.departed.get_or_init(|| Arc::new(old.with_revision(self.revision))))
    }

    /// What the change means to one who sees only objects for which `selects` holds, and the object that he is to be
    /// told: the new one, or the [`departed`](Self::departed). None if it concerns no object that he sees.
    pub fn transition(&self, selects: impl Fn(&T) -> bool) -> Option<(Transition, &Arc<T>)> {
        let selected = |object: &Option<Arc<T>>| object.as_ref().is_some_and(|o| selects(o));
        match (selected(&self.old), selected(&self.new)) {
            (false, false) => None,
            (false, true) => Some((Transition::Added, self.new.as_ref()?)),
            (true, true) => Some((Transition::Modified, self.new.as_ref()?)),
            (true, false) => Some((Transition::Deleted, self.departed()?)),
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.new.as_ref().or(self.old.as_ref()).map_or(0, |o| o.size())
    }
}

impl<T> fmt::Debug for Event<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (&self.old, &self.new) {
            (None, _) => "created",
            (_, None) => "deleted",
            _ => "updated",
        };
        write!(f, "{} {what} at {}", self.key, self.revision)
    }
}
