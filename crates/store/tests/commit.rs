//! Preconditions, and what is told when they fail.

#![allow(clippy::unwrap_used, reason = "tests")]

use minkapi_store::{Change, CommitError, Expect, Fork, Key, Kind, Mode, Op, Options, Store, Versioned, View};
use std::thread;

#[derive(Debug, PartialEq, Eq)]
struct Count(u64, u64);

impl Versioned for Count {
    fn revision(&self) -> u64 {
        self.0
    }

    fn with_revision(&self, revision: u64) -> Self {
        Self(revision, self.1)
    }
}

fn pods() -> Kind {
    Kind::new("pods")
}

fn key(name: &str) -> Key {
    Key::new("a", name)
}

fn put(view: &View<Count>, name: &str, expect: Expect, n: u64) -> Result<u64, CommitError<Count>> {
    view.commit(pods(), key(name), expect, |revision, _| Change::Put(Count(revision, n))).map(|c| c.revision)
}

#[test]
fn what_was_expected_decides() {
    let base = Store::new(Options::default()).base();
    assert!(matches!(put(&base, "x", Expect::Present, 0), Err(CommitError::NotFound)));
    assert!(matches!(put(&base, "x", Expect::Revision(1), 0), Err(CommitError::NotFound)));
    assert_eq!(put(&base, "x", Expect::Absent, 0).unwrap(), 1);
    assert!(matches!(put(&base, "x", Expect::Absent, 0), Err(CommitError::AlreadyExists(found)) if *found == Count(1, 0)));
    assert_eq!(put(&base, "x", Expect::Revision(1), 1).unwrap(), 2);
    assert!(matches!(put(&base, "x", Expect::Revision(1), 1), Err(CommitError::Conflict { current }) if *current == Count(2, 1)));
}

#[test]
fn keeping_an_object_takes_no_revision() {
    let base = Store::new(Options::default()).base();
    put(&base, "x", Expect::Absent, 0).unwrap();
    let kept = base.commit(pods(), key("x"), Expect::Present, |_, _| Change::Keep).unwrap();
    assert_eq!((kept.revision, kept.changed), (1, false));
    assert_eq!(base.store().revision(), 1);
    assert_eq!(base.events(pods(), 0, 9).unwrap().events.len(), 1);
}

#[test]
fn no_increment_of_many_threads_is_lost() {
    let base = Store::new(Options::default()).base();
    put(&base, "x", Expect::Absent, 0).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    // As an API server does: work on what was read, and again if it was changed meanwhile.
                    loop {
                        let seen = base.snapshot().get(pods(), &key("x")).unwrap();
                        if put(&base, "x", Expect::Revision(seen.0), seen.1 + 1).is_ok() {
                            break;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(*base.snapshot().get(pods(), &key("x")).unwrap(), Count(2001, 2000));
    let events = base.events(pods(), 0, usize::MAX).unwrap().events;
    assert!(events.iter().zip(1..).all(|(event, revision)| event.revision == revision));
}

#[test]
fn readers_see_each_object_and_the_revision_of_one_moment() {
    let base = Store::new(Options::default()).base();
    put(&base, "x", Expect::Absent, 0).unwrap();
    put(&base, "y", Expect::Absent, 0).unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 1..2000 {
                let set = |name: &str| Op {
                    kind: pods(),
                    key: key(name),
                    expect: Expect::Present,
                    change: Box::new(move |revision, _: Option<&_>| Change::Put(Count(revision, n))),
                };
                base.commit_all(vec![set("x"), set("y")]).unwrap();
            }
        });
        while !writer.is_finished() {
            let state = base.snapshot();
            let (x, y) = (state.get(pods(), &key("x")).unwrap(), state.get(pods(), &key("y")).unwrap());
            assert_eq!(x.1, y.1, "both were set together");
            assert_eq!(state.revision(), y.0, "the snapshot is that of the last change");
        }
    });
}

#[test]
fn changes_that_are_made_together_are_made_all_or_not_at_all() {
    let base = Store::new(Options::default()).base();
    put(&base, "namespace", Expect::Absent, 0).unwrap();
    let op = |name: &str, expect: Expect, change: fn(u64) -> Change<Count>| Op {
        kind: pods(),
        key: key(name),
        expect,
        change: Box::new(move |revision, _: Option<&_>| change(revision)),
    };
    let put = |revision| Change::Put(Count(revision, 1));
    let failed = base
        .commit_all(vec![op("x", Expect::Absent, put), op("gone", Expect::Present, put), op("namespace", Expect::Absent, put)])
        .unwrap_err();
    assert_eq!(failed.failures.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((base.store().revision(), base.snapshot().len(pods())), (1, 1));
    // An operation that changes nothing is a precondition of the others.
    let done = base.commit_all(vec![op("namespace", Expect::Revision(1), |_| Change::Keep), op("x", Expect::Absent, put)]).unwrap();
    assert_eq!((done[0].changed, done[1].revision), (false, 2));
}

#[test]
fn a_handle_on_a_removed_view_shows_its_last_state_and_refuses_changes() {
    let store = Store::new(Options::default());
    let view = store.fork("s", Fork::default()).unwrap();
    put(&view, "x", Expect::Absent, 0).unwrap();
    view.close().unwrap();
    assert!(view.is_closed());
    assert!(view.snapshot().get(pods(), &key("x")).is_some());
    assert!(matches!(put(&view, "x", Expect::Any, 0), Err(CommitError::ViewGone)));
    // The name can be used again, by another view.
    let again = store.fork("s", Fork::default()).unwrap();
    assert!(again.snapshot().is_empty(pods()));
    assert!(matches!(put(&view, "x", Expect::Any, 0), Err(CommitError::ViewGone)));
}

#[test]
fn a_difference_shows_both_sides() {
    let store = Store::new(Options::default());
    let base = store.base();
    for name in ["changed", "deleted", "untouched"] {
        put(&base, name, Expect::Absent, 0).unwrap();
    }
    let view = store.fork("s", Fork { mode: Mode::Frozen, ..Fork::default() }).unwrap();
    put(&view, "changed", Expect::Present, 1).unwrap();
    put(&view, "created", Expect::Absent, 1).unwrap();
    put(&view, "passing", Expect::Absent, 1).unwrap();
    for name in ["deleted", "passing"] {
        view.commit(pods(), key(name), Expect::Present, |_, _| Change::Delete).unwrap();
    }
    let changes: Vec<_> =
        view.changes().into_iter().map(|d| (d.key.name().to_owned(), d.own.map(|o| o.1), d.origin.map(|o| o.1))).collect();
    assert_eq!(
        changes,
        [("changed".to_owned(), Some(1), Some(0)), ("created".to_owned(), Some(1), None), ("deleted".to_owned(), None, Some(0))]
    );
    assert!(base.changes().is_empty());
    view.reset().unwrap();
    assert!(view.changes().is_empty());
}
