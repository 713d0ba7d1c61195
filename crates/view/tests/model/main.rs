//! Views against a naive model: forks upon forks, live and frozen, written to, reset, set back, compared and committed,
//! show what maps show that are copied as a whole.
//!
//! `MINKAPI_MODEL_STEPS` sets the number of random steps (a million by default, less in an unoptimised build, which takes
//! ten times as long), `MINKAPI_MODEL_SEED` the first seed; a failure names its seed and step.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod naive;
mod random;

use minkapi_object::{Draft, StatusReason};
use minkapi_store::{Change, Expect, Key, Kind};
use minkapi_view::{ChangeKind, Config, CreateView, Mode, View, Views};
use naive::{At, Naive, State, Value};
use random::Random;
use serde_json::json;

const KINDS: [&str; 2] = ["configmaps", "secrets"];
const KEYS: usize = 12;
const MOST_VIEWS: usize = 8;

/// Steps on one server; then a new one is taken, since what is checked grows with the history.
const STEPS_OF_A_RUN: u64 = 2000;

const STEPS: u64 = if cfg!(debug_assertions) { 150_000 } else { 1_000_000 };

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn any_sequence_of_steps_shows_what_the_model_says() {
    let (steps, first) = (env("MINKAPI_MODEL_STEPS", STEPS), env("MINKAPI_MODEL_SEED", 1));
    let runs = steps.div_ceil(STEPS_OF_A_RUN);
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || (0..runs).filter(|run| run % threads == thread).for_each(|run| Pair::new(first + run).run()));
        }
    });
}

/// The real thing and the model of it.
struct Pair {
    seed: u64,
    step: u64,
    random: Random,
    views: Views,
    naive: Naive,
    made: u32,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let views = Views::new(Config { bootstrap: false, ..Config::default() });
        Self { seed, step: 0, random: Random::new(seed), naive: Naive::new(), views, made: 0 }
    }

    fn run(mut self) {
        for step in 0..STEPS_OF_A_RUN {
            self.step = step;
            self.act();
            let name = self.pick();
            self.check(&name);
            if step % 50 == 0 {
                self.naive.remember(self.views.revision());
                let names: Vec<String> = self.naive.views.keys().cloned().collect();
                names.iter().for_each(|name| self.check(name));
            }
        }
    }

    fn act(&mut self) {
        let name = self.pick();
        match self.random.below(100) {
            0..60 => self.write(&name),
            60..75 => self.delete(&name),
            75..82 => self.fork(&name),
            82..85 => self.remove(&name),
            85..87 => {
                self.view(&name).reset().unwrap();
                self.naive.reset(&name, self.views.revision());
            }
            87..90 => self.rewind(&name),
            90..95 => self.commit(&name),
            _ => self.diff(&name),
        }
    }

    fn pick(&mut self) -> String {
        let at = self.random.below(self.naive.views.len());
        self.naive.views.keys().nth(at).unwrap().clone()
    }

    fn view(&self, name: &str) -> View {
        self.views.get(name).unwrap()
    }

    fn key(&mut self) -> At {
        (KINDS[self.random.below(KINDS.len())], format!("k{:02}", self.random.below(KEYS)))
    }

    fn write(&mut self, name: &str) {
        let at = self.key();
        let [left, right] = [(); 2].map(|()| Some(self.random.below(3) as u8).filter(|n| *n > 0));
        let old = self.naive.get(name, &at);
        // Mostly a change of one field, so that changes on both sides can be merged.
        let value = match &old {
            Some(old) if self.random.below(2) == 0 => (left, old.right),
            Some(old) => (old.left, right),
            None => (left, right),
        };
        let draft = draft(&at.1, value);
        let key = Key::new("ns", &at.1);
        self.view(name).store().commit(Kind::new(at.0), key, Expect::Any, |revision, _| Change::Put(draft.stamp(revision))).unwrap();
        self.naive.write(name, at, Some(value));
    }

    fn delete(&mut self, name: &str) {
        let at = self.key();
        let done = self.view(name).store().commit(Kind::new(at.0), Key::new("ns", &at.1), Expect::Any, |_, _| Change::Delete).unwrap();
        assert_eq!(done.changed, self.naive.get(name, &at).is_some(), "{self}");
        if done.changed {
            self.naive.write(name, at, None);
        }
    }

    fn fork(&mut self, parent: &str) {
        if self.naive.views.len() >= MOST_VIEWS {
            return;
        }
        self.made += 1;
        let name = format!("view-{}", self.made);
        let mode = if self.random.below(2) == 0 { Mode::Live } else { Mode::Frozen };
        let past = (self.random.below(3) == 0).then(|| self.naive.remembered(&mut self.random)).flatten();
        let options = CreateView { from: parent.to_owned(), mode, at_revision: past, ..CreateView::default() };
        let made = self.views.create(&name, &options);
        if past.is_some_and(|past| past < self.naive.floor(parent) || self.naive.state_at(parent, past).is_none()) {
            // The parent's history does not reach back as far.
            assert!(made.is_err() || past.is_some_and(|past| past >= self.naive.floor(parent)), "{self}: {made:?}");
            if made.is_ok() {
                self.views.delete(&name, true).unwrap();
            }
            return;
        }
        assert!(made.is_ok_and(|(_, new)| new), "{self}: {options:?}");
        self.naive.fork(&name, parent, mode == Mode::Live, past, self.views.revision());
    }

    fn remove(&mut self, name: &str) {
        let cascade = self.random.below(2) == 0;
        let doomed = self.naive.family(name);
        let removed = self.views.delete(name, cascade);
        if name == "base" || (doomed.len() > 1 && !cascade) {
            assert!(removed.is_err(), "{self}");
            return;
        }
        let mut removed: Vec<String> = removed.unwrap().iter().map(ToString::to_string).collect();
        removed.sort();
        assert_eq!(removed, doomed, "{self}");
        doomed.iter().for_each(|name| drop(self.naive.views.remove(name)));
    }

    fn rewind(&mut self, name: &str) {
        let Some(revision) = self.naive.remembered(&mut self.random) else { return };
        let done = self.view(name).rewind(revision);
        if revision < self.naive.floor(name) {
            assert_eq!(done.unwrap_err().reason, StatusReason::Expired, "{self}");
            return;
        }
        let Some(changed) = self.naive.rewind(name, revision) else {
            // The view is younger; what it showed then is told by the store's own model.
            assert!(done.is_ok(), "{self}");
            self.forget(name);
            return;
        };
        assert_eq!(done.unwrap(), changed, "{self}");
    }

    /// Lets a view go of which the model has lost track.
    fn forget(&mut self, name: &str) {
        for gone in self.naive.family(name) {
            self.naive.views.remove(&gone);
        }
        self.views.delete(name, true).unwrap();
    }

    fn commit(&mut self, name: &str) {
        if name == "base" {
            assert!(self.view(name).commit(false).is_err(), "{self}");
            return;
        }
        let view = self.view(name);
        let plan = self.naive.plan(name);
        let dry = view.commit(true);
        match (&plan, &dry) {
            (Ok(plan), Ok(merged)) => assert_eq!(plan.counts(), [merged.created, merged.modified, merged.deleted], "{self}"),
            (Err(conflicts), Err(status)) => {
                let causes = status.details.as_ref().map_or(0, |d| d.causes.len());
                assert_eq!((status.code, causes), (409, *conflicts), "{self}: {status:?}");
            }
            _ => panic!("{self}: {dry:?} where the model says {plan:?}"),
        }
        self.check(name);
        assert_eq!(view.commit(false).is_ok(), plan.is_ok(), "{self}");
        if let Ok(plan) = plan {
            self.naive.carry_out(name, plan);
            let parent = self.naive.views[name].parent.clone().unwrap();
            self.check(&parent);
            assert_eq!(view.change_count(), 0, "{self}: what was committed is no change any more");
        }
    }

    fn diff(&mut self, name: &str) {
        let other = self.pick();
        let diff = self.view(name).diff(&self.view(&other));
        let mut found: Vec<(String, String, char)> = Vec::new();
        for change in diff.0 {
            let sign = match change.change {
                ChangeKind::Created(_) => '+',
                ChangeKind::Modified { .. } => '~',
                ChangeKind::Deleted => '-',
            };
            found.push((change.kind, change.name, sign));
        }
        assert_eq!(found, self.naive.diff(name, &other), "{self}: {name} against {other}");
    }

    fn check(&self, name: &str) {
        let view = self.view(name);
        assert_eq!(shown(&view), self.naive.content(name), "{self}: {name}");
        assert_eq!(view.change_count(), self.naive.change_count(name), "{self}: changes of {name}");
    }
}

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seed {}, step {}", self.seed, self.step)
    }
}

fn draft(name: &str, (left, right): Value) -> Draft {
    let mut data = json!({"always": "here"});
    for (field, value) in [("left", left), ("right", right)] {
        if let Some(value) = value {
            data[field] = value.to_string().into();
        }
    }
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "ns"}, "data": data});
    Draft::new(&object, Box::new([]), 1)
}

fn shown(view: &View) -> State {
    let snapshot = view.store().snapshot();
    let mut state = State::new();
    for kind in KINDS {
        for (key, object) in snapshot.range(Kind::new(kind), None, None) {
            let data = object.to_value()["data"].take();
            let field = |name: &str| data[name].as_str().and_then(|text| text.parse().ok());
            state.insert((kind, key.name().to_owned()), (field("left"), field("right")));
        }
    }
    state
}
