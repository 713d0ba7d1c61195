//! The merge patch between two objects.

use serde_json::{Map, Value};

/// The RFC 7386 merge patch that makes `from` into `to`; none when they are equal. Nulls inside `to` are lost, as in
/// every merge patch.
///
/// ```
/// use minkapi_patch::merge_diff;
/// use serde_json::json;
///
/// let patch = merge_diff(&json!({"a": 1, "b": {"c": 2, "d": 3}}), &json!({"b": {"c": 2, "d": 4}}));
/// assert_eq!(patch, Some(json!({"a": null, "b": {"d": 4}})));
/// ```
pub fn merge_diff(from: &Value, to: &Value) -> Option<Value> {
    if from == to {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (from, to) else { return Some(to.clone()) };
    let mut patch = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        let change = match old.get(key) {
            Some(before) => merge_diff(before, value),
            None => Some(value.clone()),
        };
        if let Some(change) = change {
            patch.insert(key.clone(), change);
        }
    }
    Some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn applying_the_difference_gives_the_other_object() {
        let (a, b) = (json!({"x": [1, 2], "y": {"z": "a"}, "w": true}), json!({"x": [2], "y": {"z": "a", "v": {}}}));
        let patch = merge_diff(&a, &b).map(|p| p.to_string()).unwrap_or_default();
        let patch = crate::MergePatch::parse(patch.as_bytes(), true).ok().map(|p| p.apply(a.clone()));
        assert_eq!(patch, Some(b));
        assert_eq!(merge_diff(&a, &a), None);
    }
}
