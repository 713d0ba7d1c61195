//! How much history is kept, and that everything derived from an event is derived once.

#![allow(clippy::unwrap_used, reason = "tests")]

use minkapi_store::{AtError, Change, Expect, Key, Kind, Options, Store, TooOld, Transition, Versioned, View};
use std::{
    cell::Cell,
    sync::{Arc, Weak},
};

#[derive(Debug, PartialEq, Eq)]
struct Blob(u64, usize);

impl Versioned for Blob {
    fn revision(&self) -> u64 {
        self.0
    }

    fn with_revision(&self, revision: u64) -> Self {
        Self(revision, self.1)
    }

    fn size(&self) -> usize {
        self.1
    }
}

fn store(history_events: u64, history_bytes: u64) -> Store<Blob> {
    Store::new(Options { history_events, history_bytes, ..Options::default() })
}

fn put(view: &View<Blob>, kind: &str, name: &str, size: usize) -> u64 {
    view.commit(Kind::new(kind), Key::new("a", name), Expect::Any, |revision, _| Change::Put(Blob(revision, size))).unwrap().revision
}

#[test]
fn only_the_newest_changes_are_kept() {
    let base = store(10, u64::MAX).base();
    for _ in 0..100 {
        put(&base, "pods", "x", 1);
    }
    let pods = Kind::new("pods");
    assert_eq!(base.events(pods, 90, 99).unwrap().events.len(), 10);
    assert_eq!(base.events(pods, 89, 99).unwrap_err(), TooOld { floor: 90 });
    assert_eq!(base.at(90).unwrap().get(pods, &Key::new("a", "x")).unwrap().0, 90);
    assert_eq!(base.at(89).err(), Some(AtError::Expired { floor: 90 }));
    assert_eq!(base.at(101).err(), Some(AtError::Future { current: 100 }));
}

#[test]
fn large_objects_shorten_the_history() {
    let base = store(1000, 100).base();
    for _ in 0..20 {
        put(&base, "pods", "x", 30);
    }
    assert_eq!(base.snapshot().floor(Kind::new("pods")), 17, "three of 30 bytes fit into 100");
}

#[test]
fn a_kind_that_is_written_often_does_not_shorten_the_history_of_others() {
    let base = store(10, u64::MAX).base();
    put(&base, "pods", "x", 1);
    put(&base, "pods", "y", 1);
    for _ in 0..100 {
        put(&base, "leases", "node", 1);
    }
    let pods = Kind::new("pods");
    assert_eq!(base.events(pods, 0, 99).unwrap().events.len(), 2);
    let past = base.kind_at(pods, 1).unwrap();
    assert_eq!(past.len(pods), 1);
    assert!(base.at(1).is_err(), "of the leases the state is not known any more");
}

#[test]
fn forgotten_objects_are_freed() {
    let base = store(4, u64::MAX).base();
    put(&base, "pods", "x", 1);
    let first: Weak<Blob> = Arc::downgrade(&base.snapshot().get(Kind::new("pods"), &Key::new("a", "x")).unwrap());
    put(&base, "pods", "x", 1);
    assert!(first.upgrade().is_some(), "history holds it");
    for _ in 0..40 {
        put(&base, "pods", "x", 1);
    }
    assert!(first.upgrade().is_none(), "nothing holds it");
}

#[test]
fn a_sandbox_has_the_history_of_its_parent() {
    let store = store(100, u64::MAX);
    put(&store.base(), "pods", "x", 1);
    let sandbox = store.fork("s", minkapi_store::Fork::default()).unwrap();
    put(&sandbox, "pods", "x", 2);
    put(&store.base(), "pods", "x", 3);
    put(&store.base(), "pods", "y", 4);
    let revisions =
        |view: &View<Blob>| view.events(Kind::new("pods"), 0, 99).unwrap().events.iter().map(|e| e.revision).collect::<Vec<_>>();
    assert_eq!(revisions(&sandbox), [1, 2, 4], "the base view's second change of x is hidden");
    assert_eq!(revisions(&store.base()), [1, 3, 4]);
}

#[test]
fn an_event_is_encoded_once_for_each_encoding() {
    let base = store(1000, u64::MAX).base();
    put(&base, "pods", "x", 1);
    let event = base.events(Kind::new("pods"), 0, 9).unwrap().events.remove(0);
    let made = Cell::new(0);
    let encode = |id| {
        event.derived(id, || {
            made.set(made.get() + 1);
            format!("encoding {id}")
        })
    };
    assert_eq!([encode(1), encode(1), encode(2)], ["encoding 1", "encoding 1", "encoding 2"]);
    assert_eq!(made.get(), 2);
    for _ in 0..300 {
        put(&base, "pods", "x", 1);
    }
    encode(1);
    assert_eq!(made.get(), 3, "an event that is not recent any more keeps nothing");
}

#[test]
fn a_deleted_object_is_told_as_it_was_under_the_revision_of_the_deletion() {
    let base = store(10, u64::MAX).base();
    put(&base, "pods", "x", 7);
    let deleted = base.commit(Kind::new("pods"), Key::new("a", "x"), Expect::Revision(1), |_, _| Change::Delete).unwrap();
    assert_eq!((deleted.revision, deleted.object), (2, None));
    let event = base.events(Kind::new("pods"), 1, 9).unwrap().events.remove(0);
    let (transition, object) = event.transition(|_| true).unwrap();
    assert_eq!((transition, &**object), (Transition::Deleted, &Blob(2, 7)));
    assert!(Arc::ptr_eq(object, event.departed().unwrap()), "made once");
}
