//! What the parent's rules ask of a commit beyond single objects.

use super::{Merge, Planned};
use crate::{View, crd, hooks};
use minkapi_object::Object;
use minkapi_store::{Key, Kind, Revision, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

const NAMESPACES: &str = "namespaces";

/// What a plan does to objects of one kind, by name.
struct Effects {
    put: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

impl Effects {
    fn on(plan: &[Planned], kind: &str) -> Self {
        let of_kind = || plan.iter().filter(|p| p.difference.kind.name() == kind);
        let name = |p: &Planned| p.difference.key.name().to_owned();
        Self {
            put: of_kind().filter(|p| matches!(p.merge, Merge::Put(_))).map(name).collect(),
            deleted: of_kind().filter(|p| matches!(p.merge, Merge::Delete)).map(name).collect(),
        }
    }
}

/// Turns what breaks a rule into a conflict, and takes what the rest needs; that is given back when the answer is dropped.
pub(super) fn apply(view: &View, parent: &View, state: &Snapshot<Object>, plan: &mut [Planned]) -> Vec<Box<dyn Send>> {
    need_namespaces(&view.snapshot(), state, plan);
    need_definitions(parent, state, plan);
    leave_nothing_behind(state, plan);
    reserve(parent, state, plan)
}

/// Whether objects of kinds with rules of their own are as they were when the rules were looked at.
pub(super) fn still_hold(parent: &View, state: &Snapshot<Object>, plan: &[Planned]) -> bool {
    let now = parent.snapshot();
    let ruled = plan.iter().filter(|p| p.served.as_ref().is_some_and(|served| hooks::of(served).checks_merges()));
    ruled.map(|p| p.difference.kind).collect::<BTreeSet<_>>().into_iter().all(|kind| now.latest(kind) == state.latest(kind))
}

/// The parent's namespaces that get objects, with their revisions: they must be there still when the objects come.
pub(super) fn namespaces_of(plan: &[Planned], state: &Snapshot<Object>) -> Vec<(Kind, Key, Revision)> {
    let kind = Kind::new(NAMESPACES);
    let own = Effects::on(plan, NAMESPACES);
    let named: BTreeSet<&str> = plan
        .iter()
        .filter(|p| matches!(p.merge, Merge::Put(_)))
        .map(|p| p.difference.key.namespace())
        .filter(|name| !name.is_empty() && !own.put.contains(*name))
        .collect();
    let there = named.into_iter().map(|name| Key::new("", name)).filter_map(|key| {
        let revision = state.find(kind, &key)?.resource_version();
        Some((kind, key, revision))
    });
    there.collect()
}

/// An object needs the namespace there that it has here.
fn need_namespaces(own: &Snapshot<Object>, state: &Snapshot<Object>, plan: &mut [Planned]) {
    let namespaces = Effects::on(plan, NAMESPACES);
    for planned in plan.iter_mut().filter(|p| matches!(p.merge, Merge::Put(_))) {
        let name = planned.difference.key.namespace().to_owned();
        if name.is_empty() || namespaces.put.contains(&name) {
            continue;
        }
        let key = Key::new("", &name);
        match state.find(Kind::new(NAMESPACES), &key) {
            None if own.find(Kind::new(NAMESPACES), &key).is_none() => {}
            None => planned.refuse("metadata.namespace", "the namespace is not there"),
            Some(_) if namespaces.deleted.contains(&name) => planned.refuse("metadata.namespace", "the namespace is deleted here"),
            Some(namespace) if namespace.head().deleting && planned.theirs.is_none() => {
                planned.refuse("metadata.namespace", "the namespace is being deleted there");
            }
            Some(_) => {}
        }
    }
}

fn need_definitions(parent: &View, state: &Snapshot<Object>, plan: &mut [Planned]) {
    let definitions = Effects::on(plan, crd::STORAGE);
    for planned in plan.iter_mut().filter(|p| matches!(p.merge, Merge::Put(_))) {
        let name = planned.difference.kind.name().to_owned();
        let custom = planned.served.as_ref().is_some_and(|served| served.custom.is_some() && !crate::view_kind::is(served));
        if !custom || definitions.put.contains(&name) {
            continue;
        }
        let served_there = crd::served_by_storage(parent, planned.difference.kind).is_some();
        if !served_there || state.find(Kind::new(crd::STORAGE), &Key::new("", &name)).is_none() {
            planned.refuse("apiVersion", "its CustomResourceDefinition is not there");
        }
    }
}

/// A namespace or definition goes only when all that it holds there goes as well.
fn leave_nothing_behind(state: &Snapshot<Object>, plan: &mut [Planned]) {
    let mut going: BTreeMap<Kind, BTreeSet<Key>> = BTreeMap::new();
    for planned in plan.iter().filter(|p| matches!(p.merge, Merge::Delete)) {
        going.entry(planned.difference.kind).or_default().insert(planned.difference.key.clone());
    }
    let stays = |kind: Kind, namespace: Option<&str>| {
        let goes = going.get(&kind);
        let stays = |key: &Key| !goes.is_some_and(|keys| keys.contains(key));
        state.range(kind, namespace, None).map(|(key, _)| key).find(|key| stays(key)).cloned()
    };
    let kinds = state.kinds();
    for planned in plan.iter_mut().filter(|p| matches!(p.merge, Merge::Delete)) {
        let name = planned.difference.key.name().to_owned();
        let left = match planned.difference.kind.name() {
            NAMESPACES => kinds.iter().find_map(|kind| Some((*kind, stays(*kind, Some(&name))?))),
            crd::STORAGE => {
                let kind = Kind::new(&name);
                stays(kind, None).map(|key| (kind, key))
            }
            _ => None,
        };
        if let Some((kind, key)) = left {
            planned.refuse("", &format!("deleted here, but {} {key} is there", kind.name()));
        }
    }
}

/// Lets kinds with rules of their own look at all their objects at once.
fn reserve(parent: &View, state: &Snapshot<Object>, plan: &mut [Planned]) -> Vec<Box<dyn Send>> {
    let mut of_kind: BTreeMap<Kind, Vec<hooks::Incoming>> = BTreeMap::new();
    let mut hooks_of: BTreeMap<Kind, &'static dyn hooks::Hooks> = BTreeMap::new();
    for planned in plan.iter() {
        let Some(hooks) = planned.served.as_ref().map(|served| hooks::of(served)).filter(|hooks| hooks.checks_merges()) else { continue };
        let object = match &planned.merge {
            Merge::Put(incoming) => incoming.object.clone(),
            Merge::Delete => None,
            Merge::Nothing | Merge::Conflict(_) => continue,
        };
        hooks_of.insert(planned.difference.kind, hooks);
        of_kind.entry(planned.difference.kind).or_default().push(hooks::Incoming { key: planned.difference.key.clone(), object });
    }
    let mut reserved = Vec::new();
    for (kind, changes) in of_kind {
        match hooks_of.get(&kind).map(|hooks| hooks.begin_merge(parent, state, &changes)) {
            Some(Ok(taken)) => reserved.extend(taken),
            Some(Err(refusals)) => {
                for refusal in refusals {
                    let refused = plan.iter_mut().find(|p| p.difference.kind == kind && p.difference.key == refusal.key);
                    if let Some(planned) = refused {
                        planned.refuse(&refusal.field, &refusal.why);
                    }
                }
            }
            None => {}
        }
    }
    reserved
}
