//! Reading and filling in fields of decoded objects.
//!
//! Decoding has given every field the JSON type of its schema, so a missing field, `null` and a value of another type all
//! read as Go's zero value here.

use serde_json::{Map, Value};

/// The text at `key`; empty when unset.
pub fn text<'a>(v: &'a Value, key: &str) -> &'a str {
    v.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The text at `key` if it is set, be it empty.
pub fn text_if_set<'a>(v: &'a Value, key: &str) -> Option<&'a str> {
    v.get(key).and_then(Value::as_str)
}

/// The integer at `key` if it is set.
pub fn int(v: &Value, key: &str) -> Option<i64> {
    v.get(key).and_then(Value::as_i64)
}

/// The boolean at `key`; false when unset.
pub fn flag(v: &Value, key: &str) -> bool {
    flag_if_set(v, key).unwrap_or_default()
}

/// The boolean at `key` if it is set.
pub fn flag_if_set(v: &Value, key: &str) -> Option<bool> {
    v.get(key).and_then(Value::as_bool)
}

/// Whether `key` is set to something other than null.
pub fn has(v: &Value, key: &str) -> bool {
    field(v, key).is_some()
}

/// The value at `key` unless it is unset or null.
pub fn field<'a>(v: &'a Value, key: &str) -> Option<&'a Value> {
    v.get(key).filter(|f| !f.is_null())
}

/// The value at `path` unless it or one above it is unset or null.
pub fn at<'a>(v: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(v, |v, key| field(v, key))
}

/// As [`field`], to be changed.
pub fn field_mut<'a>(v: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    v.get_mut(key).filter(|f| !f.is_null())
}

/// As [`at`], to be changed.
pub fn at_mut<'a>(v: &'a mut Value, path: &[&str]) -> Option<&'a mut Value> {
    path.iter().try_fold(v, |v, key| field_mut(v, key))
}

/// The items of the list at `key`; none when unset.
pub fn items<'a>(v: &'a Value, key: &str) -> &'a [Value] {
    v.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// As [`items`], to be changed.
pub fn items_mut<'a>(v: &'a mut Value, key: &str) -> &'a mut [Value] {
    v.get_mut(key).and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

/// The map or struct at `key` if it is set.
pub fn map<'a>(v: &'a Value, key: &str) -> Option<&'a Map<String, Value>> {
    v.get(key).and_then(Value::as_object)
}

/// The entries of the map at `key` in key order; none when unset.
pub fn entries<'a>(v: &'a Value, key: &str) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
    map(v, key).into_iter().flatten().map(|(k, v)| (k.as_str(), v))
}

/// Sets `key` unless it is set already (a Go pointer, list or map that is nil).
pub fn set_default(v: &mut Value, key: &str, default: impl Into<Value>) {
    if !has(v, key) {
        set(v, key, default);
    }
}

/// Sets `key` unless it is set to something other than Go's zero value (a plain Go field).
pub fn set_default_nonzero(v: &mut Value, key: &str, default: impl Into<Value>) {
    if v.get(key).is_none_or(is_zero) {
        set(v, key, default);
    }
}

/// Sets `key`; does nothing where `v` is neither an object nor null.
pub fn set(v: &mut Value, key: &str, value: impl Into<Value>) {
    if v.is_null() {
        *v = Value::Object(Map::new());
    }
    if let Value::Object(map) = v {
        map.insert(key.to_owned(), value.into());
    }
}

/// Unsets `key`.
pub fn unset(v: &mut Value, key: &str) {
    if let Value::Object(map) = v {
        map.remove(key);
    }
}

/// The object at `key`, made empty if it is unset. None where `v` is not an object.
pub fn object_mut<'a>(v: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    set_default(v, key, Map::new());
    v.get_mut(key)
}

/// Whether a value is what Go's encoder drops with `omitempty`: null, false, 0, "" and empty lists and maps.
pub fn is_zero(v: &Value) -> bool {
    match v {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_i64() == Some(0),
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn null_and_missing_read_as_zero_values() {
        let v = json!({"a": null, "list": null});
        assert_eq!((text(&v, "a"), int(&v, "a"), flag(&v, "b"), has(&v, "a")), ("", None, false, false));
        assert!(items(&v, "list").is_empty());
        assert_eq!(entries(&v, "list").count(), 0);
    }

    #[test]
    fn a_default_fills_only_what_is_unset() {
        let mut v = json!({"zero": 0, "null": null});
        set_default(&mut v, "zero", 1);
        set_default(&mut v, "null", 2);
        set_default_nonzero(&mut v, "other", "x");
        assert_eq!(v, json!({"zero": 0, "null": 2, "other": "x"}));
        set_default_nonzero(&mut v, "zero", 3);
        assert_eq!(v["zero"], 3);
    }

    #[test]
    fn a_missing_object_is_made_on_the_way() {
        let mut v = json!({});
        set(object_mut(&mut v, "spec").unwrap(), "replicas", 1);
        assert_eq!(v, json!({"spec": {"replicas": 1}}));
        assert!(at(&v, &["spec", "replicas"]).is_some());
    }
}
