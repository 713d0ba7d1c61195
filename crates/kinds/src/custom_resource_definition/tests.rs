//! Validation and conditions of definitions.

use super::*;
use crate::testing::texts;
use serde_json::json;

const NOW: &str = "2026-01-01T00:00:00Z";

fn definition(schema: Value) -> Value {
    let mut definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    });
    CustomResourceDefinition.default(&mut definition);
    CustomResourceDefinition.prepare_for_create(&Context::example(), &mut definition);
    definition
}

fn plain() -> Value {
    definition(json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {"image": {"type": "string"}}}}}))
}

fn errors(definition: &Value) -> Vec<String> {
    texts(&CustomResourceDefinition.validate(&Context::example(), definition))
}

fn errors_of(property: Value) -> Vec<String> {
    let schema = json!({"type": "object", "properties": {"x": property}});
    let prefix = "spec.validation.openAPIV3Schema.properties[x]";
    errors(&definition(schema)).into_iter().map(|e| e.replace(prefix, "~")).collect()
}

#[test]
fn defaults_come_from_the_names() {
    let definition = plain();
    assert_eq!(definition["spec"]["names"], json!({"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}));
    assert_eq!(definition["spec"]["conversion"], json!({"strategy": "None"}));
    assert_eq!(definition["status"]["storedVersions"], json!(["v1"]));
    assert_eq!(errors(&definition), Vec::<String>::new());
}

#[test]
fn schemas_must_be_structural() {
    for (property, expected) in [
        (json!({"maxLength": 1}), "~.type: Required value: must not be empty for specified object fields"),
        (json!({"type": "array"}), "~.items: Required value: must be specified"),
        (
            json!({"type": "object", "anyOf": [{"properties": {"a": {"type": "string"}}}], "properties": {"a": {"type": "string"}}}),
            "~.anyOf[0].properties[a].type: Forbidden: must be empty to be structural",
        ),
        (
            json!({"type": "string", "pattern": "(["}),
            "~.pattern: Invalid value: \"([\": must be a valid regular expression, but isn't: error parsing regexp: missing closing ]: `[`",
        ),
        (
            json!({"x-kubernetes-embedded-resource": true, "type": "object"}),
            "~.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
        ),
    ] {
        assert_eq!(errors_of(property.clone()), [expected], "{property}");
    }
    assert_eq!(
        errors_of(json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]})),
        Vec::<String>::new()
    );
}

#[test]
fn value_validations_at_the_root_speak_only_of_declared_fields() {
    let schema = json!({"type": "object", "anyOf": [{"properties": {"a": {"minimum": 1}}}]});
    let prefix = "spec.validation.openAPIV3Schema";
    assert_eq!(
        errors(&definition(schema)),
        [format!("{prefix}.properties[a]: Required value: because it is defined in {prefix}.anyOf[0].properties[a]")]
    );
}

#[test]
fn keywords_without_structure_are_forbidden() {
    for (property, expected) in [
        (json!({"type": "string", "$ref": "#/a"}), "~.$ref: Forbidden: $ref is not supported"),
        (
            json!({"type": "int"}),
            "~.type: Unsupported value: \"int\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"",
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "string"}, "properties": {"a": {"type": "string"}}}),
            "~.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            json!({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"}),
            "~.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
        ),
        (
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                   "items": {"type": "object", "properties": {"k": {"type": "string"}}}}),
            "~.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ),
        (
            json!({"type": "integer", "default": "one"}),
            "~.default: Invalid value: \"string\":  in body must be of type integer: \"string\"",
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "default": {"b": 1}}),
            "~.default: Invalid value: {\"b\":1}: must not have unknown fields",
        ),
    ] {
        assert_eq!(errors_of(property.clone()), [expected], "{property}");
    }
}

#[test]
fn what_versions_do_not_share_is_told_by_version() {
    let mut definition = definition(json!({"type": "object", "properties": {"x": {"maxLength": 1}}}));
    let mut second = definition["spec"]["versions"][0].clone();
    second["name"] = json!("v2");
    second["storage"] = json!(false);
    second["schema"] = json!({"openAPIV3Schema": {"type": "object"}});
    definition["spec"]["versions"].as_array_mut().unwrap().push(second);
    assert_eq!(
        errors(&definition),
        ["spec.versions[0].schema.openAPIV3Schema.properties[x].type: Required value: must not be empty for specified object fields"]
    );
}

/// The rule of the definition of Karpenter's NodePools.
#[test]
fn the_keys_of_a_map_cost_nothing_to_read() {
    let labels = json!({
        "type": "object", "additionalProperties": {"type": "string", "maxLength": 63}, "maxProperties": 100,
        "x-kubernetes-validations": [{"rule": "self.all(x, x in ['a/b'] || !x.find('^([^/]+)').endsWith('a'))"}],
    });
    assert_eq!(errors_of(labels), Vec::<String>::new());
}

#[test]
fn names_are_accepted_and_then_established() {
    let definition = plain();
    let in_use = names_in_use([&definition], "example.com");
    let accepted = update_names(&definition, &in_use, NOW).unwrap();
    assert!(is_condition_true(&accepted, NAMES_ACCEPTED) && !is_condition_true(&accepted, ESTABLISHED));
    assert_eq!(condition(&accepted, ESTABLISHED).unwrap()["reason"], "Installing");
    let established = super::established(&accepted, NOW).unwrap();
    assert!(is_condition_true(&established, ESTABLISHED));
    let in_use = names_in_use([&established], "example.com");
    assert_eq!((update_names(&established, &in_use, NOW), super::established(&established, NOW)), (None, None));
}

#[test]
fn names_of_another_definition_are_refused() {
    let first = plain();
    let first = update_names(&first, &Names::default(), NOW).unwrap();
    let mut second = plain();
    second["spec"]["names"] = json!({"plural": "gadgets", "singular": "gadget", "kind": "Widget", "listKind": "GadgetList"});
    let refused = update_names(&second, &names_in_use([&first, &second], "example.com"), NOW).unwrap();
    let names = condition(&refused, NAMES_ACCEPTED).unwrap();
    assert_eq!((&names["reason"], &names["message"]), (&json!("KindConflict"), &json!("\"Widget\" is already in use")));
    assert_eq!(condition(&refused, ESTABLISHED).unwrap()["reason"], "NotAccepted");
    assert_eq!(super::established(&refused, NOW), None);
}

#[test]
fn a_stored_version_stays_in_the_spec() {
    let old = plain();
    let mut new = old.clone();
    new["spec"]["versions"][0]["name"] = json!("v2");
    CustomResourceDefinition.prepare_for_update(&Context::example(), &mut new, &old);
    assert_eq!(new["status"]["storedVersions"], json!(["v1", "v2"]));
    let errors = texts(&CustomResourceDefinition.validate_update(&Context::example(), &new, &old));
    assert_eq!(errors.len(), 1);
    assert!(errors[0].starts_with("status.storedVersions[0]: Invalid value: \"v1\": missing from spec.versions"));
}

#[test]
fn deletion_waits_for_the_objects() {
    let mut definition = plain();
    mark_terminating(&mut definition, NOW);
    assert_eq!(definition["metadata"]["finalizers"], json!([CLEANUP_FINALIZER]));
    assert!(is_condition_true(&definition, TERMINATING));
}
