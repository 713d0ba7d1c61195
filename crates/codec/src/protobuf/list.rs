//! Lists put together from objects that are encoded already. Every built-in list is `{metadata = 1, items = 2}`.

use super::envelope::{FOOTER, field_length, header, open};

/// What stands before the items of a list: `metadata` is an encoded `ListMeta`, `items` are the lengths of its objects'
/// messages.
pub fn list_head(api_version: &str, list_kind: &str, metadata: &[u8], items: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut out = header(api_version, list_kind, field_length(metadata.len()) + items.map(field_length).sum::<usize>());
    open(&mut out, 1, metadata.len());
    out.extend_from_slice(metadata);
    out
}

/// Appends an object's message, which has no envelope, to a list.
pub fn write_list_item(out: &mut Vec<u8>, message: &[u8]) {
    open(out, 2, message.len());
    out.extend_from_slice(message);
}

/// What stands after the items of a list.
pub const LIST_TAIL: &[u8] = FOOTER;
