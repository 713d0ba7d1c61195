//! What is served where: resources, their verbs and subresources.

use crate::{Ref, Schema, Struct, Text};
use std::borrow::Cow;

/// A verb of the API, as discovery names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
#[expect(missing_docs, reason = "the names are the verbs")]
pub enum Verb {
    Create = 1,
    Delete = 2,
    DeleteCollection = 4,
    Get = 8,
    List = 16,
    Patch = 32,
    Update = 64,
    Watch = 128,
}

impl Verb {
    /// All verbs, in the alphabetical order in which discovery lists them.
    pub const ALL: [Self; 8] =
        [Self::Create, Self::Delete, Self::DeleteCollection, Self::Get, Self::List, Self::Patch, Self::Update, Self::Watch];

    /// The verb's name in discovery and RBAC.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Watch => "watch",
        }
    }
}

/// A set of verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verbs(pub u16);

impl Verbs {
    /// Whether `verb` is in the set.
    pub const fn has(self, verb: Verb) -> bool {
        self.0 & verb as u16 != 0
    }

    /// The set of these names; names that are no verb are left out.
    pub const fn of(names: &[&str]) -> Self {
        let mut set = 0;
        let mut n = 0;
        while n < names.len() {
            let mut v = 0;
            while v < Verb::ALL.len() {
                if same(Verb::ALL[v].as_str().as_bytes(), names[n].as_bytes()) {
                    set |= Verb::ALL[v] as u16;
                }
                v += 1;
            }
            n += 1;
        }
        Self(set)
    }

    /// The verbs in alphabetical order.
    pub fn iter(self) -> impl Iterator<Item = Verb> {
        Verb::ALL.into_iter().filter(move |v| self.has(*v))
    }
}

/// Equality of texts that constants can ask for.
const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// A group and one of its versions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupVersion {
    /// Group name; empty for the core group.
    pub group: Text,
    /// Version name, such as `v1`.
    pub version: Text,
}

/// A resource in one served version: a row of discovery with its schema.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Group name; empty for the core group.
    pub group: Text,
    /// Version name, such as `v1`.
    pub version: Text,
    /// Kind, such as `Pod`.
    pub kind: Text,
    /// Kind of its list, such as `PodList`.
    pub list_kind: Text,
    /// Plural name as in URLs.
    pub plural: Text,
    /// Singular name.
    pub singular: Text,
    /// Short names for kubectl.
    pub short_names: Cow<'static, [Text]>,
    /// Categories such as `all`.
    pub categories: Cow<'static, [Text]>,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// What can be done with it.
    pub verbs: Verbs,
    /// Its subresources, sorted by name.
    pub subresources: Cow<'static, [Subresource]>,
    /// The schema of its objects.
    pub schema: Ref<Struct>,
    /// The name its objects are stored under: `pods`, `deployments.apps`. Resources that are two views of the same
    /// objects (core and `events.k8s.io` events, the versions of a HorizontalPodAutoscaler) share it.
    pub storage: Text,
    /// The version in which its objects are stored, as in `apiVersion` (`v1`, `autoscaling/v2`).
    pub storage_version: Text,
    /// Discovery's `storageVersionHash`; empty where discovery has none.
    pub storage_version_hash: Text,
    /// Whether it is defined by a CustomResourceDefinition.
    pub custom: bool,
}

impl Resource {
    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> Cow<'_, str> {
        if self.group.is_empty() { Cow::Borrowed(&self.version) } else { Cow::Owned(format!("{}/{}", self.group, self.version)) }
    }

    /// `pods`, or `deployments.apps`: how errors name a resource.
    pub fn group_resource(&self) -> Cow<'_, str> {
        if self.group.is_empty() { Cow::Borrowed(&self.plural) } else { Cow::Owned(format!("{}.{}", self.plural, self.group)) }
    }

    /// `Pod`, or `Deployment.apps`: how validation errors name a kind.
    pub fn group_kind(&self) -> Cow<'_, str> {
        if self.group.is_empty() { Cow::Borrowed(&self.kind) } else { Cow::Owned(format!("{}.{}", self.kind, self.group)) }
    }

    /// The subresource of this name.
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|s| s.name == name)
    }
}

/// A subresource such as `pods/binding`.
#[derive(Debug, Clone)]
pub struct Subresource {
    /// The part after the object's name, such as `binding`.
    pub name: Text,
    /// Group of the kind it reads and writes, as discovery shows it; equal to the resource's where discovery is silent.
    pub group: Text,
    /// Version of that kind.
    pub version: Text,
    /// The kind it reads and writes.
    pub kind: Text,
    /// What can be done with it.
    pub verbs: Verbs,
    /// The schema of what is sent, where it is a structured kind (connect options have none).
    pub schema: Option<Ref<Struct>>,
}

/// A top-level kind that is not a resource of its own but is read or written (DeleteOptions, Status, Scale, Eviction ...).
#[derive(Debug, Clone)]
pub struct TopLevelKind {
    /// `policy/v1`, `v1`; `*` for kinds that are accepted in any version (options and watch events).
    pub api_version: Text,
    /// `Eviction`.
    pub kind: Text,
    /// Its schema.
    pub schema: Ref<Struct>,
}

impl From<&Ref<Struct>> for Schema {
    fn from(of: &Ref<Struct>) -> Self {
        Self { shape: crate::Shape::Struct(of.clone()), list_type: crate::ListType::Atomic, atomic: false, nullable: false, rules: None }
    }
}
