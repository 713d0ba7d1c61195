//! Whether a schema is structural (C-10-02): types everywhere, value validations only of what the structure declares.

use crate::value;
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    pattern,
};
use serde_json::{Map, Value, json};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Everything that keeps a schema from being structural, sorted.
pub fn validate(schema: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    invariants(schema, Level::Root, path, &mut errors);
    complete(schema, Some(schema), path, path, true, &mut errors);
    errors.sort_by_key(Error::to_string);
    errors
}

/// Why a schema cannot even be looked at as a structural one: keywords that have no structural form.
pub fn unsupported(schema: &Value) -> Option<String> {
    const KEYWORDS: [(&str, &str); 7] = [
        ("id", "id"),
        ("$schema", "schema"),
        ("$ref", "$ref"),
        ("patternProperties", "patternProperties"),
        ("dependencies", "dependencies"),
        ("additionalItems", "additionalItems"),
        ("definitions", "definitions"),
    ];
    let mut found = None;
    super::walk::every(schema, &mut |s| {
        if found.is_some() {
            return;
        }
        if let Some((_, name)) = KEYWORDS.iter().find(|(key, _)| s.get(key).is_some_and(|v| !value::is_zero(v) || v.is_boolean())) {
            found = Some(format!("OpenAPIV3Schema '{name}' is not supported"));
        } else if value::flag_if_set(s, "x-kubernetes-preserve-unknown-fields") == Some(false) {
            found = Some("internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined".to_owned());
        } else if s.get("items").is_some_and(|items| items.as_array().is_some_and(|list| !list.is_empty())) {
            found = Some("OpenAPIV3Schema 'items' must be a schema, but is an array".to_owned());
        }
    });
    found
}

fn is_int_or_string(any_of: &[Value]) -> bool {
    any_of == [json!({"type": "integer"}), json!({"type": "string"})]
}

fn invariants(s: &Value, level: Level, path: &Path<'_>, errors: &mut ErrorList) {
    let type_ = value::text(s, "type");
    let items = value::field(s, "items");
    if type_ == "array" && items.is_none() {
        errors.push(Error::required(&path.child("items"), "must be specified"));
    }
    if let Some(items) = items {
        invariants(items, Level::Item, &path.child("items"), errors);
    }
    for (name, property) in value::entries(s, "properties") {
        invariants(property, Level::Field, &path.child("properties").key(name), errors);
    }
    let additional = value::field(s, "additionalProperties");
    if let Some(of) = additional {
        if level == Level::Root {
            errors.push(Error::forbidden(&path.child("additionalProperties"), "must not be used at the root"));
        }
        if of.is_object() {
            invariants(of, Level::Field, &path.child("additionalProperties"), errors);
        }
    }
    let int_or_string = value::flag(s, "x-kubernetes-int-or-string");
    let preserves = value::flag(s, "x-kubernetes-preserve-unknown-fields");
    let embedded = value::flag(s, "x-kubernetes-embedded-resource");
    for (key, set) in [("x-kubernetes-preserve-unknown-fields", preserves), ("x-kubernetes-embedded-resource", embedded)] {
        if int_or_string && set {
            errors.push(Error::invalid(&path.child(key), true, "must be false if x-kubernetes-int-or-string is true"));
        }
    }
    let skip_any_of = is_int_or_string(value::items(s, "anyOf"));
    let skip_all_of = value::items(s, "allOf").first().is_some_and(|first| is_int_or_string(value::items(first, "anyOf")));
    value_validation(s, skip_any_of, skip_all_of, path, errors);

    let type_path = path.child("type");
    if embedded && type_ != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(if type_.is_empty() { Error::required(&type_path, detail) } else { Error::invalid(&type_path, type_, detail) });
    } else if type_.is_empty() && !int_or_string && !preserves {
        let place = match level {
            Level::Root => "at the root",
            Level::Item => "for specified array items",
            Level::Field => "for specified object fields",
        };
        errors.push(Error::required(&type_path, format!("must not be empty {place}")));
    }
    if embedded && additional.is_some() {
        let detail = "must not be used if x-kubernetes-embedded-resource is set";
        errors.push(Error::forbidden(&path.child("additionalProperties"), detail));
    }
    if level == Level::Root && !type_.is_empty() && type_ != "object" {
        errors.push(Error::invalid(&type_path, type_, "must be object at the root"));
    }
    metadata(s, level, embedded, path, errors);
    if embedded && !preserves && value::entries(s, "properties").next().is_none() {
        let detail = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        errors.push(Error::required(&path.child("properties"), detail));
    }
}

/// What a schema of an object says of the fields that every object has.
fn metadata(s: &Value, level: Level, embedded: bool, path: &Path<'_>, errors: &mut ErrorList) {
    let is_object = level == Level::Root || embedded;
    let properties = path.child("properties");
    let property = |name: &str| value::at(s, &["properties", name]);
    for name in ["kind", "apiVersion"] {
        if let Some(of) = property(name).filter(|of| is_object && value::text(of, "type") != "string") {
            errors.push(Error::invalid(&properties.key(name).child("type"), value::text(of, "type"), "must be string"));
        }
    }
    let Some(of) = property("metadata") else { return };
    let at = properties.key("metadata");
    if is_object && value::text(of, "type") != "object" {
        errors.push(Error::invalid(&at.child("type"), value::text(of, "type"), "must be object"));
    }
    if level == Level::Root {
        let mut rest = of.as_object().cloned().unwrap_or_default();
        let named = rest
            .get("properties")
            .and_then(Value::as_object)
            .is_some_and(|map| !map.is_empty() && map.keys().all(|name| matches!(name.as_str(), "name" | "generateName")));
        if named {
            rest.remove("properties");
        }
        rest.retain(|key, v| !matches!(key.as_str(), "type" | "default") && !value::is_zero(v));
        if !rest.is_empty() {
            let detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
            errors.push(Error::forbidden(&at, detail));
        }
    }
}

fn value_validation(s: &Value, skip_any_of: bool, skip_first_all_of: bool, path: &Path<'_>, errors: &mut ErrorList) {
    if !skip_any_of {
        let at = path.child("anyOf");
        value::items(s, "anyOf").iter().enumerate().for_each(|(i, v)| nested(v, false, &at.index(i), errors));
    }
    let at = path.child("allOf");
    value::items(s, "allOf").iter().enumerate().for_each(|(i, v)| nested(v, skip_first_all_of && i == 0, &at.index(i), errors));
    let at = path.child("oneOf");
    value::items(s, "oneOf").iter().enumerate().for_each(|(i, v)| nested(v, false, &at.index(i), errors));
    if let Some(not) = value::field(s, "not") {
        nested(not, false, &path.child("not"), errors);
    }
    let pattern = value::text(s, "pattern");
    if let Err(why) = pattern::compile(pattern) {
        let detail = format!("must be a valid regular expression, but isn't: error parsing regexp: {why}");
        errors.push(Error::invalid(&path.child("pattern"), pattern, detail));
    }
}

/// Keywords that a value validation may not have, and how that is said.
const FORBIDDEN: [(&str, &str); 11] = [
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
];

fn nested(v: &Value, skip_any_of: bool, path: &Path<'_>, errors: &mut ErrorList) {
    value_validation(v, skip_any_of, false, path, errors);
    if let Some(items) = value::field(v, "items") {
        nested(items, false, &path.child("items"), errors);
    }
    let properties = path.child("properties");
    for (name, property) in value::entries(v, "properties") {
        nested(property, false, &properties.key(name), errors);
    }
    if !value::text(v, "type").is_empty() {
        errors.push(Error::forbidden(&path.child("type"), "must be empty to be structural"));
    }
    if v.get("additionalProperties").is_some_and(|a| a.is_object() || *a == Value::Bool(true)) {
        errors.push(Error::forbidden(&path.child("additionalProperties"), "must be undefined to be structural"));
    }
    for (key, detail) in FORBIDDEN {
        let set = v.get(key).is_some_and(|f| if key == "default" { !f.is_null() } else { !value::is_zero(f) });
        if set {
            errors.push(Error::forbidden(&path.child(key), detail));
        }
    }
    if value::at(v, &["properties", "metadata"]).is_some() {
        errors.push(Error::forbidden(&properties.key("metadata"), "must not be specified in a nested context"));
    }
}

/// Value validations may only speak of fields and items that the structure `s` declares.
fn complete(v: &Value, s: Option<&Value>, s_path: &Path<'_>, v_path: &Path<'_>, is_structure: bool, errors: &mut ErrorList) {
    let Some(s) = s else {
        errors.push(Error::required(s_path, format!("because it is defined in {v_path}")));
        return;
    };
    if let Some(not) = value::field(v, "not") {
        complete(not, Some(s), s_path, &v_path.child("not"), false, errors);
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        let at = v_path.child(key);
        for (index, of) in value::items(v, key).iter().enumerate() {
            complete(of, Some(s), s_path, &at.index(index), false, errors);
        }
    }
    if is_structure {
        return;
    }
    if let Some(items) = value::field(v, "items") {
        complete(items, value::field(s, "items"), &s_path.child("items"), &v_path.child("items"), false, errors);
    }
    let empty = Map::new();
    let declared = value::map(s, "properties").unwrap_or(&empty);
    let (s_properties, v_properties) = (s_path.child("properties"), v_path.child("properties"));
    for (name, of) in value::entries(v, "properties") {
        complete(of, declared.get(name), &s_properties.key(name), &v_properties.key(name), false, errors);
    }
}
