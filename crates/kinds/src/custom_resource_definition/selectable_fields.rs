//! Selectable fields, and the paths into a schema that they and rules name.

use crate::value;
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    structural::{Additional, Structural, Type},
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
        let (found, of) = match find(json_path, &schema, false) {
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

/// The place that a path names and its schema. With `arrays`, keys in brackets are understood.
///
/// # Errors
/// Why the path is none.
pub fn find<'a>(json_path: &str, schema: &'a Structural, arrays: bool) -> Result<(String, &'a Structural), String> {
    let mut place = String::new();
    let mut at = schema;
    let mut rest = json_path;
    while !rest.is_empty() {
        let key;
        if let Some(after) = rest.strip_prefix('[') {
            if !arrays {
                return Err("array notation is not allowed".to_owned());
            }
            (key, rest) = quoted_key(after)?;
        } else if let Some(after) = rest.strip_prefix('.') {
            if after.is_empty() {
                return Err("unexpected end of JSON path".to_owned());
            }
            // A delimiter is a token of its own.
            let end = after.find(['.', '[', ']']).unwrap_or(after.len()).max(1);
            let (name, tail) = after.split_at(end);
            key = name.to_owned();
            rest = tail;
        } else {
            let token = rest.split(['.', '[', ']']).next().filter(|t| !t.is_empty()).unwrap_or(rest);
            return Err(format!("expected [ or . but got: {token}"));
        }
        at = match (at.properties.get(&key), &at.additional) {
            (Some(property), _) => {
                if !place.is_empty() {
                    place.push('.');
                }
                place.push_str(&key);
                property
            }
            (None, Some(Additional::Schema(of))) if at.properties.is_empty() => {
                place.push_str(&format!("[{key}]"));
                of
            }
            _ => return Err("does not refer to a valid field".to_owned()),
        };
    }
    Ok((place, at))
}

/// The key between quotes and brackets, and what follows.
fn quoted_key(after: &str) -> Result<(String, &str), String> {
    let end_of_path = || "unexpected end of JSON path".to_owned();
    let Some(inner) = after.strip_prefix('\'') else {
        let token = after.split(['.', '[', ']']).next().filter(|t| !t.is_empty()).unwrap_or(after);
        return Err(if after.is_empty() { end_of_path() } else { format!("expected single quoted string but got {token}") });
    };
    let mut key = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('a') => key.push('\u{7}'),
                Some('b') => key.push('\u{8}'),
                Some('f') => key.push('\u{c}'),
                Some('n') => key.push('\n'),
                Some('r') => key.push('\r'),
                Some('t') => key.push('\t'),
                Some('v') => key.push('\u{b}'),
                Some(c @ ('\'' | '\\')) => key.push(c),
                Some(c) => return Err(format!("invalid string literal: invalid escape char \\{c}")),
                None => return Err(end_of_path()),
            },
            '\'' => {
                let tail = inner.get(at + 1..).unwrap_or_default();
                return match tail.strip_prefix(']') {
                    Some(rest) => Ok((key, rest)),
                    None if tail.is_empty() => Err(end_of_path()),
                    None => Err(format!("expected ] but got {tail}")),
                };
            }
            c => key.push(c),
        }
    }
    Err(format!("expected single quoted string but got '{inner}"))
}
