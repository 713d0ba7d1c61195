//! Admission: the plugins' look at a request, over the objects of the view.

use crate::{
    Call, DeleteOptions, FieldValidation, Served, Target, View, WriteOptions, bootstrap, decode, form::Form, managed_fields, view::Moment,
};
use minkapi_admission::{Attributes, Authorizer, Cluster, Decision, Operation, Question, Reinvocation};
use minkapi_authorization::{Attributes as Wanted, Subject};
use minkapi_object::{Object, Status, fields_v1};
use minkapi_registry::{Ref, Resource};
use minkapi_schema::decode::Decoded;
use minkapi_store::{Change, CommitError, Expect, Key, Kind};
use serde_json::{Value, json};
use std::sync::Arc;

/// Which half of the plugins runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Mutating,
    Validating,
}

/// What plugins look at.
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    pub operation: Operation,
    /// The new object; Null on a deletion.
    pub object: &'a mut Value,
    /// The object as it is.
    pub old: Option<&'a Value>,
    pub options: RequestOptions<'a>,
}

/// The options of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RequestOptions<'a> {
    Write(&'a WriteOptions),
    Delete(&'a DeleteOptions),
    /// A connection, whose options are its object.
    Connect,
}

impl RequestOptions<'_> {
    const fn dry_run(self) -> bool {
        match self {
            Self::Write(options) => options.dry_run,
            Self::Delete(options) => options.dry_run,
            Self::Connect => false,
        }
    }

    /// As an API object, which webhooks and policies are told of.
    fn to_value(self, operation: Operation) -> Value {
        if matches!(self, Self::Connect) {
            return Value::Null;
        }
        let kind = match operation {
            Operation::Update => "UpdateOptions",
            Operation::Delete => "DeleteOptions",
            Operation::Create | Operation::Connect => "CreateOptions",
        };
        let mut value = json!({"kind": kind, "apiVersion": "meta.k8s.io/v1"});
        let mut set = |key: &str, given: Option<Value>| {
            if let Some(given) = given {
                value[key] = given;
            }
        };
        set("dryRun", self.dry_run().then(|| json!(["All"])));
        match self {
            Self::Write(options) => {
                set(
                    "fieldManager",
                    Some(&options.field_manager).filter(|manager| !manager.is_empty()).map(|manager| manager.as_str().into()),
                );
                let validation = match options.field_validation {
                    FieldValidation::Ignore => Some("Ignore"),
                    FieldValidation::Warn => None,
                    FieldValidation::Strict => Some("Strict"),
                };
                set("fieldValidation", validation.map(Value::from));
            }
            Self::Delete(options) => {
                set("gracePeriodSeconds", options.grace_period_seconds.map(Value::from));
                set("orphanDependents", options.orphan_dependents.map(Value::from));
                set("propagationPolicy", options.propagation.map(|policy| format!("{policy:?}").into()));
                if options.uid.is_some() || options.resource_version.is_some() {
                    let preconditions = [("uid", &options.uid), ("resourceVersion", &options.resource_version)];
                    let given = preconditions.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_ref()?.as_str().into())));
                    set("preconditions", Some(Value::Object(given.collect())));
                }
            }
            Self::Connect => {}
        }
        value
    }
}

impl View {
    /// Runs the plugins of a phase.
    ///
    /// # Errors
    /// The first refusal.
    pub(crate) async fn admit(&self, call: &mut Call, moment: &Moment, phase: Phase, request: Admission<'_>) -> Result<(), Status> {
        let mut warnings = Vec::new();
        let options = request.options.to_value(request.operation);
        let mut attributes = Attributes {
            resource: &call.target.served.resource,
            subresource: &call.target.subresource,
            operation: request.operation,
            namespace: &call.target.namespace,
            name: &call.target.name,
            object: request.object,
            old: request.old,
            options: &options,
            dry_run: request.options.dry_run(),
            user: &call.user.name,
            user_uid: &call.user.uid,
            groups: &call.user.groups,
            user_extra: &call.user.extra,
            now: &moment.text,
            warnings: &mut warnings,
            reinvocation: Reinvocation::default(),
        };
        let chain = &self.config().admission;
        // A deletion has one point at which all plugins look at it.
        let mut result = Ok(());
        if phase == Phase::Mutating || request.operation == Operation::Delete {
            result = chain.admit(&mut attributes, self).await;
        }
        if phase == Phase::Validating && result.is_ok() {
            result = chain.validate(&mut attributes, self).await;
        }
        call.warnings.extend(warnings);
        result
    }

    /// What is served in a resource's version.
    fn served_as(&self, resource: &Resource) -> Option<Arc<Served>> {
        self.catalog().find(&resource.group, &resource.version, &resource.plural)
    }
}

impl Cluster for View {
    fn get(&self, storage: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.snapshot().get(Kind::new(storage), &Key::new(namespace, name))
    }

    fn list(&self, storage: &str, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.snapshot().range(Kind::new(storage), namespace, None).map(|(_, object)| object.clone()).collect()
    }

    fn resource_of(&self, api_version: &str, kind: &str) -> Option<Ref<Resource>> {
        self.served(api_version, kind).ok().map(|served| served.resource.clone())
    }

    fn equivalents(&self, resource: &Resource) -> Vec<Ref<Resource>> {
        let catalog = self.catalog();
        let all = catalog.all().map(|served| &served.resource);
        all.filter(|other| other.storage == resource.storage && other.api_version() != resource.api_version()).cloned().collect()
    }

    fn convert(&self, object: &Value, from: &Resource, to: &Resource) -> Option<Value> {
        let (from, to) = (self.served_as(from)?, self.served_as(to)?);
        let mut stored = object.clone();
        if !from.is_storage_version() {
            stored = from.strategy.to_storage(&from.resource.api_version(), stored).ok()?;
        }
        if to.is_storage_version() {
            stored["apiVersion"] = (*to.resource.api_version()).into();
            return Some(stored);
        }
        to.strategy.from_storage(&to.resource.api_version(), stored).ok()
    }

    fn decode(&self, resource: &Resource, subresource: &str, mut object: Value, strict: bool) -> Result<Value, String> {
        let served = self.served_as(resource).ok_or_else(|| format!("{} is not served", resource.api_version()))?;
        let target = Target { served, namespace: String::new(), name: String::new(), subresource: subresource.to_owned() };
        let form = Form::of(&target);
        fields_v1::quote(&mut object);
        let Decoded { value: mut decoded, problems, .. } = decode::tree(&object, &form)?;
        if strict && !problems.is_empty() {
            return Err(format!("strict decoding error: {}", problems.join(", ")));
        }
        for (key, value) in [("apiVersion", &form.api_version), ("kind", &form.kind)] {
            decoded[key] = value.as_str().into();
        }
        form.default(&mut decoded);
        Ok(decoded)
    }

    fn allows(&self, subject: &Subject<'_>, wanted: &Wanted<'_>) -> bool {
        self.authorization().allows(&self.snapshot(), subject, wanted)
    }

    fn authorizer(&self) -> Arc<dyn Authorizer> {
        Arc::new(Answering(self.clone()))
    }

    fn uid(&self) -> String {
        self.config().ids.uid()
    }

    fn name_suffix(&self) -> String {
        self.config().ids.name_suffix()
    }

    fn update(
        &self,
        storage: &str,
        namespace: &str,
        name: &str,
        change: &dyn Fn(&Value) -> Result<Option<Value>, Status>,
    ) -> Result<(), Status> {
        let (kind, key) = (Kind::new(storage), Key::new(namespace, name));
        let catalog = self.catalog();
        let Some(served) = catalog.all().find(|s| s.storage == kind && s.is_storage_version()) else { return Ok(()) };
        let call = bootstrap::own_call(served, namespace, name, "status");
        loop {
            let Some(stored) = self.snapshot().get(kind, &key) else { return Ok(()) };
            let old = self.object_value(served, &stored)?;
            let Some(mut new) = change(&old)? else { return Ok(()) };
            managed_fields::update(&Form::of(&call.target), &call, &WriteOptions::default(), &self.moment(), Some(&old), &mut new);
            let draft = self.draft_at_once(served, new)?;
            match self.store.commit(kind, key.clone(), Expect::Revision(stored.resource_version()), |r, _| Change::Put(draft.stamp(r))) {
                Err(CommitError::Conflict { .. }) => {}
                _ => return Ok(()),
            }
        }
    }
}

/// A view that answers what expressions of policies ask it.
struct Answering(View);

impl Authorizer for Answering {
    fn decide(&self, question: &Question) -> Decision {
        let subject = Subject { name: &question.user, groups: &question.groups };
        let wanted = Wanted {
            verb: &question.verb,
            group: &question.group,
            resource: &question.resource,
            subresource: &question.subresource,
            namespace: &question.namespace,
            name: &question.name,
            path: &question.path,
        };
        let decision = self.0.authorization().decide(&self.0.snapshot(), &subject, &wanted);
        Decision { allowed: decision.allowed, reason: decision.reason, error: String::new() }
    }
}
