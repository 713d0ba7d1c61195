//! Lists put together from objects that are encoded already. Every built-in list is `{metadata = 1, items = 2}`.

use super::envelope::{FOOTER, field_length, header, open};

/// What stands before the items of a list: `metadata` is an encoded `ListMeta`, `items` are the lengths of its
/// [items](list_item).
pub fn list_head(api_version: &str, list_kind: &str, metadata: &[u8], items: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut out = header(api_version, list_kind, field_length(metadata.len()) + items.sum::<usize>());
    open(&mut out, 1, metadata.len());
    out.extend_from_slice(metadata);
    out
}

/// An item of a list: an object's message, which has no envelope, with its tag and length.
pub fn list_item(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field_length(message.len()));
    open(&mut out, 2, message.len());
    out.extend_from_slice(message);
    out
}

/// What stands after the items of a list.
pub const LIST_TAIL: &[u8] = FOOTER;
