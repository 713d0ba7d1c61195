//! The form in which an endpoint shows its object: the kind itself, or a kind of the subresource's own such as Scale.

use crate::{Conversions, CustomServed, Served, Target};
use minkapi_registry::{Ref, Struct};
use serde_json::Value;
use std::sync::Arc;

/// Version, kind and schema of what an endpoint reads and writes.
#[derive(Debug, Clone)]
pub(crate) struct Form {
    /// Its apiVersion.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its schema.
    pub schema: Ref<Struct>,
    /// The resource.
    served: Arc<Served>,
}

impl Form {
    /// The form of a target: that of the subresource where it has a kind of its own, else that of the resource.
    pub fn of(target: &Target) -> Self {
        let resource = &target.served.resource;
        let own = resource
            .subresource(&target.subresource)
            .and_then(|sub| Some((sub, sub.schema.as_ref()?)))
            .filter(|(sub, _)| sub.kind != resource.kind);
        match own {
            Some((sub, schema)) => {
                let api_version = if sub.group.is_empty() { sub.version.to_string() } else { format!("{}/{}", sub.group, sub.version) };
                Self { api_version, kind: sub.kind.to_string(), schema: schema.clone(), served: target.served.clone() }
            }
            None => Self::of_resource(&target.served),
        }
    }

    /// The form of a resource's own objects.
    pub fn of_resource(served: &Arc<Served>) -> Self {
        let resource = &served.resource;
        Self {
            api_version: resource.api_version().into_owned(),
            kind: resource.kind.to_string(),
            schema: resource.schema.clone(),
            served: served.clone(),
        }
    }

    /// Whether this is the form of the resource's own objects.
    pub fn is_resource(&self) -> bool {
        self.kind == self.served.resource.kind
    }

    /// The rules of a custom resource, which has no table-made type to be decoded into.
    pub fn custom(&self) -> Option<&CustomServed> {
        self.served.custom.as_ref().filter(|_| self.is_resource())
    }

    /// Fills in the kind's defaults.
    pub fn default(&self, object: &mut Value) {
        if self.is_resource() {
            self.served.strategy.default(object);
        }
    }

    /// The object as managed fields are kept of it, where that is another than the decoded one.
    pub fn tracked(&self, cx: &minkapi_kinds::Context<'_>, object: &Value) -> Option<Value> {
        if !self.is_resource() || self.custom().is_some() {
            return None;
        }
        let strategy = &self.served.strategy;
        if self.served.is_storage_version() {
            return strategy.tracked(cx, object);
        }
        let stored = strategy.to_storage(&self.api_version, object.clone()).ok()?;
        strategy.from_storage(&self.api_version, stored).ok()
    }

    /// What a write through this endpoint cannot own (C-07-50).
    pub fn reset_fields(&self, subresource: &str) -> &'static [&'static [&'static str]] {
        let fields = if self.is_resource() { self.served.strategy.traits().reset_fields } else { &[] };
        fields.iter().find(|(of, _)| *of == subresource).map_or(&[], |(_, paths)| *paths)
    }

    /// An object of this form in another served version of its kind, with that version's schema.
    pub fn convert(&self, object: &Value, to: &str, conversions: &Conversions) -> Option<(Value, Ref<Struct>)> {
        if !self.is_resource() {
            return None;
        }
        if let Some(custom) = self.custom() {
            let (_, schema) = custom.versions.iter().find(|(version, _)| version == to)?;
            if let Some(conversion) = &custom.conversion {
                return Some((conversions.get(conversion, object, to)?, schema.clone()));
            }
            // Without a webhook nothing changes but the version.
            let mut object = object.clone();
            object["apiVersion"] = to.into();
            return Some((object, schema.clone()));
        }
        let target = minkapi_registry::kind(to, &self.kind).filter(|r| r.storage == self.served.resource.storage)?;
        let strategy = &self.served.strategy;
        let stored =
            if self.served.is_storage_version() { object.clone() } else { strategy.to_storage(&self.api_version, object.clone()).ok()? };
        let converted = if to == target.storage_version { stored } else { strategy.from_storage(to, stored).ok()? };
        Some((converted, target.schema.clone()))
    }
}
