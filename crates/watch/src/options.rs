//! How a watch starts and ends.

use crate::{Convert, Selector};
use minkapi_store::Revision;
use std::{sync::Arc, time::Duration};

/// Where a watch begins (chapter 6.3 of the contract).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the first change later than this revision, which may be in the future.
    After(Revision),
    /// With the next change.
    Now,
    /// With the current objects, as if they were just added; then changes.
    InitialState {
        /// Wait until the server is at this revision, and fail if it does not get there soon (C-06-23).
        not_older_than: Revision,
        /// Send the bookmark that ends the initial events, provided that bookmarks are wanted at all (C-06-30).
        marker: bool,
    },
}

/// What is watched, and how.
#[derive(Debug, Clone)]
pub struct WatchOptions {
    /// Which objects.
    pub selector: Selector,
    /// From where.
    pub start: Start,
    /// Whether bookmarks are wanted (`allowWatchBookmarks`).
    pub bookmarks: bool,
    /// How often they are sent (C-06-13).
    pub bookmark_interval: Duration,
    /// When the watch ends by itself (C-06-40).
    pub timeout: Option<Duration>,
    /// What is said of a start that is too old instead of the usual text; for kinds that kube-apiserver serves without
    /// its watch cache (C-06-22).
    pub too_old_message: Option<&'static str>,
    /// Makes what is sent, where that is not what is stored and not made at once.
    pub convert: Option<Arc<dyn Convert>>,
}

impl Default for WatchOptions {
    /// All changes from now on, without bookmarks or end.
    fn default() -> Self {
        Self {
            selector: Selector::default(),
            start: Start::Now,
            bookmarks: false,
            bookmark_interval: Duration::from_secs(60),
            timeout: None,
            too_old_message: None,
            convert: None,
        }
    }
}
