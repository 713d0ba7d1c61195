//! Times of entries that nothing else changed in.

use super::recorded;
use crate::field_set::FieldSet;
use serde_json::{Map, Value};

/// Puts the times of `old`'s entries back into `new` if nothing but such times differs: a write without effect must not be one.
pub fn keep_times_if_unchanged(new: &mut Value, old: &Value) {
    let (Some(Value::Array(old_entries)), Some(Value::Array(new_entries))) = (recorded(old), recorded(new)) else { return };
    let same_but_time = |(a, b): (&Value, &Value)| match (a, b) {
        (Value::Object(a), Value::Object(b)) => but_time(a).count() == but_time(b).count() && but_time(a).zip(but_time(b)).all(same_member),
        _ => a == b,
    };
    if old_entries.len() != new_entries.len() || !old_entries.iter().zip(new_entries).all(same_but_time) || !same_but_entries(new, old) {
        return;
    }
    let old_entries = Value::Array(old_entries.clone());
    if let Some(Value::Object(metadata)) = new.get_mut("metadata") {
        metadata.insert("managedFields".into(), old_entries);
    }
}

fn but_time(entry: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    entry.iter().filter(|(name, _)| name.as_str() != "time")
}

fn same_member(((name, a), (other, b)): ((&String, &Value), (&String, &Value))) -> bool {
    name == other && (a == b || (name == "fieldsV1" && same_fields(a, b)))
}

/// Whether two `fieldsV1` are the same set, though they may be written in another order.
fn same_fields(a: &Value, b: &Value) -> bool {
    matches!((FieldSet::from_fields_v1(a), FieldSet::from_fields_v1(b)), (Ok(a), Ok(b)) if a == b)
}

/// Whether two objects agree apart from their managedFields.
fn same_but_entries(a: &Value, b: &Value) -> bool {
    let (Value::Object(a), Value::Object(b)) = (a, b) else { return false };
    a.len() == b.len()
        && a.iter().all(|(name, a)| match (name.as_str(), a, b.get(name)) {
            ("metadata", Value::Object(a), Some(Value::Object(b))) => {
                a.len() == b.len() && a.iter().all(|(name, a)| name == "managedFields" || b.get(name) == Some(a))
            }
            (_, a, b) => b == Some(a),
        })
}
