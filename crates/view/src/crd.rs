//! Custom resources: from a view's CustomResourceDefinitions to what is served there.

use crate::{Call, Catalog, CustomServed, Served, StrategyRef, View, conversion::Conversion, metadata, view_kind};
use dashmap::DashMap;
use minkapi_kinds::served_resources;
use minkapi_object::{Object, Status};
use minkapi_registry::Ref;
use minkapi_store::{Kind, Snapshot};
use serde_json::Value;
use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
};

/// The name under which CustomResourceDefinitions are stored.
pub(crate) const STORAGE: &str = "customresourcedefinitions.apiextensions.k8s.io";

/// The version in which they are stored.
const API_VERSION: &str = "apiextensions.k8s.io/v1";

/// More definitions than this are not remembered: those that nobody serves any more are forgotten.
const REMEMBERED: usize = 4096;

/// What definitions make be served, by uid and resourceVersion: views that share a definition share this.
#[derive(Debug, Default)]
pub(crate) struct Definitions(DashMap<(Arc<str>, u64), Vec<Arc<Served>>>);

impl Definitions {
    fn served(&self, definition: &Object) -> Vec<Arc<Served>> {
        let id = (definition.head().uid.clone(), definition.resource_version());
        if let Some(known) = self.0.get(&id) {
            return known.clone();
        }
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, served| served.iter().any(|s| Arc::strong_count(s) > 1));
        }
        let served = serve(&definition.to_typed_value(API_VERSION, "CustomResourceDefinition"));
        self.0.insert(id, served.clone());
        served
    }
}

pub(crate) fn serve(definition: &Value) -> Vec<Arc<Served>> {
    let all = served_resources(definition);
    let versions: Arc<[_]> = all.iter().map(|s| (s.resource.api_version().into_owned(), s.resource.schema.clone())).collect();
    let webhook = all.first().and_then(|s| s.webhook.as_ref()).map(|webhook| Arc::new(Conversion::of(webhook)));
    let served = all.into_iter().map(|s| {
        Arc::new(Served {
            storage: Kind::new(&s.resource.storage),
            resource: Ref::Shared(s.resource),
            strategy: StrategyRef::Shared(s.strategy.clone()),
            storage_schema: s.storage_schema,
            custom: Some(CustomServed {
                strategy: s.strategy,
                deprecation_warning: s.deprecation_warning,
                terminating: s.terminating,
                served_as_stored: s.served_as_stored,
                versions: versions.clone(),
                first_stored_version: s.first_stored_version,
                conversion: webhook.clone(),
            }),
        })
    });
    served.collect()
}

/// The built-in resources and those that the definitions in a snapshot make; on the base view also that of views.
pub(crate) fn catalog(definitions: &Definitions, snapshot: &Snapshot<Object>, base: bool) -> Arc<Catalog> {
    let kind = Kind::new(STORAGE);
    if snapshot.is_empty(kind) {
        return if base { view_kind::catalog() } else { Catalog::built_in() };
    }
    let mut content = DefaultHasher::new();
    let mut custom = if base { view_kind::served().to_vec() } else { Vec::new() };
    custom.len().hash(&mut content);
    for (_, definition) in snapshot.range(kind, None, None) {
        (&definition.head().uid, definition.resource_version()).hash(&mut content);
        custom.extend(definitions.served(definition));
    }
    Arc::new(Catalog::with_custom(custom, content.finish()))
}

/// The resource, in its stored version, whose objects are stored under this name.
pub(crate) fn served_by_storage(view: &View, kind: Kind) -> Option<Arc<Served>> {
    let catalog = view.catalog();
    let of_kind = || catalog.all().filter(|s| s.storage == kind);
    of_kind().find(|s| s.resource.api_version() == s.resource.storage_version).or_else(|| of_kind().next()).cloned()
}

/// The definitions of a group.
pub(crate) fn definitions_of(view: &View, group: &str) -> Vec<Value> {
    let suffix = format!(".{group}");
    let snapshot = view.snapshot();
    // A definition's name is that of its resource (C-10-02), so there is no need to read most others.
    let likely = snapshot.range(Kind::new(STORAGE), None, None).filter(|(key, _)| key.name().ends_with(&suffix));
    likely.map(|(_, definition)| definition.to_value()).filter(|definition| definition["spec"]["group"] == group).collect()
}

/// C-10-07: while a definition is being deleted, nothing is created of it.
///
/// # Errors
/// 403.
pub(crate) fn refuse_terminating(call: &Call, object: &Value) -> Result<(), Status> {
    match &call.target.served.custom {
        Some(custom) if custom.terminating => {
            let name = metadata::text(object, "name");
            let why = "create not allowed while custom resource definition is terminating";
            Err(Status::forbidden(&call.target.group_resource(), name, why))
        }
        _ => Ok(()),
    }
}
