//! The names of a definition.

use crate::value;
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names as rules,
};
use serde_json::Value;

/// The names that a spec must have.
pub fn required(spec: &Value, path: &Path<'_>) -> ErrorList {
    let names = spec.get("names").unwrap_or(&Value::Null);
    let missing = ["plural", "singular", "kind", "listKind"].into_iter().filter(|key| value::text(names, key).is_empty());
    missing.map(|key| Error::required(&path.child(key), "")).collect()
}

/// The form of names, of a spec or accepted ones.
pub fn validate(names: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for (key, mixed_case) in [("plural", false), ("singular", false), ("kind", true), ("listKind", true)] {
        let name = value::text(names, key);
        let problems = rules::is_dns1035_label(&if mixed_case { name.to_lowercase() } else { name.to_owned() });
        if !name.is_empty() && !problems.is_empty() {
            let prefix = if mixed_case { "may have mixed case, but should otherwise match: " } else { "" };
            errors.push(Error::invalid(&path.child(key), name, format!("{prefix}{}", problems.join(","))));
        }
    }
    labels(names, "shortNames", path, &mut errors);
    let kind = value::text(names, "kind");
    if !kind.is_empty() && kind == value::text(names, "listKind") {
        errors.push(Error::invalid(&path.child("listKind"), kind, "kind and listKind may not be the same"));
    }
    labels(names, "categories", path, &mut errors);
    errors
}

fn labels(names: &Value, key: &str, path: &Path<'_>, errors: &mut ErrorList) {
    let path = path.child(key);
    for (index, name) in value::items(names, key).iter().enumerate() {
        let name = name.as_str().unwrap_or_default();
        let problems = rules::is_dns1035_label(name);
        if !problems.is_empty() {
            errors.push(Error::invalid(&path.index(index), name, problems.join(",")));
        }
    }
}
