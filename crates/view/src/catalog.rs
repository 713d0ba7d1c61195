//! What is served in a view: the built-in resources and those of its CustomResourceDefinitions.

use crate::conversion::Conversion;
use minkapi_kinds::{CustomResource, Strategy, custom_resource::compare_versions};
use minkapi_object::Object;
use minkapi_registry::{Ref, Resource, Struct, Text};
use serde_json::Value;
use std::{
    collections::HashMap,
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
    /// What only custom resources have.
    pub custom: Option<CustomServed>,
}

/// What is known of a custom resource beyond its row and rules.
#[derive(Debug)]
pub struct CustomServed {
    /// Its rules, by their own type.
    pub strategy: Arc<CustomResource>,
    /// The Warning of every request to a deprecated version (C-10-24).
    pub deprecation_warning: Option<String>,
    /// Whether its definition is being deleted, so that nothing can be created (C-10-07).
    pub terminating: bool,
    /// Whether objects are sent as they are stored.
    pub served_as_stored: bool,
    /// All served versions of the kind with their schemas.
    pub versions: Arc<[(String, Ref<Struct>)]>,
    /// The version of stored objects that do not say theirs.
    pub first_stored_version: String,
    pub(crate) conversion: Option<Arc<Conversion>>,
}

impl Served {
    /// Whether the served form is the stored one, so that stored bytes are served as they are.
    pub fn is_storage_version(&self) -> bool {
        match &self.custom {
            Some(custom) => custom.served_as_stored,
            None => self.resource.api_version() == self.resource.storage_version,
        }
    }

    /// The webhook by which objects come into this version.
    pub(crate) fn webhook(&self) -> Option<&Arc<Conversion>> {
        self.custom.as_ref()?.conversion.as_ref().filter(|_| !self.is_storage_version())
    }

    /// A stored object in the version in which it is stored.
    pub(crate) fn stored_value(&self, object: &Object) -> Value {
        let Some(custom) = &self.custom else { return object.to_typed_value(&self.resource.storage_version, &self.resource.kind) };
        let mut value = object.to_value();
        if value.get("apiVersion").is_none() {
            value["apiVersion"] = custom.first_stored_version.as_str().into();
        }
        value["kind"] = (&*self.resource.kind).into();
        value
    }

    /// The Warning of every request to this version.
    pub fn deprecation_warning(&self) -> Option<&str> {
        match &self.custom {
            Some(custom) => custom.deprecation_warning.as_deref(),
            None => self.strategy.traits().deprecation_warning,
        }
    }
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

/// One group of a [`Catalog`].
#[derive(Debug, Clone)]
pub struct CatalogGroup {
    /// Its name; empty for core.
    pub name: Text,
    /// Its versions, preferred first.
    pub versions: Vec<CatalogVersion>,
}

/// One version of a group.
#[derive(Debug, Clone)]
pub struct CatalogVersion {
    /// Its name.
    pub version: Text,
    /// Its resources in order of name.
    pub resources: Vec<Arc<Served>>,
}

/// Everything that is served in a view at one moment.
#[derive(Debug)]
pub struct Catalog {
    groups: Vec<CatalogGroup>,
    by_group: HashMap<Text, usize>,
    generation: u64,
}

static BUILT_IN: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::new(built_in_groups(), 0)));

impl Catalog {
    /// The built-in resources alone.
    pub fn built_in() -> Arc<Self> {
        BUILT_IN.clone()
    }

    /// The built-in resources and `custom` ones, which `generation` tells from other sets.
    pub fn with_custom(custom: Vec<Arc<Served>>, generation: u64) -> Self {
        let mut groups = BUILT_IN.groups.clone();
        for served in custom {
            let group = match groups.iter_mut().find(|g| g.name == served.resource.group) {
                Some(group) => group,
                None => {
                    let name = served.resource.group.clone();
                    // Groups of custom resources have one priority, so they follow the built-in ones by name.
                    let at = BUILT_IN.groups.len() + groups.iter().skip(BUILT_IN.groups.len()).take_while(|g| g.name < name).count();
                    groups.insert(at, CatalogGroup { name, versions: Vec::new() });
                    let Some(group) = groups.get_mut(at) else { continue };
                    group
                }
            };
            let version = match group.versions.iter_mut().position(|v| v.version == served.resource.version) {
                Some(at) => group.versions.get_mut(at),
                None => {
                    group.versions.push(CatalogVersion { version: served.resource.version.clone(), resources: Vec::new() });
                    group.versions.last_mut()
                }
            };
            if let Some(version) = version {
                let at = version.resources.partition_point(|r| r.resource.plural < served.resource.plural);
                version.resources.insert(at, served);
            }
        }
        for group in &mut groups {
            group.versions.sort_by(|a, b| compare_versions(&b.version, &a.version));
        }
        Self::new(groups, generation)
    }

    fn new(groups: Vec<CatalogGroup>, generation: u64) -> Self {
        let by_group = groups.iter().enumerate().map(|(i, g)| (g.name.clone(), i)).collect();
        Self { groups, by_group, generation }
    }

    /// All groups in discovery's order, the core group first.
    pub fn groups(&self) -> &[CatalogGroup] {
        &self.groups
    }

    /// The group of this name.
    pub fn group(&self, name: &str) -> Option<&CatalogGroup> {
        self.groups.get(*self.by_group.get(name)?)
    }

    /// The resource of this name in that version.
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Served>> {
        let version = self.group(group)?.versions.iter().find(|v| v.version == version)?;
        let at = version.resources.binary_search_by(|r| (*r.resource.plural).cmp(plural)).ok()?;
        version.resources.get(at).cloned()
    }

    /// Differs between catalogs of different content; equal for equal content of one view.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Every resource in every version.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.groups.iter().flat_map(|g| &g.versions).flat_map(|v| &v.resources)
    }
}

fn built_in_groups() -> Vec<CatalogGroup> {
    let mut groups: Vec<CatalogGroup> = Vec::new();
    for gv in minkapi_registry::group_versions() {
        let mut resources: Vec<_> =
            minkapi_registry::resources().iter().filter(|r| r.group == gv.group && r.version == gv.version).filter_map(built_in).collect();
        resources.sort_by(|a, b| a.resource.plural.cmp(&b.resource.plural));
        let version = CatalogVersion { version: gv.version.clone(), resources };
        match groups.iter_mut().find(|g| g.name == gv.group) {
            Some(group) => group.versions.push(version),
            None => groups.push(CatalogGroup { name: gv.group.clone(), versions: vec![version] }),
        }
    }
    groups
}

fn built_in(resource: &'static Resource) -> Option<Arc<Served>> {
    let strategy = minkapi_kinds::strategy(&resource.group, &resource.kind)?;
    let stored = minkapi_registry::resources()
        .iter()
        .find(|r| r.storage == resource.storage && r.api_version() == resource.storage_version)
        .unwrap_or(resource);
    Some(Arc::new(Served {
        resource: Ref::Static(resource),
        strategy: StrategyRef::Static(strategy),
        storage_schema: stored.schema.clone(),
        storage: minkapi_store::Kind::new(&resource.storage),
        custom: None,
    }))
}
