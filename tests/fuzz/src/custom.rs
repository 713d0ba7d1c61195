//! What custom resources bring with them: schemas, rules, paths of columns.

use crate::input;
use minkapi_cel::{Expression, Rules, Scope, Type, convert};
use minkapi_kinds::{Strategy as _, custom_resource::served_resources};
use minkapi_schema::Structural;
use serde_json::{Value, json};
use std::str::from_utf8;

/// A schema and an object of it: what is unknown goes, defaults come, rules are checked.
pub fn schema(data: &[u8]) {
    let parts = input::parts(data);
    let [schema, object] = parts.as_slice() else { return };
    let (Ok(schema), Ok(mut object)) = (serde_json::from_slice(schema), serde_json::from_slice::<Value>(object)) else { return };
    let mut schema = Structural::parse(&schema);
    schema.prune_defaults();
    let old = object.clone();
    schema.conform(&mut object);
    let _ = schema.validate(&object, Some(&old));
    let _ = schema.validate_list_types(&object);
    let _ = Rules::compile(&schema).check(&schema, &object, Some(&old));
    let _ = schema.find(".spec.replicas", true);
}

/// An expression about a pod, and its value.
pub fn cel(data: &[u8]) {
    let Ok(source) = from_utf8(data) else { return };
    let object = json!({"name": "a", "number": 3, "list": [1, 2, 3], "map": {"a": "b"}, "flag": true, "text": "2026-01-02T03:04:05Z"});
    let scope = Scope::new().with("self", Type::Dyn).with("oldSelf", Type::Dyn);
    if let Ok(expression) = Expression::compile(source, &scope) {
        let _ = (expression.cost(), expression.uses("oldSelf"));
        let value = expression.evaluate(&[("self", convert(&object, None)), ("oldSelf", convert(&Value::Null, None))]);
        let _ = value.map(|value| minkapi_cel::to_json(&value));
    }
}

/// The path of a column, and what it finds in an object.
pub fn json_path(data: &[u8]) {
    let parts = input::parts(data);
    let [path, object @ ..] = parts.as_slice() else { return };
    let Ok(path) = from_utf8(path) else { return };
    let object = object.first().and_then(|object| serde_json::from_slice::<Value>(object).ok()).unwrap_or_else(|| json!({"a": [{"b": 1}]}));
    let definition = json!({
        "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "names": {"kind": "Thing", "plural": "things"}, "scope": "Namespaced", "versions": [{
            "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}},
            "additionalPrinterColumns": [{"name": "it", "type": "string", "jsonPath": path}, {"name": "then", "type": "date", "jsonPath": path}],
        }]},
        "status": {"conditions": [{"type": "Established", "status": "True"}], "storedVersions": ["v1"]},
    });
    for served in served_resources(&definition) {
        let _ = served.strategy.row(&object, 1_767_225_600_000, true);
    }
}
