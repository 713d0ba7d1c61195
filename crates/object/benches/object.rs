//! What it costs to store, to select and to read a part of an object: `cargo bench -p minkapi-object`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use divan::{Bencher, black_box};
use minkapi_object::{Draft, LabelSelector, Marks, Object, Outline};
use serde_json::{Value, json};

const OBJECTS: usize = 1000;

fn main() {
    divan::main();
}

fn pod(number: usize) -> Value {
    let container = json!({"name": "web", "image": "registry.example.org/team/web:1.4.2", "env": [{"name": "A", "value": "1"}]});
    json!({
        "metadata": {"name": format!("pod-{number}"), "namespace": "default", "labels": {"app": "web", "slice": (number % 100).to_string()}},
        "spec": {"nodeName": "n", "containers": [container, container]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    })
}

fn stored(number: usize) -> Object {
    Draft::new(&pod(number), Box::default(), 7).stamp(7)
}

#[divan::bench]
fn encode(bencher: Bencher) {
    let pod = pod(7);
    bencher.bench(|| Draft::new(black_box(&pod), Box::default(), 7).stamp(7));
}

#[divan::bench]
fn read_all(bencher: Bencher) {
    let pod = stored(7);
    bencher.bench(|| black_box(&pod).to_value());
}

#[divan::bench]
fn read_a_part(bencher: Bencher) {
    const PART: Outline = Outline::Only(&[
        ("metadata", Outline::Only(&[("name", Outline::WHOLE)])),
        ("spec", Outline::Only(&[("nodeName", Outline::WHOLE)])),
    ]);
    let pod = stored(7);
    bencher.bench(|| black_box(&pod).read(PART));
}

#[divan::bench(args = ["slice=7", "slice in (7,8)", "app!=web"])]
fn select_of_1000(bencher: Bencher, selector: &str) {
    let pods: Vec<Object> = (0..OBJECTS).map(stored).collect();
    let selector = LabelSelector::parse(selector).unwrap();
    let wanted = Marks::wanted_by_labels(&selector);
    bencher.bench(|| pods.iter().filter(|pod| pod.marks().have(wanted) && selector.matches(&pod.head().labels)).count());
}

#[divan::bench]
fn parse_a_selector() -> LabelSelector {
    LabelSelector::parse(black_box("app=web,tier in (front,back),!old")).unwrap()
}
