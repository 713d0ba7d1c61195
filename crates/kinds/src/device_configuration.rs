//! Configuration for drivers of devices: opaque JSON objects, in classes, claims and allocations.

use crate::{
    declarative::Findings,
    device_name,
    value::{field, text},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

const MAX_PARAMETERS_BYTES: usize = 10 * 1024;

/// Everything wrong with a configuration. `stored` ones may be larger than new ones.
pub fn validate(found: &mut Findings, configuration: &Value, stored: bool, path: &Path<'_>) {
    let path = path.child("opaque");
    let Some(opaque) = field(configuration, "opaque") else {
        found.errors.push(Error::required(&path, ""));
        return;
    };
    let max = (!stored).then_some(MAX_PARAMETERS_BYTES);
    object(&mut found.errors, opaque.get("parameters"), max, &path.child("parameters"));
    device_name::declared_driver(&mut found.declared, text(opaque, "driver"), &path.child("driver"));
}

/// A required JSON object of at most so many bytes.
pub fn object(errors: &mut ErrorList, value: Option<&Value>, max: Option<usize>, path: &Path<'_>) {
    match value {
        None | Some(Value::Null) => errors.push(Error::required(path, "")),
        Some(value) if max.is_some_and(|max| value.to_string().len() > max) => {
            errors.push(Error::too_long(path, max.unwrap_or_default()));
        }
        Some(Value::Object(_)) => {}
        Some(_) => errors.push(Error::invalid(path, "<value omitted>", "must be a valid JSON object")),
    }
}
