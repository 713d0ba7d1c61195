//! What a plugin is told of a request, and what it may look up.

use crate::{Authorizer, Reinvocation};
use minkapi_authorization::{Attributes as Wanted, Subject};
use minkapi_object::{GroupResource, Object, Status};
use minkapi_registry::{Ref, Resource};
use serde_json::Value;
use std::sync::Arc;

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum Operation {
    Create,
    Update,
    Delete,
    Connect,
}

impl Operation {
    /// As rules of webhooks and policies write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// One request.
#[derive(Debug)]
pub struct Attributes<'a> {
    /// The resource in the version of the request.
    pub resource: &'a Resource,
    /// The subresource; empty for the object itself.
    pub subresource: &'a str,
    /// What is done.
    pub operation: Operation,
    /// Namespace; empty for cluster-scoped resources.
    pub namespace: &'a str,
    /// Name; empty on a create with `generateName`.
    pub name: &'a str,
    /// The new object, in the version of the request; Null on a deletion.
    pub object: &'a mut Value,
    /// The object as it is; none on a creation.
    pub old: Option<&'a Value>,
    /// The options of the request as an API object (`CreateOptions` ...).
    pub options: &'a Value,
    /// Whether nothing is to be stored.
    pub dry_run: bool,
    /// User name.
    pub user: &'a str,
    /// User UID.
    pub user_uid: &'a str,
    /// Groups of the user.
    pub groups: &'a [String],
    /// `extra` of the user.
    pub user_extra: &'a [(String, Vec<String>)],
    /// Now, RFC 3339 in whole seconds.
    pub now: &'a str,
    /// Warnings to be sent with the answer.
    pub warnings: &'a mut Vec<String>,
    /// What plugins that may run twice remember; empty at the beginning.
    pub reinvocation: Reinvocation,
}

impl Attributes<'_> {
    /// The resource as errors name it.
    pub fn group_resource(&self) -> GroupResource {
        GroupResource::new(&self.resource.group, &self.resource.plural)
    }

    /// Whether the request is about this group and resource, whatever the subresource.
    pub fn is_resource(&self, group: &str, plural: &str) -> bool {
        self.resource.plural == plural && self.resource.group == group
    }

    /// Whether the request is about the objects of this group and resource themselves (not a subresource).
    pub fn is(&self, group: &str, plural: &str) -> bool {
        self.subresource.is_empty() && self.is_resource(group, plural)
    }

    /// Whether it creates an object of this group and resource.
    pub fn creates(&self, group: &str, plural: &str) -> bool {
        self.operation == Operation::Create && self.is(group, plural)
    }

    /// The 403 of a plugin: `pods "web" is forbidden: why`. An object that has no name yet is called by its
    /// `generateName`.
    pub fn forbidden(&self, why: impl std::fmt::Display) -> Status {
        let meta = &self.object["metadata"];
        let candidates = [self.name, meta["name"].as_str().unwrap_or_default(), meta["generateName"].as_str().unwrap_or_default()];
        let name = candidates.into_iter().find(|name| !name.is_empty()).unwrap_or("Unknown");
        Status::forbidden(&self.group_resource(), name, why)
    }
}

/// The objects of the view that the request is made to, by the name under which they are stored (`pods`,
/// `deployments.apps`).
pub trait Cluster: Sync {
    /// One object; `namespace` is empty for cluster-scoped ones.
    fn get(&self, storage: &str, namespace: &str, name: &str) -> Option<Arc<Object>>;

    /// All objects of a namespace, or of all.
    fn list(&self, storage: &str, namespace: Option<&str>) -> Vec<Arc<Object>>;

    /// The resource whose objects have this kind.
    fn resource_of(&self, api_version: &str, kind: &str) -> Option<Ref<Resource>>;

    /// The same objects in other served versions.
    fn equivalents(&self, resource: &Resource) -> Vec<Ref<Resource>>;

    /// An object in another served version.
    fn convert(&self, object: &Value, from: &Resource, to: &Resource) -> Option<Value>;

    /// An object that a plugin made, decoded against the schema of its resource or subresource, with defaults. The error is
    /// the decoder's text; `strict` is whether unknown fields are one.
    fn decode(&self, resource: &Resource, subresource: &str, object: Value, strict: bool) -> Result<Value, String>;

    /// Whether a user may do something here.
    fn allows(&self, subject: &Subject<'_>, wanted: &Wanted<'_>) -> bool;

    /// What answers expressions that ask whether a user may do something here.
    fn authorizer(&self) -> Arc<dyn Authorizer>;

    /// A new uid.
    fn uid(&self) -> String;

    /// Five characters for the end of a generated name.
    fn name_suffix(&self) -> String;

    /// Changes the stored object if it still is as `change` saw it, again with the newer one if not; None from `change`
    /// leaves it. For usage that plugins account for (ResourceQuota status). Errors are those of `change`.
    fn update(
        &self,
        storage: &str,
        namespace: &str,
        name: &str,
        change: &dyn Fn(&Value) -> Result<Option<Value>, Status>,
    ) -> Result<(), Status>;
}
