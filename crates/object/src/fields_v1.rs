//! `fieldsV1` of an object in flight.
//!
//! What managers own is a third of a stored object, and a write only reads it once and writes it once. So while an object is
//! changed, `metadata.managedFields[].fieldsV1` may be its JSON text in a [`Value::String`], as upstream keeps it, instead
//! of a tree. Whoever shows an object in flight to somebody else expands it.

use crate::json;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, value::RawValue};
use std::fmt;

const FIELDS: &str = "fieldsV1";

/// Where the text is.
const PLACE: &[&str] = &["metadata", "managedFields", FIELDS];

/// Makes trees of all text: the object as everybody knows it.
pub fn expand(object: &mut Value) {
    each(object, |fields| {
        if let Value::String(text) = fields {
            *fields = serde_json::from_str(text).unwrap_or(Value::Null);
        }
    });
}

/// For an object that somebody else has made, in which no `fieldsV1` is text: a string there is wrong, and stays wrong.
pub fn quote(object: &mut Value) {
    each(object, |fields| {
        if fields.is_string() {
            *fields = Value::String(fields.to_string());
        }
    });
}

fn each(object: &mut Value, change: impl Fn(&mut Value)) {
    let entries = object.get_mut("metadata").and_then(|metadata| metadata.get_mut("managedFields")).and_then(Value::as_array_mut);
    entries.into_iter().flatten().filter_map(|entry| entry.get_mut(FIELDS)).for_each(change);
}

/// Reads an object with text for its `fieldsV1`.
pub(crate) fn read(bytes: &[u8]) -> serde_json::Result<Value> {
    Reader(PLACE).deserialize(&mut serde_json::Deserializer::from_slice(bytes))
}

/// Writes `metadata.managedFields`, members of entries in this order, others after them in order of name.
pub(crate) fn write(out: &mut Vec<u8>, entries: &Value, order: &[&str]) {
    let Value::Array(entries) = entries else { return json::write_json(out, entries) };
    json::write_list(out, entries, |out, entry| match entry {
        Value::Object(members) => {
            let ordered = order.iter().filter_map(|name| members.get_key_value(*name));
            let others = members.iter().filter(|(name, _)| !order.contains(&name.as_str()));
            json::write_members(out, ordered.chain(others), |out, name, value| match value {
                Value::String(text) if name == FIELDS => out.extend_from_slice(text.as_bytes()),
                value => json::write_json(out, value),
            });
        }
        other => json::write_json(out, other),
    });
}

/// Reads a value in which what is at the path stays text. Lists on the way are walked through.
struct Reader<'p>(&'p [&'p str]);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.0.is_empty() {
            let text: &RawValue = serde::Deserialize::deserialize(deserializer)?;
            return Ok(Value::String(text.get().to_owned()));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = match self.0.split_first() {
                Some((first, rest)) if *first == name => members.next_value_seed(Reader(rest))?,
                _ => members.next_value()?,
            };
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Reader(self.0))? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draft;
    use serde_json::json;

    fn object() -> Value {
        let entry = json!({"manager": "m", "fieldsV1": {"f:spec": {"f:a": {}, "k:{\"x\":\"y\"}": {".": {}}}}, "time": "t"});
        json!({"metadata": {"name": "a", "managedFields": [entry, {"manager": "n"}]}, "spec": {"fieldsV1": {"f:a": {}}}})
    }

    #[test]
    fn an_object_in_flight_is_written_as_its_tree_would_be() {
        let stored = Draft::new(&object(), Box::default(), 1).stamp(1);
        let mut in_flight = stored.to_value_in_flight();
        assert_eq!(in_flight["metadata"]["managedFields"][0]["fieldsV1"], r#"{"f:spec":{"f:a":{},"k:{\"x\":\"y\"}":{".":{}}}}"#);
        assert_eq!(in_flight["spec"], object()["spec"], "elsewhere it is nothing special");
        for draft in [Draft::new(&in_flight, Box::default(), 1), Draft::sorted(&in_flight, Box::default(), 1)] {
            assert_eq!(draft.stamp(1).to_value(), stored.to_value());
        }
        assert!(Draft::new(&in_flight, Box::default(), 1).same_as(&stored));
        expand(&mut in_flight);
        assert_eq!(in_flight, stored.to_value());
    }

    #[test]
    fn a_string_of_somebody_else_is_no_text() {
        let mut given = json!({"metadata": {"managedFields": [{"fieldsV1": "{\"f:a\":{}}"}]}});
        let before = given.clone();
        quote(&mut given);
        assert_eq!(
            Draft::new(&given, Box::default(), 1).stamp(1).to_value()["metadata"]["managedFields"],
            before["metadata"]["managedFields"]
        );
        expand(&mut given);
        assert_eq!(given, before);
    }
}
