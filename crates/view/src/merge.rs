//! Committing a sandbox into its parent: three-way, all or nothing.

use crate::{View, crd::served_by_storage, diff::comparable, metadata};
use minkapi_object::{Draft, GroupResource, Object, Status, StatusCause};
use minkapi_patch::{MergePatch, merge_diff};
use minkapi_store::{Change, Difference, Expect, Op};
use serde_json::Value;

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
    Nothing,
    Put(Box<Draft>, Expect),
    Delete(Expect),
    Conflict(Vec<StatusCause>),
}

impl View {
    /// Applies what this sandbox has changed to its parent: all of it, or nothing when the parent has meanwhile changed
    /// the same fields. The sandbox keeps what it holds; a second commit changes nothing.
    ///
    /// # Errors
    /// 409 with a cause for every conflicting object and field; 400 for the base view.
    pub fn commit(&self, dry_run: bool) -> Result<Merged, Status> {
        let parent = self.parent().filter(|_| self.made_with().is_some());
        let Some(parent) = parent else { return Err(Status::bad_request("the base view has no parent to commit to")) };
        loop {
            let mut merged = Merged::default();
            let mut conflicts = Vec::new();
            let mut ops: Vec<Op<'_, Object>> = Vec::new();
            for difference in self.store.changes() {
                let theirs = parent.snapshot().get(difference.kind, &difference.key);
                let (expect, change): (Expect, Box<dyn FnOnce(u64) -> Change<Object>>) =
                    match self.merge(&parent, &difference, theirs.as_deref())? {
                        Merge::Nothing => continue,
                        Merge::Conflict(causes) => {
                            conflicts.extend(causes);
                            continue;
                        }
                        Merge::Delete(expect) => {
                            merged.deleted += 1;
                            (expect, Box::new(|_| Change::Delete))
                        }
                        Merge::Put(draft, expect) => {
                            if theirs.is_some() {
                                merged.modified += 1;
                            } else {
                                merged.created += 1;
                            }
                            (expect, Box::new(move |revision| Change::Put(draft.stamp(revision))))
                        }
                    };
                ops.push(Op { kind: difference.kind, key: difference.key, expect, change: Box::new(|revision, _| change(revision)) });
            }
            if !conflicts.is_empty() {
                let gr = GroupResource::new("views.minkapi.dev", "views");
                let why = format!("{} changes conflict with later changes of view \"{}\"", conflicts.len(), parent.name());
                return Err(Status::conflict(&gr, self.name(), why).with_causes(conflicts));
            }
            // When the parent was changed since it was looked at, look again.
            if dry_run || parent.store.commit_all(ops).is_ok() {
                return Ok(merged);
            }
            if parent.store.is_closed() {
                return Err(Status::unknown_path());
            }
        }
    }

    fn merge(&self, parent: &Self, difference: &Difference<Object>, theirs: Option<&Object>) -> Result<Merge, Status> {
        let Difference { kind, key, own, origin } = difference;
        let served = served_by_storage(self, *kind).or_else(|| served_by_storage(parent, *kind));
        let Some(served) = served else { return Ok(Merge::Nothing) };
        let value = |object: &Object| comparable(object.to_value());
        let what = format!("{} {key}", served.resource.kind);
        let conflict = |why: &str| Ok(Merge::Conflict(vec![cause(&what, "", why)]));
        let unchanged = origin.as_ref().map(|o| o.resource_version()) == theirs.map(Object::resource_version);
        let expect = theirs.map_or(Expect::Absent, |t| Expect::Revision(t.resource_version()));
        let draft = |object: Value| -> Result<Merge, Status> { Ok(Merge::Put(Box::new(parent.draft_stored(&served, object)), expect)) };
        match (own, origin, theirs) {
            (None, _, None) => Ok(Merge::Nothing),
            (None, _, Some(_)) if unchanged => Ok(Merge::Delete(expect)),
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
                let patch = MergePatch::parse(ours.to_string().as_bytes(), false).map_err(|err| err.status())?;
                let generation = theirs["metadata"]["generation"].as_i64().max(own["metadata"]["generation"].as_i64());
                let mut object = patch.apply(theirs);
                if let Some(generation) = generation {
                    metadata::of(&mut object).insert("generation".to_owned(), generation.into());
                }
                draft(object)
            }
        }
    }
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
        (a, b) if a != b => causes.push(cause(what, path, "changed here and there")),
        _ => {}
    }
}

fn cause(what: &str, field: &str, why: &str) -> StatusCause {
    StatusCause { reason: "ViewConflict".to_owned(), message: format!("{what}: {why}"), field: field.to_owned() }
}
