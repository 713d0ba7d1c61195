//! `PartialObjectMetadata`: an object with nothing but its metadata (C-05-50).

use minkapi_object::Object;
use serde_json::{Value, json};

/// JSON of a stored object's metadata, as a `PartialObjectMetadata` of `meta.k8s.io/v1` (or `v1beta1`).
pub fn partial_object_metadata(object: &Object, api_version: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(object.metadata_member().len() + 80);
    write_partial_object_metadata(object, api_version, &mut out);
    out
}

/// Appends the same.
pub fn write_partial_object_metadata(object: &Object, api_version: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"");
    out.extend_from_slice(api_version.as_bytes());
    out.extend_from_slice(b"\",");
    out.extend_from_slice(object.metadata_member());
    out.push(b'}');
}

/// The same of a value in flight.
pub fn partial_object_metadata_value(object: &Value, api_version: &str) -> Value {
    json!({"apiVersion": api_version, "kind": "PartialObjectMetadata", "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({}))})
}
