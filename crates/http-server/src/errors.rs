//! Failures that HTTP alone knows of; all others come from the view.

use minkapi_object::{GroupResource, Status, StatusDetails, StatusReason};
use minkapi_registry::Resource;
use minkapi_schema::names::is_valid_path_segment_name;

/// C-02-19 with the types that would be accepted.
pub(crate) fn not_acceptable(accepted: &str) -> Status {
    Status::failure(406, StatusReason::NotAcceptable, format!("only the following media types are accepted: {accepted}"))
}

/// C-02-18 with the types that would be accepted.
pub(crate) fn unsupported_media_type(accepted: &str) -> Status {
    let text = format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
    Status::failure(415, StatusReason::UnsupportedMediaType, text)
}

/// 406 of kube-apiserver's router, which compares media types by their text (chapter 18 on C-02-19).
pub(crate) fn router_not_acceptable(available: &str) -> Status {
    from_router(406, StatusReason::NotAcceptable, format!("406: Not Acceptable\n\nAvailable representations: {available}"))
}

/// 415 of kube-apiserver's router.
pub(crate) fn router_unsupported_media_type() -> Status {
    from_router(415, StatusReason::UnsupportedMediaType, "415: Unsupported Media Type".to_owned())
}

fn from_router(code: u16, reason: StatusReason, message: String) -> Status {
    let mut status = Status::failure(code, reason, message);
    status.details = Some(StatusDetails::default());
    status
}

/// C-02-30.
pub(crate) fn too_large(limit: usize) -> Status {
    Status::failure(413, StatusReason::RequestEntityTooLarge, format!("Request entity too large: limit is {limit}"))
}

/// C-02-29.
pub(crate) fn unauthorized() -> Status {
    Status::failure(401, StatusReason::Unauthorized, "Unauthorized")
}

/// C-02-23.
pub(crate) fn timeout() -> Status {
    Status::failure(504, StatusReason::Timeout, "Timeout: request did not complete within the allotted timeout")
}

/// C-02-20 of custom resources.
pub(crate) fn verb_not_supported(resource: &Resource, verb: &str) -> Status {
    let gr = GroupResource::new(&resource.group, &resource.plural);
    let mut status = Status::failure(405, StatusReason::MethodNotAllowed, format!("{verb} is not supported on resources of kind \"{gr}\""));
    status.details = Some(StatusDetails { group: gr.group.to_string(), kind: gr.resource.to_string(), ..StatusDetails::default() });
    status
}

/// An object name that cannot be one (C-01-05).
///
/// # Errors
/// 400.
pub(crate) fn check_name(name: &str) -> Result<(), Status> {
    // Collections have none.
    if name.is_empty() {
        return Ok(());
    }
    let problems = is_valid_path_segment_name(name);
    if problems.is_empty() {
        return Ok(());
    }
    Err(Status::bad_request(format!("Name parameter invalid: \"{name}\": {}", problems.join(", "))))
}
