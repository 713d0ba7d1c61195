//! Delete: grace, finalizers, propagation (contract chapter 8).

use crate::{
    Call, Content, DeleteOptions, ListOptions, Outcome, Propagation, View,
    admit::{Admission, Phase, RequestOptions},
    clock::{go_seconds, rfc3339},
    conversion::{Conversions, Corrupt, corrupt_object},
    hooks, metadata,
    selection::Selection,
    storage_key,
    view::Moment,
};
use minkapi_admission::Operation;
use minkapi_kinds::{DeletedAnswer, GarbageCollection};
use minkapi_object::{GroupResource, Object, Status, StatusDetails};
use minkapi_store::{Change, CommitError, Expect};
use serde_json::Value;
use std::sync::Arc;

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

/// What a deletion has come to.
pub(crate) struct Deletion {
    /// The object as the answer shows it.
    pub object: Value,
    /// Whether it is gone.
    pub gone: bool,
}

/// How a deletion was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// For this object.
    Alone,
    /// For a collection.
    Together,
    /// As an eviction.
    Evicted,
}

/// What is to be done to the stored object.
pub(crate) enum Step {
    /// Nothing: it is being deleted already.
    Keep,
    /// Store it marked, and leave it to its finalizers or to whoever ends its grace.
    Mark(Value),
    /// Store it marked, then remove it (C-08-23).
    MarkAndRemove(Value),
    /// Remove it.
    Remove,
}

impl View {
    /// Deletes one object.
    ///
    /// # Errors
    /// 403 admission, 404, 409 preconditions.
    pub async fn delete(&self, call: &mut Call, options: &DeleteOptions) -> Result<Outcome, Status> {
        warn_of_propagation(call, options);
        if let Some(why) = call.target.served.strategy.protected(&call.target.name) {
            return Err(Status::forbidden(&call.target.group_resource(), &call.target.name, why));
        }
        let deletion = self.delete_one(call, options, Asked::Alone).await?;
        let served = &call.target.served;
        let traits = served.strategy.traits();
        // C-08-13.
        let code = if !deletion.gone && options.orphan_dependents == Some(false) { 202 } else { 200 };
        if deletion.gone && traits.deleted == DeletedAnswer::Status {
            let details = StatusDetails {
                name: call.target.name.clone(),
                group: served.resource.group.to_string(),
                kind: served.resource.plural.to_string(),
                uid: metadata::text(&deletion.object, "uid").to_owned(),
                ..StatusDetails::default()
            };
            return Ok(Outcome { code, content: Content::Status(Status::success(200, Some(details))) });
        }
        Ok(Outcome { code, content: Content::Value(deletion.object) })
    }

    /// Deletes what a list would show, each as if alone; the answer lists the objects as they were (C-08-30).
    ///
    /// # Errors
    /// Those of the list; the first of a deletion that is not 404.
    pub async fn delete_collection(&self, call: &mut Call, list: &ListOptions, options: &DeleteOptions) -> Result<Outcome, Status> {
        warn_of_propagation(call, options);
        Selection::new(&call.target, list)?;
        let Outcome { content: Content::List(found), .. } = self.list(call, list).await? else {
            return Err(Status::internal("a list is no list"));
        };
        for object in &found.items {
            let mut one = Call {
                target: crate::Target {
                    namespace: object.head().namespace.to_string(),
                    name: object.head().name.to_string(),
                    ..call.target.clone()
                },
                user: call.user.clone(),
                user_agent: call.user_agent.clone(),
                conversions: Conversions::default(),
                warnings: std::mem::take(&mut call.warnings),
                emptied: Vec::new(),
            };
            let result = self.delete_one(&mut one, options, Asked::Together).await;
            call.warnings = one.warnings;
            match result {
                Err(status) if status.code != 404 => return Err(status),
                _ => {}
            }
        }
        Ok(Outcome::ok(Content::List(found)))
    }

    /// Deletes one object and tells what became of it.
    pub(crate) async fn delete_one(&self, call: &mut Call, options: &DeleteOptions, asked: Asked) -> Result<Deletion, Status> {
        let served = call.target.served.clone();
        let hooks = hooks::of(&served);
        let mut admitted = false;
        loop {
            let moment = self.moment();
            let stored = self.stored(call).ok_or_else(|| Status::not_found(&call.target.group_resource(), &call.target.name))?;
            let readable = self.readable(&served, &stored).await.map_err(|corrupt| corrupt_object(&call.target, &corrupt))?;
            let old = self.object_value(&served, &readable)?;
            check_preconditions(call, &stored, options)?;
            let step = match hooks.delete_step(&old, options, &moment) {
                Some(step) => step,
                None => self.delete_step(call, &old, options, &moment),
            };
            if !admitted {
                self.admit_deletion(call, &old, options, asked, &moment).await?;
                hooks.begin_delete(self, call, options)?;
                admitted = true;
            }
            let done = match step {
                Step::Keep => Some(Deletion { object: old, gone: false }),
                Step::Remove => self.remove(call, options, &stored).await?,
                Step::Mark(marked) => self.mark(call, options, &stored, marked).await?.map(|object| Deletion { object, gone: false }),
                Step::MarkAndRemove(marked) => match self.mark(call, options, &stored, marked).await? {
                    Some(object) if options.dry_run => Some(Deletion { object, gone: true }),
                    // Removed as it is now; if it was changed meanwhile, the loop looks again.
                    Some(_) => match self.stored(call) {
                        Some(marked) => self.remove(call, options, &marked).await?,
                        None => None,
                    },
                    None => None,
                },
            };
            if let Some(deletion) = done {
                if deletion.gone && !options.dry_run {
                    hooks.after_commit(self, Some(&stored), None);
                }
                return Ok(deletion);
            }
        }
    }

    /// What admission says of a deletion. It is told the grace that comes of it, and of a whole collection no names; an eviction
    /// has been admitted as what it is.
    async fn admit_deletion(
        &self,
        call: &mut Call,
        old: &Value,
        options: &DeleteOptions,
        asked: Asked,
        moment: &Moment,
    ) -> Result<(), Status> {
        let mut told = options.clone();
        let mut name = String::new();
        match asked {
            Asked::Evicted => return Ok(()),
            Asked::Alone if old["metadata"]["deletionTimestamp"].is_null() => {
                let grace = call.target.served.strategy.grace_period(old, options.grace_period_seconds.map(|s| if s < 0 { 1 } else { s }));
                told.grace_period_seconds = grace.or(options.grace_period_seconds);
            }
            Asked::Alone => {}
            Asked::Together => std::mem::swap(&mut name, &mut call.target.name),
        }
        let mut nothing = Value::Null;
        let options = RequestOptions::Delete(&told);
        let request = Admission { operation: Operation::Delete, object: &mut nothing, old: Some(old), options };
        let result = self.admit(call, moment, Phase::Validating, request).await;
        if asked == Asked::Together {
            call.target.name = name;
        }
        result
    }

    /// `BeforeDelete` and the finalizers of the garbage collector.
    fn delete_step(&self, call: &Call, old: &Value, options: &DeleteOptions, moment: &Moment) -> Step {
        let strategy = &call.target.served.strategy;
        let requested = options.grace_period_seconds.map(|s| if s < 0 { 1 } else { s });
        let deleting = !old["metadata"]["deletionTimestamp"].is_null();
        let mut new = old.clone();
        // None: not graceful. Some(seconds): marked with that grace.
        let mut graceful = None;
        if let Some(grace) = strategy.grace_period(old, requested) {
            if deleting {
                let current = old["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0);
                if current != 0 {
                    match requested {
                        Some(shorter) if shorter < current => {
                            graceful = Some(shorten_grace(&mut new, current, shorter, moment));
                        }
                        _ => return Step::Keep,
                    }
                }
            } else {
                let meta = metadata::of(&mut new);
                meta.insert("deletionTimestamp".to_owned(), rfc3339(moment.micros.saturating_add(go_seconds(grace))).into());
                meta.insert("deletionGracePeriodSeconds".to_owned(), grace.into());
                metadata::bump_generation(&mut new);
                graceful = Some(grace);
            }
        }
        let finalizers = garbage_collection_finalizers(old, options, strategy.traits().garbage_collection);
        metadata::set_finalizers(&mut new, &finalizers);
        let held = !finalizers.is_empty();
        match graceful {
            None if held => {
                mark_deleting(&mut new, moment);
                Step::Mark(new)
            }
            None => Step::Remove,
            Some(grace) if grace > 0 || held => Step::Mark(new),
            Some(_) => Step::MarkAndRemove(new),
        }
    }

    /// Stores a marked object; None when it was changed meanwhile.
    async fn mark(&self, call: &Call, options: &DeleteOptions, stored: &Arc<Object>, marked: Value) -> Result<Option<Value>, Status> {
        let served = &call.target.served;
        if options.dry_run {
            let mut value = self.unstored(served, marked).await?;
            metadata::of(&mut value).insert("resourceVersion".to_owned(), stored.resource_version().to_string().into());
            return Ok(Some(value));
        }
        let corrupt = |corrupt: Corrupt| corrupt_object(&call.target, &corrupt);
        let draft = self.draft(served, marked).await?;
        if draft.same_as(stored) {
            return Ok(Some(self.object_value(served, &*self.readable(served, stored).await.map_err(corrupt)?)?));
        }
        let expect = Expect::Revision(stored.resource_version());
        match self.store.commit(served.storage, call.target.key(), expect, |revision, _| Change::Put(draft.stamp(revision))) {
            Ok(done) => {
                let object = done.object.ok_or_else(|| Status::internal("a marked object is gone"))?;
                hooks::of(served).after_commit(self, Some(stored), Some(&object));
                Ok(Some(self.object_value(served, &*self.readable(served, &object).await.map_err(corrupt)?)?))
            }
            Err(CommitError::Conflict { .. }) => Ok(None),
            Err(err) => Err(self.commit_status(call, &err)),
        }
    }

    /// Removes the stored object; None when it was changed meanwhile.
    async fn remove(&self, call: &Call, options: &DeleteOptions, stored: &Arc<Object>) -> Result<Option<Deletion>, Status> {
        let served = &call.target.served;
        let corrupt = |corrupt: Corrupt| corrupt_object(&call.target, &corrupt);
        let readable = self.readable(served, stored).await.map_err(corrupt)?;
        if options.dry_run {
            return Ok(Some(Deletion { object: self.object_value(served, &readable)?, gone: true }));
        }
        let expect = Expect::Revision(stored.resource_version());
        match self.store.commit(served.storage, call.target.key(), expect, |_, _| Change::Delete) {
            Ok(done) => {
                // The answer shows the last state under the revision of the deletion (chapter 18 on C-08-12).
                let object = self.object_value(served, &readable.with_resource_version(done.revision))?;
                Ok(Some(Deletion { object, gone: true }))
            }
            Err(CommitError::Conflict { .. }) => Ok(None),
            Err(err) => Err(self.commit_status(call, &err)),
        }
    }
}

/// Tells a client that leaves dependents to a default which is not what most want.
fn warn_of_propagation(call: &mut Call, options: &DeleteOptions) {
    let silent = options.propagation.is_none() && options.orphan_dependents.is_none();
    if let Some(warning) = call.target.served.strategy.traits().propagation_warning.filter(|_| silent) {
        call.warnings.add(warning);
    }
}

/// Moves the end of an object's grace forward, but not into the past; returns the grace that is stored (C-08-22).
fn shorten_grace(object: &mut Value, current: i64, shorter: i64, moment: &Moment) -> i64 {
    let until = object["metadata"]["deletionTimestamp"].as_str().and_then(|t| t.parse::<jiff::Timestamp>().ok());
    let now = moment.micros.div_euclid(1_000_000);
    let until = until.map_or(moment.micros, jiff::Timestamp::as_microsecond);
    let moved = until.saturating_sub(go_seconds(current)).saturating_add(go_seconds(shorter)).div_euclid(1_000_000);
    let (until, grace) = if moved < now { (now, if shorter == 0 { 0 } else { 1 }) } else { (moved, shorter) };
    let meta = metadata::of(object);
    meta.insert("deletionTimestamp".to_owned(), rfc3339(until * 1_000_000).into());
    meta.insert("deletionGracePeriodSeconds".to_owned(), grace.into());
    grace
}

/// C-08-11: the object waits for its finalizers, and its grace is over.
pub(crate) fn mark_deleting(object: &mut Value, moment: &Moment) {
    let until = object["metadata"]["deletionTimestamp"].as_str();
    if until.is_none() {
        metadata::bump_generation(object);
    }
    let until = object["metadata"]["deletionTimestamp"].as_str();
    // RFC 3339 in UTC compares as text.
    if until.is_none_or(|t| *t > *moment.text) {
        metadata::of(object).insert("deletionTimestamp".to_owned(), moment.text.clone().into());
    }
    metadata::of(object).insert("deletionGracePeriodSeconds".to_owned(), 0.into());
}

/// C-08-02.
pub(crate) fn check_preconditions(call: &Call, stored: &Object, options: &DeleteOptions) -> Result<(), Status> {
    let resource = &call.target.served.resource;
    // Upstream names the kind where other conflicts name the resource.
    let gr = GroupResource::new(&resource.group, &resource.kind);
    let name = &call.target.name;
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != &*stored.head().uid) {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            stored.head().uid
        );
        return Err(Status::conflict(&gr, name, why));
    }
    let version = stored.resource_version().to_string();
    if let Some(asked) = options.resource_version.as_deref().filter(|v| *v != version) {
        let why = format!(
            "the ResourceVersion in the precondition ({asked}) does not match the ResourceVersion in record ({version}). The object might have been modified"
        );
        return Err(Status::conflict(&gr, name, why));
    }
    if options.ignore_store_read_error {
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: unsafe deletion is not allowed because the object is decodable from storage",
            storage_key::of(&call.target)
        );
        return Err(Status::conflict(&call.target.group_resource(), name, why));
    }
    Ok(())
}

/// The finalizers that an object has once its deletion was asked for with these options (C-08-15).
pub(crate) fn garbage_collection_finalizers(object: &Value, options: &DeleteOptions, by_default: GarbageCollection) -> Vec<String> {
    let before = metadata::finalizers(object);
    if by_default == GarbageCollection::Unsupported {
        return before;
    }
    let has = |name: &str| before.iter().any(|f| f == name);
    let (orphan, foreground) = match (options.orphan_dependents, options.propagation) {
        (Some(orphan), _) => (orphan, false),
        (None, Some(Propagation::Orphan)) => (true, false),
        (None, Some(Propagation::Foreground)) => (false, true),
        (None, Some(Propagation::Background)) => (false, false),
        (None, None) => {
            let orphan = has(ORPHAN) || (!has(FOREGROUND) && by_default == GarbageCollection::Orphan);
            (orphan, has(FOREGROUND))
        }
    };
    let mut after: Vec<String> = before.into_iter().filter(|f| f != ORPHAN && f != FOREGROUND).collect();
    if orphan {
        after.push(ORPHAN.to_owned());
    }
    if foreground {
        after.push(FOREGROUND.to_owned());
    }
    after
}
