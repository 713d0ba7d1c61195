//! The model: every view remembers its whole state at every revision.

use crate::value::Value;
use minkapi_store::{Expect, Key, Kind, Mode, Revision};
use std::collections::{BTreeMap, BTreeSet};

pub type At = (Kind, Key);
pub type State = BTreeMap<At, Value>;
pub type Event = (Revision, Key, Option<Value>, Option<Value>);

#[derive(Debug, Clone)]
pub struct Naive {
    pub revision: Revision,
    pub views: BTreeMap<String, View>,
}

#[derive(Debug, Clone)]
pub struct View {
    parent: Option<String>,
    /// Of a live sandbox; a frozen one has a state below it.
    live: bool,
    below: State,
    own: BTreeMap<At, Option<Value>>,
    /// The state at each revision.
    states: Vec<State>,
    /// By kind, and of all together under none.
    floors: BTreeMap<Kind, Revision>,
    floor: Revision,
}

impl Naive {
    pub fn new() -> Self {
        let base = View {
            parent: None,
            live: false,
            below: State::new(),
            own: BTreeMap::new(),
            states: vec![State::new()],
            floors: BTreeMap::new(),
            floor: 0,
        };
        Self { revision: 0, views: BTreeMap::from([("base".to_owned(), base)]) }
    }

    pub fn state(&self, view: &str) -> &State {
        self.state_at(view, self.revision)
    }

    pub fn state_at(&self, view: &str, revision: Revision) -> &State {
        &self.views[view].states[usize::try_from(revision).unwrap()]
    }

    pub fn allows(&self, view: &str, at: &At, expect: Expect) -> bool {
        let current = self.state(view).get(at);
        match expect {
            Expect::Absent => current.is_none(),
            Expect::Present => current.is_some(),
            Expect::Revision(revision) => current.is_some_and(|v| v.revision == revision),
            Expect::Any => true,
        }
    }

    pub fn write(&mut self, view: &str, at: At, n: Option<u32>) {
        let revision = self.revision + 1;
        let value = n.map(|n| Value { revision, n });
        self.views.get_mut(view).unwrap().own.insert(at, value);
        self.advance();
    }

    /// Counts the revision up and remembers the state of every view.
    fn advance(&mut self) {
        self.revision += 1;
        let names: Vec<_> = self.views.keys().cloned().collect();
        for name in names {
            let state = self.resolve(&name);
            self.views.get_mut(&name).unwrap().states.push(state);
        }
    }

    fn resolve(&self, name: &str) -> State {
        let view = &self.views[name];
        let mut state = match &view.parent {
            Some(parent) if view.live => self.resolve(parent),
            _ => view.below.clone(),
        };
        for (at, value) in &view.own {
            match value {
                Some(value) => drop(state.insert(at.clone(), value.clone())),
                None => drop(state.remove(at)),
            }
        }
        state
    }

    pub fn reset(&mut self, name: &str, only: Option<Kind>) {
        let revision = self.revision + 1;
        let view = self.views.get_mut(name).unwrap();
        match only {
            Some(kind) => {
                view.own.retain(|(k, _), _| *k != kind);
                view.floors.insert(kind, revision);
            }
            None => {
                view.own.clear();
                view.floors.clear();
                view.floor = revision;
            }
        }
        self.advance();
    }

    pub fn rewind(&mut self, name: &str, to: Revision) -> usize {
        let (then, now) = (self.state_at(name, to).clone(), self.state(name).clone());
        let keys: BTreeSet<At> = then.keys().chain(now.keys()).cloned().collect();
        let different: Vec<At> = keys.into_iter().filter(|at| then.get(at) != now.get(at)).collect();
        for at in &different {
            self.write(name, at.clone(), then.get(at).map(|v| v.n));
        }
        different.len()
    }

    pub fn fork(&mut self, name: &str, parent: &str, mode: Mode, at: Option<Revision>) {
        let at = at.unwrap_or(self.revision);
        let source = &self.views[parent];
        let below = self.state_at(parent, at).clone();
        let mut states = source.states.clone();
        for state in states.iter_mut().skip(usize::try_from(at).unwrap()) {
            state.clone_from(&below);
        }
        let live = mode == Mode::Live;
        // A frozen parent keeps the floors that it had; those of a live one are looked up.
        let (floors, floor) = if live { (BTreeMap::new(), 0) } else { self.all_floors(parent) };
        let view = View { parent: Some(parent.to_owned()), live, below, own: BTreeMap::new(), states, floors, floor };
        self.views.insert(name.to_owned(), view);
    }

    fn all_floors(&self, name: &str) -> (BTreeMap<Kind, Revision>, Revision) {
        let view = &self.views[name];
        let (mut floors, mut floor) = (view.floors.clone(), view.floor);
        if let (Some(parent), true) = (&view.parent, view.live) {
            let (above, whole) = self.all_floors(parent);
            for (kind, revision) in above {
                let known = floors.entry(kind).or_default();
                *known = revision.max(*known);
            }
            floor = floor.max(whole);
        }
        (floors, floor)
    }

    /// The floor of a kind, or the highest of all.
    pub fn floor(&self, name: &str, kind: Option<Kind>) -> Revision {
        let (floors, floor) = self.all_floors(name);
        let of_kinds = floors.iter().filter(|(k, _)| kind.is_none_or(|kind| kind == **k)).map(|(_, r)| *r);
        of_kinds.max().unwrap_or(0).max(floor)
    }

    /// All that were forked from a view, and from these.
    pub fn descendants(&self, name: &str) -> BTreeSet<String> {
        let children = self.views.iter().filter(|(_, v)| v.parent.as_deref() == Some(name)).map(|(n, _)| n.clone());
        children.flat_map(|child| self.descendants(&child).into_iter().chain([child])).collect()
    }

    /// The differences of consecutive states.
    pub fn events(&self, name: &str, kind: Kind, after: Revision) -> Vec<Event> {
        let mut events = Vec::new();
        for revision in after + 1..=self.revision {
            let (old, new) = (self.state_at(name, revision - 1), self.state_at(name, revision));
            let keys: BTreeSet<&At> = old.keys().chain(new.keys()).filter(|(k, _)| *k == kind).collect();
            for at in keys.into_iter().filter(|at| old.get(at) != new.get(at)) {
                events.push((revision, at.1.clone(), old.get(at).cloned(), new.get(at).cloned()));
            }
        }
        events
    }
}
