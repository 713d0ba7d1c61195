//! What a store tells of its changes to one who keeps them.

use crate::{Fork, Key, Kind, Revision, Settled, layer::ViewId};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
};

/// Keeps the changes of a store, such as a log on disk. Attached with [`Store::attach`](crate::Store::attach).
pub trait CommitLog<T>: Send + Sync {
    /// Takes note of a change that everybody is about to see. Called in the order of the changes with the store's writer
    /// lock held, so it must be quick and must not use the store.
    fn append(&self, record: Record<T>);

    /// Resolves when everything noted so far is kept.
    fn settled(&self) -> Pin<Box<dyn Future<Output = Result<(), LogFailed>> + Send>>;

    /// Why nothing is kept any more, if that is so.
    fn failure(&self) -> Option<LogFailed>;
}

/// What a [`CommitLog`] was to keep is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("changes cannot be kept: {0}")]
pub struct LogFailed(pub Arc<str>);

/// One change of a store: what [`Store::replay`](crate::Store::replay) needs to make it again.
#[derive(Debug)]
pub enum Record<T> {
    /// Objects of a view were changed together.
    Commit {
        /// The view.
        view: ViewId,
        /// The changes in order.
        changes: Vec<ChangedObject<T>>,
    },
    /// A view was forked.
    Fork(Forked<T>),
    /// Views were removed together.
    Remove {
        /// These.
        views: Vec<ViewId>,
    },
    /// A view, or one kind in it, was emptied.
    Clear {
        /// The view.
        view: ViewId,
        /// The kind; all if none.
        kind: Option<Kind>,
        /// The revision of that.
        revision: Revision,
    },
    /// A view's parent has taken over some of its objects.
    Settle {
        /// The view.
        view: ViewId,
        /// What was taken over.
        taken: Vec<Settled<T>>,
    },
}

/// One object's new state.
#[derive(Debug)]
pub struct ChangedObject<T> {
    /// The kind.
    pub kind: Kind,
    /// The key.
    pub key: Key,
    /// The revision of the change.
    pub revision: Revision,
    /// The object; none for a deletion.
    pub object: Option<Arc<T>>,
}

/// A new view.
#[derive(Debug)]
pub struct Forked<T> {
    /// Identifies it for ever.
    pub id: ViewId,
    /// Its name.
    pub name: Arc<str>,
    /// What its maker noted of it.
    pub note: Arc<str>,
    /// From what it was forked, and how.
    pub fork: Fork,
    /// The revision of the parent that it shows.
    pub revision: Revision,
    /// What the parent's layers held at that revision where they differ from now. The history is not kept, so a fork of the
    /// past brings it along.
    pub undo: Vec<Undone<T>>,
}

/// What a layer held for a key at an older revision.
#[derive(Debug)]
pub struct Undone<T> {
    /// Which layer, counted from the parent's own down.
    pub depth: usize,
    /// The kind.
    pub kind: Kind,
    /// The key.
    pub key: Key,
    /// The entry; none if there was none.
    pub entry: Option<LayerEntry<T>>,
}

/// What a layer holds for a key.
#[derive(Debug)]
pub struct LayerEntry<T> {
    /// The object; none for a tombstone.
    pub object: Option<Arc<T>>,
    /// What it covers of the parent; none in the base view.
    pub cover: Option<LayerCover<T>>,
}

/// How an entry of a sandbox stands over its parent.
#[derive(Debug)]
pub struct LayerCover<T> {
    /// The revision since which it does.
    pub since: Revision,
    /// The parent's object that it stands for.
    pub origin: Option<Arc<T>>,
    /// What the parent has taken over.
    pub settled: TakenOver<T>,
}

/// What the parent of a sandbox has taken over of an entry.
#[derive(Debug)]
pub enum TakenOver<T> {
    /// Nothing.
    Nothing,
    /// The entry's object.
    This,
    /// An object that the entry had before.
    Earlier(Arc<T>),
}

/// The log of a store, if it has one.
pub(crate) struct Noting<T>(OnceLock<Arc<dyn CommitLog<T>>>);

impl<T> Default for Noting<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<T> Noting<T> {
    pub fn attach(&self, log: Arc<dyn CommitLog<T>>) -> bool {
        self.0.set(log).is_ok()
    }

    pub fn get(&self) -> Option<&Arc<dyn CommitLog<T>>> {
        self.0.get()
    }

    /// Notes a change. Costs one load when nobody keeps them.
    pub fn note(&self, record: impl FnOnce() -> Record<T>) {
        if let Some(log) = self.0.get() {
            log.append(record());
        }
    }
}
