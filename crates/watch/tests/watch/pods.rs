//! Pods in a store, and what a watcher says of them.

use minkapi_object::{Draft, Object};
use minkapi_store::{Change, Expect, Key, Kind, Options, Store, View};
use minkapi_watch::{WatchEvent, WatchEventKind, WatchOptions, Watcher};
use serde_json::json;
use std::time::Duration;

pub fn pods() -> Kind {
    Kind::new("pods")
}

pub fn store() -> Store<Object> {
    Store::new(Options::default())
}

/// Creates or changes the pod `name` so that it has the label `app`.
pub fn put(view: &View<Object>, name: &str, app: &str) -> u64 {
    let value = json!({"metadata": {"name": name, "namespace": "a", "labels": {"app": app}}});
    let put = |revision, _: Option<&_>| Change::Put(Draft::new(&value, Box::default(), revision).stamp(revision));
    view.commit(pods(), Key::new("a", name), Expect::Any, put).unwrap().revision
}

pub fn delete(view: &View<Object>, name: &str) {
    view.commit(pods(), Key::new("a", name), Expect::Any, |_, _| Change::Delete).unwrap();
}

pub fn watch(view: &View<Object>, options: WatchOptions) -> Watcher {
    Watcher::new(view.clone(), pods(), options)
}

/// An event in short: `ADDED x 7 web` (name, resourceVersion as sent, label), `BOOKMARK 7`, `MARKER 7`, `ERROR ...`.
pub fn short(event: &WatchEvent) -> String {
    let name = match &event.kind {
        WatchEventKind::Added => "ADDED",
        WatchEventKind::Modified => "MODIFIED",
        WatchEventKind::Deleted => "DELETED",
        WatchEventKind::Bookmark { initial_events_end: true } => return format!("MARKER {}", event.revision),
        WatchEventKind::Bookmark { .. } => return format!("BOOKMARK {}", event.revision),
        WatchEventKind::Error(status) => return format!("ERROR {} {}", status.code, status.message),
    };
    let object = event.object.as_ref().unwrap();
    let sent = object.to_value()["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    assert_eq!(sent, event.revision.to_string());
    format!("{name} {} {sent} {}", object.head().name, object.head().labels.get("app").unwrap())
}

/// What a watcher says until it has nothing more to say at once, or ends.
pub async fn drain(watcher: &mut Watcher) -> Vec<String> {
    let mut said = Vec::new();
    // Time is paused in these tests: a timeout this short lets no timer of a watcher pass.
    while let Ok(event) = tokio::time::timeout(Duration::from_millis(1), watcher.next()).await {
        match event {
            Some(event) => said.push(short(&event)),
            None => {
                said.push("END".to_owned());
                break;
            }
        }
    }
    said
}
