//! Watch events in protobuf (C-06-03).

use super::envelope::{field_length, open};

/// One frame: four bytes of length, then a bare `WatchEvent` whose object is in its own envelope.
pub fn watch_frame(event_type: &str, envelope: &[u8]) -> Vec<u8> {
    let object = field_length(envelope.len());
    let length = field_length(event_type.len()) + field_length(object);
    let mut out = Vec::with_capacity(4 + length);
    // Bodies are limited to 3 MiB, so the length fits.
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    open(&mut out, 1, event_type.len());
    out.extend_from_slice(event_type.as_bytes());
    open(&mut out, 2, object);
    open(&mut out, 1, envelope.len());
    out.extend_from_slice(envelope);
    out
}
