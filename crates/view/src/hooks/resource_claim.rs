//! Administrative access to devices, which a namespace must allow.

use super::Hooks;
use crate::{View, metadata};
use minkapi_admission::Cluster;
use minkapi_kinds::asks_for_admin_access;
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// The label of namespaces that allow it.
const LABEL: &str = "resource.kubernetes.io/admin-access";

/// Claims and templates of claims, by where the spec of the claim is.
pub(super) struct ResourceClaims(pub &'static str);

impl Hooks for ResourceClaims {
    fn errors_on_create(&self, view: &View, object: &Value) -> ErrorList {
        let Some(request) = object.pointer(self.0).and_then(asks_for_admin_access) else { return ErrorList::new() };
        let cluster: &dyn Cluster = view;
        let namespace = cluster.get("namespaces", "", metadata::text(object, "namespace"));
        if namespace.is_some_and(|namespace| namespace.head().labels.get(LABEL) == Some("true")) {
            return ErrorList::new();
        }
        // Of a template, too, upstream names the place in a claim.
        let path = Path::new("spec");
        let (devices, why) =
            (path.child("devices"), format!("admin access to devices requires the `{LABEL}: true` label on the containing namespace"));
        vec![Error::forbidden(&devices.child("requests").index(request).child("adminAccess"), why)]
    }
}
