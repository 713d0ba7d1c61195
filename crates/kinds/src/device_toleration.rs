//! Taints of devices and their toleration.

use crate::{
    declarative::Findings,
    value::{field, has, set, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

const EFFECTS: &[&str] = &["NoExecute", "NoSchedule", "None"];
const OPERATORS: &[&str] = &["Equal", "Exists"];

/// Everything wrong with a taint. `effect_changed` is false where a stored effect is kept.
pub fn validate_taint(found: &mut Findings, taint: &Value, effect_changed: bool, path: &Path<'_>) {
    let (key, value) = (text(taint, "key"), text(taint, "value"));
    invalid_each(&mut found.errors, &path.child("key"), key, names::is_qualified_name(key));
    if !value.is_empty() {
        invalid_each(&mut found.errors, &path.child("value"), value, names::is_valid_label_value(value));
    }
    if effect_changed {
        one_of(&mut found.declared, taint, "effect", EFFECTS, path);
    }
}

/// Notes when a taint was added, unless the client said so.
pub fn stamp(taint: &mut Value, now: &str) {
    if !has(taint, "timeAdded") {
        set(taint, "timeAdded", now);
    }
}

/// Everything wrong with a toleration.
pub fn validate_toleration(found: &mut Findings, toleration: &Value, path: &Path<'_>) {
    let (key, value) = (text(toleration, "key"), text(toleration, "value"));
    match text(toleration, "operator") {
        "Exists" if !value.is_empty() => {
            found.errors.push(Error::invalid(&path.child("value"), value, "must be empty for operator `Exists`"));
        }
        "Equal" => invalid_each(&mut found.errors, &path.child("value"), value, names::is_valid_label_value(value)),
        _ => {}
    }
    if !key.is_empty() {
        invalid_each(&mut found.declared, &path.child("key"), key, names::is_qualified_name(key));
    }
    one_of(&mut found.declared, toleration, "operator", OPERATORS, path);
    if field(toleration, "effect").is_some_and(|e| e != "") {
        one_of(&mut found.declared, toleration, "effect", EFFECTS, path);
    }
}

/// A required field with one of these values.
fn one_of(errors: &mut ErrorList, holder: &Value, key: &str, supported: &[&str], path: &Path<'_>) {
    match text(holder, key) {
        "" => errors.push(Error::required(&path.child(key), "")),
        value if !supported.contains(&value) => errors.push(Error::not_supported(&path.child(key), value, supported)),
        _ => {}
    }
}
