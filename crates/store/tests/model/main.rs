//! The store against a naive model: whatever is done to a base view and sandboxes upon sandboxes, every state, past
//! state and sequence of changes is that of plain maps that are copied as a whole.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod naive;
mod value;

use minkapi_store::{AtError, Change, Expect, Fork, ForkError, Key, Kind, Mode, Op, Options, RemoveError, Revision, Snapshot, Store};
use naive::{Naive, State};
use proptest::prelude::*;
use value::Value;

const KINDS: [&str; 2] = ["leases", "pods"];
/// `a-b` sorts before `a` (C-00-05), and `a` is a prefix of both others.
const KEYS: [(&str, &str); 6] = [("a", "x"), ("a", "y"), ("a-b", "x"), ("ab", "x"), ("", "a"), ("a", "x-y")];

#[derive(Debug, Clone)]
enum Action {
    Put { view: usize, kind: usize, key: usize, expect: u8, n: u32 },
    Delete { view: usize, kind: usize, key: usize },
    Together { view: usize, puts: Vec<(usize, usize, u8)> },
    Fork { parent: usize, mode: Mode, back: Option<u64> },
    Reset { view: usize },
    ResetKind { view: usize, kind: usize },
    Rewind { view: usize, back: u64 },
    Remove { view: usize, cascade: bool },
}

fn action() -> impl Strategy<Value = Action> {
    let (view, kind, key) = (0..6usize, 0..KINDS.len(), 0..KEYS.len());
    let mode = prop_oneof![Just(Mode::Live), Just(Mode::Frozen)];
    prop_oneof![
        12 => (view.clone(), kind.clone(), key.clone(), 0..4u8, any::<u32>())
            .prop_map(|(view, kind, key, expect, n)| Action::Put { view, kind, key, expect, n }),
        6 => (view.clone(), kind.clone(), key.clone()).prop_map(|(view, kind, key)| Action::Delete { view, kind, key }),
        2 => (view.clone(), proptest::collection::vec((kind.clone(), key, 0..4u8), 1..4))
            .prop_map(|(view, puts)| Action::Together { view, puts }),
        3 => (view.clone(), mode, proptest::option::of(0..8u64)).prop_map(|(parent, mode, back)| Action::Fork { parent, mode, back }),
        1 => view.clone().prop_map(|view| Action::Reset { view }),
        1 => (view.clone(), kind).prop_map(|(view, kind)| Action::ResetKind { view, kind }),
        1 => (view.clone(), 0..8u64).prop_map(|(view, back)| Action::Rewind { view, back }),
        1 => (view, any::<bool>()).prop_map(|(view, cascade)| Action::Remove { view, cascade }),
    ]
}

fn kind(i: usize) -> Kind {
    Kind::new(KINDS[i])
}

fn key(i: usize) -> Key {
    Key::new(KEYS[i].0, KEYS[i].1)
}

/// The store, the model, and the names of the views that were ever made.
struct Pair {
    store: Store<Value>,
    naive: Naive,
    made: usize,
}

impl Pair {
    fn new() -> Self {
        Self { store: Store::new(Options::default()), naive: Naive::new(), made: 0 }
    }

    /// One of the views that there are.
    fn pick(&self, i: usize) -> String {
        let names: Vec<_> = self.naive.views.keys().cloned().collect();
        names[i % names.len()].clone()
    }

    fn expect(&self, view: &str, at: (Kind, Key), which: u8) -> Expect {
        let current = self.naive.state(view).get(&at).map(|v| v.revision);
        match which {
            0 => Expect::Absent,
            1 => Expect::Present,
            2 => Expect::Revision(current.unwrap_or(1)),
            _ => Expect::Any,
        }
    }

    fn run(&mut self, action: &Action) {
        match action {
            Action::Put { view, kind: k, key: name, expect, n } => {
                let (view, at) = (self.pick(*view), (kind(*k), key(*name)));
                let expect = self.expect(&view, at.clone(), *expect);
                let put = |revision, _: Option<&_>| Change::Put(Value { revision, n: *n });
                let done = self.store.view(&view).unwrap().commit(at.0, at.1.clone(), expect, put);
                let allowed = self.naive.allows(&view, &at, expect);
                assert_eq!(done.is_ok(), allowed, "{done:?}");
                if allowed {
                    self.naive.write(&view, at, Some(*n));
                }
            }
            Action::Delete { view, kind: k, key: name } => {
                let (view, at) = (self.pick(*view), (kind(*k), key(*name)));
                let done = self.store.view(&view).unwrap().commit(at.0, at.1.clone(), Expect::Any, |_, _| Change::Delete).unwrap();
                let found = self.naive.state(&view).get(&at).cloned();
                assert_eq!(done.previous.as_deref(), found.as_ref());
                assert_eq!(done.changed, found.is_some());
                if found.is_some() {
                    self.naive.write(&view, at, None);
                }
            }
            Action::Together { view, puts } => self.together(*view, puts),
            Action::Fork { parent, mode, back } => self.fork(*parent, *mode, *back),
            Action::Reset { view } => {
                let view = self.pick(*view);
                self.store.view(&view).unwrap().reset().unwrap();
                self.naive.reset(&view, None);
            }
            Action::ResetKind { view, kind: k } => {
                let view = self.pick(*view);
                self.store.view(&view).unwrap().reset_kind(kind(*k)).unwrap();
                self.naive.reset(&view, Some(kind(*k)));
            }
            Action::Rewind { view, back } => {
                let view = self.pick(*view);
                let to = self.naive.revision.saturating_sub(*back);
                let done = self.store.view(&view).unwrap().rewind(to);
                if to < self.naive.floor(&view, None) {
                    assert!(done.is_err());
                } else {
                    assert_eq!(done.unwrap(), self.naive.rewind(&view, to));
                }
            }
            Action::Remove { view, cascade } => {
                let view = self.pick(*view);
                let done = self.store.remove_view(&view, *cascade);
                let children = self.naive.descendants(&view);
                if view == "base" {
                    assert_eq!(done, Err(RemoveError::Base));
                } else if children.is_empty() || *cascade {
                    assert_eq!(done.unwrap().len(), 1 + children.len());
                    self.naive.views.retain(|name, _| *name != view && !children.contains(name));
                } else {
                    assert!(matches!(done, Err(RemoveError::HasChildren { .. })));
                }
            }
        }
        self.check();
    }

    /// All or nothing: in the model the changes are tried on a copy.
    fn together(&mut self, view: usize, puts: &[(usize, usize, u8)]) {
        let view = self.pick(view);
        let mut tried = self.naive.clone();
        let (mut ops, mut failures) = (Vec::new(), Vec::new());
        for (place, (k, name, expect)) in puts.iter().enumerate() {
            let at = (kind(*k), key(*name));
            // What is expected refers to the state before all of the changes.
            let expect = self.expect(&view, at.clone(), *expect);
            if tried.allows(&view, &at, expect) {
                tried.write(&view, at.clone(), Some(7));
            } else {
                failures.push(place);
            }
            let change = Box::new(|revision, _: Option<&_>| Change::Put(Value { revision, n: 7 }));
            ops.push(Op { kind: at.0, key: at.1, expect, change });
        }
        match self.store.view(&view).unwrap().commit_all(ops) {
            Ok(done) => {
                assert_eq!((done.len(), failures), (puts.len(), vec![]));
                self.naive = tried;
            }
            Err(error) => assert_eq!(error.failures.iter().map(|(place, _)| *place).collect::<Vec<_>>(), failures),
        }
    }

    fn fork(&mut self, parent: usize, mode: Mode, back: Option<u64>) {
        if self.naive.views.len() >= 6 {
            return;
        }
        self.made += 1;
        let (parent, name) = (self.pick(parent), format!("sandbox-{}", self.made));
        let at = back.map(|back| self.naive.revision.saturating_sub(back));
        let done = self.store.fork(&name, Fork { parent: parent.as_str().into(), mode, at });
        match (mode, at) {
            (Mode::Live, Some(_)) => assert_eq!(done.unwrap_err(), ForkError::LiveInThePast),
            (Mode::Frozen, Some(at)) if at < self.naive.floor(&parent, None) => {
                assert!(matches!(done.unwrap_err(), ForkError::Revision(AtError::Expired { .. })));
            }
            _ => {
                assert_eq!(&**done.unwrap().name(), name);
                self.naive.fork(&name, &parent, mode, at);
            }
        }
    }

    /// Every view shows what the model says: now, at every revision, and in every sequence of changes.
    fn check(&self) {
        assert_eq!(self.store.revision(), self.naive.revision);
        assert_eq!(self.store.views().len(), self.naive.views.len());
        for name in self.naive.views.keys() {
            let view = self.store.view(name).unwrap();
            let now = view.snapshot();
            assert_eq!(shown(&now), *self.naive.state(name), "{name} now");
            self.check_reads(&now, name);
            let whole_floor = self.naive.floor(name, None);
            for revision in 0..=self.naive.revision {
                let past = view.at(revision);
                if revision < whole_floor {
                    assert_eq!(past.err(), Some(AtError::Expired { floor: whole_floor }), "{name} at {revision}");
                } else {
                    assert_eq!(shown(&past.unwrap()), *self.naive.state_at(name, revision), "{name} at {revision}");
                }
                for kind in KINDS.map(Kind::new) {
                    self.check_events(name, kind, revision);
                }
            }
        }
    }

    fn check_events(&self, name: &str, kind: Kind, after: Revision) {
        let view = self.store.view(name).unwrap();
        let floor = self.naive.floor(name, Some(kind));
        if after < floor {
            assert_eq!(view.events(kind, after, 9).unwrap_err().floor, floor);
            assert!(view.kind_at(kind, after).is_err());
            return;
        }
        let expected = self.naive.events(name, kind, after);
        let past: State = self.naive.state_at(name, after).clone().into_iter().filter(|((k, _), _)| *k == kind).collect();
        let kind_at: State = shown(&view.kind_at(kind, after).unwrap()).into_iter().filter(|((k, _), _)| *k == kind).collect();
        assert_eq!(kind_at, past);
        for max in [1, 3, usize::MAX] {
            let (mut cursor, mut found) = (after, Vec::new());
            loop {
                let events = view.events(kind, cursor, max).unwrap();
                assert!(events.events.len() <= max);
                found.extend(
                    events.events.iter().map(|e| (e.revision, e.key.clone(), e.old.as_deref().cloned(), e.new.as_deref().cloned())),
                );
                cursor = events.upto;
                if events.events.len() < max {
                    break;
                }
            }
            assert_eq!(found, expected, "{name}: changes of {kind} after {after}, {max} at a time");
            assert_eq!(cursor, self.naive.revision);
        }
    }

    fn check_reads(&self, now: &Snapshot<Value>, name: &str) {
        let state = self.naive.state(name);
        for kind in KINDS.map(Kind::new) {
            let all: Vec<Key> = state.keys().filter(|(k, _)| *k == kind).map(|(_, key)| key.clone()).collect();
            assert_eq!(now.len(kind), all.len());
            assert_eq!(now.is_empty(kind), all.is_empty());
            for (namespace, key) in KEYS.map(|(ns, name)| (ns, Key::new(ns, name))) {
                assert_eq!(now.get(kind, &key).as_deref(), state.get(&(kind, key.clone())));
                let rest: Vec<_> = now.range(kind, None, Some(&key)).map(|(k, _)| k.clone()).collect();
                assert_eq!(rest, all.iter().filter(|k| **k > key).cloned().collect::<Vec<_>>());
                if !namespace.is_empty() {
                    let within: Vec<_> = now.range(kind, Some(namespace), None).map(|(k, _)| k.clone()).collect();
                    assert_eq!(within, all.iter().filter(|k| k.namespace() == namespace).cloned().collect::<Vec<_>>());
                }
            }
        }
    }
}

fn shown(snapshot: &Snapshot<Value>) -> State {
    let kinds = snapshot.kinds().into_iter();
    kinds.flat_map(|kind| snapshot.range(kind, None, None).map(move |(key, v)| ((kind, key.clone()), (**v).clone()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_actions_leaves_what_the_model_says(actions in proptest::collection::vec(action(), 1..40)) {
        let mut pair = Pair::new();
        for action in &actions {
            pair.run(action);
        }
    }

    /// Isolation: what is done in a sandbox is seen neither in its parent nor in its sibling.
    #[test]
    fn nothing_done_in_a_sandbox_is_seen_outside(before in proptest::collection::vec(action(), 0..12), inside in proptest::collection::vec(action(), 1..20)) {
        let mut pair = Pair::new();
        for action in &before {
            pair.run(action);
        }
        let parent = pair.pick(1);
        for name in ["one", "two"] {
            pair.store.fork(name, Fork { parent: parent.as_str().into(), ..Fork::default() }).unwrap();
        }
        let one = pair.store.view("one").unwrap();
        let others: Vec<_> = pair.store.views().into_iter().filter(|v| &**v.name() != "one").collect();
        let states: Vec<_> = others.iter().map(|v| shown(&v.snapshot())).collect();
        let start = pair.store.revision();
        for action in &inside {
            match action {
                Action::Put { kind: k, key: name, n, .. } => {
                    one.commit(kind(*k), key(*name), Expect::Any, |revision, _| Change::Put(Value { revision, n: *n })).unwrap();
                }
                Action::Delete { kind: k, key: name, .. } => {
                    one.commit(kind(*k), key(*name), Expect::Any, |_, _| Change::Delete).unwrap();
                }
                Action::Reset { .. } => assert!(one.reset().is_ok()),
                Action::Rewind { back, .. } => assert!(one.rewind(pair.store.revision().saturating_sub(*back)).map_or(true, |n| n <= 12)),
                _ => {}
            }
        }
        for (view, state) in others.iter().zip(states) {
            prop_assert_eq!(shown(&view.snapshot()), state);
            for kind in KINDS.map(Kind::new) {
                prop_assert_eq!(view.events(kind, start, 99).unwrap().events.len(), 0);
            }
        }
    }
}
