//! `metav1.Condition` in the status of an object.

use crate::value::{has, int, text};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;
use std::collections::BTreeSet;

const STATUSES: &[&str] = &["False", "True", "Unknown"];
const MAX_REASON_BYTES: usize = 1024;
const MAX_MESSAGE_BYTES: usize = 32 * 1024;
const REASON: &str = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
const REASON_MESSAGE: &str = "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'";
const REASON_EXAMPLES: &[&str] = &["my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"];

/// Everything wrong with a list of conditions, which are one of each type.
pub fn validate_all(conditions: &[Value], path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for (i, condition) in conditions.iter().enumerate() {
        let path = path.index(i);
        let kind = text(condition, "type");
        if !seen.insert(kind) {
            errors.push(Error::duplicate(&path, kind));
        }
        validate(&mut errors, condition, &path);
    }
    errors
}

/// Everything wrong with one condition.
pub fn validate(errors: &mut ErrorList, condition: &Value, path: &Path<'_>) {
    match text(condition, "type") {
        "" => errors.push(Error::required(&path.child("type"), "is required")),
        kind => invalid_each(errors, &path.child("type"), kind, names::is_qualified_name(kind)),
    }
    match text(condition, "status") {
        "" => errors.push(Error::required(&path.child("status"), "")),
        status if !STATUSES.contains(&status) => errors.push(Error::not_supported(&path.child("status"), status, STATUSES)),
        _ => {}
    }
    if let Some(generation) = int(condition, "observedGeneration").filter(|g| *g < 0) {
        errors.push(Error::invalid(&path.child("observedGeneration"), generation, "must be greater than or equal to zero"));
    }
    if !has(condition, "lastTransitionTime") {
        errors.push(Error::required(&path.child("lastTransitionTime"), ""));
    }
    validate_reason(errors, text(condition, "reason"), &path.child("reason"));
    if text(condition, "message").len() > MAX_MESSAGE_BYTES {
        errors.push(Error::too_long(&path.child("message"), MAX_MESSAGE_BYTES));
    }
}

fn validate_reason(errors: &mut ErrorList, reason: &str, path: &Path<'_>) {
    if reason.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    if !is_reason(reason) {
        errors.push(Error::invalid(path, reason, names::regex_error(REASON_MESSAGE, REASON, REASON_EXAMPLES)));
    }
    if reason.len() > MAX_REASON_BYTES {
        errors.push(Error::too_long(path, MAX_REASON_BYTES));
    }
}

fn is_reason(reason: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    reason.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && reason.bytes().last().is_some_and(word)
        && reason.bytes().all(|b| word(b) || b == b',' || b == b':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn a_condition_says_when_and_why() {
        let condition = json!({"type": "Ready", "status": "Maybe", "reason": "_x"});
        assert_eq!(
            texts(&validate_all(&[condition], &Path::new("conditions"))),
            [
                "conditions[0].status: Unsupported value: \"Maybe\": supported values: \"False\", \"True\", \"Unknown\"".to_owned(),
                "conditions[0].lastTransitionTime: Required value".to_owned(),
                format!("conditions[0].reason: Invalid value: \"_x\": {}", names::regex_error(REASON_MESSAGE, REASON, REASON_EXAMPLES)),
            ]
        );
    }

    #[test]
    fn a_type_stands_once() {
        let ready = json!({"type": "Ready", "status": "True", "reason": "Ok", "lastTransitionTime": "2026-01-01T00:00:00Z"});
        assert_eq!(texts(&validate_all(&[ready.clone(), ready], &Path::new("c"))), ["c[1]: Duplicate value: \"Ready\""]);
    }
}
