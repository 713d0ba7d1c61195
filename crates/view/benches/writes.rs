//! One kind of write many times over, for counting instructions: `cargo bench -p minkapi-view --bench writes -- create 1000`
//! (create, merge, strategic, json, apply, put or custom). docs/performance.md says how the counts are taken.

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement ends when something fails")]

#[path = "../../bench/src/custom.rs"]
mod custom;

use bytes::Bytes;
use minkapi_view::{Body, Call, Config, PatchType, View, Views, WriteOptions};
use serde_json::{Value, json};
use std::sync::LazyLock;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Pods that are changed in turns.
const CHANGED: usize = 20;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let work = arguments.next().unwrap_or_else(|| "create".to_owned());
    let count: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let view = Views::new(Config::default()).base();
    for n in 0..CHANGED {
        create(&view, &format!("changed-{n}")).await;
    }
    define(&view).await;
    let start = std::time::Instant::now();
    for n in 0..count {
        let name = format!("changed-{}", n % CHANGED);
        match work.as_str() {
            "create" => create(&view, &format!("created-{n}")).await,
            "merge" => patch(&view, &name, PatchType::Merge, &annotation(&name, n)).await,
            "strategic" => patch(&view, &name, PatchType::StrategicMerge, &annotation(&name, n)).await,
            "apply" => patch(&view, &name, PatchType::Apply, &annotation(&name, n)).await,
            "json" => {
                let operation = json!([{"op": "add", "path": "/metadata/annotations/value", "value": n.to_string()}]);
                patch(&view, &name, PatchType::Json, &operation).await;
            }
            "custom" => create_custom(&view, &format!("created-{n}")).await,
            "put" => put(&view, &name, n).await,
            other => panic!("no such work: {other}"),
        }
    }
    println!("{work}: {:.1} µs", start.elapsed().as_secs_f64() * 1e6 / count as f64);
}

async fn create(view: &View, name: &str) {
    view.create(&mut call(view, ""), body(&pod(name)), &options()).await.unwrap();
}

async fn patch(view: &View, name: &str, kind: PatchType, patch: &Value) {
    view.patch(&mut call(view, name), kind, Bytes::from(patch.to_string()), &options()).await.unwrap();
}

async fn put(view: &View, name: &str, n: usize) {
    let mut object = view.get_object("v1", "Pod", "default", name).await.unwrap();
    object["metadata"]["annotations"]["value"] = n.to_string().into();
    view.update(&mut call(view, name), body(&object), &options()).await.unwrap();
}

/// Defines a custom resource with 100 properties and five rules.
async fn define(view: &View) {
    let mut call = view.call("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "").unwrap();
    view.create(&mut call, body(&custom::definition()), &options()).await.unwrap();
    create_custom(view, "warm").await;
}

async fn create_custom(view: &View, name: &str) {
    static TEMPLATE: LazyLock<String> = LazyLock::new(|| custom::object("@name@").to_string());
    let mut call = view.call("bench.example.org/v1", "Wide", "default", "").unwrap();
    "bench".clone_into(&mut call.user_agent);
    view.create(&mut call, Body::Json(TEMPLATE.replace("@name@", name).into()), &options()).await.unwrap();
}

fn call(view: &View, name: &str) -> Call {
    let mut call = view.call("v1", "Pod", "default", name).unwrap();
    "bench".clone_into(&mut call.user_agent);
    call
}

fn options() -> WriteOptions {
    WriteOptions { field_manager: "bench".to_owned(), force: true, ..WriteOptions::default() }
}

fn body(object: &Value) -> Body {
    Body::Json(object.to_string().into())
}

fn annotation(name: &str, n: usize) -> Value {
    let metadata = json!({"name": name, "annotations": {"value": n.to_string()}});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
}

/// The pod of `cargo xtask bench`.
fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "default",
            "labels": {"app.kubernetes.io/name": "web", "pod-template-hash": "6d4cf56db6", "slice": "7"},
            "annotations": {"prometheus.io/scrape": "true"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d4cf56db6",
                "uid": "0d2f6e5c-2b9f-4c9e-9d58-6f6a3f1f7a11", "controller": true, "blockOwnerDeletion": true}]
        },
        "spec": {
            "nodeName": "node-7",
            "containers": [{
                "name": "web", "image": "registry.example.org/team/web:1.4.2",
                "ports": [{"name": "http", "containerPort": 8080}],
                "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
                "volumeMounts": [{"name": "config", "mountPath": "/etc/web"}]
            }],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
            "volumes": [{"name": "config", "configMap": {"name": "web"}}]
        }
    })
}
