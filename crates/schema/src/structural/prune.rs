//! The form in which an object of a schema is kept: with its defaults (C-10-14), without unknown fields and nulls (C-10-12).

use super::{Additional, Structural, fields::Fields};
use crate::field::Path;
use serde_json::{Map, Value};

/// Fields that every object has.
const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// What is done beside removing what the schema does not know.
#[derive(Debug, Clone, Copy)]
struct Work {
    /// Fill in what is missing.
    defaults: bool,
    /// Remove nulls that are neither allowed nor replaced by a default.
    nulls: bool,
}

impl Structural {
    /// Brings a whole object into the form in which it is kept, in one pass. Returns the paths of what was unknown, sorted.
    pub fn conform(&self, object: &mut Value) -> Vec<String> {
        self.work(object, Work { defaults: true, nulls: true })
    }

    /// Removes the unknown fields of an object of this schema and returns their paths, sorted. apiVersion, kind and
    /// metadata of the object itself stay.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        self.work(object, Work { defaults: false, nulls: false })
    }

    /// Removes the unknown fields and nulls of an object that was converted.
    pub fn prune_with_nulls(&self, object: &mut Value) {
        self.work(object, Work { defaults: false, nulls: true });
    }

    fn work(&self, object: &mut Value, work: Work) -> Vec<String> {
        let mut pruner = Pruner { work, unknown: Vec::new() };
        pruner.value(object, Some(self), true, &Path::ROOT);
        pruner.unknown.sort();
        pruner.unknown
    }
}

struct Pruner {
    work: Work,
    unknown: Vec<String>,
}

impl Pruner {
    fn value(&mut self, value: &mut Value, schema: Option<&Structural>, embedded: bool, path: &Path<'_>) {
        match value {
            Value::Object(map) => self.object(map, schema, embedded, path),
            Value::Array(list) => {
                let items = schema.and_then(|s| s.items.as_deref());
                let preserved = schema.is_some_and(|s| s.preserve_unknown);
                if items.is_none() && preserved {
                    return;
                }
                for (index, item) in list.iter_mut().enumerate() {
                    if let (true, Some(of)) = (self.work.defaults, items) {
                        of.default_null(item);
                    }
                    let path = path.index(index);
                    match items {
                        // Below a preserving list its items preserve too.
                        Some(items) if preserved => self.preserved(item, items, &path),
                        _ => self.value(item, items, items.is_some_and(|s| s.embedded), &path),
                    }
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, map: &mut Map<String, Value>, schema: Option<&Structural>, embedded: bool, path: &Path<'_>) {
        let Some(schema) = schema else {
            map.keys().for_each(|key| self.record(key, path));
            map.clear();
            return;
        };
        let mut fields = Fields::of(schema);
        map.retain(|key, value| match (fields.next(key), &schema.additional) {
            (property, _) if embedded && META.contains(&key.as_str()) => {
                if let (true, Some(property)) = (self.work.defaults, property) {
                    property.default_null(value);
                    property.default_value(value);
                }
                true
            }
            (Some(property), _) => self.field(value, property, &path.child(key)),
            (None, Some(Additional::Schema(of))) => self.field(value, of, &path.child(key)),
            (None, _) if schema.preserve_unknown => true,
            (None, Some(Additional::Any(_))) => {
                self.value(value, None, false, &path.child(key));
                true
            }
            (None, None) => {
                self.record(key, path);
                false
            }
        });
        if self.work.defaults {
            for (name, property, default) in fields.missing_defaults() {
                let mut value = default.clone();
                self.field(&mut value, property, &path.child(name));
                map.insert(name.to_owned(), value);
            }
        }
    }

    /// Whether a field stays.
    fn field(&mut self, value: &mut Value, schema: &Structural, path: &Path<'_>) -> bool {
        if value.is_null() {
            if self.work.defaults {
                schema.default_null(value);
            }
            if value.is_null() {
                return schema.nullable || schema.default.is_some() || !self.work.nulls;
            }
        }
        self.value(value, Some(schema), schema.embedded, path);
        true
    }

    /// An item of a list that preserves unknown fields.
    fn preserved(&mut self, value: &mut Value, schema: &Structural, path: &Path<'_>) {
        let preserving = Structural { preserve_unknown: true, ..schema.clone() };
        self.value(value, Some(&preserving), schema.embedded, path);
    }

    fn record(&mut self, key: &str, path: &Path<'_>) {
        self.unknown.push(path.child(key).to_string());
    }
}
