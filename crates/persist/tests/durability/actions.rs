//! Random things to do with a store.

use crate::state::{KINDS, draft};
use minkapi_object::Object;
use minkapi_store::{Change, Expect, Fork, Key, Kind, Mode, Settled, Store, View};
use proptest::prelude::*;

#[derive(Debug, Clone)]
pub enum Action {
    Put { view: usize, kind: usize, name: u8, content: u64 },
    Delete { view: usize, kind: usize, name: u8 },
    Fork { parent: usize, mode: Mode, back: Option<u64> },
    Remove { view: usize },
    Reset { view: usize },
    ResetKind { view: usize, kind: usize },
    Rewind { view: usize, back: u64 },
    Settle { view: usize },
}

pub fn action() -> impl Strategy<Value = Action> {
    let (view, kind, name) = (0..6usize, 0..KINDS.len(), 0..6u8);
    let mode = prop_oneof![Just(Mode::Live), Just(Mode::Frozen)];
    prop_oneof![
        12 => (view.clone(), kind.clone(), name.clone(), 0..50u64).prop_map(|(view, kind, name, content)| Action::Put { view, kind, name, content }),
        5 => (view.clone(), kind.clone(), name).prop_map(|(view, kind, name)| Action::Delete { view, kind, name }),
        4 => (view.clone(), mode, proptest::option::of(0..6u64)).prop_map(|(parent, mode, back)| Action::Fork { parent, mode, back }),
        1 => view.clone().prop_map(|view| Action::Remove { view }),
        1 => view.clone().prop_map(|view| Action::Reset { view }),
        1 => (view.clone(), kind).prop_map(|(view, kind)| Action::ResetKind { view, kind }),
        1 => (view.clone(), 0..4u64).prop_map(|(view, back)| Action::Rewind { view, back }),
        1 => view.prop_map(|view| Action::Settle { view }),
    ]
}

/// Does it, if it can be done.
pub fn act(store: &Store<Object>, action: &Action) {
    let views = store.views();
    let view_at = |at: usize| -> View<Object> { views[at % views.len()].clone() };
    match *action {
        Action::Put { view, kind, name, content } => {
            let name = format!("o{name}");
            let draft = draft(&name, content);
            view_at(view).commit(Kind::new(KINDS[kind]), Key::new("x", &name), Expect::Any, |r, _| Change::Put(draft.stamp(r))).unwrap();
        }
        Action::Delete { view, kind, name } => {
            let key = Key::new("x", &format!("o{name}"));
            view_at(view).commit(Kind::new(KINDS[kind]), key, Expect::Any, |_, _| Change::Delete).unwrap();
        }
        Action::Fork { parent, mode, back } => {
            let at = back.filter(|_| mode == Mode::Frozen).map(|b| store.revision().saturating_sub(b));
            let (name, parent) = (format!("v{}", store.revision()), view_at(parent).name().clone());
            let _ = store.fork_noting(&name, Fork { parent, mode, at }, "a note");
        }
        Action::Remove { view } => drop(store.remove_view(view_at(view).name(), true)),
        Action::Reset { view } => drop(view_at(view).reset()),
        Action::ResetKind { view, kind } => drop(view_at(view).reset_kind(Kind::new(KINDS[kind]))),
        Action::Rewind { view, back } => drop(view_at(view).rewind(store.revision().saturating_sub(back))),
        Action::Settle { view } => {
            let view = view_at(view);
            let taken = view.changes().into_iter().map(|d| Settled { kind: d.kind, key: d.key, own: d.own.clone(), origin: d.own });
            view.settle(taken.collect()).unwrap();
        }
    }
}
