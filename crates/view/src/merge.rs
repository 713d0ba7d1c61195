//! Committing a sandbox into its parent: three-way, all or nothing.

use crate::{View, crd::served_by_storage, diff::comparable, metadata, sandboxes::resource};
use minkapi_object::{Draft, Object, Status, StatusCause};
use minkapi_patch::{MergePatch, merge_diff};
use minkapi_store::{Change, Difference, Expect, Op, Settled};
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
    Put(Box<Draft>),
    Delete,
    Conflict(Vec<StatusCause>),
}

/// One difference that can be brought into the parent.
struct Planned {
    difference: Difference<Object>,
    theirs: Option<Arc<Object>>,
    merge: Merge,
}

impl View {
    /// Brings what this sandbox has changed into its parent: all of it, or nothing when the parent has meanwhile changed
    /// the same fields in another way. What was changed on one side only is merged field by field; lists are one field.
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
            let plan = self.plan(&parent)?;
            let merged = check(self, &parent, &plan)?;
            if dry_run {
                return Ok(merged);
            }
            // When the parent was changed since it was looked at, look again.
            if let Some(settled) = carry_out(&parent, plan) {
                self.store.settle(settled).map_err(|_| Status::not_found(&resource(), self.name()))?;
                return Ok(merged);
            }
        }
    }

    fn plan(&self, parent: &Self) -> Result<Vec<Planned>, Status> {
        let (changes, state) = (self.snapshot().changes(), parent.snapshot());
        let plan = changes.into_iter().map(|difference| {
            let theirs = state.get(difference.kind, &difference.key);
            let merge = self.merge(parent, &difference, theirs.as_deref())?;
            Ok(Planned { difference, theirs, merge })
        });
        plan.collect()
    }

    fn merge(&self, parent: &Self, difference: &Difference<Object>, theirs: Option<&Object>) -> Result<Merge, Status> {
        let Difference { kind, key, own, origin } = difference;
        let served = served_by_storage(self, *kind).or_else(|| served_by_storage(parent, *kind));
        let Some(served) = served else { return Ok(Merge::Nothing) };
        let value = |object: &Object| comparable(object.to_value());
        let what = format!("{} {key}", served.resource.kind);
        let conflict = |why: &str| Ok(Merge::Conflict(vec![cause(&what, "", why)]));
        let unchanged = origin.as_ref().map(|o| o.resource_version()) == theirs.map(Object::resource_version);
        let draft = |object: Value| Ok(Merge::Put(Box::new(parent.draft_stored(&served, object))));
        match (own, origin, theirs) {
            (None, _, None) => Ok(Merge::Nothing),
            (None, _, Some(_)) if unchanged => Ok(Merge::Delete),
            (None, Some(origin), Some(theirs)) if value(origin) == value(theirs) => Ok(Merge::Delete),
            (None, ..) => conflict("deleted here, changed there"),
            (Some(own), _, Some(theirs)) if value(own) == value(theirs) => Ok(Merge::Nothing),
            (Some(own), _, _) if unchanged => draft(own.to_value()),
            (Some(_), Some(_), None) => conflict("changed here, deleted there"),
            (Some(own), None, None) => draft(own.to_value()),
            (Some(_), None, Some(_)) => conflict("created here and there"),
            (Some(own), Some(origin), Some(theirs)) => {
                let (origin, own, theirs) = (value(origin), own.to_value(), theirs.to_value());
                let ours = merge_diff(&origin, &comparable(own.clone())).unwrap_or(Value::Null);
                let other = merge_diff(&origin, &comparable(theirs.clone())).unwrap_or(Value::Null);
                let mut causes = Vec::new();
                overlaps(&what, "", &ours, &other, &mut causes);
                if !causes.is_empty() {
                    return Ok(Merge::Conflict(causes));
                }
                let generation = theirs["metadata"]["generation"].as_i64().max(own["metadata"]["generation"].as_i64());
                // A patch of nothing would replace the object.
                let mut object = match ours {
                    Value::Object(_) => {
                        MergePatch::parse(ours.to_string().as_bytes(), false).map_err(|err| err.status())?.apply(theirs.clone())
                    }
                    _ => theirs.clone(),
                };
                if let Some(generation) = generation {
                    metadata::of(&mut object).insert("generation".to_owned(), generation.into());
                }
                if comparable(object.clone()) == comparable(theirs) { Ok(Merge::Nothing) } else { draft(object) }
            }
        }
    }
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
fn carry_out(parent: &View, plan: Vec<Planned>) -> Option<Vec<Settled<Object>>> {
    let (mut ops, mut settled): (Vec<Op<'_, Object>>, Vec<Settled<Object>>) = (Vec::new(), Vec::new());
    for Planned { difference: Difference { kind, key, own, .. }, theirs, merge } in plan {
        // What need not be changed must still be as it was seen.
        let expect = theirs.as_ref().map_or(Expect::Absent, |t| Expect::Revision(t.resource_version()));
        let op_key = key.clone();
        ops.push(Op {
            kind,
            key: op_key,
            expect,
            change: Box::new(move |revision, _| match merge {
                Merge::Put(draft) => Change::Put(draft.stamp(revision)),
                Merge::Delete => Change::Delete,
                Merge::Nothing | Merge::Conflict(_) => Change::Keep,
            }),
        });
        settled.push(Settled { kind, key, own, origin: None });
    }
    let done = parent.store.commit_all(ops).ok()?;
    for (settled, done) in settled.iter_mut().zip(done) {
        settled.origin = done.object;
    }
    Some(settled)
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
