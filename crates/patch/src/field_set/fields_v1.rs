//! Field sets as `FieldsV1` JSON, in and out (C-07-48).

use super::{Element, FieldSet, Name, Node};
use crate::go_format::{write_json, write_json_string};
use serde_json::{Map, Value};
use std::{borrow::Cow, fmt::Write as _};
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
    /// Reads a `fieldsV1` object. Keys of unknown letters are skipped.
    ///
    /// # Errors
    /// Anything that [`to_fields_v1`](Self::to_fields_v1) could not have written.
    pub fn from_fields_v1(fields: &Value) -> Result<Self, FieldsV1Error> {
        Ok(decode(fields)?.0)
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
