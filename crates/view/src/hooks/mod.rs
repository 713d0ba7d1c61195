//! What a few kinds do beside the common path that needs the view's other objects: allocate addresses, hold a namespace
//! until it is empty. By the name under which their objects are stored; all other kinds have none.

mod api_service;
mod cluster_ips;
mod custom_resource_definition;
mod namespace;
mod node_ports;
mod rbac;
mod resource_claim;
mod resource_quota;
mod service;
mod view;

use crate::{Call, DeleteOptions, Served, View, delete::Step, view::Moment};
use minkapi_object::{Object, Status};
use minkapi_schema::field::ErrorList;
use minkapi_store::{Key, Snapshot};
use serde_json::Value;
use std::sync::Arc;

pub(crate) use cluster_ips::{Range, ip_address};
pub(crate) use node_ports::PortsInFlight;

/// Something taken for an object that is not stored yet; given back when dropped.
pub(crate) type Reserved = Option<Box<dyn Send>>;

/// An object that is about to be stored, after admission that changes.
#[derive(Clone, Copy)]
pub(crate) struct Write<'a> {
    pub new: &'a Value,
    pub old: Option<&'a Value>,
    /// The name in the URL: empty when it is posted to a collection.
    pub url_name: &'a str,
}

/// A kind's part in the common path.
pub(crate) trait Hooks: Sync {
    /// Before anything else is looked at in an object that admission has changed: may refuse it because of who writes it.
    fn may_write(&self, view: &View, call: &Call, write: Write<'_>) -> Result<(), Status> {
        let _ = (view, call, write);
        Ok(())
    }

    /// Before a new object is prepared: may take what it needs and write it in.
    fn begin_create(&self, view: &View, call: &Call, object: &mut Value, dry_run: bool) -> Result<Reserved, Status> {
        let _ = (view, call, object, dry_run);
        Ok(None)
    }

    /// The same before a change.
    fn begin_update(&self, view: &View, call: &Call, new: &mut Value, old: &Value, dry_run: bool) -> Result<Reserved, Status> {
        let _ = (view, call, new, old, dry_run);
        Ok(None)
    }

    /// What is wrong with a new object because of others.
    fn errors_on_create(&self, view: &View, object: &Value) -> ErrorList {
        let _ = (view, object);
        ErrorList::new()
    }

    /// What a new object has gained when it is read, where that is more than what its creation answers.
    fn default_on_read(&self, object: &Value) -> Option<Value> {
        let _ = object;
        None
    }

    /// Whether an object without finalizers that is to be deleted may go now.
    fn may_be_removed(&self, object: &Value) -> bool {
        let _ = object;
        true
    }

    /// Before a deletion that was not asked for before: may refuse it.
    fn begin_delete(&self, view: &View, call: &Call, options: &DeleteOptions) -> Result<(), Status> {
        let _ = (view, call, options);
        Ok(())
    }

    /// The kind's own way of being deleted.
    fn delete_step(&self, old: &Value, options: &DeleteOptions, moment: &Moment) -> Option<Step> {
        let _ = (old, options, moment);
        None
    }

    /// Whether [`Self::reconcile`] has something to do.
    fn reconciles(&self) -> bool {
        false
    }

    /// Before an object that both a sandbox and its parent have changed is merged: brings into line what follows from other
    /// objects. The sandbox went from `before` to `own`, the parent from `origin` to `theirs`. Answers the fields where that cannot be, each with the reason.
    fn reconcile(&self, before: &mut Value, own: &mut Value, origin: &mut Value, theirs: &Value) -> Vec<(String, String)> {
        let _ = (before, own, origin, theirs);
        Vec::new()
    }

    /// Whether [`Self::begin_merge`] has to be asked.
    fn checks_merges(&self) -> bool {
        false
    }

    /// Before objects that a sandbox has changed are stored in its parent: takes what they need there. Answers the objects
    /// that cannot have it, each with the field and the reason.
    fn begin_merge(&self, parent: &View, state: &Snapshot<Object>, changes: &[Incoming]) -> Result<Reserved, Vec<Refusal>> {
        let _ = (parent, state, changes);
        Ok(None)
    }

    /// After an object was stored or removed.
    fn after_commit(&self, view: &View, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) {
        let _ = (view, old, new);
    }
}

/// An object of a sandbox on its way into the parent.
pub(crate) struct Incoming {
    pub key: Key,
    /// As it is to be stored; none for a deletion.
    pub object: Option<Value>,
}

/// Why an object cannot be stored in the parent.
pub(crate) struct Refusal {
    pub key: Key,
    pub field: String,
    pub why: String,
}

/// The hooks of kinds without any.
struct Plain;

impl Hooks for Plain {}

static HOOKS: &[(&str, &dyn Hooks)] = &[
    ("apiservices.apiregistration.k8s.io", &api_service::ApiServices),
    (crate::crd::STORAGE, &custom_resource_definition::Definitions),
    ("namespaces", &namespace::Namespaces),
    ("resourcequotas", &resource_quota::ResourceQuotas),
    ("resourceclaims.resource.k8s.io", &resource_claim::ResourceClaims("/spec")),
    ("resourceclaimtemplates.resource.k8s.io", &resource_claim::ResourceClaims("/spec/spec")),
    ("services", &service::Services),
    ("roles.rbac.authorization.k8s.io", &rbac::Roles),
    ("clusterroles.rbac.authorization.k8s.io", &rbac::Roles),
    ("rolebindings.rbac.authorization.k8s.io", &rbac::Bindings),
    ("clusterrolebindings.rbac.authorization.k8s.io", &rbac::Bindings),
];

/// The hooks of a resource's objects.
pub(crate) fn of(served: &Served) -> &'static dyn Hooks {
    if crate::view_kind::is(served) {
        return &view::Views;
    }
    if served.custom.is_some() {
        return &custom_resource_definition::CustomResources;
    }
    let storage = served.storage.name();
    HOOKS.iter().find(|(name, _)| *name == storage).map_or(&Plain, |(_, hooks)| *hooks)
}
