//! Times of entries that nothing else changed in.

use super::recorded;
use serde_json::Value;

/// Puts the times of `old`'s entries back into `new` if nothing but such times differs: a write without effect must not be one.
pub fn keep_times_if_unchanged(new: &mut Value, old: &Value) {
    let (Some(Value::Array(old_entries)), Some(Value::Array(new_entries))) = (recorded(old), recorded(new)) else { return };
    let same_but_time = |(a, b): (&Value, &Value)| match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let without_time = |name: &&String| name.as_str() != "time";
            a.iter().filter(|(name, _)| without_time(name)).eq(b.iter().filter(|(name, _)| without_time(name)))
        }
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
