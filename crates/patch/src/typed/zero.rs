//! What an object holds before anything is set.

use minkapi_registry::{Field, Presence, Shape, Struct};
use serde_json::{Map, Value, json};

/// An object of which nothing has been set, as Go writes it: what a create is compared with.
///
/// A place that is there even so (a struct in a struct, a list that is never left out) is not something that a create adds.
pub(crate) fn zero(of: &Struct) -> Value {
    let member = |field: &Field| zero_field(field).map(|value| (field.name.clone().into_owned(), value));
    Value::Object(of.fields.iter().filter_map(member).collect())
}

fn zero_field(field: &Field) -> Option<Value> {
    match field.presence {
        Presence::Set | Presence::NonZero => None,
        Presence::Nullable => Some(Value::Null),
        Presence::Always => Some(match &field.schema.shape {
            Shape::Struct(of) => zero(of),
            Shape::String | Shape::Duration => "".into(),
            Shape::Bool => false.into(),
            Shape::Int32 | Shape::Int64 | Shape::Double => 0.into(),
            Shape::Quantity => "0".into(),
            Shape::IntOrString => 0.into(),
            Shape::SchemaOr(..) => json!(true),
            Shape::FieldsV1 => Value::Object(Map::new()),
            Shape::Any | Shape::Bytes | Shape::Time | Shape::MicroTime | Shape::Map(_) | Shape::List(_) => Value::Null,
        }),
    }
}
