//! What webhooks and policies have in common: which requests they are about, and what they are told.

mod expressions;
mod match_conditions;
mod parsed;
mod reinvocation;
mod request;
mod rules;

pub(crate) use expressions::{Expressions, Inputs, OUT_OF_BUDGET};
pub(crate) use match_conditions::{Conditions, match_conditions};
pub(crate) use parsed::Parsed;
pub use reinvocation::Reinvocation;
pub(crate) use request::admission_request;
pub(crate) use rules::{Rules, convert, matches};

use crate::Attributes;

/// Reviews, which nothing may come between.
const REVIEWS: &[(&str, &str)] = &[
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authentication.k8s.io", "tokenreviews"),
    ("authorization.k8s.io", "localsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authorization.k8s.io", "subjectaccessreviews"),
];

/// Whether a request is one that webhooks and policies never see: reviews, and what configures admission itself.
pub(crate) fn is_exempt(attributes: &Attributes<'_>) -> bool {
    attributes.resource.group == "admissionregistration.k8s.io"
        || REVIEWS.iter().any(|(group, resource)| attributes.is_resource(group, resource))
}

/// The items of a list, none if there is none.
pub(crate) fn list<'a>(value: &'a serde_json::Value, key: &str) -> &'a [serde_json::Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A text, empty if there is none.
pub(crate) fn text<'a>(value: &'a serde_json::Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
