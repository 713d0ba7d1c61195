//! A custom resource with 100 properties and five rules, which the measurements create.

use serde_json::{Map, Value, json};

/// Its definition.
pub fn definition() -> Value {
    let properties: Map<String, Value> = (0..100).map(|n| (name_of(n), schema(n))).collect();
    let rules = [
        "self.p01 <= self.p06",
        "self.p00.startsWith('value')",
        "!has(self.p04) || self.p04.all(item, item.size() < 20)",
        "self.p03 in ['a', 'b', 'c'] && self.p08 != 'c'",
        "self.p11 + self.p16 < 2000 || self.p02",
    ];
    let rules: Vec<Value> = rules.iter().map(|rule| json!({"rule": rule})).collect();
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "wides.bench.example.org"},
        "spec": {
            "group": "bench.example.org", "scope": "Namespaced", "names": {"plural": "wides", "kind": "Wide"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {"type": "object", "properties": properties, "x-kubernetes-validations": rules}},
            }}}],
        },
    })
}

/// An object of it, with all properties but those that have defaults.
pub fn object(name: &str) -> Value {
    let spec: Map<String, Value> = (0..100).filter(|n| n % 5 != 2).map(|n| (name_of(n), value(n))).collect();
    json!({"apiVersion": "bench.example.org/v1", "kind": "Wide", "metadata": {"name": name, "labels": {"app": "bench"}}, "spec": spec})
}

fn name_of(n: u32) -> String {
    format!("p{n:02}")
}

fn schema(n: u32) -> Value {
    match n % 5 {
        0 => json!({"type": "string", "maxLength": 64, "pattern": "^[a-z0-9-]*$"}),
        1 => json!({"type": "integer", "minimum": 0, "maximum": 1000}),
        2 => json!({"type": "boolean", "default": false}),
        3 => json!({"type": "string", "enum": ["a", "b", "c"]}),
        _ => json!({"type": "array", "maxItems": 10, "items": {"type": "string", "maxLength": 64}}),
    }
}

fn value(n: u32) -> Value {
    match n % 5 {
        0 => format!("value-{n}").into(),
        1 => n.into(),
        3 => "b".into(),
        _ => json!(["one", "two"]),
    }
}
