//! Lists put together from objects that are encoded already.

use super::envelope::{FOOTER, field_length, header, open};

/// The body of a list: every built-in list is `{metadata = 1, items = 2}`. `metadata` is an encoded `ListMeta`, `items`
/// the messages of its objects without envelopes. Nothing is decoded and every byte is copied once.
pub fn encode_list<'a>(api_version: &str, list_kind: &str, metadata: &[u8], items: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let mut out = header(api_version, list_kind, list_length(metadata, items.clone()));
    open(&mut out, 1, metadata.len());
    out.extend_from_slice(metadata);
    for item in items {
        open(&mut out, 2, item.len());
        out.extend_from_slice(item);
    }
    out.extend_from_slice(FOOTER);
    out
}

/// Length of a list's message.
pub fn list_length<'a>(metadata: &[u8], items: impl Iterator<Item = &'a [u8]>) -> usize {
    field_length(metadata.len()) + items.map(|i| field_length(i.len())).sum::<usize>()
}
