//! What of an object is known without parsing it.

use crate::{
    Labels, recent,
    recent::{recent_fields, recent_owners},
};
use serde_json::Value;
use std::sync::Arc;

/// The parsed part of an object.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// `metadata.namespace`; empty for cluster-scoped objects.
    pub namespace: Arc<str>,
    /// `metadata.name`.
    pub name: Arc<str>,
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// `metadata.generation`; 0 when the kind has none.
    pub generation: i64,
    /// `metadata.labels`.
    pub labels: Labels,
    /// `metadata.ownerReferences`.
    pub owner_references: Arc<[OwnerReference]>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// Whether `metadata.finalizers` is non-empty.
    pub has_finalizers: bool,
    /// Values of the kind's selectable fields beyond name and namespace, in the order in which the kind declares them.
    pub fields: Arc<[Arc<str>]>,
}

/// An entry of `metadata.ownerReferences`, as far as garbage collection needs it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OwnerReference {
    /// The owner's uid.
    pub uid: Arc<str>,
    /// Whether the owner is the managing controller.
    pub controller: bool,
    /// Whether foreground deletion of the owner waits for this object.
    pub block_owner_deletion: bool,
}

impl Head {
    /// Reads the head out of a parsed object. `fields` are the values of the kind's selectable fields.
    pub fn of(object: &Value, fields: Box<[Arc<str>]>) -> Self {
        let meta = &object["metadata"];
        let text = |key: &str| -> Arc<str> { meta[key].as_str().unwrap_or_default().into() };
        let shared = |value: &Value| recent(value.as_str().unwrap_or_default());
        let labels = meta["labels"]
            .as_object()
            .map_or(Labels::EMPTY, |m| Labels::new(m.iter().map(|(k, v)| (k.as_str(), v.as_str().unwrap_or_default()))));
        let owner_references: Vec<_> = meta["ownerReferences"].as_array().map_or_else(Vec::new, |list| {
            list.iter()
                .map(|o| OwnerReference {
                    uid: shared(&o["uid"]),
                    controller: o["controller"].as_bool().unwrap_or(false),
                    block_owner_deletion: o["blockOwnerDeletion"].as_bool().unwrap_or(false),
                })
                .collect()
        });
        Self {
            namespace: shared(&meta["namespace"]),
            name: text("name"),
            uid: text("uid"),
            generation: meta["generation"].as_i64().unwrap_or(0),
            labels,
            owner_references: recent_owners(&owner_references),
            deleting: !meta["deletionTimestamp"].is_null(),
            has_finalizers: meta["finalizers"].as_array().is_some_and(|f| !f.is_empty()),
            fields: recent_fields(&fields),
        }
    }
}
