//! What most kinds do on update, and the default for field labels.

use crate::{SelectableField, Traits, value};
use minkapi_schema::field::{Error, Path};
use serde_json::Value;

/// What is said of a field that may never change.
pub const IMMUTABLE: &str = "field is immutable";

/// Puts back from `old` what the endpoint does not write, as the kind's reset fields say.
pub fn keep_other_side(traits: Traits, subresource: &str, new: &mut Value, old: &Value) {
    let Some((_, paths)) = traits.reset_fields.iter().find(|(s, _)| *s == subresource) else { return };
    for path in *paths {
        match path {
            ["metadata"] => keep_client_metadata(new, old),
            path => restore(new, old, path),
        }
    }
}

/// Puts back what clients may say in metadata, for a `/status` that takes nothing of it (C-04-18). The resourceVersion
/// stays the request's precondition and managedFields what tracking has made of them.
pub fn keep_client_metadata(new: &mut Value, old: &Value) {
    for key in ["deletionTimestamp", "generation", "labels", "annotations", "finalizers", "ownerReferences"] {
        restore(new, old, &["metadata", key]);
    }
}

/// Sets `metadata.generation` to one more than before if any of these top-level fields differs (C-04-30).
pub fn raise_generation_if_changed(new: &mut Value, old: &Value, fields: &[&str]) {
    let unset = |v: &Value, key: &str| v.get(key).is_none_or(crate::value::is_zero);
    let changed = |key: &&str| new.get(*key) != old.get(*key) && !(unset(new, key) && unset(old, key));
    if fields.iter().any(changed) {
        let before = crate::value::at(old, &["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default();
        new["metadata"]["generation"] = before.wrapping_add(1).into();
    }
}

/// Makes the field at `path` in `new` what it is in `old`, absent if it is absent there.
pub fn restore(new: &mut Value, old: &Value, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else { return };
    let before = path.iter().try_fold(old, |v, key| v.get(key));
    let mut at = new;
    for key in parents {
        if before.is_none() && at.get(key).is_none() {
            return;
        }
        if !at.is_object() {
            return;
        }
        at = &mut at[*key];
    }
    match (before, at.as_object_mut()) {
        (Some(value), Some(map)) => {
            map.insert((*last).to_owned(), value.clone());
        }
        (Some(value), None) => at[*last] = value.clone(),
        (None, Some(map)) => {
            map.remove(*last);
        }
        (None, None) => {}
    }
}

/// C-05-31: kinds without selectable fields of their own and those with them refuse unknown labels in different words.
pub fn default_field_label<'a>(fields: &[SelectableField], kind: &str, label: &'a str) -> Result<&'a str, String> {
    let _ = kind;
    if matches!(label, "metadata.name" | "metadata.namespace") || fields.iter().any(|f| f.label == label) {
        Ok(label)
    } else if fields.is_empty() {
        Err(format!("\"{label}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""))
    } else {
        Err(format!("field label not supported: {label}"))
    }
}

/// C-04-30: a new object of a kind that counts its changes has generation 1.
pub fn start_generation(object: &mut Value) {
    if let Some(meta) = value::object_mut(object, "metadata") {
        value::set(meta, "generation", 1);
    }
}

/// One more generation than `old` has.
pub fn next_generation(new: &mut Value, old: &Value) {
    let before = value::at(old, &["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default();
    if let Some(meta) = value::object_mut(new, "metadata") {
        value::set(meta, "generation", before.saturating_add(1));
    }
}

/// The next generation if `spec` changed.
pub fn bump_generation_on_spec(new: &mut Value, old: &Value) {
    if !same(new.get("spec"), old.get("spec")) {
        next_generation(new, old);
    }
}

/// Empties `status`, which clients do not write on create. What Go writes of an empty one is filled in when it is encoded.
pub fn clear_status(object: &mut Value) {
    value::set(object, "status", serde_json::Map::new());
}

/// Whether two values mean the same: unset, null and empty lists and maps are equal at any depth, as in upstream's
/// semantic comparison.
pub fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            // Nearly always they are, and that is found out faster.
            a == b
                || (a.iter().all(|(key, v)| same(Some(v), b.get(key)))
                    && b.iter().all(|(key, v)| a.contains_key(key) || is_nothing(Some(v))))
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(Some(a), Some(b))),
        _ => a == b || (is_nothing(a) && is_nothing(b)),
    }
}

fn is_nothing(v: Option<&Value>) -> bool {
    match v {
        None | Some(Value::Null) => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(_) => false,
    }
}

/// `Invalid value: <new>: field is immutable` where the two differ.
pub fn immutable(new: Option<&Value>, old: Option<&Value>, path: &Path<'_>) -> Option<Error> {
    (!same(new, old)).then(|| Error::invalid(path, new.cloned().unwrap_or_default(), IMMUTABLE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn unset_and_empty_are_the_same_at_any_depth() {
        let a = json!({"spec": {"list": [], "map": {"x": null}, "n": 0}});
        let b = json!({"spec": {"n": 0, "map": {}}});
        assert!(same(Some(&a), Some(&b)) && same(Some(&b), Some(&a)));
        assert!(!same(Some(&json!({"n": 0})), Some(&json!({}))), "a set zero is not unset");
    }

    #[test]
    fn a_status_write_keeps_the_spec_and_the_other_way_round() {
        let old = json!({"spec": 1, "status": 2});
        let mut new = json!({"spec": 3, "status": 4});
        keep_other_side(Traits::WITH_STATUS, "status", &mut new, &old);
        assert_eq!(new, json!({"spec": 1, "status": 4}));
        keep_other_side(Traits::WITH_STATUS, "", &mut new, &old);
        assert_eq!(new, old);
    }
}
