//! Selectable fields.

use crate::value;
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    structural::{Structural, Type},
};
use serde_json::Value;

/// Most fields that a version may make selectable (C-10-20).
const MAX: usize = 8;

/// The selectable fields of a version with this schema.
pub fn validate(fields: &[Value], schema: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let schema = Structural::parse(schema);
    let mut seen: Vec<String> = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let at = path.index(index);
        let at = at.child("jsonPath");
        let json_path = value::text(field, "jsonPath");
        if json_path.is_empty() {
            errors.push(Error::required(&at, ""));
            continue;
        }
        let (found, of) = match schema.find(json_path, false) {
            Ok(found) => found,
            Err(why) => {
                errors.push(Error::invalid(&at, json_path, format!("is an invalid path: {why}")));
                continue;
            }
        };
        if found == "metadata" || found.starts_with("metadata.") {
            errors.push(Error::invalid(&at, json_path, "must not point to fields in metadata"));
        }
        if !matches!(of.type_, Some(Type::String | Type::Boolean | Type::Integer)) {
            let detail =
                "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
            errors.push(Error::invalid(&at, json_path, detail));
        }
        if seen.contains(&found) {
            errors.push(Error::duplicate(&at, json_path));
        } else {
            seen.push(found);
        }
    }
    if seen.len() > MAX {
        errors.push(Error::too_many(path, seen.len(), MAX));
    }
    errors
}
