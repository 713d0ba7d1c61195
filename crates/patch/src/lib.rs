//! Changes to objects as pure functions: the three patch formats, server-side apply and the bookkeeping of managedFields.
//!
//! Everything here works on [`serde_json::Value`] and the schema tables of `minkapi-registry`; it knows no store and no request.
//!
//! - [`JsonPatch`], [`MergePatch`], [`StrategicMergePatch`]: parse once, apply to as many objects as it takes.

mod body;
mod error;
pub mod go_format;
mod json_patch;
mod merge_patch;
mod strategic_merge;
mod strict_json;

pub use error::PatchError;
pub use json_patch::JsonPatch;
pub use merge_patch::MergePatch;
pub use strategic_merge::{Patched, StrategicMergePatch, diff as strategic_diff};
