//! A list in JSON: the stored bytes of its objects, sent from where they lie (C-05-01).

use crate::{
    chunk::{Chunk, Frame, Part},
    pieces::{Next, PIECE, Pieces},
};
use bytes::Bytes;
use minkapi_object::Object;
use minkapi_view::List;
use serde_json::Value;
use std::sync::Arc;

/// A list that is put together while it is sent.
#[derive(Debug)]
pub(crate) struct ListBody {
    head: Bytes,
    frame: Frame,
    items: std::vec::IntoIter<Arc<Object>>,
    first: bool,
    tail: &'static [u8],
    remaining: u64,
}

impl ListBody {
    /// A list of a built-in resource, whose items carry no kind.
    pub fn typed(api_version: &str, list_kind: &str, list: List) -> Self {
        let head = head((("kind", list_kind), ("apiVersion", api_version)), &metadata(&list, false));
        Self::new(head, Frame { before: Bytes::from_static(b","), after: b"", part: Part::Whole }, list)
    }

    /// A list of custom resources: its items carry apiVersion and kind, its metadata always a `continue` (chapter 18 on
    /// C-05-01).
    pub fn custom(api_version: &str, kind: &str, list_kind: &str, list: List) -> Self {
        let head = head((("apiVersion", api_version), ("kind", list_kind)), &metadata(&list, true));
        let before = format!(",{{\"apiVersion\":\"{api_version}\",\"kind\":\"{kind}\",").into();
        Self::new(head, Frame { before, after: b"", part: Part::Members }, list)
    }

    /// The metadata of objects.
    pub fn metadata_only(api_version: &str, list: List) -> Self {
        let head = head((("kind", "PartialObjectMetadataList"), ("apiVersion", api_version)), &metadata(&list, false));
        let before = format!(",{{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"{api_version}\",").into();
        let frame = Frame { before, after: b"}", part: Part::Metadata };
        if list.items.is_empty() {
            // Chapter 18 on C-05-01.
            let head = head.slice(..head.len() - 1);
            return Self { remaining: (head.len() + NO_ITEMS.len()) as u64, tail: NO_ITEMS, ..Self::new(head, frame, list) };
        }
        Self::new(head, frame, list)
    }

    fn new(head: Bytes, frame: Frame, List { items, bytes, .. }: List) -> Self {
        let tail = b"]}\n";
        let around = items.len() * (frame.before.len() + frame.after.len());
        // Looking at all objects a second time would hold up others.
        let length = match frame.part {
            Part::Whole => around + bytes,
            Part::Members => around + bytes - items.len(),
            Part::Metadata | Part::Kept => items.iter().map(|object| frame.length(object)).sum(),
        };
        // One comma fewer than items.
        let remaining = (head.len() + length.saturating_sub(1) + tail.len()) as u64;
        Self { head, frame, items: items.into_iter(), first: true, tail, remaining }
    }
}

const NO_ITEMS: &[u8] = b"null}\n";

/// What stands before the items.
fn head((first, second): ((&str, &str), (&str, &str)), metadata: &Value) -> Bytes {
    format!("{{\"{}\":\"{}\",\"{}\":\"{}\",\"metadata\":{metadata},\"items\":[", first.0, first.1, second.0, second.1).into()
}

impl Pieces for ListBody {
    fn next(&mut self) -> Next {
        if !self.head.is_empty() {
            let head = std::mem::take(&mut self.head);
            return self.sent(head.into());
        }
        let (mut objects, mut length) = (Vec::new(), 0);
        while length < PIECE
            && let Some(object) = self.items.next()
        {
            length += object.bytes().len();
            objects.push(object);
        }
        if !objects.is_empty() {
            let first = std::mem::take(&mut self.first);
            return self.sent(Chunk::objects(self.frame.clone(), objects, first));
        }
        match std::mem::take(&mut self.tail) {
            [] => Next::End,
            tail => self.sent(Bytes::from_static(tail).into()),
        }
    }

    fn remaining(&self) -> Option<u64> {
        Some(self.remaining)
    }
}

impl ListBody {
    fn sent(&mut self, chunk: Chunk) -> Next {
        self.remaining = self.remaining.saturating_sub(bytes::Buf::remaining(&chunk) as u64);
        Next::Piece(chunk)
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
    use crate::pieces::collect;
    use minkapi_object::Draft;
    use serde_json::json;

    fn list(sizes: &[usize]) -> List {
        let object = |(n, size): (usize, &usize)| {
            let value =
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("a{n}")}, "data": {"k": "x".repeat(*size)}});
            Arc::new(Draft::new(&value, Box::default(), 7).stamp(7))
        };
        let items: Vec<Arc<Object>> = sizes.iter().enumerate().map(object).collect();
        let bytes = items.iter().map(|object| object.bytes().len()).sum();
        List { items, bytes, revision: 9, continue_token: None, remaining: None }
    }

    fn parsed(body: ListBody) -> Value {
        serde_json::from_slice(&collect(body)).unwrap()
    }

    #[test]
    fn its_length_is_known_before_it_is_put_together() {
        for sizes in [&[][..], &[3], &[3, 4, 5], &[PIECE, 1, PIECE * 2]] {
            for body in [
                ListBody::typed("v1", "ConfigMapList", list(sizes)),
                ListBody::custom("a/v1", "A", "AList", list(sizes)),
                ListBody::metadata_only("meta.k8s.io/v1", list(sizes)),
            ] {
                let length = body.remaining();
                let text = collect(body);
                assert_eq!(length, Some(text.len() as u64));
                let value: Value = serde_json::from_slice(&text).unwrap();
                assert_eq!(value["items"].as_array().map_or(0, Vec::len), sizes.len());
                assert_eq!(value["metadata"]["resourceVersion"], "9");
            }
        }
    }

    #[test]
    fn items_of_custom_resources_say_what_they_are() {
        let typed = parsed(ListBody::typed("v1", "ConfigMapList", list(&[1])));
        assert!(typed["items"][0].get("kind").is_none());
        let custom = parsed(ListBody::custom("a/v1", "A", "AList", list(&[1])));
        assert_eq!((custom["items"][0]["kind"].as_str(), custom["metadata"]["continue"].as_str()), (Some("A"), Some("")));
        let metadata = parsed(ListBody::metadata_only("meta.k8s.io/v1", list(&[1])));
        let wanted =
            json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a0", "resourceVersion": "7"}});
        assert_eq!(metadata["items"][0], wanted);
    }
}
