//! `PartialObjectMetadata`: an object with nothing but its metadata (C-05-50).

use minkapi_object::Object;
use serde_json::{Value, json};

/// JSON of a stored object's metadata, as a `PartialObjectMetadata` of `meta.k8s.io/v1` (or `v1beta1`).
pub fn partial_object_metadata(object: &Object, api_version: &str) -> Vec<u8> {
    let bytes = object.bytes();
    // Stored objects begin with their metadata.
    let end = metadata_end(bytes).unwrap_or(bytes.len());
    let mut out = Vec::with_capacity(end + 64);
    out.extend_from_slice(b"{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"");
    out.extend_from_slice(api_version.as_bytes());
    out.extend_from_slice(b"\",");
    out.extend_from_slice(bytes.get(1..end).unwrap_or_default());
    out.push(b'}');
    out
}

/// The same of a value in flight.
pub fn partial_object_metadata_value(object: &Value, api_version: &str) -> Value {
    json!({"apiVersion": api_version, "kind": "PartialObjectMetadata", "metadata": object.get("metadata").cloned().unwrap_or_else(|| json!({}))})
}

/// Where the first member's object ends in `{"metadata":{...},...`.
fn metadata_end(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0u32, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' if !in_text => depth += 1,
            b'}' if !in_text => {
                depth -= 1;
                if depth <= 1 {
                    return Some(if depth == 1 { at + 1 } else { at });
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::metadata_end;

    #[test]
    fn braces_and_quotes_inside_of_text_do_not_end_the_metadata() {
        let metadata = r#"{"metadata":{"annotations":{"a":"}\"}{","b":"\\"},"name":"x"}"#;
        assert_eq!(metadata_end(format!("{metadata},\"spec\":{{\"a\":1}}}}").as_bytes()), Some(metadata.len()));
        assert_eq!(metadata_end(format!("{metadata}}}").as_bytes()), Some(metadata.len()));
    }
}
