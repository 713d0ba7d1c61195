//! Merging a configuration into an object without keeping books, as mutating admission policies do.

use crate::{
    field_set::Element,
    typed::{Form, Type, merge, validate},
};
use minkapi_registry::Struct;
use serde_json::Value;

/// The object with all that a configuration says.
///
/// # Errors
/// A configuration that does not fit the schema, or that says something of a list or map which can only be replaced as a
/// whole.
pub fn apply_configuration(schema: &Struct, object: &Value, configuration: &Value) -> Result<Value, String> {
    let of = Type::Root(schema);
    validate(of, configuration, false).map_err(|errors| format!("failed to convert patch object to typed object: {errors}"))?;
    let mut atomics = Vec::new();
    find_atomics(of, configuration, String::new(), &mut atomics);
    if !atomics.is_empty() {
        let list = atomics.join(", ");
        return Err(format!("invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {list}"));
    }
    merge(of, object, configuration).map_err(|why| format!("failed to merge patch: {why}"))
}

fn find_atomics(of: Type<'_>, value: &Value, path: String, found: &mut Vec<String>) {
    match (of.form(value), value) {
        (Form::Map(map), Value::Object(members)) => {
            if map.atomic {
                found.push(path.clone());
            }
            for (name, member) in members {
                if let (Some(_), (element, of, _)) = (map.field(name), map.step(name)) {
                    find_atomics(of, member, format!("{path}{element}"), found);
                }
            }
        }
        (Form::List(list), Value::Array(items)) => {
            if list.is_atomic() {
                found.push(path.clone());
            }
            for (i, item) in items.iter().enumerate() {
                let index = Element::Index(i64::try_from(i).unwrap_or(i64::MAX));
                find_atomics(list.items, item, format!("{path}{index}"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn apply(configuration: &Value) -> Result<Value, String> {
        let pod = minkapi_registry::resource("", "v1", "pods").unwrap();
        let container = json!({"name": "app", "image": "a:1"});
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}});
        apply_configuration(&pod.schema, &object, configuration)
    }

    #[test]
    fn what_the_configuration_says_is_merged_by_keys() {
        let configuration = json!({"metadata": {"labels": {"c": "d"}}, "spec": {"containers": [{"name": "side", "image": "s"}]}});
        let merged = apply(&configuration).unwrap();
        assert_eq!(merged["metadata"]["labels"], json!({"a": "b", "c": "d"}));
        assert_eq!(merged["spec"]["containers"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn lists_that_are_replaced_as_a_whole_cannot_be_named() {
        let configuration = json!({"spec": {"containers": [{"name": "app", "args": ["x"]}]}});
        assert_eq!(
            apply(&configuration).unwrap_err(),
            "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[0].args"
        );
    }

    #[test]
    fn unknown_fields_do_not_fit() {
        assert!(apply(&json!({"spec": {"nope": 1}})).unwrap_err().contains(".spec.nope: field not declared in schema"));
    }
}
