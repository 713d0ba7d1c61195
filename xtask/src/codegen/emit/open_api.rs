//! `open_api.rs`: what OpenAPI documents say beyond the tables of structs.

use super::super::{
    enumerations::Enumerations,
    model::{Model, Shape},
    openapi::{Definition, Definitions},
};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// The file.
pub fn file(model: &Model, openapi: &Definitions, enumerations: &Enumerations) -> String {
    let mut out = String::from(
        "//! What OpenAPI documents say beyond the tables of structs.\n\nuse crate::open_api::OpenApiExtension;\n\n\
         pub static OPEN_API_EXTENSIONS: &[OpenApiExtension] = &[\n",
    );
    for (name, fields) in &model.structs {
        let definition = openapi.get(name);
        if let Some(unions) = definition.and_then(|d| d.unions.as_ref()) {
            row(&mut out, name, "", &json!({"x-kubernetes-unions": unions}));
        }
        for (json, field) in fields {
            let mut patch = Map::new();
            if let Some(property) = definition.and_then(|d| d.properties.get(json)) {
                marks(property, &field.schema.shape, &mut patch);
            }
            if let Some(values) = enumerations.get(&(name.clone(), json.clone())) {
                let holder = match &field.schema.shape {
                    Shape::List(_) => Some("items"),
                    Shape::Map(_) => Some("additionalProperties"),
                    _ => None,
                };
                match holder {
                    Some(holder) => patch.insert(holder.to_owned(), json!({"enum": values})),
                    None => patch.insert("enum".to_owned(), json!(values)),
                };
            }
            if !patch.is_empty() {
                row(&mut out, name, json, &patch.into());
            }
        }
    }
    out.push_str("];\n");
    out
}

/// Marks that server-side apply does not need, and lists that have none.
fn marks(property: &Definition, shape: &Shape, patch: &mut Map<String, Value>) {
    if property.map_type.as_deref() == Some("granular") {
        patch.insert("x-kubernetes-map-type".into(), "granular".into());
    }
    if property.patch_strategy == "replace" {
        patch.insert("x-kubernetes-patch-strategy".into(), "replace".into());
    }
    match (shape, &property.list_type) {
        (Shape::List(_), None) => patch.insert("x-kubernetes-list-type".into(), Value::Null),
        (Shape::Plain("Bytes"), Some(list_type)) => patch.insert("x-kubernetes-list-type".into(), list_type.as_str().into()),
        _ => None,
    };
}

fn row(out: &mut String, of: &str, field: &str, patch: &Value) {
    let _ = writeln!(out, "    OpenApiExtension {{ of: {of:?}, field: {field:?}, patch: {:?} }},", patch.to_string());
}
