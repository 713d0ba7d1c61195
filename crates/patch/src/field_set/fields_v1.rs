//! Field sets as `FieldsV1` JSON, in and out (C-07-48).

use super::{Element, FieldSet, Name, Node};
use crate::go_format::{write_json, write_json_string};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::{
    borrow::Cow,
    fmt::{self, Write as _},
};
use thiserror::Error;

/// Why a `fieldsV1` is not one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FieldsV1Error {
    /// A value that is neither an object nor null.
    #[error("a set of fields must be an object")]
    NotAnObject,
    /// A key that does not begin with a letter and a colon.
    #[error("missing colon: {0}")]
    NotAnElement(String),
    /// The part after the colon cannot be read.
    #[error("parsing key as path element: {0}")]
    BadElement(String),
}

impl FieldSet {
    /// Reads a `fieldsV1` object, or its text in an object in flight. Keys of unknown letters are skipped.
    ///
    /// # Errors
    /// Anything that [`to_fields_v1`](Self::to_fields_v1) could not have written.
    pub fn from_fields_v1(fields: &Value) -> Result<Self, FieldsV1Error> {
        match fields {
            Value::String(text) => Self::from_text(text),
            tree => Ok(decode(tree)?.0),
        }
    }

    /// Reads the text of a `fieldsV1` object.
    ///
    /// # Errors
    /// As [`Self::from_fields_v1`].
    pub(crate) fn from_text(text: &str) -> Result<Self, FieldsV1Error> {
        match serde_json::from_str::<Below>(text) {
            Ok(below) => Ok(below.set),
            // What is wrong is said by the other reader.
            Err(_) => Ok(decode(&serde_json::from_str(text).map_err(|_| FieldsV1Error::NotAnObject)?)?.0),
        }
    }

    /// The text of the `fieldsV1` object of this set, as objects in flight have it.
    pub(crate) fn to_fields_v1_text(&self) -> String {
        let mut text = String::with_capacity(1024);
        self.write(&mut text, false);
        text
    }

    fn write(&self, text: &mut String, with_self: bool) {
        text.push('{');
        if with_self && !self.is_empty() {
            text.push_str("\".\":{}");
        }
        for node in &self.nodes {
            if !text.ends_with('{') {
                text.push(',');
            }
            push_key(text, &node.element);
            text.push(':');
            node.children.write(text, node.member);
        }
        text.push('}');
    }

    /// The `fieldsV1` object of this set (C-07-48).
    pub fn to_fields_v1(&self) -> Value {
        self.encode(false)
    }

    fn encode(&self, with_self: bool) -> Value {
        let mut members = Map::new();
        if with_self && !self.is_empty() {
            members.insert(".".into(), Value::Object(Map::new()));
        }
        for node in &self.nodes {
            members.insert(key(&node.element), node.children.encode(node.member));
        }
        Value::Object(members)
    }
}

/// The set below a value, and whether the value's own path is in the set.
fn decode(fields: &Value) -> Result<(FieldSet, bool), FieldsV1Error> {
    let members = match fields {
        Value::Object(members) => members,
        Value::Null => return Ok((FieldSet::default(), true)),
        _ => return Err(FieldsV1Error::NotAnObject),
    };
    let mut nodes = Vec::with_capacity(members.len());
    let mut member = false;
    for (key, value) in members {
        if key == "." {
            member = true;
        } else if let Some(element) = element(key)? {
            let (children, member) = decode(value)?;
            nodes.push(Node { element, member, children });
        }
    }
    let set = FieldSet::from_nodes(nodes);
    let member = member || set.is_empty();
    Ok((set, member))
}

fn element(key: &str) -> Result<Option<Element>, FieldsV1Error> {
    let (letter, rest) = match (key.get(..1), key.get(1..2), key.get(2..)) {
        (Some(letter), Some(":"), Some(rest)) => (letter, rest),
        _ => return Err(FieldsV1Error::NotAnElement(key.to_owned())),
    };
    let bad = || FieldsV1Error::BadElement(key.to_owned());
    Ok(Some(match letter {
        "f" => Element::Field(Cow::Owned(rest.to_owned())),
        "v" => Element::Value(serde_json::from_str(rest).map_err(|_| bad())?),
        "k" => {
            let fields: Map<String, Value> = serde_json::from_str(rest).map_err(|_| bad())?;
            Element::Key(fields.into_iter().map(|(name, value)| (Name::Owned(name), value)).collect())
        }
        "i" => Element::Index(rest.parse().map_err(|_| bad())?),
        _ => return Ok(None),
    }))
}

/// Appends the key of an element as JSON.
pub(crate) fn push_key(text: &mut String, element: &Element) {
    match element {
        Element::Field(name) => push_field(text, name),
        Element::Key(fields) if fields.iter().all(|(name, value)| is_plain(name) && is_plain_scalar(value)) => {
            text.push_str("\"k:{");
            for (i, (name, value)) in fields.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                push_quoted(text, name);
                text.push(':');
                match value {
                    Value::String(value) => push_quoted(text, value),
                    value => write_json(text, value),
                }
            }
            text.push_str("}\"");
        }
        element => write_json_string(text, &key(element), false),
    }
}

/// Appends plain text in quotes that are themselves inside of quotes.
fn push_quoted(text: &mut String, plain: &str) {
    text.push_str("\\\"");
    text.push_str(plain);
    text.push_str("\\\"");
}

fn is_plain_scalar(value: &Value) -> bool {
    match value {
        Value::String(text) => is_plain(text),
        Value::Number(_) | Value::Bool(_) | Value::Null => true,
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// Whether JSON writes a text as it is.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .fold(true, |plain, b| plain & (b >= b' ') & (b != b'"') & (b != b'\\') & (b != b'<') & (b != b'>') & (b != b'&') & b.is_ascii())
}

/// Appends the key of a field as JSON.
pub(crate) fn push_field(text: &mut String, name: &str) {
    if name.bytes().fold(true, |plain, b| plain & (b >= b' ') & (b != b'"') & (b != b'\\')) {
        text.push_str("\"f:");
        text.push_str(name);
        text.push('"');
    } else {
        write_json_string(text, &format!("f:{name}"), false);
    }
}

fn key(element: &Element) -> String {
    let mut key = String::new();
    match element {
        Element::Field(name) => {
            key.reserve(2 + name.len());
            key.push_str("f:");
            key.push_str(name);
        }
        Element::Key(fields) => {
            key.push_str("k:{");
            for (i, (name, value)) in fields.iter().enumerate() {
                if i > 0 {
                    key.push(',');
                }
                write_json_string(&mut key, name, false);
                key.push(':');
                write_json(&mut key, value);
            }
            key.push('}');
        }
        Element::Value(value) => {
            key.push_str("v:");
            write_json(&mut key, value);
        }
        Element::Index(index) => {
            let _ = write!(key, "i:{index}");
        }
    }
    key
}

/// What is below a key in the text.
#[derive(Default)]
struct Below {
    /// Whether the path that ends here is in the set.
    member: bool,
    set: FieldSet,
}

impl<'de> Deserialize<'de> for Below {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Below;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a set of fields")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Below, E> {
                Ok(Below { member: true, set: FieldSet::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Below, A::Error> {
                let mut nodes = Vec::new();
                let mut member = false;
                while let Some(key) = members.next_key::<Key>()? {
                    let below: Below = members.next_value()?;
                    match key {
                        Key::Itself => member = true,
                        Key::Of(element) => nodes.push(Node { element, member: below.member, children: below.set }),
                        Key::Unknown => {}
                    }
                }
                let set = FieldSet::from_nodes(nodes);
                Ok(Below { member: member || set.is_empty(), set })
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

enum Key {
    Itself,
    Of(Element),
    Unknown,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path element")
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<Key, E> {
                if key == "." {
                    return Ok(Key::Itself);
                }
                Ok(element(key).map_err(E::custom)?.map_or(Key::Unknown, Key::Of))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_text_says_the_same_as_the_tree() {
        let tree = json!({
            "f:spec": {
                ".": {}, "f:a\"b": {}, "f:containers": {"k:{\"name\":\"c\\n\"}": {".": {}, "f:image": {}}, "k:{\"port\":80}": {"f:x": {}}},
                "f:set": {"v:\"x\"": {}, "v:7": {}}, "f:list": {"i:0": {}, "i:10": {}},
            },
            "f:status": {}
        });
        let set = FieldSet::from_fields_v1(&tree).unwrap();
        let text = set.to_fields_v1_text();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), tree);
        assert_eq!(FieldSet::from_fields_v1(&Value::String(text)).unwrap(), set);
    }

    #[test]
    fn what_is_wrong_with_a_text_is_said_as_of_the_tree() {
        for tree in
            [json!({"f:a": 1}), json!({"a": {}}), json!({"k:{": {}}), json!("text"), json!([]), json!({"x:y": {"f:z": {}}}), Value::Null]
        {
            let of_text = FieldSet::from_fields_v1(&Value::String(tree.to_string()));
            assert_eq!(of_text, if tree.is_string() { Err(FieldsV1Error::NotAnObject) } else { FieldSet::from_fields_v1(&tree) }, "{tree}");
        }
    }
}
