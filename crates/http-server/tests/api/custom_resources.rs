//! Custom resources.

use crate::client::{get, send, server};
use minkapi_http_server::ApiService;
use serde_json::{Value, json};

const DEFINITIONS: &str = "/base/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SERVICES: &str = "/base/apis/apiregistration.k8s.io/v1/apiservices";
const V1: &str = "/base/apis/example.com/v1/namespaces/default/things";
const V2: &str = "/base/apis/example.com/v2/namespaces/default/things";

/// A definition with these versions, of which the first is stored; each has the fields `a` and `n` in its spec.
fn definition(versions: &[(&str, &Value)]) -> Value {
    let version = |(at, (name, more)): (usize, &(&str, &Value))| {
        let spec = json!({"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": "integer"}}});
        let mut version = json!({
            "name": name, "served": true, "storage": at == 0,
            // Versions of one schema may not have selectable fields of their own.
            "schema": {"openAPIV3Schema": {"type": "object", "description": name, "properties": {"spec": spec}}}
        });
        version.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        version
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
            "versions": versions.iter().enumerate().map(version).collect::<Vec<_>>()
        }
    })
}

fn thing(version: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": format!("example.com/{version}"), "kind": "Thing", "metadata": {"name": name}, "spec": spec})
}

async fn create(server: &ApiService, path: &str, object: &Value) -> Value {
    let answer = send(server, "POST", path, &[("content-type", "application/json")], object.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

async fn patch(server: &ApiService, path: &str, change: &Value) -> (Value, String) {
    let answer = send(server, "PATCH", path, &[("content-type", "application/merge-patch+json")], change.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    (answer.json(), answer.header("warning").to_owned())
}

#[tokio::test]
async fn an_api_service_comes_with_a_definition_and_goes_with_it() {
    let server = server();
    let none = json!({});
    create(&server, DEFINITIONS, &definition(&[("v1", &none), ("v2", &json!({"served": false}))])).await;
    let service = get(&server, &format!("{SERVICES}/v1.example.com")).await.json();
    assert_eq!(service["metadata"]["labels"], json!({"kube-aggregator.kubernetes.io/automanaged": "true"}));
    let spec = json!({"group": "example.com", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 100});
    assert_eq!((&service["spec"], &service["status"]["conditions"][0]["reason"]), (&spec, &json!("Local")));
    assert_eq!(get(&server, &format!("{SERVICES}/v2.example.com")).await.status, 404, "that version is not served");

    patch(&server, &format!("{SERVICES}/v1.example.com"), &json!({"spec": {"versionPriority": 7}})).await;
    let put_right = get(&server, &format!("{SERVICES}/v1.example.com")).await.json();
    assert_eq!(put_right["spec"], spec, "what was changed is put right");
    send(&server, "DELETE", &format!("{SERVICES}/v1.example.com"), &[], "").await;
    let again = get(&server, &format!("{SERVICES}/v1.example.com")).await.json();
    assert_ne!(again["metadata"]["uid"], service["metadata"]["uid"], "what was deleted is made again");

    send(&server, "DELETE", &format!("{DEFINITIONS}/things.example.com"), &[], "").await;
    assert_eq!(get(&server, &format!("{SERVICES}/v1.example.com")).await.status, 404);
}

#[tokio::test]
async fn an_api_service_that_somebody_made_is_left_alone() {
    let server = server();
    let own = json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.example.com"},
        "spec": {"group": "example.com", "version": "v1", "groupPriorityMinimum": 5, "versionPriority": 6}
    });
    create(&server, SERVICES, &own).await;
    create(&server, DEFINITIONS, &definition(&[("v1", &json!({}))])).await;
    send(&server, "DELETE", &format!("{DEFINITIONS}/things.example.com"), &[], "").await;
    let kept = get(&server, &format!("{SERVICES}/v1.example.com")).await.json();
    assert_eq!(kept["spec"]["groupPriorityMinimum"], 5);
}

#[tokio::test]
async fn versions_select_by_fields_of_their_own_whichever_version_an_object_was_written_in() {
    let server = server();
    let by = |path: &str| json!({"selectableFields": [{"jsonPath": path}]});
    create(&server, DEFINITIONS, &definition(&[("v1", &by(".spec.a")), ("v2", &by(".spec.n"))])).await;
    create(&server, V1, &thing("v1", "one", &json!({"a": "x", "n": 1}))).await;
    create(&server, V2, &thing("v2", "two", &json!({"a": "x", "n": 2}))).await;
    for (path, count) in [
        (format!("{V1}?fieldSelector=spec.a%3Dx"), 2),
        (format!("{V2}?fieldSelector=spec.n%3D1"), 1),
        (format!("{V2}?fieldSelector=spec.n%3D2"), 1),
    ] {
        assert_eq!(get(&server, &path).await.json()["items"].as_array().unwrap().len(), count, "{path}");
    }
    assert_eq!(get(&server, &format!("{V1}?fieldSelector=spec.n%3D1")).await.status, 400, "v1 does not select by it");

    // A field that becomes selectable later is so for what was there before.
    let later = json!({"spec": {"versions": definition(&[("v1", &by(".spec.n")), ("v2", &json!({}))])["spec"]["versions"]}});
    patch(&server, &format!("{DEFINITIONS}/things.example.com"), &later).await;
    assert_eq!(get(&server, &format!("{V1}?fieldSelector=spec.n%3D1")).await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_rule_that_was_broken_before_is_warned_of_and_forgiven() {
    let server = server();
    create(&server, DEFINITIONS, &definition(&[("v1", &json!({}))])).await;
    create(&server, V1, &thing("v1", "one", &json!({"n": 1}))).await;
    let mut tight = definition(&[("v1", &json!({}))]);
    let spec = &mut tight["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    spec["x-kubernetes-validations"] = json!([{"rule": "self.n > 5", "message": "too small"}]);
    patch(&server, &format!("{DEFINITIONS}/things.example.com"), &json!({"spec": tight["spec"]})).await;
    let (_, warning) = patch(&server, &format!("{V1}/one"), &json!({"metadata": {"labels": {"a": "b"}}})).await;
    assert_eq!(warning, "299 - \"spec: Invalid value: too small\"");
    let change = json!({"spec": {"n": 2}}).to_string();
    let refused = send(&server, "PATCH", &format!("{V1}/one"), &[("content-type", "application/merge-patch+json")], change).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
}

#[tokio::test]
async fn an_apply_knows_the_metadata_of_embedded_objects() {
    let server = server();
    let mut with_embedded = definition(&[("v1", &json!({}))]);
    let spec = &mut with_embedded["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    spec["properties"]["of"] = json!({
        "type": "object", "x-kubernetes-embedded-resource": true, "properties": {"data": {"type": "string"}}
    });
    create(&server, DEFINITIONS, &with_embedded).await;
    let apply = async |embedded: Value| {
        let object = thing("v1", "one", &json!({"of": embedded})).to_string();
        send(&server, "PATCH", &format!("{V1}/one?fieldManager=m"), &[("content-type", "application/apply-patch+yaml")], object).await
    };
    let applied = apply(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": "b"}}, "data": "x"})).await;
    assert_eq!(applied.status, 201, "{}", applied.text());
    let fields = &applied.json()["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:of"]["f:metadata"];
    assert_eq!(*fields, json!({"f:labels": {"f:a": {}}}));
    let refused = apply(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"foo": 1}})).await;
    assert!(refused.message().ends_with(".spec.of.metadata.foo: field not declared in schema"), "{}", refused.text());
}
