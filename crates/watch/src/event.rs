//! What a watcher is told.

use minkapi_object::{Object, Status};
use minkapi_store::{Event, Revision};
use std::sync::Arc;

/// The type of a watch event (C-06-10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEventKind {
    /// The object was created or has begun to match.
    Added,
    /// The object was changed.
    Modified,
    /// The object was deleted or has ceased to match; it is the last state that matched, under the event's revision.
    Deleted,
    /// All changes up to the event's revision have been sent.
    Bookmark {
        /// This is the one that ends the initial events (C-06-30).
        initial_events_end: bool,
    },
    /// The watch has failed; nothing follows (C-06-14).
    Error(Box<Status>),
}

/// One event of a watch.
#[derive(Debug, Clone)]
pub struct WatchEvent {
    /// Its type.
    pub kind: WatchEventKind,
    /// The object as it is to be sent; none for bookmarks and errors.
    pub object: Option<Arc<Object>>,
    /// The revision from which a later watch would go on; 0 for an error.
    pub revision: Revision,
    pub(crate) source: Option<Arc<Event<Object>>>,
}

impl WatchEvent {
    pub(crate) const fn bookmark(revision: Revision, initial_events_end: bool) -> Self {
        Self { kind: WatchEventKind::Bookmark { initial_events_end }, object: None, revision, source: None }
    }

    pub(crate) fn error(status: Status) -> Self {
        Self { kind: WatchEventKind::Error(Box::new(status)), object: None, revision: 0, source: None }
    }

    pub(crate) fn initial(object: Arc<Object>) -> Self {
        let revision = object.resource_version();
        Self { kind: WatchEventKind::Added, object: Some(object), revision, source: None }
    }

    /// What `make` encodes this event to, made once for all watchers that are sent the same: `encoding` stands for one
    /// way to encode (format, version, columns) and one type. Synthetic events are encoded anew each time.
    pub fn encoded<V: Clone + Send + Sync + 'static>(&self, encoding: u32, make: impl FnOnce(&Self) -> V) -> V {
        let change = match self.kind {
            WatchEventKind::Added => 0,
            WatchEventKind::Modified => 1,
            WatchEventKind::Deleted => 2,
            WatchEventKind::Bookmark { .. } | WatchEventKind::Error(_) => return make(self),
        };
        match &self.source {
            Some(source) => source.derived(u64::from(encoding) << 2 | change, || make(self)),
            None => make(self),
        }
    }
}
