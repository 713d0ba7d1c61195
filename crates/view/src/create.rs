//! Create: POST to a collection, and what PUT and apply do when the object is not there (contract chapter 3).

use crate::{
    Body, Call, Content, Outcome, Served, View, WriteOptions,
    admit::{Admission, Phase, RequestOptions},
    crd, decode,
    form::Form,
    hooks::{self, Write},
    managed_fields, metadata, subresource,
    view::Moment,
};
use minkapi_admission::Operation;
use minkapi_kinds::object_meta;
use minkapi_object::{Draft, Object, Status, fields_v1};
use minkapi_schema::GoOrder;
use minkapi_store::{Change, CommitError, Expect, Key};
use serde_json::Value;
use std::sync::Arc;

/// Largest object in bytes of JSON: the limit of a write to etcd, which kube-apiserver passes on (C-02-30).
const STORED_MAX: usize = 3 << 19;

/// How often a generated name is tried (C-03-12).
const NAME_ATTEMPTS: usize = 8;

/// Longest part of `generateName` that is used: names have 63 characters, five of them generated.
const GENERATE_NAME_MAX: usize = 58;

impl View {
    /// Creates an object, or posts to a subresource when the call names one.
    ///
    /// # Errors
    /// In the order of C-03-01: 400 decoding and namespace, 403/404 admission, 422 validation, 409 taken name.
    pub async fn create(&self, call: &mut Call, body: Body, options: &WriteOptions) -> Result<Outcome, Status> {
        if !call.target.subresource.is_empty() {
            return subresource::create(self, call, body, options).await;
        }
        let form = Form::of(&call.target);
        let mut object = decode::object(call, body, options.field_validation, &form)?;
        if let Some(post) = subresource::post_of(&call.target.served) {
            if call.target.served.resource.namespaced {
                metadata::match_namespace(&mut object, &call.target)?;
                metadata::text(&object, "name").clone_into(&mut call.target.name);
            }
            return subresource::admit_and_post(self, call, post, object, options).await;
        }
        self.create_decoded(call, object, options).await
    }

    /// Creates an object that is decoded and has its defaults.
    pub(crate) async fn create_decoded(&self, call: &mut Call, mut object: Value, options: &WriteOptions) -> Result<Outcome, Status> {
        let moment = self.moment();
        crd::refuse_terminating(call, &object)?;
        metadata::wipe_system_fields(&mut object);
        metadata::match_namespace(&mut object, &call.target)?;
        call.target.name = metadata::text(&object, "name").to_owned();
        metadata::dedup_owner_references(&mut object, &mut call.warnings, false);
        managed_fields::update(&Form::of(&call.target), call, options, &moment, None, &mut object);
        let request = Admission { operation: Operation::Create, object: &mut object, old: None, options: RequestOptions::Write(options) };
        self.admit(call, &moment, Phase::Mutating, request).await?;
        metadata::match_namespace(&mut object, &call.target)?;
        metadata::dedup_owner_references(&mut object, &mut call.warnings, true);
        hooks::of(&call.target.served).may_write(self, call, Write { new: &object, old: None, url_name: "" })?;
        self.store_new(call, object, options, &moment).await
    }

    /// The part that does not depend on how the object came: names, the kind's preparation, validation, commit.
    pub(crate) async fn store_new(
        &self,
        call: &mut Call,
        mut object: Value,
        options: &WriteOptions,
        moment: &Moment,
    ) -> Result<Outcome, Status> {
        let generated = metadata::text(&object, "name").is_empty() && !metadata::text(&object, "generateName").is_empty();
        let prefixed = !metadata::text(&object, "generateName").is_empty();
        let is_base = call.target.served.strategy.traits().generated_name_is_base;
        let mut attempts = if generated { NAME_ATTEMPTS } else { 1 };
        loop {
            attempts -= 1;
            let mut candidate = if attempts == 0 { std::mem::take(&mut object) } else { object.clone() };
            if generated {
                let base = metadata::text(&candidate, "generateName");
                let name = if is_base { base.to_owned() } else { self.generate_name(base) };
                metadata::of(&mut candidate).insert("name".to_owned(), name.into());
            }
            match self.store_named(call, candidate, options, moment).await {
                Err(Refused::Taken(_)) if generated && attempts > 0 => {}
                Err(Refused::Taken(existing)) => {
                    // Upstream looks at generateName alone, though the name may have been given beside it.
                    return Err(taken(call, &existing, prefixed));
                }
                Err(Refused::Status(status)) => return Err(*status),
                Ok(outcome) => return Ok(outcome),
            }
        }
    }

    fn generate_name(&self, prefix: &str) -> String {
        let cut = prefix.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= GENERATE_NAME_MAX).last().unwrap_or(0);
        format!("{}{}", prefix.get(..cut).unwrap_or_default(), self.config().ids.name_suffix())
    }

    async fn store_named(&self, call: &mut Call, mut object: Value, options: &WriteOptions, moment: &Moment) -> Result<Outcome, Refused> {
        let served = call.target.served.clone();
        let hooks = hooks::of(&served);
        metadata::fill_system_fields(&mut object, options.uid.clone().unwrap_or_else(|| self.config().ids.uid()), moment);
        metadata::text(&object, "name").clone_into(&mut call.target.name);
        let reserved = hooks.begin_create(self, call, &mut object, options.dry_run)?;
        let api_version = served.resource.api_version();
        let cx = moment.context(&call.target, &call.user, &api_version);
        served.strategy.prepare_for_create(&cx, &mut object);
        let mut errors = hooks.errors_on_create(self, &object);
        errors.extend(object_meta::validate_new(&*served.strategy, &cx, &object, served.resource.namespaced));
        if !errors.is_empty() {
            return Err(metadata::invalid(call, &object, errors).into());
        }
        call.warnings.extend(served.strategy.warnings_on_create(&cx, &object));
        let request = Admission { operation: Operation::Create, object: &mut object, old: None, options: RequestOptions::Write(options) };
        self.admit(call, moment, Phase::Validating, request).await?;
        let given_version = metadata::resource_version(&object).unwrap_or(0);
        if given_version != 0 && !options.dry_run {
            return Err(Status::unclassified("resourceVersion should not be set on objects to be created").into());
        }
        let key = Key::new(&call.target.namespace, metadata::text(&object, "name"));
        if options.dry_run {
            if let Some(existing) = self.snapshot().get(served.storage, &key) {
                return Err(Refused::Taken(existing));
            }
            return Ok(Outcome::created(Content::Value(self.unstored(&served, object).await?)));
        }
        let completed = hooks.default_on_read(&object);
        let (object, answer) = match completed {
            Some(completed) => (completed, Some(self.unstored(&served, object).await?)),
            None => (object, None),
        };
        let draft = self.draft(&served, object).await?;
        match self.store.commit(served.storage, key, Expect::Absent, |revision, _| Change::Put(draft.stamp(revision))) {
            Ok(done) => {
                drop(reserved);
                let object = done.object.ok_or_else(|| Status::internal("a created object is gone"))?;
                hooks.after_commit(self, None, Some(&object));
                let Some(mut answer) = answer else {
                    let object = self.readable(&served, &object).await.map_err(|corrupt| corrupt.undecodable())?;
                    return Ok(Outcome::created(Content::Stored(object)));
                };
                metadata::of(&mut answer).insert("resourceVersion".to_owned(), object.resource_version().to_string().into());
                Ok(Outcome::created(Content::Value(answer)))
            }
            Err(CommitError::AlreadyExists(existing)) => Err(Refused::Taken(existing)),
            Err(err) => Err(self.commit_status(call, &err).into()),
        }
    }

    /// Encodes an object of the served version for storing.
    ///
    /// # Errors
    /// 500 for what is too large, or cannot be converted.
    pub(crate) async fn draft(&self, served: &Served, object: Value) -> Result<Draft, Status> {
        let object = if served.webhook().is_some() { Box::pin(self.to_stored_by_webhook(served, object)).await? } else { object };
        self.draft_at_once(served, object)
    }

    /// The same of a kind that no webhook converts.
    ///
    /// # Errors
    /// 500 for what is too large.
    pub(crate) fn draft_at_once(&self, served: &Served, object: Value) -> Result<Draft, Status> {
        let draft = self.draft_stored(served, self.to_stored(served, object)?);
        if draft.len() > STORED_MAX {
            return Err(Status::unclassified("etcdserver: request is too large"));
        }
        Ok(draft)
    }

    /// Encodes an object of the stored version.
    pub(crate) fn draft_stored(&self, served: &Served, stored: Value) -> Draft {
        let fields = minkapi_kinds::field_values(&*served.strategy, &stored);
        let expected = self.shared.store.revision() + 1;
        match &served.custom {
            Some(custom) if !custom.served_as_stored && stored["apiVersion"] != *custom.first_stored_version => {
                Draft::sorted_with_version(&stored, fields, expected)
            }
            _ if served.resource.custom => Draft::sorted(&stored, fields, expected),
            _ => Draft::laid_out(&stored, fields, expected, &GoOrder(&served.storage_schema)),
        }
    }

    fn to_stored(&self, served: &Served, object: Value) -> Result<Value, Status> {
        let mut stored =
            if served.is_storage_version() { object } else { served.strategy.to_storage(&served.resource.api_version(), object)? };
        if served.strategy.traits().stays_canonical && served.is_storage_version() {
            debug_assert_eq!(stored, completed(served, stored.clone()), "it should have stayed canonical");
        } else {
            stored = completed(served, stored);
        }
        Ok(stored)
    }

    /// What a dry run answers: the object as it would be stored, in the served version.
    pub(crate) async fn unstored(&self, served: &Served, object: Value) -> Result<Value, Status> {
        if served.webhook().is_some() {
            let stored = self.to_stored_by_webhook(served, object).await?;
            return self.shown_by_webhook(served, self.to_stored(served, stored)?).await;
        }
        let mut stored = self.to_stored(served, object)?;
        fields_v1::expand(&mut stored);
        stored["apiVersion"] = (&*served.resource.storage_version).into();
        stored["kind"] = (&*served.resource.kind).into();
        if served.is_storage_version() {
            stored["apiVersion"] = (&*served.resource.api_version()).into();
            return Ok(stored);
        }
        served.strategy.from_storage(&served.resource.api_version(), stored)
    }

    /// The Status of a commit that failed.
    pub(crate) fn commit_status(&self, call: &Call, err: &CommitError<Object>) -> Status {
        let (gr, name) = (call.target.group_resource(), &call.target.name);
        match err {
            CommitError::AlreadyExists(_) => Status::already_exists(&gr, name),
            CommitError::NotFound => Status::not_found(&gr, name),
            CommitError::Conflict { .. } => Status::modified(&gr, name),
            CommitError::ViewGone => Status::unknown_path(),
        }
    }
}

/// What is read from storage has its defaults again, also where preparation made room for them.
pub(crate) fn completed(served: &Served, mut stored: Value) -> Value {
    match &served.custom {
        Some(custom) => custom.strategy.default_stored(&mut stored),
        None => {
            served.strategy.default(&mut stored);
            minkapi_schema::canonicalize(&mut stored, &served.storage_schema);
        }
    }
    stored
}

/// Why a new object was not stored.
enum Refused {
    /// Its name is taken by this one.
    Taken(Arc<Object>),
    Status(Box<Status>),
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

/// C-02-11, C-02-12.
fn taken(call: &Call, existing: &Object, generated: bool) -> Status {
    let (gr, name) = (call.target.group_resource(), &call.target.name);
    if generated {
        return Status::generate_name_conflict(&gr, name);
    }
    let mut status = Status::already_exists(&gr, name);
    if existing.head().deleting {
        status.message = format!("object is being deleted: {}", status.message);
    }
    status
}
