//! Zero values: which of them Go's encoder writes and which it leaves out.

use crate::{base64, duration, quantity, time::Time};
use minkapi_registry::{Alternative, Presence, Schema, Shape, Struct};
use serde_json::{Map, Value};

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
    for field in of.fields.iter() {
        let missing = map.get(&*field.name).is_none();
        match field.presence {
            Presence::Nullable if missing => drop(map.insert(field.name.clone().into_owned(), Value::Null)),
            Presence::Always if missing => drop(map.insert(field.name.clone().into_owned(), zero(&field.schema))),
            Presence::Set | Presence::NonZero | Presence::Nullable | Presence::Always => {}
        }
    }
    map
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
