//! Tables of the kinds, resources and schemas that kube-apiserver 1.37 serves.
//!
//! The types are written by hand; the tables under `generated` come from `cargo xtask codegen` and hold facts
//! only: names, verbs, scopes, field types, merge keys, defaults, protobuf numbers. Nothing here *does* anything:
//! validation, decoding, patching, protobuf and OpenAPI all walk the same [`Schema`], and a
//! CustomResourceDefinition is turned into the same representation at run time.

mod resource;
mod schema;

pub use resource::{GroupVersion, Resource, Subresource, TopLevelKind, Verb, Verbs};
pub use schema::{Alternative, Field, ListType, Presence, Ref, Rules, Schema, Shape, Struct, Text};

/// Every resource in every served version that is built in, in discovery's order (group priority, then version
/// priority, then plural).
pub fn resources() -> &'static [Resource] {
    &[]
}

/// The built-in resource of this group, version and plural.
pub fn resource(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    resources().iter().find(|r| r.group == group && r.version == version && r.plural == plural)
}

/// The built-in resource whose objects have this apiVersion (`apps/v1`) and kind.
pub fn kind(api_version: &str, kind: &str) -> Option<&'static Resource> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    resources().iter().find(|r| r.group == group && r.version == version && r.kind == kind)
}

/// Every built-in group-version in discovery's order, with the core group first.
pub fn group_versions() -> &'static [GroupVersion] {
    &[]
}

/// A kind that is not a resource of its own: options, Status, Scale, Eviction, lists of anything.
pub fn top_level_kind(_api_version: &str, _kind: &str) -> Option<&'static TopLevelKind> {
    None
}

/// The struct of this OpenAPI name, such as `io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta`.
pub fn struct_named(_name: &str) -> Option<&'static Struct> {
    None
}

/// Version of Kubernetes that the tables were made from, such as `v1.37.2`.
pub const KUBERNETES_VERSION: &str = "v1.37.2";
