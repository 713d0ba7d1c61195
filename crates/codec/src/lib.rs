//! Content types of the Kubernetes API: protobuf, YAML, and metadata-only answers.
//!
//! JSON needs no codec: objects are stored as JSON. Protobuf and YAML are translated from and to that JSON; protobuf by
//! walking the registry's tables, so that there is no code per kind. This crate knows nothing of requests, views or what
//! a kind means.

mod decode_error;
mod metadata_only;
pub mod protobuf;
pub mod yaml;

pub use decode_error::{DecodeError, summarize};
pub use metadata_only::{partial_object_metadata, partial_object_metadata_value, write_partial_object_metadata};
