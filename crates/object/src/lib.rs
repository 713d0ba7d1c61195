//! One stored Kubernetes object and the names around it.
//!
//! An [`Object`] is its canonical JSON bytes plus a small parsed [`Head`]: enough to serve GET, LIST and WATCH by
//! copying bytes, and to select by labels and fields without parsing. This crate knows nothing of how objects are
//! stored, served, or what any kind means.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests"))]

mod draft;
mod field_selector;
pub mod fields_v1;
mod gvk;
mod head;
mod json;
mod kept;
mod label_selector;
mod labels;
mod marks;
mod object;
mod outline;
mod recent;
mod scan;
mod status;

pub use draft::{Draft, Layout, OBJECT_META_FIELDS};
pub use field_selector::{FieldRequirement, FieldSelector, ParseFieldSelectorError};
pub use gvk::{GroupKind, GroupResource, GroupVersionKind, GroupVersionResource};
pub use head::{Head, OwnerReference};
pub use json::{write_json, write_text};
pub use label_selector::{LabelOperator, LabelRequirement, LabelSelector, ParseLabelSelectorError};
pub use labels::Labels;
pub use marks::Marks;
pub use object::Object;
pub use outline::{Members, Outline};
pub use recent::recent;
pub use scan::{string_end, value_end};
pub use status::{Status, StatusCause, StatusDetails, StatusReason};
