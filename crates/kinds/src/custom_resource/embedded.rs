//! Objects inside of custom resources are checked as objects are (C-10-13).

use crate::{object_meta, value};
use minkapi_schema::{
    Structural,
    field::{Error, ErrorList, Path},
    names,
    structural::for_each_embedded,
};
use serde_json::Value;

/// Everything wrong with apiVersion, kind and metadata of the objects inside of `object`.
pub fn validate_embedded(object: &Value, schema: &Structural, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for_each_embedded(object, schema, path, &mut |path, embedded| errors.extend(validate(embedded, path)));
    errors
}

fn validate(object: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for key in ["apiVersion", "kind"] {
        if object.get(key).is_none() {
            errors.push(Error::required(&path.child(key), ""));
        }
    }
    errors.extend(text(object, "apiVersion", path, |text| {
        (text.matches('/').count() > 1).then(|| format!("unexpected GroupVersion string: {text}"))
    }));
    errors.extend(text(object, "kind", path, |text| {
        let problems = names::is_dns1035_label(&text.to_lowercase());
        (!problems.is_empty()).then(|| format!("may have mixed case, but should otherwise match: {}", problems.join(",")))
    }));
    if let Some(meta) = object.get("metadata") {
        let mut meta = meta.clone();
        // Embedded objects need no name.
        value::set_default_nonzero(&mut meta, "name", "fakename");
        let namespaced = !value::text(&meta, "namespace").is_empty();
        errors.extend(object_meta::validate_at(&meta, namespaced, &path.child("metadata"), |name, prefix| {
            if prefix { names::is_valid_path_segment_prefix(name) } else { names::is_valid_path_segment_name(name) }
        }));
    }
    errors
}

fn text(object: &Value, key: &str, path: &Path<'_>, check: impl Fn(&str) -> Option<String>) -> Option<Error> {
    let at = path.child(key);
    match object.get(key)? {
        Value::String(text) if text.is_empty() => Some(Error::invalid(&at, "", "must not be empty")),
        Value::String(text) => check(text).map(|why| Error::invalid(&at, text.as_str(), why)),
        other => Some(Error::invalid(&at, other.clone(), "must be a string")),
    }
}
