//! Changes to objects as pure functions: the three patch formats, server-side apply and the bookkeeping of managedFields.
//!
//! Everything here works on [`serde_json::Value`] and the schema tables of `minkapi-registry`; it knows no store and no request.
//!
//! - [`JsonPatch`], [`MergePatch`], [`StrategicMergePatch`]: parse once, apply to as many objects as it takes.
//! - [`update_managed_fields`] keeps the books of every write, [`apply()`] merges an applied configuration (C-07-40 to C-07-53).

mod apply_configuration;
mod body;
mod error;
mod field_set;
pub mod go_format;
mod json_patch;
mod managed_fields;
mod merge_diff;
mod merge_patch;
mod strategic_merge;
mod strict_json;
mod typed;

pub use apply_configuration::apply_configuration;
pub use error::PatchError;
pub use field_set::{Element, FieldSet, FieldsV1Error, Name, Path};
pub use json_patch::JsonPatch;
pub use managed_fields::{
    ApplyError, FieldManagerInput, ManagedFieldsError, OneVersion, ReplicasPaths, ResetFields, Versions, apply, keep_times_if_unchanged,
    scale_to_parent, scale_to_subresource, update_managed_fields, validate_managed_fields,
};
pub use merge_diff::merge_diff;
pub use merge_patch::MergePatch;
pub use strategic_merge::{Patched, StrategicMergePatch, diff as strategic_diff, misfit};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
