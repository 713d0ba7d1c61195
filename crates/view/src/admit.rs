//! Admission: the plugins' look at a request, over the objects of the view.

use crate::{Call, View, WriteOptions, bootstrap, form::Form, managed_fields, view::Moment};
use minkapi_admission::{Attributes, Cluster, Operation};
use minkapi_object::{Object, Status};
use minkapi_store::{Change, CommitError, Expect, Key, Kind};
use serde_json::Value;
use std::sync::Arc;

/// Which half of the plugins runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Mutating,
    Validating,
}

impl View {
    /// Runs the plugins of a phase over `object` (Null on a deletion).
    ///
    /// # Errors
    /// The first refusal.
    pub(crate) async fn admit(
        &self,
        (phase, operation): (Phase, Operation),
        call: &mut Call,
        moment: &Moment,
        object: &mut Value,
        old: Option<&Value>,
        dry_run: bool,
    ) -> Result<(), Status> {
        let mut warnings = Vec::new();
        let options = Value::Null;
        let mut attributes = Attributes {
            resource: &call.target.served.resource,
            subresource: &call.target.subresource,
            operation,
            namespace: &call.target.namespace,
            name: &call.target.name,
            object,
            old,
            options: &options,
            dry_run,
            user: &call.user.name,
            user_uid: &call.user.uid,
            groups: &call.user.groups,
            user_extra: &call.user.extra,
            now: &moment.text,
            warnings: &mut warnings,
        };
        let chain = &self.config().admission;
        let result = match phase {
            Phase::Mutating => chain.admit(&mut attributes, self),
            // A deletion has one point at which all plugins look at it.
            Phase::Validating if operation == Operation::Delete => {
                chain.admit(&mut attributes, self).and_then(|()| chain.validate(&mut attributes, self))
            }
            Phase::Validating => chain.validate(&mut attributes, self),
        };
        call.warnings.extend(warnings);
        result
    }
}

impl Cluster for View {
    fn get(&self, storage: &str, namespace: &str, name: &str) -> Option<Arc<Object>> {
        self.snapshot().get(Kind::new(storage), &Key::new(namespace, name))
    }

    fn list(&self, storage: &str, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.snapshot().range(Kind::new(storage), namespace, None).map(|(_, object)| object.clone()).collect()
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
            let draft = self.draft(served, new)?;
            match self.store.commit(kind, key.clone(), Expect::Revision(stored.resource_version()), |r, _| Change::Put(draft.stamp(r))) {
                Err(CommitError::Conflict { .. }) => {}
                _ => return Ok(()),
            }
        }
    }
}
