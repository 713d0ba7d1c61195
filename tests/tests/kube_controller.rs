//! A controller written with kube-rs, in the process of the server and without a socket: it gives every Widget a finalizer, a
//! ConfigMap that it owns, and a status.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use futures_util::StreamExt as _;
use k8s_openapi::{api::core::v1::ConfigMap, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition};
use kube::{
    Api, Client, Resource as _, ResourceExt as _,
    api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams, PostParams},
    runtime::{
        Controller,
        controller::Action,
        finalizer::{Event, finalizer},
        wait::{await_condition, conditions},
        watcher,
    },
};
use minkapi_tests::TestServer;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const WIDGETS: i64 = 120;

fn widgets() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("example.com", "v1", "Widget"))
}

fn definition() -> CustomResourceDefinition {
    let schema = json!({"type": "object", "properties": {
        "spec": {
            "type": "object", "properties": {"size": {"type": "integer", "default": 3}},
            "x-kubernetes-validations": [{"rule": "self.size < 100", "message": "too big"}]
        },
        "status": {"type": "object", "properties": {"size": {"type": "integer"}, "observedGeneration": {"type": "integer"}}}
    }});
    serde_json::from_value(json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}
            }]
        }
    }))
    .unwrap()
}

#[derive(Clone)]
struct Apis {
    widgets: Api<DynamicObject>,
    config_maps: Api<ConfigMap>,
}

async fn reconcile(widget: Arc<DynamicObject>, apis: Arc<Apis>) -> Result<Action, Box<kube::runtime::finalizer::Error<kube::Error>>> {
    let reconciled = finalizer(&apis.widgets, "example.com/config-map", widget, async |event| match event {
        Event::Apply(widget) => apply(&widget, &apis).await,
        Event::Cleanup(widget) => {
            apis.config_maps.delete(&widget.name_any(), &DeleteParams::default()).await?;
            Ok(Action::await_change())
        }
    });
    reconciled.await.map_err(Box::new)
}

async fn apply(widget: &DynamicObject, apis: &Apis) -> Result<Action, kube::Error> {
    let name = widget.name_any();
    let size = widget.data["spec"]["size"].clone();
    let owned = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "ownerReferences": [widget.controller_owner_ref(&widgets()).unwrap()]},
        "data": {"size": size.to_string()}
    });
    apis.config_maps.patch(&name, &PatchParams::apply("widgets").force(), &Patch::Apply(owned)).await?;
    let status = json!({"status": {"size": size, "observedGeneration": widget.meta().generation}});
    apis.widgets.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await?;
    Ok(Action::await_change())
}

/// Waits until this holds of all widgets.
async fn until_all(apis: &Apis, what: &str, holds: impl Fn(&DynamicObject) -> bool) {
    let check = async {
        loop {
            let all = apis.widgets.list(&ListParams::default()).await.unwrap();
            if all.items.iter().all(&holds) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), check).await.unwrap_or_else(|_| panic!("not within a minute: {what}"));
}

fn is_ready(widget: &DynamicObject, size: i64) -> bool {
    widget.data["status"]["size"] == size && widget.data["status"]["observedGeneration"] == json!(widget.meta().generation)
}

async fn lives_of_widgets(client: Client) {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    definitions.create(&PostParams::default(), &definition()).await.unwrap();
    let established = await_condition(definitions, "widgets.example.com", conditions::is_crd_established());
    tokio::time::timeout(Duration::from_secs(10), established).await.unwrap().unwrap();
    let apis =
        Apis { widgets: Api::default_namespaced_with(client.clone(), &widgets()), config_maps: Api::default_namespaced(client.clone()) };
    let controller = Controller::new_with(apis.widgets.clone(), watcher::Config::default(), widgets())
        .owns(apis.config_maps.clone(), watcher::Config::default())
        .run(reconcile, |_, _, _| Action::requeue(Duration::from_millis(20)), Arc::new(apis.clone()))
        .for_each(|_| async {});
    let running = tokio::spawn(controller);

    for n in 0..WIDGETS {
        let widget = DynamicObject::new(&format!("w-{n}"), &widgets()).data(json!({"spec": {}}));
        apis.widgets.create(&PostParams::default(), &widget).await.unwrap();
    }
    until_all(&apis, "all have a status", |widget| is_ready(widget, 3)).await;
    assert_eq!(apis.config_maps.list(&ListParams::default()).await.unwrap().items.len(), WIDGETS as usize);
    for n in 0..WIDGETS {
        let larger = Patch::Merge(json!({"spec": {"size": 7}}));
        apis.widgets.patch(&format!("w-{n}"), &PatchParams::default(), &larger).await.unwrap();
    }
    until_all(&apis, "all have seen the change", |widget| is_ready(widget, 7)).await;

    let before = apis.config_maps.get("w-0").await.unwrap();
    apis.config_maps.delete("w-0", &DeleteParams::default()).await.unwrap();
    let made_again = async {
        while apis.config_maps.get_opt("w-0").await.unwrap().is_none_or(|map| map.uid() == before.uid()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), made_again).await.unwrap();
    let too_big = Patch::Merge(json!({"spec": {"size": 100}}));
    let refused = apis.widgets.patch("w-0", &PatchParams::default(), &too_big).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.reason == "Invalid" && status.message.contains("too big")));

    apis.widgets.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
    until_all(&apis, "all go with their finalizers", |_| false).await;
    assert_eq!(apis.config_maps.list(&ListParams::default()).await.unwrap().items.len(), 0);
    running.abort();
}

#[test]
fn a_controller_reconciles_custom_resources_in_process_in_a_sandbox_and_in_the_base_view() {
    let server = TestServer::launch();
    for view in server.both() {
        server.block_on(async { lives_of_widgets(server.server().client(&view)).await });
    }
    let left: Value = server.base().get("/apis/example.com/v1/widgets");
    assert_eq!(left["items"], json!([]));
}
