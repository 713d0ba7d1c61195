//! Custom resources made from definitions.

use super::*;
use crate::testing::texts;
use serde_json::json;

fn definition(version: Value) -> Value {
    let mut version = version;
    for (key, setting) in [("name", json!("v1")), ("served", json!(true)), ("storage", json!(true))] {
        version[key] = setting;
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com", "generation": 1},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"}, "versions": [version]},
        "status": {
            "acceptedNames": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "conditions": [{"type": "Established", "status": "True"}],
        },
    })
}

fn served(version: Value) -> ServedCustomResource {
    served_resources(&definition(version)).remove(0)
}

fn with_spec(spec: Value) -> Value {
    json!({"schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}}}})
}

fn widget(spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": spec})
}

#[test]
fn a_body_is_defaulted_and_pruned_and_says_what_it_lost() {
    let served = served(with_spec(json!({"type": "object", "properties": {"size": {"type": "integer", "default": 3}}})));
    let body = widget(json!({"colour": "red"})).to_string().replace("\"name\"", "\"nom\":1,\"name\"");
    let decoded = served.strategy.decode(body.as_bytes()).unwrap();
    assert_eq!(decoded.value["spec"], json!({"size": 3}));
    assert_eq!(decoded.problems, ["unknown field \"metadata.nom\"", "unknown field \"spec.colour\""]);
}

#[test]
fn a_body_needs_a_kind() {
    let served = served(with_spec(json!({"type": "object"})));
    let error = served.strategy.decode(b"{\"metadata\":{}}").unwrap_err();
    assert_eq!(error.to_string(), "Object 'Kind' is missing in '{\"metadata\":{}}'");
}

#[test]
fn with_a_status_endpoint_each_side_keeps_the_other() {
    let mut version = with_spec(json!({"type": "object", "properties": {"size": {"type": "integer"}}}));
    version["subresources"] = json!({"status": {}});
    let served = served(version);
    let mut old = widget(json!({"size": 1}));
    old["status"] = json!({"phase": "old"});
    old["metadata"]["generation"] = json!(4);
    let mut new = widget(json!({"size": 2}));
    new["status"] = json!({"phase": "new"});
    let (mut spec, mut status) = (new.clone(), new);
    served.strategy.prepare_for_update(&Context::example(), &mut spec, &old);
    assert_eq!((&spec["spec"]["size"], &spec["status"]["phase"], &spec["metadata"]["generation"]), (&json!(2), &json!("old"), &json!(5)));
    served.strategy.prepare_for_update(&Context { subresource: "status", ..Context::example() }, &mut status, &old);
    assert_eq!(
        (&status["spec"]["size"], &status["status"]["phase"], &status["metadata"]["generation"]),
        (&json!(1), &json!("new"), &json!(4))
    );
}

#[test]
fn wrong_kinds_are_told_before_anything_else() {
    let served = served(with_spec(json!({"type": "object", "required": ["size"]})));
    let mut object = widget(json!({}));
    object["kind"] = json!("Gadget");
    assert_eq!(texts(&served.strategy.validate(&Context::example(), &object)), ["kind: Invalid value: \"Gadget\": must be Widget"]);
}

#[test]
fn scales_read_and_write_the_paths_of_the_definition() {
    let mut version = with_spec(json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}));
    version["subresources"] = json!({"scale": {
        "specReplicasPath": ".spec.pool.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector",
    }});
    let served = served(version);
    let scale = served.strategy.scale().unwrap();
    let mut object = widget(json!({}));
    assert!(!scale.read(&object).unwrap().1);
    scale.write(&mut object, 3).unwrap();
    object["status"] = json!({"replicas": 2, "selector": "a=b"});
    let (read, found) = scale.read(&object).unwrap();
    assert!(found);
    assert_eq!((&read["spec"], &read["status"]), (&json!({"replicas": 3}), &json!({"replicas": 2, "selector": "a=b"})));
    object["spec"]["pool"]["replicas"] = json!("many");
    assert_eq!(scale.read(&object).unwrap_err(), ".spec.pool.replicas accessor error: many is of the type string, expected int64");
    assert_eq!(
        texts(&served.strategy.validate(&Context::example(), &object)),
        [".spec.pool.replicas: Invalid value: 0: .spec.pool.replicas accessor error: many is of the type string, expected int64"]
    );
}

#[test]
fn columns_show_what_their_paths_find() {
    let mut version = with_spec(json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}));
    version["additionalPrinterColumns"] = json!([
        {"name": "Zone", "type": "string", "jsonPath": ".spec.zone"},
        {"name": "Keep", "type": "integer", "jsonPath": ".spec.keep"},
        {"name": "All", "type": "string", "jsonPath": ".spec"},
        {"name": "Due", "type": "date", "jsonPath": ".spec.due"},
    ]);
    let served = served(version);
    let object = widget(json!({"keep": 7, "zone": ["a"], "due": "tomorrow"}));
    assert_eq!(
        served.strategy.row(&object, 0, true).cells,
        [json!("a"), json!("[\"a\"]"), json!(7), json!("{\"due\":\"tomorrow\",\"keep\":7,\"zone\":[\"a\"]}"), json!("<invalid>"),]
    );
    assert_eq!(served.strategy.columns("example.com/v1").unwrap().len(), 5);
}

#[test]
fn deprecated_versions_name_the_next_better_one() {
    let mut of = definition(with_spec(json!({"type": "object"})));
    let mut beta = of["spec"]["versions"][0].clone();
    beta["name"] = json!("v1beta1");
    beta["storage"] = json!(false);
    beta["deprecated"] = json!(true);
    of["spec"]["versions"].as_array_mut().unwrap().push(beta);
    let warnings: Vec<_> = served_resources(&of).into_iter().map(|r| r.deprecation_warning).collect();
    assert_eq!(warnings, [None, Some("example.com/v1beta1 Widget is deprecated; use example.com/v1 Widget".to_owned())]);
}

#[test]
fn nothing_is_served_before_the_definition_is_established() {
    let mut of = definition(with_spec(json!({"type": "object"})));
    of["status"]["conditions"] = json!([]);
    assert!(served_resources(&of).is_empty());
}
