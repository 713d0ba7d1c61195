//! Options of reads, as their API kind names them, and the kinds of patches.

use minkapi_object::{FieldSelector, LabelSelector};
use std::time::Duration;

/// `ListOptions`, decoded and validated for the verb that they come with.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// `labelSelector`.
    pub label_selector: LabelSelector,
    /// `fieldSelector`, with labels as the client wrote them.
    pub field_selector: FieldSelector,
    /// `resourceVersion`.
    pub resource_version: ResourceVersion,
    /// `resourceVersionMatch`.
    pub resource_version_match: Option<ResourceVersionMatch>,
    /// `limit`; 0 is none.
    pub limit: u64,
    /// `continue`, still encoded; empty when absent.
    pub continue_token: String,
    /// `timeoutSeconds`; none is what the server thinks fit.
    pub timeout: Option<Duration>,
    /// `allowWatchBookmarks`.
    pub allow_watch_bookmarks: bool,
    /// `sendInitialEvents`.
    pub send_initial_events: Option<bool>,
    /// A `/watch/` URL: these never get the marker bookmark (chapter 18 on C-06-32).
    pub watch_prefix: bool,
}

/// A `resourceVersion` parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResourceVersion {
    /// Absent: the most recent state.
    #[default]
    Unset,
    /// `0`: any state.
    Any,
    /// A revision.
    At(u64),
}

/// `resourceVersionMatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum ResourceVersionMatch {
    Exact,
    NotOlderThan,
}

/// The kinds of patches, by content type (C-07-01).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the content types'")]
pub enum PatchType {
    Json,
    Merge,
    StrategicMerge,
    Apply,
}
