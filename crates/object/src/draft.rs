//! An object that is complete but for its resourceVersion.

use crate::{Head, Object};
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
    head: Arc<Head>,
}

impl Draft {
    /// Encodes `object` without `apiVersion` and `kind`, metadata first and the other members in order of name.
    /// `expected` is a guess at the revision: a right number of digits saves a copy in [`Self::stamp`].
    pub fn new(object: &Value, fields: Box<[Arc<str>]>, expected: u64) -> Self {
        let head = Arc::new(Head::of(object, fields));
        let mut bytes = Vec::with_capacity(1024);
        let empty = Map::new();
        let top = object.as_object().unwrap_or(&empty);
        bytes.extend_from_slice(b"{\"metadata\":{");
        let meta = top.get("metadata").and_then(Value::as_object).unwrap_or(&empty);
        let mut version = (0, 0);
        let write_version = |bytes: &mut Vec<u8>| {
            if !bytes.ends_with(b"{") {
                bytes.push(b',');
            }
            bytes.extend_from_slice(b"\"resourceVersion\":\"");
            let at = bytes.len();
            push_digits(bytes, expected);
            let len = bytes.len() - at;
            bytes.push(b'"');
            (at, len)
        };
        for (key, value) in meta {
            if key == "resourceVersion" {
                continue;
            }
            if version.1 == 0 && key.as_str() > "resourceVersion" {
                version = write_version(&mut bytes);
            }
            push_member(&mut bytes, key, value);
        }
        if version.1 == 0 {
            version = write_version(&mut bytes);
        }
        bytes.push(b'}');
        for (key, value) in top {
            if !matches!(key.as_str(), "metadata" | "apiVersion" | "kind") {
                push_member(&mut bytes, key, value);
            }
        }
        bytes.push(b'}');
        Self { bytes, version_at: version.0, version_len: version.1, head }
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
            self.bytes.splice(self.version_at..end, digits.iter().copied());
        }
        let len = digits.len();
        Object::from_parts(self.bytes.into(), self.version_at, len, revision, self.head)
    }
}

fn push_member(bytes: &mut Vec<u8>, key: &str, value: &Value) {
    if !bytes.ends_with(b"{") {
        bytes.push(b',');
    }
    // Writing into a Vec cannot fail, nor can a string or a parsed value fail to serialize.
    let _ = serde_json::to_writer(&mut *bytes, key);
    bytes.push(b':');
    let _ = serde_json::to_writer(&mut *bytes, value);
}

fn push_digits(bytes: &mut Vec<u8>, n: u64) {
    let mut buffer = itoa::Buffer::new();
    bytes.extend_from_slice(buffer.format(n).as_bytes());
}
