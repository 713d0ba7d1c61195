//! Committing a sandbox into its parent: three-way, all or nothing.

mod parent_rules;

use crate::{Served, View, crd::served_by_storage, diff::comparable, hooks, metadata, sandboxes::resource};
use minkapi_object::{Draft, Object, Status, StatusCause};
use minkapi_patch::{MergePatch, merge_diff};
use minkapi_store::{Change, Difference, Expect, Key, Kind, Op, Settled, Snapshot};
use serde_json::Value;
use std::sync::Arc;

/// What a commit into the parent has done, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merged {
    /// Objects created in the parent.
    pub created: usize,
    /// Objects changed there.
    pub modified: usize,
    /// Objects deleted there.
    pub deleted: usize,
}

/// What becomes of one object in the parent.
enum Merge {
    /// It is as it should be.
    Nothing,
    Put(Box<Incoming>),
    Delete,
    Conflict(Vec<StatusCause>),
}

/// An object for the parent.
struct Incoming {
    draft: Draft,
    /// The object itself, where the parent's rules need it.
    object: Option<Value>,
}

/// One difference that can be brought into the parent.
struct Planned {
    difference: Difference<Object>,
    served: Option<Arc<Served>>,
    theirs: Option<Arc<Object>>,
    merge: Merge,
}

impl Planned {
    /// The object as messages name it.
    fn name(&self) -> String {
        let kind = self.served.as_ref().map_or_else(|| self.difference.kind.name(), |served| &*served.resource.kind);
        format!("{kind} {}", self.difference.key)
    }

    /// Gives up the object because of one of its fields.
    fn refuse(&mut self, field: &str, why: &str) {
        let cause = cause(&self.name(), field, why);
        match &mut self.merge {
            Merge::Conflict(causes) => causes.push(cause),
            merge => *merge = Merge::Conflict(vec![cause]),
        }
    }
}

impl View {
    /// Brings what this sandbox has changed into its parent: all of it, or nothing when the parent has meanwhile changed
    /// the same fields in another way. What was changed on one side only is merged field by field; lists are one field.
    ///
    /// The parent's own rules hold as well: an object needs its namespace and its definition there, a namespace or definition
    /// goes only when nothing is left of it, no two Services have one node port, and quotas count what comes.
    ///
    /// The sandbox shows the same as before, but what the parent has taken over counts as a change no more: further
    /// changes can be committed again. With `dry_run`, nothing is written.
    ///
    /// # Errors
    /// 409 with a cause for every conflicting object and field; 400 for the base view; 404 when the parent is gone.
    pub fn commit(&self, dry_run: bool) -> Result<Merged, Status> {
        if self.is_base() {
            return Err(Status::bad_request("the base view has no parent to commit to"));
        }
        loop {
            let parent = self.parent().ok_or_else(|| Status::not_found(&resource(), self.name()))?;
            let state = parent.snapshot();
            let mut plan = self.plan(&parent, &state)?;
            let reserved = parent_rules::apply(self, &parent, &state, &mut plan);
            let merged = check(self, &parent, &plan)?;
            if dry_run {
                return Ok(merged);
            }
            // When the parent was changed since it was looked at, look again.
            if parent_rules::still_hold(&parent, &state, &plan)
                && let Some(settled) = carry_out(&parent, &state, plan)
            {
                drop(reserved);
                self.store.settle(settled).map_err(|_| Status::not_found(&resource(), self.name()))?;
                return Ok(merged);
            }
        }
    }

    fn plan(&self, parent: &Self, state: &Snapshot<Object>) -> Result<Vec<Planned>, Status> {
        let plan = self.snapshot().changes().into_iter().map(|difference| {
            let theirs = state.get(difference.kind, &difference.key);
            let served = served_by_storage(self, difference.kind).or_else(|| served_by_storage(parent, difference.kind));
            let merge = match &served {
                Some(served) => merge(parent, served, &difference, theirs.as_deref())?,
                None => Merge::Nothing,
            };
            Ok(Planned { difference, served, theirs, merge })
        });
        plan.collect()
    }
}

fn merge(parent: &View, served: &Served, difference: &Difference<Object>, theirs: Option<&Object>) -> Result<Merge, Status> {
    let Difference { key, own, origin, settled, .. } = difference;
    let hooks = hooks::of(served);
    let value = |object: &Object| comparable(object.to_value());
    let what = format!("{} {key}", served.resource.kind);
    let conflict = |why: &str| Ok(Merge::Conflict(vec![cause(&what, "", why)]));
    // After a commit that has merged fields of both sides, each side goes on from its own object.
    let apart = settled.as_ref().filter(|settled| origin.as_ref().is_some_and(|origin| value(origin) != value(settled)));
    let unchanged = apart.is_none() && origin.as_ref().map(|o| o.resource_version()) == theirs.map(Object::resource_version);
    let draft = |object: Value| {
        let kept = hooks.checks_merges().then(|| object.clone());
        Ok(Merge::Put(Box::new(Incoming { draft: parent.draft_stored(served, object), object: kept })))
    };
    let three_way = |origin: &Object, own: &Object, theirs: &Object| {
        let (mut before, mut own) = (apart.map_or_else(|| value(origin), |apart| value(apart)), own.to_value());
        let (mut origin, theirs) = (value(origin), theirs.to_value());
        let refused = hooks.reconcile(&mut before, &mut own, &mut origin, &theirs);
        let mut causes: Vec<_> = refused.iter().map(|(field, why)| cause(&what, field, why)).collect();
        let merged = merge_fields(&what, [&before, &own], [&origin, &theirs], &mut causes)?;
        match merged {
            _ if !causes.is_empty() => Ok(Merge::Conflict(causes)),
            same if comparable(same.clone()) == comparable(theirs) => Ok(Merge::Nothing),
            object => draft(object),
        }
    };
    match (own, origin, theirs) {
        (None, _, None) => Ok(Merge::Nothing),
        (None, _, Some(_)) if unchanged => Ok(Merge::Delete),
        (None, Some(origin), Some(theirs)) if value(origin) == value(theirs) => Ok(Merge::Delete),
        (None, ..) => conflict("deleted here, changed there"),
        (Some(own), Some(origin), Some(theirs)) if hooks.reconciles() && !unchanged => three_way(origin, own, theirs),
        (Some(own), _, Some(theirs)) if value(own) == value(theirs) => Ok(Merge::Nothing),
        (Some(own), _, _) if unchanged => draft(own.to_value()),
        (Some(_), Some(_), None) => conflict("changed here, deleted there"),
        (Some(own), None, None) => draft(own.to_value()),
        (Some(_), None, Some(_)) => conflict("created here and there"),
        (Some(own), Some(origin), Some(theirs)) => three_way(origin, own, theirs),
    }
}

/// Their object with what we have changed; both sides as they were and are. Fields that both have changed are told in `causes`.
fn merge_fields(
    what: &str,
    [before, own]: [&Value; 2],
    [origin, theirs]: [&Value; 2],
    causes: &mut Vec<StatusCause>,
) -> Result<Value, Status> {
    let ours = merge_diff(before, &comparable(own.clone())).unwrap_or(Value::Null);
    let other = merge_diff(origin, &comparable(theirs.clone())).unwrap_or(Value::Null);
    overlaps(what, "", &ours, &other, causes);
    // A patch of nothing would replace the object.
    let mut object = match ours {
        Value::Object(_) => MergePatch::parse(ours.to_string().as_bytes(), false).map_err(|err| err.status())?.apply(theirs.clone()),
        _ => theirs.clone(),
    };
    let generation = theirs["metadata"]["generation"].as_i64().max(own["metadata"]["generation"].as_i64());
    if let Some(generation) = generation {
        metadata::of(&mut object).insert("generation".to_owned(), generation.into());
    }
    Ok(object)
}

/// Counts what a plan does.
///
/// # Errors
/// 409 when some of it conflicts.
fn check(view: &View, parent: &View, plan: &[Planned]) -> Result<Merged, Status> {
    let (mut merged, mut conflicts, mut objects) = (Merged::default(), Vec::new(), 0);
    for planned in plan {
        match &planned.merge {
            Merge::Nothing => {}
            Merge::Put(_) if planned.theirs.is_some() => merged.modified += 1,
            Merge::Put(_) => merged.created += 1,
            Merge::Delete => merged.deleted += 1,
            Merge::Conflict(causes) => {
                objects += 1;
                conflicts.extend(causes.iter().cloned());
            }
        }
    }
    if conflicts.is_empty() {
        return Ok(merged);
    }
    let noun = if objects == 1 { "object was" } else { "objects were" };
    let why = format!("{objects} {noun} changed in another way in the parent \"{}\"", parent.shared.public_name(parent.name()));
    Err(Status::conflict(&resource(), view.name(), why).with_causes(conflicts))
}

/// Writes a plan into the parent. None when the parent was changed meanwhile.
fn carry_out(parent: &View, state: &Snapshot<Object>, plan: Vec<Planned>) -> Option<Vec<Settled<Object>>> {
    let namespaces = parent_rules::namespaces_of(&plan, state);
    let (mut ops, mut settled, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    for Planned { difference: Difference { kind, key, own, .. }, served, theirs, merge } in plan {
        // What need not be changed must still be as it was seen.
        let expect = theirs.as_ref().map_or(Expect::Absent, |t| Expect::Revision(t.resource_version()));
        ops.push(op(kind, key.clone(), expect, merge));
        settled.push(Settled { kind, key, own, origin: None });
        kinds.push(served);
    }
    ops.extend(namespaces.into_iter().map(|(kind, key, revision)| op(kind, key, Expect::Revision(revision), Merge::Nothing)));
    let done = parent.store.commit_all(ops).ok()?;
    let mut changed = Vec::new();
    for ((settled, served), done) in settled.iter_mut().zip(kinds).zip(done) {
        settled.origin.clone_from(&done.object);
        if let Some(served) = served.filter(|_| done.changed) {
            changed.push((served, done.previous, done.object));
        }
    }
    // Only now, when all of it is there.
    for (served, old, new) in changed {
        hooks::of(&served).after_commit(parent, old.as_ref(), new.as_ref());
    }
    Some(settled)
}

fn op<'a>(kind: Kind, key: Key, expect: Expect, merge: Merge) -> Op<'a, Object> {
    let change = move |revision, _: Option<&Arc<Object>>| match merge {
        Merge::Put(incoming) => Change::Put(incoming.draft.stamp(revision)),
        Merge::Delete => Change::Delete,
        Merge::Nothing | Merge::Conflict(_) => Change::Keep,
    };
    Op { kind, key, expect, change: Box::new(change) }
}

/// The fields that two merge patches set to different values. The generation counts changes, so it always differs.
fn overlaps(what: &str, path: &str, ours: &Value, theirs: &Value, causes: &mut Vec<StatusCause>) {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                if let Some(other) = b.get(key).filter(|_| path != "metadata.generation") {
                    overlaps(what, &path, value, other, causes);
                }
            }
        }
        // One side has changed nothing at all.
        (Value::Null, _) | (_, Value::Null) if path.is_empty() => {}
        (a, b) if a != b => causes.push(cause(what, path, "changed here and there")),
        _ => {}
    }
}

fn cause(what: &str, field: &str, why: &str) -> StatusCause {
    StatusCause { reason: "ViewConflict".to_owned(), message: format!("{what}: {why}"), field: field.to_owned() }
}
