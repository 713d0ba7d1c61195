//! Objects that expressions make (`Object{spec: Object.spec{replicas: 3}}`, `JSONPatch{op: 'remove', path: '/a'}`): maps that
//! remember the name of their type in an entry of their own.

use crate::types::Type;
use kube_cel::cel::{
    IdedExpr,
    common::ast::{EntryExpr, Expr, IdedEntryExpr, LiteralValue, MapEntryExpr},
};
use serde_json::Value;

/// The entry that holds the name of the type.
const TYPE: &str = "@type";

const OBJECT: &str = "Object";
const JSON_PATCH: &str = "JSONPatch";

/// The entry that tells the type of an object.
pub fn type_entry(name: &str) -> IdedEntryExpr {
    let text = |text: &str| IdedExpr { id: 0, expr: Expr::Literal(LiteralValue::String(text.into())) };
    IdedEntryExpr { id: 0, expr: EntryExpr::MapEntry(MapEntryExpr { key: text(TYPE), value: text(name), optional: false }) }
}

/// Whether objects of this type can be made in a mutation.
pub fn is_known(name: &str) -> bool {
    name == JSON_PATCH || name == OBJECT || name.strip_prefix(OBJECT).is_some_and(|rest| rest.starts_with('.'))
}

/// What a field takes; None where there is no such field.
pub fn field(name: &str, field: &str) -> Option<Type> {
    match (name, field) {
        (JSON_PATCH, "op" | "path" | "from") => Some(Type::TEXT),
        (JSON_PATCH, "value") => Some(Type::Dyn),
        (JSON_PATCH, _) => None,
        _ => Some(Type::Dyn),
    }
}

/// Takes the names of types out of a value, as JSON.
///
/// # Errors
/// Where an object stands that is not of the type that its place says: `Object.spec` in the field `spec` of an `Object`.
pub fn without_types(value: &mut Value) -> Result<(), String> {
    let mut errors = Vec::new();
    let mut path: Vec<String> = value[TYPE].as_str().into_iter().map(str::to_owned).collect();
    strip(value, &mut path, &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
}

fn strip(value: &mut Value, path: &mut Vec<String>, errors: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let of = fields.remove(TYPE);
            let name = of.as_ref().and_then(Value::as_str);
            let place = path.join(".");
            if let Some(name) = name.filter(|name| *name != place) {
                errors.push(format!(
                    "unexpected type name {name:?}, expected {place:?}, which matches field name path from root Object type"
                ));
            }
            for (key, field) in fields {
                // The entries of a map are no fields.
                if name.is_some() {
                    path.push(key.clone());
                }
                strip(field, path, errors);
                if name.is_some() {
                    path.pop();
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| strip(item, path, errors)),
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_stand_where_their_type_says() {
        let mut value =
            json!({"@type": "Object", "spec": {"@type": "Object.spec", "list": [{"@type": "Object.spec.list", "a": {"b": 1}}]}});
        assert_eq!(without_types(&mut value), Ok(()));
        assert_eq!(value, json!({"spec": {"list": [{"a": {"b": 1}}]}}));
        let mut wrong = json!({"@type": "Object", "metadata": {"@type": "Object.spec"}});
        assert_eq!(
            without_types(&mut wrong).unwrap_err(),
            "unexpected type name \"Object.spec\", expected \"Object.metadata\", which matches field name path from root Object type"
        );
    }
}
