//! Pruning: fields that a schema does not know are removed (C-10-12).

use super::{Additional, Structural};
use serde_json::Value;

/// Fields that every object has.
const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

impl Structural {
    /// Removes the unknown fields of an object of this schema and returns their paths, sorted. apiVersion, kind and
    /// metadata of the object itself stay.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        let mut pruner = Pruner { path: String::new(), unknown: Vec::new() };
        pruner.value(object, Some(self), true);
        pruner.unknown.sort();
        pruner.unknown
    }

    /// Removes nulls that are neither allowed nor replaced by a default.
    pub fn prune_nulls(&self, value: &mut Value) {
        prune_nulls(value, Some(self));
    }
}

struct Pruner {
    path: String,
    unknown: Vec<String>,
}

impl Pruner {
    fn value(&mut self, value: &mut Value, schema: Option<&Structural>, embedded: bool) {
        match value {
            Value::Object(map) => map.retain(|key, value| {
                let Some(schema) = schema else {
                    self.record(key);
                    return false;
                };
                if embedded && META.contains(&key.as_str()) {
                    return true;
                }
                match (schema.properties.get(key), &schema.additional) {
                    (Some(property), _) => self.inside(key, value, Some(property)),
                    (None, Some(Additional::Schema(of))) => self.inside(key, value, Some(of)),
                    (None, _) if schema.preserve_unknown => {}
                    (None, Some(Additional::Any(_))) => self.inside(key, value, None),
                    (None, None) => {
                        if !self.path.is_empty() || !META.contains(&key.as_str()) {
                            self.record(key);
                        }
                        return false;
                    }
                }
                true
            }),
            Value::Array(list) => {
                let items = schema.and_then(|s| s.items.as_deref());
                let preserved = schema.is_some_and(|s| s.preserve_unknown);
                if items.is_none() && preserved {
                    return;
                }
                for (index, item) in list.iter_mut().enumerate() {
                    let length = self.path.len();
                    self.path.push_str(&format!("[{index}]"));
                    match items {
                        // Below a preserving list its items preserve too.
                        Some(items) if preserved => self.preserved(item, items),
                        _ => self.value(item, items, items.is_some_and(|s| s.embedded)),
                    }
                    self.path.truncate(length);
                }
            }
            _ => {}
        }
    }

    /// An item of a list that preserves unknown fields.
    fn preserved(&mut self, value: &mut Value, schema: &Structural) {
        let preserving = Structural { preserve_unknown: true, ..schema.clone() };
        self.value(value, Some(&preserving), schema.embedded);
    }

    fn inside(&mut self, key: &str, value: &mut Value, schema: Option<&Structural>) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        self.value(value, schema, schema.is_some_and(|s| s.embedded));
        self.path.truncate(length);
    }

    fn record(&mut self, key: &str) {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.unknown.push(format!("{}{dot}{key}", self.path));
    }
}

fn prune_nulls(value: &mut Value, schema: Option<&Structural>) {
    match value {
        Value::Object(map) => map.retain(|key, value| {
            let child = schema.and_then(|s| s.child(key));
            if value.is_null() && child.is_some_and(|s| !s.nullable && s.default.is_none()) {
                return false;
            }
            prune_nulls(value, child);
            true
        }),
        Value::Array(list) => {
            let items = schema.and_then(|s| s.items.as_deref());
            list.iter_mut().for_each(|item| prune_nulls(item, items));
        }
        _ => {}
    }
}
