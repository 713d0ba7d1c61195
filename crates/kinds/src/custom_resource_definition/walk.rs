//! Looking at every schema of a definition.

use crate::value;
use minkapi_schema::{
    field::quoted,
    structural::{Structural, is_supported_format},
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Calls `visit` on a schema and all below it, in upstream's order.
pub fn every(schema: &Value, visit: &mut dyn FnMut(&Value)) {
    visit(schema);
    match schema.get("items") {
        Some(items @ Value::Object(_)) => every(items, visit),
        Some(Value::Array(list)) => list.iter().for_each(|s| every(s, visit)),
        _ => {}
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        value::items(schema, key).iter().for_each(|s| every(s, visit));
    }
    if let Some(not) = value::field(schema, "not") {
        every(not, visit);
    }
    value::entries(schema, "properties").for_each(|(_, s)| every(s, visit));
    if let Some(of @ Value::Object(_)) = schema.get("additionalProperties") {
        every(of, visit);
    }
}

fn schemas(definition: &Value) -> Vec<Value> {
    let spec = super::internal::spec(definition);
    let mut schemas: Vec<Value> = value::at(&spec, &["validation", "openAPIV3Schema"]).cloned().into_iter().collect();
    schemas.extend(value::items(&spec, "versions").iter().filter_map(|v| value::at(v, &["schema", "openAPIV3Schema"]).cloned()));
    schemas
}

/// Formats that are not checked, in the order in which they are found.
pub fn unrecognized_formats(definition: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for schema in schemas(definition) {
        every(&schema, &mut |s| {
            let format = value::text(s, "format");
            let plain = serde_json::json!({"type": value::text(s, "type")});
            if !format.is_empty() && !is_supported_format(format, Structural::parse(&plain).type_) {
                found.push(format.to_owned());
            }
        });
    }
    found
}

/// Warnings about sets whose items are no scalars, each once, sorted.
pub fn sets_of_objects(definition: &Value) -> Vec<String> {
    let mut found = BTreeSet::new();
    for schema in schemas(definition) {
        every(&schema, &mut |s| {
            let item = s.get("items").map_or("", |items| value::text(items, "type"));
            if value::text(s, "x-kubernetes-list-type") == "set" && matches!(item, "object" | "array") {
                found.insert(format!(
                    "x-kubernetes-list-type: set for items of type {} is not supported by server-side apply or CEL validation rules",
                    quoted(item)
                ));
            }
        });
    }
    found.into_iter().collect()
}
