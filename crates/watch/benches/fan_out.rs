//! What one change costs all its watchers: `cargo bench -p minkapi-watch`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use divan::Bencher;
use minkapi_object::{Draft, Object};
use minkapi_store::{Change, Expect, Key, Kind, Options, Store, View};
use minkapi_watch::{Start, WatchOptions, Watcher};
use serde_json::json;

fn main() {
    divan::main();
}

fn put(view: &View<Object>) {
    let value = json!({"metadata": {"name": "x", "namespace": "default"}});
    let put = |revision, _: Option<&_>| Change::Put(Draft::new(&value, Box::default(), revision).stamp(revision));
    view.commit(Kind::new("pods"), Key::new("default", "x"), Expect::Any, put).unwrap();
}

/// A write, and every watcher told of it.
#[divan::bench(args = [0, 1, 1_000])]
fn write(bencher: Bencher, watchers: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let base = Store::new(Options::default()).base();
    let options = || WatchOptions { start: Start::Now, ..WatchOptions::default() };
    let mut watchers: Vec<_> = (0..watchers).map(|_| Watcher::new(base.clone(), Kind::new("pods"), options())).collect();
    bencher.bench_local(|| {
        put(&base);
        runtime.block_on(async {
            for watcher in &mut watchers {
                watcher.next().await.unwrap();
            }
        });
    });
}
