//! Rules that Kubernetes declares on API types. kube-apiserver tells what they find after everything else, in words of
//! their own: immutable fields print no value.

use crate::value::{field, is_zero, text};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// What is wrong with an object, in the two lists in which kube-apiserver finds it.
#[derive(Debug, Default)]
pub struct Findings {
    /// Found by hand-written rules.
    pub errors: ErrorList,
    /// Found by declared rules; told after the others.
    pub declared: ErrorList,
}

impl Findings {
    /// Everything in the order in which it is told.
    pub fn into_list(mut self) -> ErrorList {
        self.errors.append(&mut self.declared);
        self.errors
    }
}

/// `Required value` where the field is unset or has its zero value.
pub fn required(errors: &mut ErrorList, parent: &Value, key: &str, path: &Path<'_>) {
    if parent.get(key).is_none_or(is_zero) {
        errors.push(Error::required(&path.child(key), ""));
    }
}

/// A name that is no DNS subdomain, as declared rules tell it ([`crate::NameRule::Declared`]).
pub fn name(errors: &mut ErrorList, object: &Value) {
    let name = object.get("metadata").map_or("", |metadata| text(metadata, "name"));
    if !name.is_empty() {
        let problems = names::is_dns1123_subdomain(name).into_iter().map(|why| why.replace("253 characters", "253 bytes"));
        invalid_each(errors, &Path::new("metadata").child("name"), name, problems.collect());
    }
}

/// `Invalid value: null: field is immutable` where the field differs.
pub fn immutable(errors: &mut ErrorList, new: &Value, old: &Value, key: &str, path: &Path<'_>) {
    if changed(new, old, key) {
        errors.push(Error::invalid(&path.child(key), Value::Null, crate::object_meta::IMMUTABLE));
    }
}

/// Whether a field differs, where unset and empty are the same.
pub fn changed(new: &Value, old: &Value, key: &str) -> bool {
    let set = |v: &'_ Value| field(v, key).filter(|f| !is_empty(f)).cloned();
    set(new) != set(old)
}

fn is_empty(v: &Value) -> bool {
    v.as_array().is_some_and(Vec::is_empty) || v.as_object().is_some_and(serde_json::Map::is_empty)
}
