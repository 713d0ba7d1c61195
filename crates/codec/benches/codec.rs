//! What it costs to translate one pod: `cargo bench -p minkapi-codec`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use divan::{Bencher, black_box};
use minkapi_codec::{partial_object_metadata, protobuf, yaml};
use minkapi_object::{Draft, Object};
use minkapi_registry::Struct;
use serde_json::Value;

const POD: &str = include_str!("../tests/data/pod.json");

fn main() {
    divan::main();
}

fn schema() -> &'static Struct {
    &minkapi_registry::top_level_kind("v1", "Pod").unwrap().schema
}

fn value() -> Value {
    serde_json::from_str(POD).unwrap()
}

fn stored() -> Object {
    Draft::new(&value(), Box::default(), 7).stamp(7)
}

#[divan::bench]
fn protobuf_from_stored_json(bencher: Bencher) {
    let pod = stored();
    bencher.bench(|| protobuf::encode(black_box(pod.bytes()), schema()).unwrap());
}

#[divan::bench]
fn value_from_protobuf(bencher: Bencher) {
    let message = protobuf::encode(stored().bytes(), schema()).unwrap();
    bencher.bench(|| protobuf::decode(black_box(&message), schema()).unwrap());
}

#[divan::bench]
fn metadata_only(bencher: Bencher) {
    let pod = stored();
    bencher.bench(|| partial_object_metadata(black_box(&pod), "meta.k8s.io/v1"));
}

#[divan::bench]
fn yaml_from_value(bencher: Bencher) {
    let pod = value();
    bencher.bench(|| yaml::write(black_box(&pod)));
}

#[divan::bench]
fn value_from_yaml(bencher: Bencher) {
    let text = yaml::write(&value());
    bencher.bench(|| yaml::read(black_box(text.as_bytes())).unwrap());
}
