//! `x-kubernetes-list-type` and `x-kubernetes-list-map-keys`.

use super::wrong_type;
use crate::value;
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

const LIST_TYPE: &str = "x-kubernetes-list-type";
const MAP_KEYS: &str = "x-kubernetes-list-map-keys";

/// What a schema says about the kind of its list.
pub fn validate(s: &Value, path: &Path<'_>, errors: &mut ErrorList) {
    let list_type = value::text_if_set(s, LIST_TYPE);
    let item = value::field(s, "items").filter(|items| items.is_object());
    if list_type.is_some() && value::text(s, "type") != "array" {
        errors.push(wrong_type(s, path, "must be array if x-kubernetes-list-type is specified"));
    } else if let (Some("set"), Some(item)) = (list_type, item) {
        set_of(item, path, errors);
    }
    if let Some(other) = list_type.filter(|t| !matches!(*t, "atomic" | "set" | "map")) {
        errors.push(Error::not_supported(&path.child(LIST_TYPE), other, &["atomic", "set", "map"]));
    }
    let keys: Vec<&str> = value::items(s, MAP_KEYS).iter().filter_map(Value::as_str).collect();
    let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    match list_type {
        None if !keys.is_empty() => errors.push(Error::required(&path.child(LIST_TYPE), detail)),
        Some(other) if !keys.is_empty() && other != "map" => errors.push(Error::invalid(&path.child(LIST_TYPE), other, detail)),
        Some("map") => map_of(s, item, &keys, path, errors),
        _ => {}
    }
    if let (Some(item), Some(list_type @ ("set" | "map"))) = (item, list_type) {
        nullable_keys(item, list_type, &keys, path, errors);
    }
}

fn set_of(item: &Value, path: &Path<'_>, errors: &mut ErrorList) {
    let items = path.child("items");
    let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
    let list_type = value::text_if_set(item, LIST_TYPE);
    let shown = || list_type.map_or(Value::Null, Value::from);
    match value::text(item, "type") {
        "array" if list_type.is_some_and(|t| t != "atomic") => errors.push(Error::invalid(&items.child(LIST_TYPE), shown(), detail)),
        "object" if value::text(item, "x-kubernetes-map-type") != "atomic" => {
            errors.push(Error::invalid(&items.child("x-kubernetes-map-type"), shown(), detail));
        }
        _ => {}
    }
}

fn map_of(s: &Value, item: Option<&Value>, keys: &[&str], path: &Path<'_>, errors: &mut ErrorList) {
    let items = path.child("items");
    if keys.is_empty() {
        errors.push(Error::required(&path.child(MAP_KEYS), "must not be empty if x-kubernetes-list-type is map"));
    }
    let Some(item) = item else {
        if !value::has(s, "items") {
            errors.push(Error::required(&items, "must have a schema if x-kubernetes-list-type is map"));
        }
        return;
    };
    let type_ = value::text(item, "type");
    if type_ != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(Error::invalid(&items.child("type"), type_, detail));
        return;
    }
    let properties = items.child("properties");
    for (index, key) in keys.iter().enumerate() {
        match value::at(item, &["properties", key]) {
            Some(of) if matches!(value::text(of, "type"), "array" | "object") => {
                let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                errors.push(Error::invalid(&properties.key(key).child("type"), type_, detail));
            }
            Some(_) => {}
            None => errors.push(Error::invalid(
                &path.child(MAP_KEYS),
                keys.iter().map(|k| Value::from(*k)).collect::<Vec<_>>(),
                "entries must all be names of item properties",
            )),
        }
        if keys.iter().take(index).any(|k| k == key) {
            let shown: Vec<Value> = keys.iter().map(|k| Value::from(*k)).collect();
            errors.push(Error::invalid(&path.child(MAP_KEYS), shown, "must not contain duplicate entries"));
        }
    }
}

/// Keys of a list must be there, or come from a default.
fn nullable_keys(item: &Value, list_type: &str, keys: &[&str], path: &Path<'_>, errors: &mut ErrorList) {
    let items = path.child("items");
    if value::flag(item, "nullable") {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        errors.push(Error::forbidden(&items.child("nullable"), detail));
    }
    if list_type != "map" {
        return;
    }
    let properties = items.child("properties");
    for key in keys {
        let Some(of) = value::at(item, &["properties", key]) else { continue };
        let required = value::items(item, "required").iter().any(|r| r.as_str() == Some(key));
        if !required && !value::has(of, "default") {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            errors.push(Error::required(&properties.key(key).child("default"), detail));
        }
        if value::flag(of, "nullable") {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(Error::forbidden(&properties.key(key).child("nullable"), detail));
        }
    }
}
