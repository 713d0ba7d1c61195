//! Tables of the kinds, resources and schemas that kube-apiserver 1.37 serves.
//!
//! The types are written by hand; the tables under `generated` come from `cargo xtask codegen` and hold facts
//! only: names, verbs, scopes, field types, merge keys, defaults, protobuf numbers. Nothing here *does* anything:
//! validation, decoding, patching, protobuf and OpenAPI all walk the same [`Schema`], and a
//! CustomResourceDefinition is turned into the same representation at run time.

#[rustfmt::skip]
mod generated;
mod lookup;
mod open_api;
mod resource;
mod rows;
mod schema;

pub use lookup::{group_versions, kind, resource, resources, struct_named, structs, top_level_kind};
pub use open_api::{OpenApiExtension, open_api_extensions};
pub use resource::{GroupVersion, Resource, Subresource, TopLevelKind, Verb, Verbs};
pub use schema::{Alternative, Field, ListType, Presence, Ref, Rules, Schema, Shape, Struct, Text, start_of};

/// Version of Kubernetes that the tables were made from, such as `v1.37.2`.
pub const KUBERNETES_VERSION: &str = "v1.37.2";
