//! Objects inside objects (`x-kubernetes-embedded-resource`, C-10-13).

use super::Structural;
use crate::field::Path;
use serde_json::Value;

/// Calls `visit` on every embedded object below `value`, with its path; `value` itself is not one.
pub fn for_each_embedded(value: &Value, schema: &Structural, path: &Path<'_>, visit: &mut dyn FnMut(&Path<'_>, &Value)) {
    if schema.embedded && value.is_object() {
        visit(path, value);
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if let Some(property) = schema.properties.get(name) {
                    for_each_embedded(value, property, &path.child(name), visit);
                } else if let Some(of) = schema.child(name) {
                    for_each_embedded(value, of, &path.key(name), visit);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = &schema.items {
                for (index, item) in list.iter().enumerate() {
                    for_each_embedded(item, items, &path.index(index), visit);
                }
            }
        }
        _ => {}
    }
}
