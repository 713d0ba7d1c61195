//! `x-kubernetes-validations` but for the expressions in them.

use crate::value;
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    structural::Structural,
};
use serde_json::Value;

const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// The parts of a schema's rules.
pub fn validate(s: &Value, path: &Path<'_>, errors: &mut ErrorList) {
    let list = path.child("x-kubernetes-validations");
    for (index, rule) in value::items(s, "x-kubernetes-validations").iter().enumerate() {
        let at = list.index(index);
        let text = |key: &str| value::text(rule, key);
        let blank = |key: &str| !text(key).is_empty() && text(key).trim().is_empty();
        let breaks = |text: &str| text.contains(['\n', '\r']);
        if text("rule").trim().is_empty() {
            errors.push(Error::required(&at.child("rule"), "rule is not specified"));
        } else if blank("message") {
            errors.push(Error::invalid(&at.child("message"), text("message"), "must be non-empty if specified"));
        } else if breaks(text("message").trim()) {
            errors.push(Error::invalid(&at.child("message"), text("message"), "must not contain line breaks"));
        } else if breaks(text("rule").trim()) && text("message").trim().is_empty() {
            errors.push(Error::required(&at.child("message"), "message must be specified if rule contains line breaks"));
        }
        if blank("messageExpression") {
            errors.push(Error::required(&at.child("messageExpression"), "messageExpression must be non-empty if specified"));
        }
        if let Some(reason) = value::text_if_set(rule, "reason").filter(|r| !REASONS.contains(r)) {
            errors.push(Error::not_supported(&at.child("reason"), reason, &REASONS));
        }
        let field_path = text("fieldPath");
        if blank("fieldPath") {
            errors.push(Error::invalid(&at.child("fieldPath"), field_path, "must be non-empty if specified"));
        }
        if breaks(field_path) {
            errors.push(Error::invalid(&at.child("fieldPath"), field_path, "must not contain line breaks"));
        }
        if !field_path.is_empty() && Structural::parse(s).find(field_path, true).is_err() {
            errors.push(Error::invalid(&at.child("fieldPath"), field_path, "must be a valid path"));
        }
    }
}
