//! Decoding of an object that differs little from one that is decoded already: what is equal is not looked at again.

use super::decode_part;
use crate::normalize::add_always_written;
use minkapi_registry::{Shape, Struct};
use serde_json::{Map, Value};

/// Decodes `value`, a changed copy of `current`, which is in the form that decoding gives. When anything about the changes
/// is not in order, the value comes back as it was: then [`super::decode_value`] tells what.
///
/// # Errors
/// The value.
pub fn decode_changed(value: Value, current: &Value, of: &Struct) -> Result<Value, Value> {
    match (value, current) {
        (Value::Object(mut value), Value::Object(current)) => match changes(&value, current, of, "") {
            Some(changes) => {
                changes.make(&mut value, of);
                Ok(Value::Object(value))
            }
            None => Err(Value::Object(value)),
        },
        (value, _) => Err(value),
    }
}

/// What decoding makes of the members of an object that are not as they were.
struct Changes(Vec<(String, Change)>);

impl Changes {
    /// How many members are not written.
    fn gone(&self) -> usize {
        self.0.iter().filter(|(_, change)| matches!(change, Change::To(None))).count()
    }

    fn make(self, object: &mut Map<String, Value>, of: &Struct) {
        for (name, change) in self.0 {
            match change {
                Change::To(Some(decoded)) => drop(object.insert(name, decoded)),
                Change::To(None) => drop(object.remove(&name)),
                Change::Within(changes) => {
                    if let (Some(Value::Object(inner)), Some(Shape::Struct(of))) =
                        (object.get_mut(&name), of.field(&name).map(|field| &field.schema.shape))
                    {
                        changes.make(inner, of);
                    }
                }
            }
        }
        *object = add_always_written(std::mem::take(object), of);
    }
}

enum Change {
    /// The member is this, or is not written.
    To(Option<Value>),
    /// The member is a struct in which something changed.
    Within(Changes),
}

fn changes(value: &Map<String, Value>, current: &Map<String, Value>, of: &Struct, path: &str) -> Option<Changes> {
    let mut changes = Vec::new();
    for (name, value) in value {
        let before = current.get(name);
        if before == Some(value) {
            continue;
        }
        let field = of.field(name)?;
        let change = match (&field.schema.shape, value, before) {
            (Shape::Struct(inner), Value::Object(value), Some(Value::Object(before))) => {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let within = self::changes(value, before, inner, &path)?;
                // Whether a struct without fields is kept is the full decoder's business.
                if within.gone() == value.len() {
                    return None;
                }
                Change::Within(within)
            }
            _ => {
                let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
                let mut part = decode_part(&alone, of, path).ok().filter(|part| part.problems.is_empty())?;
                Change::To(part.value.as_object_mut().and_then(|part| part.remove(name)))
            }
        };
        changes.push((name.clone(), change));
    }
    Some(Changes(changes))
}

#[cfg(test)]
mod tests {
    use super::decode_changed;
    use crate::decode::decode_value;
    use minkapi_registry::kind;
    use serde_json::{Value, json};

    /// Changes of a pod, those that are refused among them.
    fn changes() -> Vec<(&'static str, Value)> {
        vec![
            ("/metadata/annotations", json!({"a": "b"})),
            ("/metadata/annotations", json!({})),
            ("/metadata/annotations", Value::Null),
            ("/metadata/labels", json!({"a": 1})),
            ("/metadata", json!({"name": "b"})),
            ("/metadata", json!({})),
            ("/spec/containers", json!([])),
            ("/spec/containers", json!([{"name": "c", "image": "d", "resources": {"limits": {"cpu": "1000m", "memory": "1.5Gi"}}}])),
            ("/spec/containers", json!([{"name": "c", "unknown": 1}])),
            ("/spec/containers", json!("text")),
            ("/spec/nodeName", json!("")),
            ("/spec/securityContext", json!({})),
            ("/spec/securityContext", json!({"runAsUser": 0})),
            ("/spec/unknown", json!(1)),
            ("/spec/activeDeadlineSeconds", json!(1.5)),
            ("/status", json!({})),
            ("/status", json!({"startTime": "2026-01-02T03:04:05+01:00"})),
            ("/status", json!(7)),
            ("/kind", json!("Other")),
            ("/unknown", json!({})),
        ]
    }

    #[test]
    fn the_result_is_that_of_decoding_everything() {
        let schema = &kind("v1", "Pod").unwrap().schema;
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "annotations": {"x": "y"}},
            "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i"}], "securityContext": {"runAsUser": 7}}
        });
        let current = decode_value(&pod, schema).unwrap().value;
        let (mut short, mut long) = (0, 0);
        for (pointer, new) in changes() {
            let mut changed = current.clone();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            changed.pointer_mut(parent).unwrap()[name] = new;
            let full = decode_value(&changed, schema);
            match decode_changed(changed.clone(), &current, schema) {
                Ok(value) => {
                    short += 1;
                    let full = full.unwrap();
                    assert_eq!((value, full.problems.len()), (full.value, 0), "{pointer}");
                }
                Err(value) => {
                    long += 1;
                    assert_eq!(value, changed, "it comes back as it was");
                }
            }
        }
        assert!(short > 8 && long > 5, "{short} the short way, {long} the long way");
    }
}
