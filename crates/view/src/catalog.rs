//! What is served in a view: the built-in resources and those of its CustomResourceDefinitions.

use minkapi_kinds::Strategy;
use minkapi_registry::{Ref, Resource, Struct};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
};

/// A resource in one version with everything needed to serve it.
#[derive(Debug)]
pub struct Served {
    /// Its row of discovery.
    pub resource: Ref<Resource>,
    /// Its kind's rules.
    pub strategy: StrategyRef,
    /// Schema of the stored version; equal to the resource's where there is one version.
    pub storage_schema: Ref<Struct>,
    /// The name its objects are stored under.
    pub storage: minkapi_store::Kind,
}

/// A strategy that is static for built-ins and counted for custom resources.
#[derive(Debug, Clone)]
pub enum StrategyRef {
    /// Of a built-in kind.
    Static(&'static dyn Strategy),
    /// Of a custom resource.
    Shared(Arc<dyn Strategy>),
}

impl std::ops::Deref for StrategyRef {
    type Target = dyn Strategy;
    fn deref(&self) -> &Self::Target {
        match self {
            Self::Static(s) => *s,
            Self::Shared(s) => &**s,
        }
    }
}
