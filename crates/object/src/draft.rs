//! An object that is complete but for its resourceVersion.

use crate::{Head, Object, fields_v1, json, object::Places};
use serde_json::{Map, Value};
use std::sync::Arc;

/// An encoded object that waits for the revision at which it will be committed.
///
/// All JSON work is done when the draft is made, outside any lock; [`Draft::stamp`] only writes the digits.
#[derive(Debug)]
pub struct Draft {
    bytes: Vec<u8>,
    version_at: usize,
    version_len: usize,
    /// Where the metadata end.
    metadata_end: usize,
    head: Arc<Head>,
}

/// How members of a kind's objects are written where that is not in the order of their names.
pub trait Layout {
    /// The members of the object itself in the order of writing.
    fn members<'a>(&self, object: &'a Map<String, Value>) -> Vec<(&'a str, &'a Value)>;

    /// Writes the value at this path.
    fn write(&self, path: &[&str], value: &Value, out: &mut Vec<u8>);
}

/// In order of name.
struct ByName;

impl Layout for ByName {
    fn members<'a>(&self, object: &'a Map<String, Value>) -> Vec<(&'a str, &'a Value)> {
        object.iter().map(|(key, value)| (key.as_str(), value)).collect()
    }

    fn write(&self, _: &[&str], value: &Value, out: &mut Vec<u8>) {
        json::write_json(out, value);
    }
}

/// The order in which an object's metadata are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyOrder {
    /// That of the Go type.
    Go,
    /// In order of name, as custom resources are written.
    Sorted,
}

/// Fields of ObjectMeta in the order of the Go type.
pub const OBJECT_META_FIELDS: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// Members of ManagedFieldsEntry in the order of the Go type.
const MANAGED_FIELDS_ENTRY: [&str; 7] = ["manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource"];

impl Draft {
    /// Encodes `object` without `apiVersion` and `kind`, metadata first. `expected` is a guess at the revision: a right
    /// number of digits saves a copy in [`Self::stamp`].
    pub fn new(object: &Value, fields: Box<[Arc<str>]>, expected: u64) -> Self {
        Self::laid_out(object, fields, expected, &ByName)
    }

    /// As [`Self::new`], with members in the order of a layout.
    pub fn laid_out(object: &Value, fields: Box<[Arc<str>]>, expected: u64, layout: &dyn Layout) -> Self {
        Self::ordered(object, fields, expected, KeyOrder::Go, layout, &["apiVersion", "kind"])
    }

    /// As [`Self::new`], with metadata in order of name, as custom resources are written.
    pub fn sorted(object: &Value, fields: Box<[Arc<str>]>, expected: u64) -> Self {
        Self::ordered(object, fields, expected, KeyOrder::Sorted, &ByName, &["apiVersion", "kind"])
    }

    /// As [`Self::sorted`], but with the `apiVersion` as a member: of objects that are not all stored in one version.
    pub fn sorted_with_version(object: &Value, fields: Box<[Arc<str>]>, expected: u64) -> Self {
        Self::ordered(object, fields, expected, KeyOrder::Sorted, &ByName, &["kind"])
    }

    fn ordered(object: &Value, fields: Box<[Arc<str>]>, expected: u64, order: KeyOrder, layout: &dyn Layout, left_out: &[&str]) -> Self {
        let head = Arc::new(Head::of(object, fields));
        let mut bytes = Vec::with_capacity(4096);
        let empty = Map::new();
        let top = object.as_object().unwrap_or(&empty);
        bytes.extend_from_slice(b"{\"metadata\":{");
        let meta = top.get("metadata").and_then(Value::as_object).unwrap_or(&empty);
        let version = match order {
            KeyOrder::Go => {
                let mut version = (0, 0);
                for key in OBJECT_META_FIELDS {
                    match meta.get(key) {
                        _ if key == "resourceVersion" => version = push_version(&mut bytes, expected),
                        Some(entries) if key == "managedFields" => push_managed_fields(&mut bytes, entries, &MANAGED_FIELDS_ENTRY),
                        Some(value) => push_member(&mut bytes, layout, &["metadata", key], value),
                        None => {}
                    }
                }
                version
            }
            KeyOrder::Sorted => {
                let (before, after): (Vec<_>, Vec<_>) =
                    meta.iter().filter(|(key, _)| *key != "resourceVersion").partition(|(key, _)| key.as_str() < "resourceVersion");
                let push = |bytes: &mut Vec<u8>, (key, value): (&String, &Value)| match key.as_str() {
                    "managedFields" => push_managed_fields(bytes, value, &[]),
                    key => push_member(bytes, layout, &["metadata", key], value),
                };
                before.into_iter().for_each(|member| push(&mut bytes, member));
                let version = push_version(&mut bytes, expected);
                after.into_iter().for_each(|member| push(&mut bytes, member));
                version
            }
        };
        bytes.push(b'}');
        let metadata_end = bytes.len();
        for (key, value) in layout.members(top) {
            if key != "metadata" && !left_out.contains(&key) {
                push_member(&mut bytes, layout, &[key], value);
            }
        }
        bytes.push(b'}');
        // It is stored for long, and a vector that has grown is up to half empty. Shrinking would keep its place in the
        // allocator's class of larger ones.
        let bytes = bytes.as_slice().to_vec();
        Self { bytes, version_at: version.0, version_len: version.1, metadata_end, head }
    }

    /// The head that the object will have.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Length of the encoding in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: an encoded object has at least its metadata.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether this draft and `stored` differ in nothing but the resourceVersion (C-00-03).
    pub fn same_as(&self, stored: &Object) -> bool {
        let (a, b) = stored.around_version();
        self.bytes.get(..self.version_at) == Some(a) && self.bytes.get(self.version_at + self.version_len..) == Some(b)
    }

    /// The object as committed at `revision`.
    pub fn stamp(mut self, revision: u64) -> Object {
        let mut digits = Vec::with_capacity(20);
        push_digits(&mut digits, revision);
        let end = self.version_at + self.version_len;
        if digits.len() == self.version_len {
            if let Some(place) = self.bytes.get_mut(self.version_at..end) {
                place.copy_from_slice(&digits);
            }
        } else {
            let (before, after) = (self.bytes.get(..self.version_at), self.bytes.get(end..));
            self.bytes = [before.unwrap_or_default(), &digits, after.unwrap_or_default()].concat();
        }
        let places = Places {
            version_at: self.version_at,
            version_len: digits.len(),
            metadata_end: self.metadata_end + digits.len() - self.version_len,
        };
        Object::from_parts(self.bytes.into(), places, revision, self.head)
    }
}

/// Writes the resourceVersion's member; returns where its digits stand and how many they are.
fn push_version(bytes: &mut Vec<u8>, expected: u64) -> (usize, usize) {
    if !bytes.ends_with(b"{") {
        bytes.push(b',');
    }
    bytes.extend_from_slice(b"\"resourceVersion\":\"");
    let at = bytes.len();
    push_digits(bytes, expected);
    let len = bytes.len() - at;
    bytes.push(b'"');
    (at, len)
}

fn push_managed_fields(bytes: &mut Vec<u8>, entries: &Value, order: &[&str]) {
    push_key(bytes, "managedFields");
    fields_v1::write(bytes, entries, order);
}

fn push_member(bytes: &mut Vec<u8>, layout: &dyn Layout, path: &[&str], value: &Value) {
    push_key(bytes, path.last().unwrap_or(&""));
    layout.write(path, value, bytes);
}

fn push_key(bytes: &mut Vec<u8>, key: &str) {
    if !bytes.ends_with(b"{") {
        bytes.push(b',');
    }
    json::write_text(bytes, key);
    bytes.push(b':');
}

fn push_digits(bytes: &mut Vec<u8>, n: u64) {
    let mut buffer = itoa::Buffer::new();
    bytes.extend_from_slice(buffer.format(n).as_bytes());
}
