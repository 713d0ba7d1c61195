//! What a store shows, as a value that can be compared.

use minkapi_object::{Draft, Object};
use minkapi_store::{Kind, Mode, Options, Store};
use serde_json::json;
use std::collections::BTreeMap;

/// Every object of every view with its revision, and what the views are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    pub revision: u64,
    pub views: BTreeMap<String, ViewState>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewState {
    id: u64,
    note: String,
    live: Option<bool>,
    origin: u64,
    objects: BTreeMap<String, String>,
    changes: Vec<String>,
}

pub const KINDS: [&str; 2] = ["pods", "nodes"];

pub fn state(store: &Store<Object>) -> State {
    let views = store.views().into_iter().map(|view| {
        let snapshot = view.snapshot();
        let objects = KINDS.iter().flat_map(|kind| {
            let objects = snapshot.range(Kind::new(kind), None, None);
            objects.map(|(key, o)| (format!("{kind}/{key}"), String::from_utf8(o.bytes().to_vec()).unwrap())).collect::<Vec<_>>()
        });
        let version = |o: Option<std::sync::Arc<Object>>| o.map(|o| o.resource_version());
        let changes = snapshot.changes().into_iter().map(|d| format!("{} {} {:?} {:?}", d.kind, d.key, version(d.own), version(d.origin)));
        let view_state = ViewState {
            id: view.id(),
            note: view.note().to_string(),
            live: view.origin().map(|o| o.mode == Mode::Live),
            origin: view.origin().map_or(0, |o| o.revision),
            objects: objects.collect(),
            changes: changes.collect(),
        };
        (view.name().to_string(), view_state)
    });
    State { revision: store.revision(), views: views.collect() }
}

/// An object of this name whose content is told by a number.
pub fn draft(name: &str, content: u64) -> Draft {
    let object = json!({"metadata": {"name": name, "namespace": "x", "uid": name, "labels": {"c": content.to_string()}}, "spec": {"content": content}});
    Draft::new(&object, Box::new(["field".into()]), 1)
}

pub fn options() -> Options {
    Options::default()
}
