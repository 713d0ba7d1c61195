//! `ListOptions` of lists, watches and deletions of collections.

use super::{
    numbers::{integer, list_version},
    refuse, watch_version,
};
use crate::query::Query;
use minkapi_object::{FieldSelector, LabelSelector, Status};
use minkapi_schema::field::{Error, Path};
use minkapi_view::{ListOptions, ResourceVersionMatch};
use std::time::Duration;

/// What the options are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// A list, or a deletion of a collection.
    List,
    /// A watch.
    Watch,
    /// A `/watch/` URL without `watch` in its query: a watch whose options are checked as those of a list (chapter 18 on
    /// C-06-42).
    WatchUrl,
}

/// Options of a list, or of a watch.
///
/// # Errors
/// 400 for numbers, selectors and versions that do not parse (500 for a version of a watch), 422 for options that do not
/// go together (C-05-10, C-06-21).
pub(crate) fn list_options(query: &Query<'_>, kind: ListKind) -> Result<ListOptions, Status> {
    let timeout_seconds = integer(query, "timeoutSeconds")?;
    let limit = integer(query, "limit")?;
    let label_selector = LabelSelector::parse(query.text("labelSelector")).map_err(|e| Status::bad_request(e.to_string()))?;
    let field_selector = FieldSelector::parse(query.text("fieldSelector")).map_err(|e| Status::bad_request(e.to_string()))?;
    let send_initial_events = query.flag("sendInitialEvents");
    let errors = match kind {
        ListKind::Watch => watch_errors(query, send_initial_events),
        ListKind::List | ListKind::WatchUrl => list_errors(query, send_initial_events),
    };
    refuse("ListOptions", &errors)?;
    let resource_version = if kind == ListKind::List { list_version(query)? } else { watch_version(query)? };
    Ok(ListOptions {
        label_selector,
        field_selector,
        resource_version,
        resource_version_match: match query.text("resourceVersionMatch") {
            "Exact" => Some(ResourceVersionMatch::Exact),
            "NotOlderThan" => Some(ResourceVersionMatch::NotOlderThan),
            _ => None,
        },
        limit: u64::try_from(limit.unwrap_or(0)).unwrap_or(0),
        continue_token: query.text("continue").to_owned(),
        // A watch of 0 seconds is one without a limit of its own. More than 292 years are any time at all in Go, which counts
        // nanoseconds in 64 bits.
        timeout: timeout_seconds
            .map(|seconds| seconds.wrapping_mul(1_000_000_000))
            .filter(|nanos| *nanos != 0)
            .map(|nanos| Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))),
        allow_watch_bookmarks: query.flag("allowWatchBookmarks").unwrap_or(false),
        send_initial_events,
        watch_prefix: false,
    })
}

const MATCH: Path<'static> = Path::new("resourceVersionMatch");

fn forbidden(why: &str) -> Error {
    Error::forbidden(&MATCH, why)
}

fn list_errors(query: &Query<'_>, send_initial_events: Option<bool>) -> Vec<Error> {
    let mut errors = Vec::new();
    let (version, wanted) = (query.text("resourceVersion"), query.text("resourceVersionMatch"));
    if !wanted.is_empty() {
        if version.is_empty() {
            errors.push(forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"));
        }
        if !query.text("continue").is_empty() {
            errors.push(forbidden("resourceVersionMatch is forbidden when continue is provided"));
        }
        if !matches!(wanted, "Exact" | "NotOlderThan") {
            errors.push(Error::not_supported(&MATCH, wanted, &["Exact", "NotOlderThan", ""]));
        }
        if wanted == "Exact" && version == "0" {
            errors.push(forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
        }
    }
    if send_initial_events.is_some() {
        errors.push(Error::forbidden(&Path::new("sendInitialEvents"), "sendInitialEvents is forbidden for list"));
    }
    errors
}

fn watch_errors(query: &Query<'_>, send_initial_events: Option<bool>) -> Vec<Error> {
    let mut errors = Vec::new();
    let wanted = query.text("resourceVersionMatch");
    if send_initial_events.is_some() && wanted != "NotOlderThan" {
        errors.push(forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
    }
    if !wanted.is_empty() {
        if send_initial_events.is_none() {
            errors.push(forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
        }
        if wanted != "NotOlderThan" {
            errors.push(Error::not_supported(&MATCH, wanted, &["NotOlderThan"]));
        }
        if !query.text("continue").is_empty() {
            errors.push(forbidden("resourceVersionMatch is forbidden when continue is provided"));
        }
    }
    errors
}
