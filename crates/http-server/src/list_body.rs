//! A list in JSON: the stored bytes of its objects, copied once into a few large chunks (C-05-01).

use bytes::{Bytes, BytesMut};
use minkapi_object::Object;
use minkapi_view::List;
use serde_json::Value;
use std::sync::Arc;

/// How much is put together at a time: little enough to be still in the processor's cache when it is sent.
const CHUNK: usize = 64 << 10;

/// A list that is put together while it is sent.
#[derive(Debug)]
pub(crate) struct ListBody {
    head: Bytes,
    /// Goes before each object in place of its opening brace; empty for built-in resources, whose items carry no kind.
    item_head: Bytes,
    items: std::vec::IntoIter<Arc<Object>>,
    first: bool,
    tail: &'static [u8],
    remaining: u64,
}

impl ListBody {
    /// A list of a built-in resource.
    pub fn typed(api_version: &str, list_kind: &str, list: List) -> Self {
        let head =
            format!("{{\"kind\":\"{list_kind}\",\"apiVersion\":\"{api_version}\",\"metadata\":{},\"items\":[", metadata(&list, false));
        Self::new(head.into(), Bytes::new(), list.items)
    }

    /// A list of custom resources: its items carry apiVersion and kind, its metadata always a `continue` (chapter 18 on
    /// C-05-01).
    pub fn custom(api_version: &str, kind: &str, list_kind: &str, list: List) -> Self {
        let head =
            format!("{{\"apiVersion\":\"{api_version}\",\"kind\":\"{list_kind}\",\"metadata\":{},\"items\":[", metadata(&list, true));
        let item_head = format!("{{\"apiVersion\":\"{api_version}\",\"kind\":\"{kind}\",");
        Self::new(head.into(), item_head.into(), list.items)
    }

    fn new(head: Bytes, item_head: Bytes, items: Vec<Arc<Object>>) -> Self {
        let tail = b"]}\n";
        let per_item = item_head.len().saturating_sub(1);
        let length: usize = items.iter().map(|o| o.bytes().len() + per_item + 1).sum();
        // One comma fewer than items.
        let length = head.len() + length.saturating_sub(1) + tail.len();
        let length = if items.is_empty() { head.len() + tail.len() } else { length };
        Self { head, item_head, items: items.into_iter(), first: true, tail, remaining: length as u64 }
    }

    /// Bytes that are still to come.
    pub const fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The next part; none at the end.
    pub fn next_chunk(&mut self) -> Option<Bytes> {
        if self.remaining == 0 {
            return None;
        }
        let enough = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(CHUNK);
        let mut out = BytesMut::with_capacity(enough);
        out.extend_from_slice(&std::mem::take(&mut self.head));
        while out.len() < CHUNK {
            let Some(object) = self.items.next() else {
                out.extend_from_slice(std::mem::take(&mut self.tail));
                break;
            };
            if !std::mem::take(&mut self.first) {
                out.extend_from_slice(b",");
            }
            let skipped = usize::from(!self.item_head.is_empty());
            out.extend_from_slice(&self.item_head);
            out.extend_from_slice(object.bytes().get(skipped..).unwrap_or_default());
        }
        self.remaining = self.remaining.saturating_sub(out.len() as u64);
        Some(out.freeze())
    }
}

/// `ListMeta` of a list.
pub(crate) fn metadata(list: &List, always_continue: bool) -> Value {
    let mut meta = serde_json::Map::new();
    if list.revision != 0 {
        meta.insert("resourceVersion".into(), list.revision.to_string().into());
    }
    match &list.continue_token {
        Some(token) => drop(meta.insert("continue".into(), token.as_str().into())),
        None if always_continue => drop(meta.insert("continue".into(), "".into())),
        None => {}
    }
    if let Some(remaining) = list.remaining {
        meta.insert("remainingItemCount".into(), remaining.into());
    }
    Value::Object(meta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use minkapi_object::Draft;
    use serde_json::json;

    fn list(sizes: &[usize]) -> List {
        let object = |(n, size): (usize, &usize)| {
            let value =
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("a{n}")}, "data": {"k": "x".repeat(*size)}});
            Arc::new(Draft::new(&value, Box::default(), 7).stamp(7))
        };
        List { items: sizes.iter().enumerate().map(object).collect(), revision: 9, continue_token: None, remaining: None }
    }

    fn text(mut body: ListBody) -> (u64, Vec<u8>) {
        let length = body.remaining();
        let chunks: Vec<Bytes> = std::iter::from_fn(|| body.next_chunk()).collect();
        (length, chunks.concat())
    }

    #[test]
    fn its_length_is_known_before_it_is_put_together() {
        for sizes in [&[][..], &[3], &[3, 4, 5], &[CHUNK, 1, CHUNK * 2]] {
            for body in [ListBody::typed("v1", "ConfigMapList", list(sizes)), ListBody::custom("a/v1", "A", "AList", list(sizes))] {
                let (length, text) = text(body);
                assert_eq!(length, text.len() as u64);
                let value: Value = serde_json::from_slice(&text).unwrap();
                assert_eq!(value["items"].as_array().unwrap().len(), sizes.len());
                assert_eq!(value["metadata"]["resourceVersion"], "9");
            }
        }
    }

    #[test]
    fn items_of_custom_resources_say_what_they_are() {
        let typed: Value = serde_json::from_slice(&text(ListBody::typed("v1", "ConfigMapList", list(&[1]))).1).unwrap();
        assert!(typed["items"][0].get("kind").is_none());
        let custom: Value = serde_json::from_slice(&text(ListBody::custom("a/v1", "A", "AList", list(&[1]))).1).unwrap();
        assert_eq!((custom["items"][0]["kind"].as_str(), custom["metadata"]["continue"].as_str()), (Some("A"), Some("")));
    }
}
