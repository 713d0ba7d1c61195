//! `meta/v1` Status: what every failed request is answered with (contract chapter 2).
//!
//! The constructors are those of apimachinery's `api/errors`, with its messages.

use crate::GroupResource;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a request failed; clients look at this before the HTTP code (C-02-03).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum StatusReason {
    #[default]
    #[serde(rename = "")]
    Unknown,
    Unauthorized,
    Forbidden,
    NotFound,
    AlreadyExists,
    Conflict,
    Gone,
    Invalid,
    ServerTimeout,
    Timeout,
    TooManyRequests,
    BadRequest,
    MethodNotAllowed,
    NotAcceptable,
    RequestEntityTooLarge,
    UnsupportedMediaType,
    InternalError,
    Expired,
    ServiceUnavailable,
    StorageReadError,
}

/// One cause in `details.causes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct StatusCause {
    /// Machine-readable, such as `FieldValueRequired`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Path of the field, as `spec.ports[0].name`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub field: String,
}

/// `details` of a Status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct StatusDetails {
    /// Name of the object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its group.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Its resource (plural) in most errors, its kind in Invalid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Its uid.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Single causes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<StatusCause>,
    /// Seconds after which to try again; also sent as `Retry-After` (C-02-02).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retry_after_seconds: i32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &i32) -> bool {
    *n == 0
}

/// A failure (or a success without an object) as the API tells it. As an error it displays its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// HTTP status.
    pub code: u16,
    /// Reason; `Unknown` is sent as none.
    pub reason: StatusReason,
    /// For people.
    pub message: String,
    /// Details; None is sent as no member, `Some(default)` as `{}`.
    pub details: Option<StatusDetails>,
    /// `metadata.continue` (C-05-24).
    pub continue_token: String,
    /// False for the Status of a success.
    pub failure: bool,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

impl Status {
    /// Any failure without details.
    pub fn failure(code: u16, reason: StatusReason, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, continue_token: String::new(), failure: true }
    }

    fn about(mut self, gr: &GroupResource, name: &str) -> Self {
        self.details = Some(StatusDetails {
            name: name.to_owned(),
            group: gr.group.to_string(),
            kind: gr.resource.to_string(),
            ..StatusDetails::default()
        });
        self
    }

    /// The same with these causes added to its details.
    #[must_use]
    pub fn with_causes(mut self, causes: Vec<StatusCause>) -> Self {
        self.details.get_or_insert_default().causes.extend(causes);
        self
    }

    /// The same with `retryAfterSeconds`.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: i32) -> Self {
        self.details.get_or_insert_default().retry_after_seconds = seconds;
        self
    }

    /// C-02-10.
    pub fn not_found(gr: &GroupResource, name: &str) -> Self {
        Self::failure(404, StatusReason::NotFound, format!("{gr} \"{name}\" not found")).about(gr, name)
    }

    /// C-02-11.
    pub fn already_exists(gr: &GroupResource, name: &str) -> Self {
        Self::failure(409, StatusReason::AlreadyExists, format!("{gr} \"{name}\" already exists")).about(gr, name)
    }

    /// C-02-12.
    pub fn generate_name_conflict(gr: &GroupResource, name: &str) -> Self {
        let text = format!("{gr} \"{name}\" already exists, the server was not able to generate a unique name for the object");
        Self::failure(409, StatusReason::AlreadyExists, text).about(gr, name).with_retry_after(1)
    }

    /// C-02-13 and its relatives: `Operation cannot be fulfilled on ...`.
    pub fn conflict(gr: &GroupResource, name: &str, why: impl fmt::Display) -> Self {
        Self::failure(409, StatusReason::Conflict, format!("Operation cannot be fulfilled on {gr} \"{name}\": {why}")).about(gr, name)
    }

    /// C-02-13 with the usual text.
    pub fn modified(gr: &GroupResource, name: &str) -> Self {
        Self::conflict(gr, name, "the object has been modified; please apply your changes to the latest version and try again")
    }

    /// C-02-27.
    pub fn forbidden(gr: &GroupResource, name: &str, why: impl fmt::Display) -> Self {
        let text = match (gr.resource.is_empty(), name.is_empty()) {
            (true, _) => format!("forbidden: {why}"),
            (false, true) => format!("{gr} is forbidden: {why}"),
            (false, false) => format!("{gr} \"{name}\" is forbidden: {why}"),
        };
        Self::failure(403, StatusReason::Forbidden, text).about(gr, name)
    }

    /// C-02-17.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::failure(400, StatusReason::BadRequest, message)
    }

    /// C-02-16 from ready causes; `minkapi-schema` makes these from field errors. `group_kind` is `Deployment.apps`.
    pub fn invalid(group: &str, kind: &str, name: &str, causes: Vec<StatusCause>, errors: &str) -> Self {
        let gk = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut s = Self::failure(422, StatusReason::Invalid, format!("{gk} \"{name}\" is invalid: {errors}"));
        s.details = Some(StatusDetails {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            causes,
            ..StatusDetails::default()
        });
        s
    }

    /// C-02-20 of built-in resources.
    pub fn method_not_allowed() -> Self {
        let mut s = Self::failure(405, StatusReason::MethodNotAllowed, "the server does not allow this method on the requested resource");
        s.details = Some(StatusDetails::default());
        s
    }

    /// C-01-07: a path that is not served.
    pub fn unknown_path() -> Self {
        let mut s = Self::failure(404, StatusReason::NotFound, "the server could not find the requested resource");
        s.details = Some(StatusDetails::default());
        s
    }

    /// C-02-22: a resourceVersion from the future.
    pub fn too_large_resource_version(asked: u64, current: u64) -> Self {
        let text = format!("Timeout: Too large resource version: {asked}, current: {current}");
        let cause =
            StatusCause { reason: "ResourceVersionTooLarge".into(), message: "Too large resource version".into(), field: String::new() };
        Self::failure(504, StatusReason::Timeout, text).with_causes(vec![cause]).with_retry_after(1)
    }

    /// C-02-21, C-06-22.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::failure(410, StatusReason::Expired, message)
    }

    /// C-02-32.
    pub fn internal(err: impl fmt::Display) -> Self {
        let cause = StatusCause { reason: String::new(), message: err.to_string(), field: String::new() };
        Self::failure(500, StatusReason::InternalError, format!("Internal error occurred: {err}")).with_causes(vec![cause])
    }

    /// C-02-33: an error that is no Status in kube-apiserver either.
    pub fn unclassified(message: impl Into<String>) -> Self {
        Self::failure(500, StatusReason::Unknown, message)
    }

    /// C-02-25.
    pub fn too_many_requests(message: impl Into<String>, retry_after: i32) -> Self {
        let mut s = Self::failure(429, StatusReason::TooManyRequests, message);
        s.details = Some(StatusDetails { retry_after_seconds: retry_after, ..StatusDetails::default() });
        s
    }

    /// C-02-43, C-08-12: a success that returns no object.
    pub fn success(code: u16, details: Option<StatusDetails>) -> Self {
        Self { code, reason: StatusReason::Unknown, message: String::new(), details, continue_token: String::new(), failure: false }
    }
}

impl Serialize for Status {
    /// As the API sends it, with `kind` and `apiVersion`. A success answering a deletion has no `code` (C-08-12).
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        #[derive(Serialize)]
        struct ListMeta<'a> {
            #[serde(rename = "continue", skip_serializing_if = "str::is_empty")]
            continue_token: &'a str,
        }
        let mut m = serializer.serialize_map(None)?;
        m.serialize_entry("kind", "Status")?;
        m.serialize_entry("apiVersion", "v1")?;
        m.serialize_entry("metadata", &ListMeta { continue_token: &self.continue_token })?;
        m.serialize_entry("status", if self.failure { "Failure" } else { "Success" })?;
        if !self.message.is_empty() {
            m.serialize_entry("message", &self.message)?;
        }
        if self.reason != StatusReason::Unknown {
            m.serialize_entry("reason", &self.reason)?;
        }
        if let Some(details) = &self.details {
            m.serialize_entry("details", details)?;
        }
        if self.failure || self.details.is_none() {
            m.serialize_entry("code", &self.code)?;
        }
        m.end()
    }
}
