//! Zero values: which of them Go's encoder writes and which it leaves out.

use crate::{base64, duration, quantity, time::Time};
use minkapi_registry::{Alternative, Field, Presence, Schema, Shape, Struct};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Brings an object of a built-in kind to exactly the form in which kube-apiserver would send it after storing it: fields
/// that are always written are there, zero values of `omitempty` fields are not, and unknown fields are dropped.
/// Values that do not fit the schema are left alone. Doing it twice changes nothing.
pub fn canonicalize(value: &mut Value, of: &Struct) {
    match value {
        Value::Object(map) => canonicalize_fields(map, of),
        Value::Null => *value = Value::Object(add_always_written(Map::new(), of)),
        _ => {}
    }
}

fn canonicalize_fields(map: &mut Map<String, Value>, of: &Struct) {
    // Most of an object is what decoding made of it.
    if are_canonical(map, of) {
        return;
    }
    map.retain(|name, value| {
        let Some(field) = of.field(name) else {
            if let Some(schema) = &of.additional {
                canonicalize_value(value, schema);
            }
            return of.preserve_unknown || of.additional.is_some();
        };
        if value.is_null() {
            return false;
        }
        canonicalize_value(value, &field.schema);
        if field.presence == Presence::Always && is_empty_collection(value, &field.schema) {
            // An empty list comes back from protobuf as nil.
            *value = zero(&field.schema);
        }
        field.presence != Presence::NonZero || !is_zero(value, &field.schema)
    });
    *map = add_always_written(std::mem::take(map), of);
}

/// Whether [`canonicalize_fields`] would change nothing. It may say no when it would not.
fn are_canonical(map: &Map<String, Value>, of: &Struct) -> bool {
    // Both are in order of name.
    let mut fields = of.fields.iter();
    for (name, value) in map {
        let field = loop {
            let Some(field) = fields.next() else { return false };
            match (*field.name).cmp(name) {
                Ordering::Less if is_always_written(field) => return false,
                Ordering::Less => {}
                Ordering::Equal => break field,
                Ordering::Greater => return false,
            }
        };
        if value.is_null() && field.presence == Presence::Nullable {
            continue;
        }
        let kept = match field.presence {
            Presence::NonZero => !is_zero(value, &field.schema),
            Presence::Always => !is_empty_collection(value, &field.schema),
            Presence::Nullable | Presence::Set => true,
        };
        if !kept || !is_canonical(value, &field.schema) {
            return false;
        }
    }
    !fields.any(is_always_written)
}

fn is_canonical(value: &Value, schema: &Schema) -> bool {
    match (&schema.shape, value) {
        (Shape::Any | Shape::FieldsV1, value) => !value.is_null(),
        (Shape::Struct(of), Value::Object(map)) => are_canonical(map, of),
        (Shape::Map(values), Value::Object(map)) => map.values().all(|value| is_canonical(value, values)),
        (Shape::List(items), Value::Array(list)) => list.iter().all(|item| is_canonical(item, items)),
        (Shape::Quantity, value) => quantity::from_json(value).is_ok_and(|quantity| value.as_str() == Some(&*quantity.to_string())),
        (Shape::Time, Value::String(text)) => Time::parse(text).is_ok_and(|time| !time.is_zero() && time.format() == *text),
        (Shape::String | Shape::IntOrString, Value::String(_)) => true,
        (Shape::Int32 | Shape::Int64 | Shape::Double | Shape::IntOrString, Value::Number(_)) | (Shape::Bool, Value::Bool(_)) => true,
        _ => false,
    }
}

fn is_empty_collection(value: &Value, schema: &Schema) -> bool {
    match value {
        Value::Array(list) => list.is_empty(),
        Value::Object(entries) => entries.is_empty() && matches!(schema.shape, Shape::Map(_)),
        _ => false,
    }
}

fn canonicalize_value(value: &mut Value, schema: &Schema) {
    match (&schema.shape, &mut *value) {
        (Shape::Any | Shape::FieldsV1, _) => {}
        (_, Value::Null) => *value = zero(schema),
        (Shape::Struct(of) | Shape::SchemaOr(of, _), Value::Object(map)) => canonicalize_fields(map, of),
        (Shape::SchemaOr(of, Alternative::Schemas), Value::Array(items)) => items.iter_mut().for_each(|v| canonicalize(v, of)),
        (Shape::Map(values), Value::Object(map)) => map.values_mut().for_each(|v| canonicalize_value(v, values)),
        (Shape::List(items), Value::Array(list)) => list.iter_mut().for_each(|v| canonicalize_value(v, items)),
        (Shape::Quantity, _) => {
            if let Ok(quantity) = quantity::from_json(value) {
                *value = Value::String(quantity.to_string());
            }
        }
        (Shape::Time, Value::String(text)) => rewrite(value_of(Time::parse(text), Time::format), value),
        (Shape::MicroTime, Value::String(text)) => rewrite(value_of(Time::parse_micro(text), Time::format_micro), value),
        (Shape::Duration, Value::String(text)) => rewrite(duration::parse(text).ok().map(|d| duration::format(d).into()), value),
        (Shape::Bytes, Value::String(text)) => rewrite(base64::canonical(text).ok().map(Value::String), value),
        _ => {}
    }
}

fn rewrite(new: Option<Value>, value: &mut Value) {
    if let Some(new) = new {
        *value = new;
    }
}

fn value_of(parsed: Result<Time, String>, format: fn(Time) -> String) -> Option<Value> {
    let time = parsed.ok()?;
    Some(if time.is_zero() { Value::Null } else { Value::String(format(time)) })
}

/// Adds what is always written. Nil lists and maps of such fields are `null`; empty ones stay what they are.
pub(crate) fn add_always_written(mut map: Map<String, Value>, of: &Struct) -> Map<String, Value> {
    for field in of.fields.iter().filter(|field| is_always_written(field)) {
        if !map.contains_key(&*field.name) {
            map.insert(field.name.clone().into_owned(), if field.presence == Presence::Always { zero(&field.schema) } else { Value::Null });
        }
    }
    map
}

const fn is_always_written(field: &Field) -> bool {
    matches!(field.presence, Presence::Always | Presence::Nullable)
}

/// The zero value of a position as Go writes it.
pub fn zero(schema: &Schema) -> Value {
    match &schema.shape {
        Shape::String | Shape::Bytes => Value::String(String::new()),
        Shape::Bool => Value::Bool(false),
        Shape::Int32 | Shape::Int64 | Shape::Double | Shape::IntOrString => Value::from(0),
        Shape::Quantity => Value::String("0".to_owned()),
        Shape::Duration => Value::String("0s".to_owned()),
        Shape::Struct(of) => Value::Object(add_always_written(Map::new(), of)),
        Shape::SchemaOr(_, Alternative::Bool) => Value::Bool(false),
        Shape::Any | Shape::Time | Shape::MicroTime | Shape::FieldsV1 | Shape::Map(_) | Shape::List(_) | Shape::SchemaOr(..) => Value::Null,
    }
}

/// Whether a value is one that `omitempty` (or `omitzero`, for structs) leaves out.
pub fn is_zero(value: &Value, schema: &Schema) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::String(s) => match schema.shape {
            Shape::Quantity => false,
            _ => s.is_empty(),
        },
        Value::Number(n) => n.as_f64() == Some(0.0) && !matches!(schema.shape, Shape::Any),
        Value::Array(list) => list.is_empty() && !matches!(schema.shape, Shape::Any),
        Value::Object(map) => map.is_empty() && !matches!(schema.shape, Shape::Any | Shape::FieldsV1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode_value;
    use minkapi_registry::kind;
    use serde_json::json;

    #[test]
    fn what_is_canonical_is_seen_to_be_so_and_what_is_not_is_made_so() {
        let schema = &kind("v1", "Pod").unwrap().schema;
        let container = json!({"name": "c", "image": "i", "resources": {"limits": {"cpu": "500m"}}, "ports": [{"containerPort": 80}]});
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "creationTimestamp": "2026-01-02T03:04:05Z"},
            "spec": {"nodeName": "n", "containers": [container], "volumes": [{"name": "v", "emptyDir": {}}]}, "status": {}
        });
        let canonical = decode_value(&pod, schema).unwrap().value;
        assert!(are_canonical(canonical.as_object().unwrap(), schema));
        for (pointer, spoiler) in [
            ("/spec/nodeName", json!("")),
            ("/spec/nodeName", Value::Null),
            ("/spec/containers/0/unknown", json!(1)),
            ("/spec/containers/0/env", json!([])),
            ("/spec/containers/0/ports/0/containerPort", Value::Null),
            ("/spec/containers/0/resources/limits/cpu", json!("0.5")),
            ("/spec/containers/0/resources/limits/memory", json!(7)),
            ("/metadata/creationTimestamp", json!("2026-01-02T03:04:05+00:00")),
            ("/metadata/labels", json!({})),
        ] {
            let mut spoilt = canonical.clone();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            spoilt.pointer_mut(parent).unwrap()[name] = spoiler;
            assert!(!are_canonical(spoilt.as_object().unwrap(), schema), "{pointer}");
            canonicalize(&mut spoilt, schema);
            assert!(are_canonical(spoilt.as_object().unwrap(), schema), "{pointer}: {spoilt}");
        }
        let mut without_containers = canonical.clone();
        without_containers["spec"].as_object_mut().unwrap().remove("containers");
        assert!(!are_canonical(without_containers.as_object().unwrap(), schema), "they are always written");
    }
}
