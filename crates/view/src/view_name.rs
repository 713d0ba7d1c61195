//! Names of views.

use minkapi_object::{Status, StatusReason};

/// Names that stand for something else at the root of the server, or in `/views`.
const RESERVED: [&str; 14] =
    ["base", "views", "compare", "debug", "healthz", "livez", "readyz", "version", "metrics", "api", "apis", "openapi", "logs", "static"];

/// A view's name is a path segment and a part of file names: a DNS label that stands for nothing else.
///
/// # Errors
/// 422 with the reason.
pub(crate) fn check(name: &str, base: &str) -> Result<(), Status> {
    let invalid = |problem: &str| {
        let text = format!("views.minkapi.dev \"{name}\" is invalid: name: Invalid value: \"{name}\": {problem}");
        Err(Status::failure(422, StatusReason::Invalid, text))
    };
    if let Some(problem) = minkapi_schema::names::is_dns1123_label(name).first() {
        return invalid(problem);
    }
    if name == base || RESERVED.contains(&name) { invalid("is reserved") } else { Ok(()) }
}
