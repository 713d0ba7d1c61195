//! A few requests of each sort, in process and on one thread, for valgrind to count their instructions: `cargo xtask bench
//! --instructions`. Prints the name of each operation and how many requests it makes.
//!
//! Each operation is a function of its own whose name begins with `operation_`: what happens until the next one begins counts.

#![allow(clippy::unwrap_used, missing_docs, reason = "a measurement ends when something fails")]

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use minkapi::{Config, Server};
use serde_json::{Value, json};
use std::cell::Cell;
use tokio::runtime::Runtime;

/// Requests of one operation.
const REQUESTS: u32 = 20;

/// Pods that are there.
const PODS: u32 = 100;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config = Config { kubeconfig: folder.path().join("minkapi.yaml"), ..Config::default() };
    let server = runtime.block_on(Server::launch(config)).unwrap();
    let api = Api { runtime, server, next: Cell::new(0) };
    api.fill();
    for (name, operation) in OPERATIONS {
        operation(&api);
        println!("{name} {REQUESTS}");
    }
    operation_end();
    api.runtime.block_on(api.server.shutdown()).unwrap();
}

/// Content type and query of a patch.
type Patch = (&'static str, &'static str);

const MERGE_PATCH: Patch = ("application/merge-patch+json", "");
const STRATEGIC_MERGE_PATCH: Patch = ("application/strategic-merge-patch+json", "");
/// Forced, since the others have set the same field.
const APPLY: Patch = ("application/apply-patch+yaml", "?fieldManager=bench&force=true");

type Operation = (&'static str, fn(&Api));

const OPERATIONS: [Operation; 8] = [
    ("operation_get", operation_get),
    ("operation_create", operation_create),
    ("operation_merge_patch", operation_merge_patch),
    ("operation_strategic_merge_patch", operation_strategic_merge_patch),
    ("operation_apply", operation_apply),
    ("operation_list_json", operation_list_json),
    ("operation_list_protobuf", operation_list_protobuf),
    ("operation_list_table", operation_list_table),
];

#[inline(never)]
fn operation_get(api: &Api) {
    api.repeat(|_| api.call(Method::GET, "/pod-7", ("accept", "application/json"), ""));
}

#[inline(never)]
fn operation_create(api: &Api) {
    api.repeat(|n| api.call(Method::POST, "", ("content-type", "application/json"), &pod(&format!("created-{n}")).to_string()));
}

#[inline(never)]
fn operation_merge_patch(api: &Api) {
    api.patch(MERGE_PATCH);
}

#[inline(never)]
fn operation_strategic_merge_patch(api: &Api) {
    api.patch(STRATEGIC_MERGE_PATCH);
}

#[inline(never)]
fn operation_apply(api: &Api) {
    api.patch(APPLY);
}

#[inline(never)]
fn operation_list_json(api: &Api) {
    api.list("application/json");
}

/// Of pods that were not listed before.
#[inline(never)]
fn operation_list_protobuf(api: &Api) {
    api.list("application/vnd.kubernetes.protobuf");
}

#[inline(never)]
fn operation_list_table(api: &Api) {
    api.list("application/json;as=Table;v=v1;g=meta.k8s.io");
}

/// Ends what is counted for the last one.
#[inline(never)]
fn operation_end() {
    std::hint::black_box(());
}

struct Api {
    runtime: Runtime,
    server: Server,
    /// Makes every patch a change.
    next: Cell<u32>,
}

impl Api {
    /// Creates the pods; does each thing once, so that nothing is done for the first time when it counts.
    fn fill(&self) {
        for number in 0..PODS {
            self.call(Method::POST, "", ("content-type", "application/json"), &pod(&format!("pod-{number}")).to_string());
        }
        self.call(Method::GET, "/pod-7", ("accept", "application/json"), "");
        self.call(Method::GET, "?limit=1", ("accept", "application/vnd.kubernetes.protobuf"), "");
        self.call(Method::GET, "?limit=1", ("accept", "application/json;as=Table;v=v1;g=meta.k8s.io"), "");
        [MERGE_PATCH, STRATEGIC_MERGE_PATCH, APPLY].into_iter().for_each(|patch| self.patch_one(patch));
    }

    fn repeat(&self, request: impl Fn(u32)) {
        (0..REQUESTS).for_each(request);
    }

    fn list(&self, accept: &str) {
        self.repeat(|_| self.call(Method::GET, "?limit=100", ("accept", accept), ""));
    }

    fn patch(&self, patch: Patch) {
        self.repeat(|_| self.patch_one(patch));
    }

    fn patch_one(&self, (content_type, query): Patch) {
        let value = self.next.replace(self.next.get() + 1).to_string();
        let patch = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod-9", "annotations": {"bench/value": value}}});
        self.call(Method::PATCH, &format!("/pod-9{query}"), ("content-type", content_type), &patch.to_string());
    }

    fn call(&self, method: Method, path: &str, header: (&str, &str), body: &str) {
        let uri = format!("/base/api/v1/namespaces/default/pods{path}");
        let request = Request::builder().method(method).uri(uri).header(header.0, header.1);
        let request = request.body(Full::new(Bytes::copy_from_slice(body.as_bytes()))).unwrap();
        let answer = async {
            let response = self.server.service().respond(request).await.unwrap();
            let status = response.status();
            (status, response.into_body().collect().await.unwrap().to_bytes())
        };
        let (status, body) = self.runtime.block_on(answer);
        assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
    }
}

/// As `crates/bench/src/pod.rs` makes them, near enough.
fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name,
            "labels": {"app.kubernetes.io/name": "web", "pod-template-hash": "6d4cf56db6", "slice": "7"},
            "annotations": {"prometheus.io/scrape": "true"}
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
