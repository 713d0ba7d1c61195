//! Update: PUT, and the one path by which every change of an existing object goes (contract chapter 4).

use crate::{
    Body, Call, Content, Outcome, View, WriteOptions,
    admit::{Admission, Phase, RequestOptions},
    decode,
    form::Form,
    hooks::{self, Write},
    managed_fields, metadata, storage_key, subresource,
    view::Moment,
};
use minkapi_admission::Operation;
use minkapi_kinds::object_meta;
use minkapi_object::{Object, Status};
use minkapi_schema::field::{Error, Path, take_forgiven};
use minkapi_store::{Change, CommitError, Expect};
use serde_json::Value;
use std::sync::Arc;

/// How the new object comes from the current one.
pub(crate) trait Edit: Send + Sync {
    /// The new object in the version of the request, with managed fields, from the current one (none when the object is
    /// not there). Called again when another write came between.
    fn edit(&self, call: &mut Call, moment: &Moment, current: Option<&Value>) -> Result<Value, Status>;

    /// The uid that the object must have (a PUT's body names it).
    fn uid(&self) -> &str {
        ""
    }

    /// Whether the object is created when it is not there, whatever the kind says (apply).
    fn creates(&self) -> bool {
        false
    }
}

/// PUT: the new object is the one sent.
struct Replace<'a> {
    object: Value,
    form: Form,
    options: &'a WriteOptions,
}

impl Edit for Replace<'_> {
    fn uid(&self) -> &str {
        metadata::text(&self.object, "uid")
    }

    fn edit(&self, call: &mut Call, moment: &Moment, current: Option<&Value>) -> Result<Value, Status> {
        let mut new = self.object.clone();
        managed_fields::update(&self.form, call, self.options, moment, current, &mut new);
        Ok(new)
    }
}

impl View {
    /// Replaces an object (PUT), or creates it where the kind allows that.
    ///
    /// # Errors
    /// 400 decoding, name and namespace; 403 admission; 404; 409 a stale resourceVersion or another uid; 422 validation.
    pub async fn update(&self, call: &mut Call, body: Body, options: &WriteOptions) -> Result<Outcome, Status> {
        let form = Form::of(&call.target);
        let mut object = decode::object(call, body, options.field_validation, &form)?;
        metadata::match_namespace(&mut object, &call.target)?;
        metadata::match_name(&object, &call.target)?;
        metadata::dedup_owner_references(&mut object, &mut call.warnings, false);
        self.change(call, &Replace { object, form, options }, options).await
    }

    /// Makes a change: the edit, admission, the kind's preparation, validation, commit; again if the object was changed
    /// meanwhile.
    pub(crate) async fn change(&self, call: &mut Call, edit: &dyn Edit, options: &WriteOptions) -> Result<Outcome, Status> {
        if let Some(projection) = subresource::projection(&call.target) {
            let outcome = self.change_stored_or_create(call, &projection.through(edit), options).await?;
            return projection.answer(self, call, outcome);
        }
        self.change_stored_or_create(call, edit, options).await
    }

    async fn change_stored_or_create(&self, call: &mut Call, edit: &dyn Edit, options: &WriteOptions) -> Result<Outcome, Status> {
        loop {
            let moment = self.moment();
            match self.stored(call) {
                None => match self.create_by_change(call, edit, options, &moment).await {
                    // Somebody else created it meanwhile: change that one.
                    Err(status) if status.reason == minkapi_object::StatusReason::AlreadyExists && self.stored(call).is_some() => {}
                    other => return other,
                },
                Some(stored) => {
                    if let Some(outcome) = self.change_stored(call, edit, options, &moment, &stored).await? {
                        return Ok(outcome);
                    }
                }
            }
        }
    }

    /// C-04-13: a PUT to an object that is not there, and an apply.
    async fn create_by_change(&self, call: &mut Call, edit: &dyn Edit, options: &WriteOptions, moment: &Moment) -> Result<Outcome, Status> {
        // C-04-19: a subresource is never created, but a Service's status is (chapter 18).
        let allowed = (edit.creates() && call.target.subresource.is_empty()) || call.target.served.strategy.traits().create_on_update;
        if !allowed {
            return Err(Status::not_found(&call.target.group_resource(), &call.target.name));
        }
        if !edit.uid().is_empty() {
            return Err(uid_mismatch(call, options.dry_run, edit.uid(), ""));
        }
        let mut object = self.run_edit(edit, call, moment, None).await?;
        metadata::of(&mut object).remove("resourceVersion");
        let request = Admission { operation: Operation::Create, object: &mut object, old: None, options: RequestOptions::Write(options) };
        self.admit(call, moment, Phase::Mutating, request).await?;
        metadata::dedup_owner_references(&mut object, &mut call.warnings, true);
        hooks::of(&call.target.served).may_write(self, call, Write { new: &object, old: None, url_name: &call.target.name })?;
        metadata::wipe_system_fields(&mut object);
        self.store_new(call, object, options, moment).await
    }

    /// One attempt; None when the object was changed meanwhile.
    async fn change_stored(
        &self,
        call: &mut Call,
        edit: &dyn Edit,
        options: &WriteOptions,
        moment: &Moment,
        stored: &Arc<Object>,
    ) -> Result<Option<Outcome>, Status> {
        let served = call.target.served.clone();
        let hooks = hooks::of(&served);
        let readable = self.readable(&served, stored).await.map_err(|corrupt| corrupt.undecodable())?;
        let old = self.object_in_flight(&served, &readable)?;
        if !edit.uid().is_empty() && edit.uid() != &*stored.head().uid {
            return Err(uid_mismatch(call, options.dry_run, edit.uid(), &stored.head().uid));
        }
        let mut new = self.run_edit(edit, call, moment, Some(&old)).await?;
        let request =
            Admission { operation: Operation::Update, object: &mut new, old: Some(&old), options: RequestOptions::Write(options) };
        self.admit(call, moment, Phase::Mutating, request).await?;
        metadata::dedup_owner_references(&mut new, &mut call.warnings, true);
        hooks.may_write(self, call, Write { new: &new, old: Some(&old), url_name: &call.target.name })?;

        let version = metadata::resource_version(&new)?;
        if version == 0 && !served.strategy.traits().unconditional_update {
            // The message speaks of the resource where it means the kind, as upstream's does (C-04-12).
            let error = Error::invalid(&Path::new("metadata").child("resourceVersion"), 0, "must be specified for an update");
            return Err(minkapi_schema::field::invalid(&served.resource.group, &served.resource.plural, &call.target.name, &[error]));
        }
        if version != 0 && version != stored.resource_version() {
            return Err(Status::modified(&call.target.group_resource(), &call.target.name));
        }
        metadata::of(&mut new).insert("resourceVersion".to_owned(), stored.resource_version().to_string().into());

        let reserved = hooks.begin_update(self, call, &mut new, &old, options.dry_run)?;
        let api_version = served.resource.api_version();
        let cx = moment.context(&call.target, &call.user, &api_version);
        object_meta::keep_generation(&mut new, &old);
        served.strategy.prepare_for_update(&cx, &mut new, &old);
        object_meta::keep_system_fields(&mut new, &old);
        let mut errors = object_meta::validate_update(&*served.strategy, &cx, &new, &old, served.resource.namespaced);
        errors.extend(served.strategy.validate_update(&cx, &new, &old));
        call.warnings.extend(take_forgiven(&mut errors));
        if !errors.is_empty() {
            return Err(metadata::invalid(call, &new, errors));
        }
        call.warnings.extend(served.strategy.warnings_on_update(&cx, &new, &old));
        managed_fields::keep_times_if_unchanged(&mut new, &old);
        let request =
            Admission { operation: Operation::Update, object: &mut new, old: Some(&old), options: RequestOptions::Write(options) };
        self.admit(call, moment, Phase::Validating, request).await?;

        if goes_with_its_last_finalizer(&new, &old) && hooks.may_be_removed(&new) {
            return self.remove_emptied(call, options, stored, new).await.map(Some);
        }
        if options.dry_run {
            let mut value = self.unstored(&served, new).await?;
            metadata::of(&mut value).insert("resourceVersion".to_owned(), stored.resource_version().to_string().into());
            return Ok(Some(Outcome::ok(Content::Value(value))));
        }
        let draft = self.draft(&served, new).await?;
        if draft.same_as(stored) {
            return Ok(Some(Outcome::ok(Content::Stored(readable))));
        }
        let expect = Expect::Revision(stored.resource_version());
        match self.store.commit(served.storage, call.target.key(), expect, |revision, _| Change::Put(draft.stamp(revision))) {
            Ok(done) => {
                drop(reserved);
                hooks.after_commit(self, Some(stored), done.object.as_ref());
                let Some(object) = done.object else { return Ok(None) };
                let object = self.readable(&served, &object).await.map_err(|corrupt| corrupt.undecodable())?;
                Ok(Some(Outcome::ok(Content::Stored(object))))
            }
            Err(CommitError::Conflict { .. } | CommitError::NotFound) => Ok(None),
            Err(err) => Err(self.commit_status(call, &err)),
        }
    }

    /// The update took the last finalizer of an object that was to be deleted (C-04-16).
    async fn remove_emptied(&self, call: &Call, options: &WriteOptions, stored: &Arc<Object>, new: Value) -> Result<Outcome, Status> {
        let served = &call.target.served;
        let answer = Outcome::ok(Content::Value(self.unstored(served, new).await?));
        if options.dry_run {
            return Ok(answer);
        }
        let expect = Expect::Revision(stored.resource_version());
        match self.store.commit(served.storage, call.target.key(), expect, |_, _| Change::Delete) {
            Ok(_) => {
                hooks::of(served).after_commit(self, Some(stored), None);
                Ok(answer)
            }
            Err(err) => Err(self.commit_status(call, &err)),
        }
    }
}

/// Whether the change leaves nothing that holds a deleted object back.
fn goes_with_its_last_finalizer(new: &Value, old: &Value) -> bool {
    metadata::finalizers(new).is_empty()
        && !old["metadata"]["deletionTimestamp"].is_null()
        && old["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
}

/// C-02-14.
fn uid_mismatch(call: &Call, dry_run: bool, given: &str, found: &str) -> Status {
    let mut key = storage_key::of(&call.target);
    // A dry run does not come as far as the store, which puts the prefix in front.
    if dry_run && let Some(short) = key.strip_prefix("/registry") {
        key = short.to_owned();
    }
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {given}, UID in object meta: {found}"
    );
    Status::conflict(&call.target.group_resource(), &call.target.name, why)
}
