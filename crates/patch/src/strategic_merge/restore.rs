//! What keeps a merged tree from being an object of its kind. Upstream makes a struct of it without going through JSON, so
//! these errors are worded otherwise than those of decoding.

use minkapi_registry::{Alternative, Schema, Shape, Struct};
use serde_json::Value;

/// The first value that does not fit its place, as upstream says it; types that decode themselves (times, quantities and
/// their like) are left to decoding.
pub fn misfit(value: &Value, of: &Struct) -> Option<String> {
    let Value::Object(members) = value else { return Some(format!("cannot restore struct from: {}", kind(value))) };
    members.iter().find_map(|(name, value)| misfit_at(value, &of.field(name)?.schema))
}

fn misfit_at(value: &Value, schema: &Schema) -> Option<String> {
    if value.is_null() {
        return None;
    }
    match (&schema.shape, value) {
        (Shape::Struct(of), _) => misfit(value, of),
        (Shape::Map(values), Value::Object(members)) => members.values().find_map(|v| misfit_at(v, values)),
        (Shape::Map(_), _) => Some(format!("cannot restore map from {}", kind(value))),
        (Shape::List(items), Value::Array(list)) => list.iter().find_map(|v| misfit_at(v, items)),
        (Shape::List(_), _) => Some(format!("cannot restore slice from {}", kind(value))),
        (Shape::Bytes, Value::String(_)) => None,
        (Shape::Bytes, _) => Some(format!("cannot restore slice from {}", kind(value))),
        (Shape::String, _) => scalar(value, value.is_string(), "string"),
        (Shape::Bool, _) => scalar(value, value.is_boolean(), "bool"),
        (Shape::Int32, _) => scalar(value, is_whole(value), "int32"),
        (Shape::Int64, _) => scalar(value, is_whole(value), "int64"),
        (Shape::Double, _) => scalar(value, value.is_number(), "float64"),
        (Shape::SchemaOr(_, Alternative::Bool | Alternative::Schemas | Alternative::Strings), _)
        | (Shape::Any | Shape::Time | Shape::MicroTime | Shape::Duration | Shape::Quantity | Shape::IntOrString | Shape::FieldsV1, _) => {
            None
        }
    }
}

/// Numbers convert to each other and, as Go sees it, to text; what has no conversion has no type either.
fn scalar(value: &Value, fits: bool, wanted: &str) -> Option<String> {
    let converts = match wanted {
        "string" => is_integer(value),
        "bool" => false,
        _ => value.is_number(),
    };
    match (fits, converts) {
        (true, _) => None,
        (false, true) => Some(format!("cannot convert {} to {wanted}", kind(value))),
        (false, false) => Some(format!("unrecognized type: {wanted}")),
    }
}

fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64()
}

fn is_whole(value: &Value) -> bool {
    is_integer(value) || value.as_f64().is_some_and(|n| n.fract() == 0.0)
}

/// The Go kind of an untyped JSON value.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(_) if is_integer(value) => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_value_that_does_not_fit_is_told() {
        let config_map = minkapi_registry::struct_named("io.k8s.api.core.v1.ConfigMap").unwrap();
        let said = |value| misfit(&value, config_map);
        assert_eq!(said(json!({"data": {"a": "b"}})), None);
        assert_eq!(said(json!({"data": []})).unwrap(), "cannot restore map from slice");
        assert_eq!(said(json!({"data": {"a": 1}})).unwrap(), "cannot convert int64 to string");
        assert_eq!(said(json!({"data": {"a": {}}})).unwrap(), "unrecognized type: string");
        assert_eq!(said(json!({"immutable": "yes"})).unwrap(), "unrecognized type: bool");
        assert_eq!(said(json!({"metadata": []})).unwrap(), "cannot restore struct from: slice");
        assert_eq!(said(json!({"metadata": {"finalizers": {}}})).unwrap(), "cannot restore slice from map");
    }
}
