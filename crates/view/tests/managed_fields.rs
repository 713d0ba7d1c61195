//! Managed fields are text while an object is changed; nobody is shown that.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use minkapi_view::{Body, Config, PatchType, View, Views, WriteOptions};
use serde_json::{Value, json};

fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": {"a": "b"}})
}

async fn patched(view: &View, kind: PatchType, patch: Value) -> Value {
    view.patch_object(("v1", "ConfigMap"), ("default", "c"), "", kind, &patch).await.unwrap()
}

fn owned(object: &Value) -> &Value {
    &object["metadata"]["managedFields"][0]["fieldsV1"]
}

#[tokio::test]
async fn a_dry_run_shows_fields_as_trees() {
    let view = Views::new(Config::default()).base();
    let mut call = view.call("v1", "ConfigMap", "default", "").unwrap();
    let options = WriteOptions { dry_run: true, ..WriteOptions::default() };
    let outcome = view.create(&mut call, Body::Json(config_map("d").to_string().into()), &options).await.unwrap();
    let object = view.value_of(&call, outcome).unwrap();
    assert_eq!(owned(&object), &json!({"f:data": {".": {}, "f:a": {}}}));
}

#[tokio::test]
async fn a_json_patch_sees_fields_as_trees_and_can_change_them() {
    let view = Views::new(Config::default()).base();
    view.create_object(&config_map("c")).await.unwrap();
    let path = "/metadata/managedFields/0/fieldsV1/f:data";
    let test = json!([{"op": "test", "path": path, "value": {".": {}, "f:a": {}}}, {"op": "remove", "path": format!("{path}/f:a")}]);
    let object = patched(&view, PatchType::Json, test).await;
    assert_eq!(owned(&object), &json!({"f:data": {}}));
    assert_eq!(view.get_object("v1", "ConfigMap", "default", "c").await.unwrap(), object);
}

#[tokio::test]
async fn a_string_that_a_client_sends_for_fields_is_not_taken_for_them() {
    let view = Views::new(Config::default()).base();
    view.create_object(&config_map("c")).await.unwrap();
    let entry = json!({"manager": "m", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": "{\"f:data\":{\"f:z\":{}}}"});
    let before = json!({"f:data": {".": {}, "f:a": {}}});
    for kind in [PatchType::Merge, PatchType::StrategicMerge] {
        let object = patched(&view, kind, json!({"metadata": {"managedFields": [entry]}})).await;
        assert_eq!(owned(&object), &before, "{kind:?}");
    }
    let mut put = config_map("c");
    put["metadata"]["managedFields"] = json!([entry]);
    assert_eq!(owned(&view.update_object(&put).await.unwrap()), &before);
}
