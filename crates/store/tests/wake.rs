//! Who is woken by what.

#![allow(clippy::unwrap_used, reason = "tests")]

use minkapi_store::{Change, Changed, Expect, Fork, Key, Kind, Mode, Options, Store, Versioned, View};
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Waker},
};

struct Unit(u64);

impl Versioned for Unit {
    fn revision(&self) -> u64 {
        self.0
    }

    fn with_revision(&self, revision: u64) -> Self {
        Self(revision)
    }
}

fn put(view: &View<Unit>, kind: &str) {
    view.commit(Kind::new(kind), Key::new("", "x"), Expect::Any, |revision, _| Change::Put(Unit(revision))).unwrap();
}

fn woken(changed: &mut Changed) -> bool {
    Pin::new(changed).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn a_change_made_before_the_first_poll_counts() {
    let base = Store::new(Options::default()).base();
    let mut changed = base.changed(Kind::new("pods"));
    put(&base, "pods");
    assert!(woken(&mut changed));
    assert!(!woken(&mut base.changed(Kind::new("pods"))));
}

#[test]
fn other_kinds_and_other_views_wake_nobody() {
    let store = Store::new(Options::default());
    let sandbox = store.fork("live", Fork::default()).unwrap();
    let mut pods = store.base().changed(Kind::new("pods"));
    put(&store.base(), "nodes");
    put(&sandbox, "pods");
    assert!(!woken(&mut pods));
}

#[test]
fn a_live_sandbox_is_woken_by_its_ancestors_and_a_frozen_one_is_not() {
    let store = Store::new(Options::default());
    let parent = store.fork("parent", Fork::default()).unwrap();
    let child = |name: &str, mode| store.fork(name, Fork { parent: "parent".into(), mode, at: None }).unwrap();
    let (live, frozen) = (child("live", Mode::Live), child("frozen", Mode::Frozen));
    for ancestor in [&store.base(), &parent] {
        let (mut live, mut frozen) = (live.changed(Kind::new("pods")), frozen.changed(Kind::new("pods")));
        put(ancestor, "pods");
        assert!(woken(&mut live));
        assert!(!woken(&mut frozen));
    }
}

#[test]
fn reset_and_removal_wake_everybody() {
    let store: Store<Unit> = Store::new(Options::default());
    let view = store.fork("s", Fork::default()).unwrap();
    let mut changed = view.changed(Kind::new("pods"));
    view.reset().unwrap();
    assert!(woken(&mut changed));
    let mut changed = view.changed(Kind::new("pods"));
    store.remove_view("s", false).unwrap();
    assert!(woken(&mut changed));
    assert!(view.is_closed());
}
