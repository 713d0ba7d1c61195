//! A stored object.

use crate::{Head, Marks, Outline, fields_v1, kept::Kept, value_end};
use bytes::Bytes;
use serde_json::Value;
use std::{borrow::Cow, sync::Arc};

/// One object as stored: canonical JSON without `apiVersion` and `kind` (these depend on where it is read), metadata
/// first, and the parsed [`Head`]. Cloning counts references.
#[derive(Debug, Clone)]
pub struct Object {
    bytes: Bytes,
    version_at: u32,
    metadata_end: u32,
    version_len: u16,
    converted: bool,
    resource_version: u64,
    marks: Marks,
    head: Arc<Head>,
    kept: Kept,
}

/// Where something stands among the bytes of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    /// The digits of the resourceVersion.
    pub version_at: usize,
    /// How many they are.
    pub version_len: usize,
    /// After the metadata.
    pub metadata_end: usize,
}

/// What stored bytes begin with.
const METADATA: &str = "{\"metadata\":";

impl Object {
    pub(crate) fn from_parts(bytes: Bytes, places: Places, resource_version: u64, head: Arc<Head>) -> Self {
        // Bodies are limited to 3 MiB, so positions fit; a position that did not would fail `around_version` loudly.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let marks = Marks::of(&head);
        Self {
            bytes,
            version_at: place(places.version_at),
            version_len: u16::try_from(places.version_len).unwrap_or(0),
            converted: false,
            metadata_end: place(places.metadata_end),
            resource_version,
            marks,
            head,
            kept: Kept::default(),
        }
    }

    /// An object from its stored bytes, the place of its resourceVersion among them, and the values of its selectable
    /// fields: what [`Self::bytes`], [`Self::around_version`] and [`Head::fields`] told of it. None if these do not fit.
    pub fn restore(bytes: Bytes, version_at: usize, fields: Box<[Arc<str>]>) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct Stored {
            metadata: Value,
        }
        let stored: Stored = serde_json::from_slice(&bytes).ok()?;
        let digits = bytes.get(version_at..)?.iter().take_while(|b| b.is_ascii_digit()).count();
        let text = std::str::from_utf8(bytes.get(version_at..version_at + digits)?).ok()?;
        if stored.metadata["resourceVersion"].as_str() != Some(text) {
            return None;
        }
        let head = Head::of(&serde_json::json!({ "metadata": stored.metadata }), fields);
        let metadata_end = value_end(bytes.strip_prefix(METADATA.as_bytes())?, 0)? + METADATA.len();
        let places = Places { version_at, version_len: digits, metadata_end };
        Some(Self::from_parts(bytes.clone(), places, text.parse().ok()?, Arc::new(head)))
    }

    /// The JSON of the object without `kind` and, but for custom resources whose storage version has changed,
    /// `apiVersion`: `{"metadata":{...},...}`.
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What is known without parsing.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What selectors look at first.
    pub const fn marks(&self) -> Marks {
        self.marks
    }

    /// `metadata.resourceVersion`: the revision of the object's last change.
    pub const fn resource_version(&self) -> u64 {
        self.resource_version
    }

    /// This object as one that is not as it is stored but in the version of who reads it, made by a conversion webhook.
    pub fn into_converted(self) -> Self {
        Self { converted: true, ..self }
    }

    /// Whether a conversion webhook has made this object from the stored one, so that there is nothing left to convert.
    pub const fn is_converted(&self) -> bool {
        self.converted
    }

    /// The bytes before and after the digits of the resourceVersion.
    pub fn around_version(&self) -> (&[u8], &[u8]) {
        let at = self.version_at as usize;
        let end = at + usize::from(self.version_len);
        (self.bytes.get(..at).unwrap_or_default(), self.bytes.get(end..).unwrap_or_default())
    }

    /// The same object under another resourceVersion: a DELETED event carries the last state with the revision of the
    /// deletion (C-06-11).
    pub fn with_resource_version(&self, revision: u64) -> Self {
        let (before, after) = self.around_version();
        let mut bytes = Vec::with_capacity(self.bytes.len());
        bytes.extend_from_slice(before);
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(revision).as_bytes();
        bytes.extend_from_slice(digits);
        bytes.extend_from_slice(after);
        let metadata_end = self.metadata_end as usize + digits.len() - usize::from(self.version_len);
        let places = Places { version_at: before.len(), version_len: digits.len(), metadata_end };
        Self { converted: self.converted, ..Self::from_parts(bytes.into(), places, revision, self.head.clone()) }
    }

    /// The member `metadata` in JSON: `"metadata":{...}`.
    pub fn metadata_member(&self) -> &[u8] {
        self.bytes.get(1..self.metadata_end as usize).unwrap_or_default()
    }

    /// A part of the object as a parsed value, without `apiVersion` and `kind`.
    pub fn read(&self, outline: Outline) -> Value {
        outline.read_stored(&self.bytes, self.metadata_end as usize).unwrap_or(Value::Null)
    }

    /// The object's second form: what `encode` makes of its bytes, always the same. It is kept for the next time as far
    /// as there is room for such forms.
    ///
    /// # Errors
    /// Those of `encode`.
    pub fn encoded<E>(&self, encode: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>) -> Result<Cow<'_, [u8]>, E> {
        self.kept.get_or_make(|| encode(&self.bytes))
    }

    /// The second form if it is kept.
    pub fn kept(&self) -> Option<&[u8]> {
        self.kept.get()
    }

    /// The object as a parsed value, as in [`Self::bytes`].
    pub fn to_value(&self) -> Value {
        // The bytes were written by `Draft` from a value, so they parse.
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The object as a parsed value with `apiVersion` and `kind`.
    pub fn to_typed_value(&self, api_version: &str, kind: &str) -> Value {
        typed(self.to_value(), api_version, kind)
    }

    /// As [`Self::to_value`], to be changed: its [`fields_v1`] are text.
    pub fn to_value_in_flight(&self) -> Value {
        fields_v1::read(&self.bytes).unwrap_or(Value::Null)
    }

    /// As [`Self::to_typed_value`], to be changed: its [`fields_v1`] are text.
    pub fn to_typed_value_in_flight(&self, api_version: &str, kind: &str) -> Value {
        typed(self.to_value_in_flight(), api_version, kind)
    }

    /// Appends the JSON of the object with `kind` and `apiVersion` in front, as GET and watch send it.
    pub fn write_typed(&self, api_version: &str, kind: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"kind\":\"");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\",\"apiVersion\":\"");
        out.extend_from_slice(api_version.as_bytes());
        out.extend_from_slice(b"\",");
        out.extend_from_slice(self.bytes.get(1..).unwrap_or_default());
    }
}

fn typed(mut value: Value, api_version: &str, kind: &str) -> Value {
    value["apiVersion"] = api_version.into();
    value["kind"] = kind.into();
    value
}

#[cfg(test)]
mod tests {
    use crate::{Draft, Object, Outline};
    use serde_json::json;

    fn pod() -> serde_json::Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "x", "uid": "u", "labels": {"a": "b"}}, "spec": {}})
    }

    #[test]
    fn stamping_writes_the_revision_whatever_its_length() {
        for (guess, revision) in [(7, 8), (9, 10), (100, 7)] {
            let o = Draft::new(&pod(), Box::default(), guess).stamp(revision);
            assert_eq!(o.to_value()["metadata"]["resourceVersion"], revision.to_string());
            assert_eq!(o.resource_version(), revision);
            let later = o.with_resource_version(123_456);
            assert_eq!(later.to_value()["metadata"]["resourceVersion"], "123456");
            assert_eq!(later.to_value()["metadata"]["uid"], "u");
        }
    }

    #[test]
    fn an_object_is_restored_from_its_bytes() {
        let o = Draft::new(&pod(), Box::new(["f".into()]), 5).stamp(1234);
        let at = o.around_version().0.len();
        let restored = Object::restore(o.bytes().clone(), at, o.head().fields.to_vec().into()).unwrap();
        assert_eq!((restored.bytes(), restored.resource_version(), restored.around_version()), (o.bytes(), 1234, o.around_version()));
        assert_eq!((&*restored.head().name, &*restored.head().uid), ("a", "u"));
        assert!(Object::restore(o.bytes().clone(), at + 1, Box::default()).is_none(), "that is not where the version stands");
    }

    #[test]
    fn the_metadata_end_where_the_resource_version_put_them() {
        let o = Draft::new(&pod(), Box::default(), 7).stamp(123_456);
        let restored = Object::restore(o.bytes().clone(), o.around_version().0.len(), Box::default()).unwrap();
        for o in [o.clone(), o.with_resource_version(9), restored] {
            let text = format!("{{{}}}", std::str::from_utf8(o.metadata_member()).unwrap());
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["metadata"], o.to_value()["metadata"]);
        }
    }

    #[test]
    fn what_comes_after_managed_fields_is_read_wherever_they_stand() {
        const PART: Outline =
            Outline::Only(&[("metadata", Outline::Only(&[("name", Outline::WHOLE), ("uid", Outline::WHOLE)])), ("spec", Outline::WHOLE)]);
        let mut pod = pod();
        pod["metadata"]["managedFields"] = json!([{"manager": "m", "fieldsV1": {"f:metadata": {}}}]);
        pod["spec"]["managedFields"] = json!("x");
        for o in [Draft::new(&pod, Box::default(), 5).stamp(5), Draft::sorted(&pod, Box::default(), 5).stamp(5)] {
            assert_eq!(o.read(PART), json!({"metadata": {"name": "a", "uid": "u"}, "spec": {"managedFields": "x"}}));
        }
    }

    #[test]
    fn custom_resources_are_written_in_order_of_name() {
        let o = Draft::sorted(&pod(), Box::default(), 5).stamp(5);
        let text = r#"{"metadata":{"labels":{"a":"b"},"name":"a","namespace":"x","resourceVersion":"5","uid":"u"},"spec":{}}"#;
        assert_eq!(o.bytes(), text);
    }

    #[test]
    fn a_draft_equals_what_was_stored_from_it() {
        let o = Draft::new(&pod(), Box::default(), 5).stamp(1234);
        assert!(Draft::new(&pod(), Box::default(), 1).same_as(&o));
        let mut other = pod();
        other["spec"]["x"] = 1.into();
        assert!(!Draft::new(&other, Box::default(), 1234).same_as(&o));
    }

    #[test]
    fn typed_json_starts_with_kind_and_version() {
        let o = Draft::new(&pod(), Box::default(), 5).stamp(5);
        let mut out = Vec::new();
        o.write_typed("v1", "Pod", &mut out);
        assert!(
            out.starts_with(br#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"x","uid":"u","resourceVersion":"5","#)
        );
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&out).unwrap()["kind"], "Pod");
    }
}
