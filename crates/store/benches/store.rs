//! What the store's steps cost: `cargo bench -p minkapi-store`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use divan::{Bencher, black_box};
use minkapi_object::{Draft, Object};
use minkapi_store::{Change, Expect, Fork, Key, Kind, Mode, Options, Store, View};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

const OBJECTS: usize = 100_000;

fn main() {
    divan::main();
}

fn pods() -> Kind {
    Kind::new("pods")
}

fn key(n: usize) -> Key {
    Key::new("default", &format!("pod-{n:06}"))
}

fn pod(n: usize) -> Object {
    let value = json!({"metadata": {"name": format!("pod-{n:06}"), "namespace": "default"}, "spec": {"nodeName": "n"}});
    Draft::new(&value, Box::default(), 1_000_000).stamp(1_000_000)
}

fn put(view: &View<Object>, n: usize, object: Object) {
    view.commit(pods(), key(n), Expect::Any, |_, _| Change::Put(object)).unwrap();
}

fn filled() -> Store<Object> {
    let store = Store::new(Options::default());
    (0..OBJECTS).for_each(|n| put(&store.base(), n, pod(n)));
    store
}

#[divan::bench]
fn get(bencher: Bencher) {
    let base = filled().base();
    let key = key(OBJECTS / 2);
    bencher.bench(|| base.snapshot().get(pods(), black_box(&key)));
}

#[divan::bench]
fn get_through_a_fork(bencher: Bencher) {
    let store = filled();
    let view = store.fork("s", Fork::default()).unwrap();
    let key = key(OBJECTS / 2);
    bencher.bench(|| view.snapshot().get(pods(), black_box(&key)));
}

#[divan::bench]
fn scan_100k(bencher: Bencher) {
    let base = filled().base();
    bencher.bench(|| base.snapshot().range(pods(), None, None).map(|(_, o)| o.resource_version()).max());
}

#[divan::bench]
fn scan_100k_through_a_fork(bencher: Bencher) {
    let store = filled();
    let view = store.fork("s", Fork::default()).unwrap();
    put(&view, 7, pod(7));
    bencher.bench(|| view.snapshot().range(pods(), None, None).map(|(_, o)| o.resource_version()).max());
}

#[divan::bench(args = [0, 1_000])]
fn write(bencher: Bencher, other_views: usize) {
    let store = filled();
    (0..other_views).for_each(|n| drop(store.fork(&format!("s{n}"), Fork::default())));
    let (base, next) = (store.base(), AtomicUsize::new(0));
    bencher
        .with_inputs(|| {
            let n = next.fetch_add(7919, Ordering::Relaxed) % OBJECTS;
            (key(n), pod(n))
        })
        .bench_values(|(key, object)| base.commit(pods(), key, Expect::Any, |_, _| Change::Put(object)).is_ok());
}

#[divan::bench(args = [Mode::Live, Mode::Frozen])]
fn fork(bencher: Bencher, mode: Mode) {
    let store = filled();
    let next = AtomicUsize::new(0);
    bencher
        .with_inputs(|| format!("s{}", next.fetch_add(1, Ordering::Relaxed)))
        .bench_values(|name| store.fork(&name, Fork { mode, ..Fork::default() }).is_ok());
}

#[divan::bench]
fn state_100_changes_ago(bencher: Bencher) {
    let base = filled().base();
    let revision = base.snapshot().revision() - 100;
    bencher.bench(|| base.at(revision).is_ok());
}
