//! Numbers in queries.

use crate::query::Query;
use minkapi_object::Status;
use minkapi_view::ResourceVersion;
use std::num::IntErrorKind;

/// An integer parameter.
///
/// # Errors
/// 400 in the words of Go's `strconv.ParseInt`.
pub(super) fn integer(query: &Query<'_>, name: &str) -> Result<Option<i64>, Status> {
    let Some(text) = query.first(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|e: std::num::ParseIntError| Status::bad_request(parse_error("ParseInt", text, e.kind())))
}

fn parse_error(function: &str, text: &str, kind: &IntErrorKind) -> String {
    let why = match kind {
        IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
        _ => "invalid syntax",
    };
    format!("strconv.{function}: parsing \"{text}\": {why}")
}

/// A resource version; the error is the text that lists and watches put into different failures.
fn version(text: &str) -> Result<ResourceVersion, String> {
    let refused = |kind: &IntErrorKind| format!("resourceVersion: Invalid value: \"{text}\": {}", parse_error("ParseUint", text, kind));
    match text {
        "" => Ok(ResourceVersion::Unset),
        // Rust would take the sign.
        _ if text.starts_with('+') => Err(refused(&IntErrorKind::InvalidDigit)),
        _ => match text.parse() {
            Ok(0) => Ok(ResourceVersion::Any),
            Ok(revision) => Ok(ResourceVersion::At(revision)),
            Err(err) => Err(refused(err.kind())),
        },
    }
}

/// `resourceVersion` of a list.
///
/// # Errors
/// 400 (C-05-12).
pub(super) fn list_version(query: &Query<'_>) -> Result<ResourceVersion, Status> {
    version(query.text("resourceVersion")).map_err(|e| Status::bad_request(format!("invalid resource version: {e}")))
}

/// `resourceVersion` of a watch.
///
/// # Errors
/// 500 (chapter 18 on C-06-24).
pub(crate) fn watch_version(query: &Query<'_>) -> Result<ResourceVersion, Status> {
    version(query.text("resourceVersion")).map_err(Status::unclassified)
}

/// C-04-02: what no release since 1.18 answers any more.
///
/// # Errors
/// 400 for `export`.
pub(crate) fn refuse_export(query: &Query<'_>) -> Result<(), Status> {
    match query.text("export") {
        "" | "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(()),
        _ => Err(Status::bad_request("the export parameter, deprecated since v1.14, is no longer supported")),
    }
}

/// `resourceVersion` of a get.
///
/// # Errors
/// 500, as for a watch.
pub(crate) fn get_version(query: &Query<'_>) -> Result<ResourceVersion, Status> {
    watch_version(query)
}
