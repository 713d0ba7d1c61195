//! One consistent state of one view.

use crate::{
    Event, Key, Kind, Range, Revision,
    history::{self, Events, TooOld},
    layer::Layer,
};
use std::{collections::BTreeSet, sync::Arc};

/// The state of a view at one revision. It never changes, needs no lock, and keeps alive what it shows.
pub struct Snapshot<T> {
    pub(crate) revision: Revision,
    pub(crate) top: Arc<Layer<T>>,
    /// The layers below, from the parent down to the base view.
    pub(crate) below: Vec<Arc<Layer<T>>>,
}

impl<T> Clone for Snapshot<T> {
    fn clone(&self) -> Self {
        Self { revision: self.revision, top: self.top.clone(), below: self.below.clone() }
    }
}

/// Why a past state cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AtError {
    /// The history does not reach back as far.
    #[error("revision is older than the kept history, which begins at {floor}")]
    Expired {
        /// The oldest revision that could be read.
        floor: Revision,
    },
    /// There is no such revision yet.
    #[error("revision is in the future, the current one is {current}")]
    Future {
        /// The newest revision.
        current: Revision,
    },
}

impl<T> Snapshot<T> {
    /// The revision at which the server was when this was its state; at least that of every object in it.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// The object of that key.
    pub fn get(&self, kind: Kind, key: &Key) -> Option<Arc<T>> {
        self.find(kind, key).cloned()
    }

    /// The object of that key, borrowed.
    pub fn find(&self, kind: Kind, key: &Key) -> Option<&Arc<T>> {
        self.layers().find_map(|l| l.entry(kind, key))?.object.as_ref()
    }

    /// The objects of a kind in order of their keys: those of one namespace or of all, from the beginning or after a
    /// key.
    pub fn range(&self, kind: Kind, namespace: Option<&str>, after: Option<&Key>) -> Range<'_, T> {
        Range::new(self.layers().filter_map(|l| l.entries(kind)), Key::bounds(namespace, after))
    }

    /// How many objects of a kind there are. Costs as much as there are changes in sandboxes.
    pub fn len(&self, kind: Kind) -> usize {
        let layers: Vec<_> = self.layers().collect();
        let mut count = 0;
        for (depth, layer) in layers.iter().enumerate() {
            let Some(entries) = layer.entries(kind) else { continue };
            if depth + 1 == layers.len() && depth == 0 {
                return entries.len();
            }
            let above = || layers.iter().take(depth);
            if depth + 1 == layers.len() {
                // The lowest layer has no tombstones: count it whole, without what the layers above hide of it.
                let keys: BTreeSet<&Key> = above().filter_map(|l| l.entries(kind)).flat_map(|e| e.keys()).collect();
                count += entries.len() - keys.iter().filter(|k| entries.contains_key(**k)).count();
            } else {
                let shown = |key: &Key| !above().any(|l| l.entry(kind, key).is_some());
                count += entries.iter().filter(|(key, entry)| entry.object.is_some() && shown(key)).count();
            }
        }
        count
    }

    /// Whether there is no object of the kind.
    pub fn is_empty(&self, kind: Kind) -> bool {
        self.range(kind, None, None).next().is_none()
    }

    /// All kinds of which there is or was an object, in order of name.
    pub fn kinds(&self) -> Vec<Kind> {
        if self.below.is_empty() {
            return self.top.kinds.keys().copied().collect();
        }
        self.layers().flat_map(|l| l.kinds.keys().copied()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// What the view was forked from, as it was at this moment; none for the base view.
    pub fn parent(&self) -> Option<Self> {
        let (top, below) = self.below.split_first()?;
        Some(Self { revision: self.revision, top: top.clone(), below: below.to_vec() })
    }

    /// The latest change of `kind` made in the view itself, whether or not anything is left of it. Equal numbers of
    /// snapshots of one base view mean equal objects of the kind.
    pub fn latest(&self, kind: Kind) -> Revision {
        self.top.kinds.get(&kind).map_or(self.top.floor, |k| k.log.latest())
    }

    /// Up to `max` changes of `kind` later than `after` and up to this snapshot, in order of revision.
    ///
    /// A change in a parent is one of this view as well unless the view had an entry of its own for the object then.
    ///
    /// # Errors
    /// [`TooOld`] when some of these changes are forgotten.
    pub fn events(&self, kind: Kind, after: Revision, max: usize) -> Result<Events<T>, TooOld> {
        history::events(self, kind, after, max)
    }

    /// The least revision that [`Self::events`] accepts for `kind`.
    pub fn floor(&self, kind: Kind) -> Revision {
        self.layers().map(|l| l.floor_of(kind)).max().unwrap_or(0)
    }

    /// The state of this view at an older revision. Costs as much as has changed since.
    ///
    /// # Errors
    /// [`AtError`] when `revision` is not within the history of some kind.
    pub fn at(&self, revision: Revision) -> Result<Self, AtError> {
        self.past(revision, None)
    }

    /// As [`Self::at`], but of one kind only, whatever of the history of others is kept. What it shows of other kinds
    /// means nothing.
    ///
    /// # Errors
    /// [`AtError`] when `revision` is not within the history of the kind.
    pub fn kind_at(&self, kind: Kind, revision: Revision) -> Result<Self, AtError> {
        self.past(revision, Some(kind))
    }

    fn past(&self, revision: Revision, only: Option<Kind>) -> Result<Self, AtError> {
        if revision > self.revision {
            return Err(AtError::Future { current: self.revision });
        }
        if revision == self.revision {
            return Ok(self.clone());
        }
        let floor = match only {
            Some(kind) => self.floor(kind),
            None => self.layers().flat_map(|l| l.kinds.keys().map(|k| l.floor_of(*k)).chain([l.floor])).max().unwrap_or(0),
        };
        if revision < floor {
            return Err(AtError::Expired { floor });
        }
        let undo = |layer: &Arc<Layer<T>>| Arc::new(layer.at(revision, only));
        Ok(Self { revision, top: undo(&self.top), below: self.below.iter().map(undo).collect() })
    }

    pub(crate) fn layers(&self) -> impl Iterator<Item = &Arc<Layer<T>>> {
        std::iter::once(&self.top).chain(&self.below)
    }

    /// The layers that show something, topmost first, as a frozen parent.
    pub(crate) fn freeze(&self) -> Arc<[Arc<Layer<T>>]> {
        let lowest = self.below.len();
        let shown = self.layers().enumerate().filter(|(depth, layer)| *depth == lowest || !layer.is_untouched());
        shown.map(|(_, layer)| layer.without_parent()).collect()
    }

    /// Whether a change made in the layer at `depth` is seen through the layers above.
    pub(crate) fn shows(&self, depth: usize, kind: Kind, event: &Event<T>) -> bool {
        !self.layers().take(depth).any(|l| l.covers(kind, &event.key, event.revision))
    }
}
