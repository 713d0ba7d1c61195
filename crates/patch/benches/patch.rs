//! What it costs to patch a pod, once its patch is parsed: `cargo bench -p minkapi-patch`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use divan::{Bencher, black_box};
use minkapi_patch::{JsonPatch, MergePatch, StrategicMergePatch};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

fn pod() -> Value {
    let container = |name: &str| json!({"name": name, "image": "web:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]});
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "a", "namespace": "default", "labels": {"app": "web"}, "annotations": {"a": "1"}},
        "spec": {"nodeName": "n", "containers": [container("a"), container("b"), container("c")]}
    })
}

#[divan::bench]
fn merge(bencher: Bencher) {
    let patch = MergePatch::parse(br#"{"metadata": {"annotations": {"a": "2"}}}"#, true).unwrap();
    bencher.with_inputs(pod).bench_values(|pod| patch.apply(black_box(pod)));
}

#[divan::bench]
fn json_patch(bencher: Bencher) {
    let patch = JsonPatch::parse(br#"[{"op": "replace", "path": "/spec/containers/1/image", "value": "web:2"}]"#, true).unwrap();
    bencher.with_inputs(pod).bench_values(|pod| patch.apply(black_box(pod)).unwrap());
}

#[divan::bench]
fn strategic_merge(bencher: Bencher) {
    let schema = &minkapi_registry::top_level_kind("v1", "Pod").unwrap().schema;
    let patch = StrategicMergePatch::parse(br#"{"spec": {"containers": [{"name": "b", "image": "web:2"}]}}"#, true).unwrap();
    bencher.with_inputs(pod).bench_values(|pod| patch.apply(black_box(pod), schema).unwrap());
}
