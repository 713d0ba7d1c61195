//! The model: plain maps. Every write has a number of its own, as an object has a resourceVersion.

use crate::random::Random;
use std::collections::{BTreeMap, BTreeSet};

/// Storage kind and name.
pub type At = (&'static str, String);
/// The two fields of an object.
pub type Value = (Option<u8>, Option<u8>);
pub type State = BTreeMap<At, Value>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    pub write: u64,
    pub left: Option<u8>,
    pub right: Option<u8>,
}

type Objects = BTreeMap<At, Object>;

impl Object {
    const fn value(&self) -> Value {
        (self.left, self.right)
    }
}

/// What a sandbox holds for a key.
#[derive(Debug, Clone)]
struct Own {
    object: Option<Object>,
    /// The parent's object when the sandbox first wrote, or last committed.
    origin: Option<Object>,
    /// The sandbox's object that the parent has taken over; the parent's may hold fields of its own as well.
    settled: Option<Object>,
}

#[derive(Debug, Clone, Default)]
pub struct View {
    pub parent: Option<String>,
    live: bool,
    /// Of a frozen sandbox: all that is below it.
    below: Objects,
    own: BTreeMap<At, Own>,
    floor: u64,
    /// All that it showed, by revision.
    past: BTreeMap<u64, Objects>,
}

#[derive(Debug)]
pub struct Naive {
    pub views: BTreeMap<String, View>,
    revisions: BTreeSet<u64>,
    writes: u64,
}

/// What a commit will do.
#[derive(Debug)]
pub struct Plan(Vec<(At, Step)>);

#[derive(Debug)]
enum Step {
    Nothing,
    Create(Value),
    Modify(Value),
    Delete,
}

impl Plan {
    pub fn counts(&self) -> [usize; 3] {
        let count = |is: fn(&Step) -> bool| self.0.iter().filter(|(_, step)| is(step)).count();
        [count(|s| matches!(s, Step::Create(_))), count(|s| matches!(s, Step::Modify(_))), count(|s| matches!(s, Step::Delete))]
    }
}

impl Naive {
    pub fn new() -> Self {
        Self { views: BTreeMap::from([("base".to_owned(), View::default())]), revisions: BTreeSet::new(), writes: 0 }
    }

    fn objects(&self, name: &str) -> Objects {
        let view = &self.views[name];
        let mut objects = match &view.parent {
            Some(parent) if view.live => self.objects(parent),
            _ => view.below.clone(),
        };
        for (at, own) in &view.own {
            match &own.object {
                Some(object) => drop(objects.insert(at.clone(), object.clone())),
                None => drop(objects.remove(at)),
            }
        }
        objects
    }

    pub fn content(&self, name: &str) -> State {
        self.objects(name).into_iter().map(|(at, object)| (at, object.value())).collect()
    }

    pub fn get(&self, name: &str, at: &At) -> Option<Object> {
        self.objects(name).remove(at)
    }

    pub fn write(&mut self, name: &str, at: At, value: Option<Value>) {
        self.writes += 1;
        let object = value.map(|(left, right)| Object { write: self.writes, left, right });
        let origin = self.get(name, &at);
        let view = self.views.get_mut(name).unwrap();
        view.own.entry(at).or_insert(Own { object: None, origin, settled: None }).object = object;
    }

    pub fn fork(&mut self, name: &str, parent: &str, live: bool, past: Option<u64>, now: u64) {
        let below = match past {
            Some(past) if !live => self.views[parent].past[&past].clone(),
            _ => self.objects(parent),
        };
        let floor = if live { 0 } else { self.floor(parent) };
        let mut remembered = self.views[parent].past.clone();
        remembered.retain(|revision, _| *revision <= past.filter(|_| !live).unwrap_or(now));
        let view = View { parent: Some(parent.to_owned()), live, below, floor, past: remembered, ..View::default() };
        self.views.insert(name.to_owned(), view);
        if let (true, Some(past)) = (live, past) {
            self.rewind(name, past);
        }
    }

    /// The view and all forked from it, by name.
    pub fn family(&self, name: &str) -> Vec<String> {
        let children = self.views.iter().filter(|(_, v)| v.parent.as_deref() == Some(name));
        let mut all: Vec<String> = children.flat_map(|(child, _)| self.family(child)).chain([name.to_owned()]).collect();
        all.sort();
        all
    }

    pub fn reset(&mut self, name: &str, revision: u64) {
        let view = self.views.get_mut(name).unwrap();
        view.own.clear();
        view.floor = revision;
    }

    /// Older revisions than this are forgotten.
    pub fn floor(&self, name: &str) -> u64 {
        let view = &self.views[name];
        match &view.parent {
            Some(parent) if view.live => view.floor.max(self.floor(parent)),
            _ => view.floor,
        }
    }

    /// Remembers what every view shows at this revision.
    pub fn remember(&mut self, revision: u64) {
        self.revisions.insert(revision);
        let names: Vec<String> = self.views.keys().cloned().collect();
        for name in names {
            let objects = self.objects(&name);
            self.views.get_mut(&name).unwrap().past.insert(revision, objects);
        }
        // What is long ago is not asked for.
        while self.revisions.len() > 6 {
            let oldest = self.revisions.pop_first().unwrap();
            self.views.values_mut().for_each(|view| drop(view.past.remove(&oldest)));
        }
    }

    /// One of the remembered revisions.
    pub fn remembered(&self, random: &mut Random) -> Option<u64> {
        if self.revisions.is_empty() {
            return None;
        }
        self.revisions.iter().nth(random.below(self.revisions.len())).copied()
    }

    pub fn state_at(&self, name: &str, revision: u64) -> Option<&Objects> {
        self.views[name].past.get(&revision)
    }

    /// How many objects were set back; none if it is not known what the view showed then.
    pub fn rewind(&mut self, name: &str, revision: u64) -> Option<usize> {
        let then = self.state_at(name, revision)?.clone();
        let now = self.objects(name);
        let all: BTreeSet<&At> = then.keys().chain(now.keys()).collect();
        let different: Vec<At> = all.into_iter().filter(|at| then.get(*at) != now.get(*at)).cloned().collect();
        for at in &different {
            self.write(name, at.clone(), then.get(at).map(Object::value));
        }
        Some(different.len())
    }

    fn changes(&self, name: &str) -> Vec<(&At, &Own)> {
        let view = &self.views[name];
        let differs = |own: &Own| match &own.object {
            Some(object) => own.settled.as_ref().is_none_or(|settled| settled.write != object.write),
            None => own.origin.is_some(),
        };
        view.own.iter().filter(|(_, own)| view.parent.is_some() && differs(own)).collect()
    }

    pub fn change_count(&self, name: &str) -> usize {
        self.changes(name).len()
    }

    /// What a commit does, or how many conflicts there are, one a field.
    pub fn plan(&self, name: &str) -> Result<Plan, usize> {
        let theirs = self.objects(self.views[name].parent.as_ref().unwrap());
        let (mut plan, mut conflicts) = (Vec::new(), 0);
        for (at, own) in self.changes(name) {
            match step(own, theirs.get(at)) {
                Ok(step) => plan.push((at.clone(), step)),
                Err(count) => conflicts += count,
            }
        }
        if conflicts == 0 { Ok(Plan(plan)) } else { Err(conflicts) }
    }

    pub fn carry_out(&mut self, name: &str, plan: Plan) {
        let parent = self.views[name].parent.clone().unwrap();
        for (at, step) in plan.0 {
            match step {
                Step::Nothing => {}
                Step::Create(value) | Step::Modify(value) => self.write(&parent, at.clone(), Some(value)),
                Step::Delete => self.write(&parent, at.clone(), None),
            }
            let origin = self.get(&parent, &at);
            let own = self.views.get_mut(name).unwrap().own.get_mut(&at).unwrap();
            own.origin = origin;
            own.settled.clone_from(&own.object);
        }
    }

    /// Kind, name and sign of what differs in content.
    pub fn diff(&self, name: &str, other: &str) -> Vec<(String, String, char)> {
        let (own, other) = (self.content(name), self.content(other));
        let all: BTreeSet<&At> = own.keys().chain(other.keys()).collect();
        let sign = |at: &At| match (own.get(at), other.get(at)) {
            (Some(a), Some(b)) => (a != b).then_some('~'),
            (Some(_), None) => Some('+'),
            _ => Some('-'),
        };
        let kind = |storage: &str| if storage == "secrets" { "Secret" } else { "ConfigMap" };
        all.into_iter().filter_map(|at| Some((kind(at.0).to_owned(), at.1.clone(), sign(at)?))).collect()
    }
}

/// One object of a three-way merge; the error is the number of conflicting fields.
fn step(own: &Own, theirs: Option<&Object>) -> Result<Step, usize> {
    // Where a commit has merged fields of both sides, each goes on from its own object.
    let apart = own.settled.as_ref().filter(|settled| own.origin.as_ref().is_some_and(|origin| origin.value() != settled.value()));
    let unchanged = apart.is_none() && own.origin.as_ref() == theirs;
    match (&own.object, &own.origin, theirs) {
        (None, _, None) => Ok(Step::Nothing),
        (None, Some(origin), Some(theirs)) if unchanged || origin.value() == theirs.value() => Ok(Step::Delete),
        (None, ..) => Err(1),
        (Some(ours), _, Some(theirs)) if ours.value() == theirs.value() => Ok(Step::Nothing),
        (Some(ours), _, Some(_)) if unchanged => Ok(Step::Modify(ours.value())),
        (Some(ours), None, None) => Ok(Step::Create(ours.value())),
        (Some(_), Some(_), None) | (Some(_), None, Some(_)) => Err(1),
        (Some(ours), Some(origin), Some(theirs)) => {
            let before = apart.unwrap_or(origin);
            let field = |[before, ours]: [Option<u8>; 2], [origin, theirs]: [Option<u8>; 2]| match (ours != before, theirs != origin) {
                (true, true) if ours != theirs => Err(1),
                (true, _) => Ok(ours),
                (false, _) => Ok(theirs),
            };
            let left = field([before.left, ours.left], [origin.left, theirs.left]);
            let right = field([before.right, ours.right], [origin.right, theirs.right]);
            match (left, right) {
                (Ok(left), Ok(right)) if (left, right) == theirs.value() => Ok(Step::Nothing),
                (Ok(left), Ok(right)) => Ok(Step::Modify((left, right))),
                (left, right) => Err(left.err().unwrap_or(0) + right.err().unwrap_or(0)),
            }
        }
    }
}
