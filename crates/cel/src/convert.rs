//! JSON values to values of expressions and back.

use crate::{escape, names::is_reserved};
use chrono::{DateTime, Duration};
use kube_cel::cel::{
    Value as Cel,
    objects::{Key, Map},
};
use minkapi_schema::{
    base64, duration,
    structural::{Structural, Type},
    time::Time,
};
use serde_json::{Number, Value};
use std::{collections::HashMap, sync::Arc};

/// A map of these values.
pub fn map(entries: impl IntoIterator<Item = (String, Cel)>) -> Cel {
    let entries = entries.into_iter().map(|(name, value)| (Key::String(Arc::new(name)), value));
    Cel::Map(Map { map: Arc::new(entries.collect::<HashMap<_, _>>()) })
}

/// A value as expressions see it. With a schema, fields have their names in CEL and formats are values of their own;
/// without, fields keep their names.
pub fn convert(value: &Value, schema: Option<&Structural>) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(b) => Cel::Bool(*b),
        Value::Number(n) => number(n, schema),
        Value::String(s) => text(s, schema),
        Value::Array(list) => {
            let items = schema.and_then(|s| s.items.as_deref());
            Cel::List(Arc::new(list.iter().map(|item| convert(item, items)).collect()))
        }
        Value::Object(map) => {
            let mut entries = HashMap::with_capacity(map.len());
            if schema.is_none_or(|s| s.additional.is_some() || (s.properties.is_empty() && s.preserve_unknown)) {
                let converted = map.iter().map(|(name, value)| {
                    let of = schema.and_then(|s| s.child(name));
                    (Key::String(Arc::new(name.clone())), convert(value, of))
                });
                entries.extend(converted);
            } else {
                map.iter().for_each(|(name, value)| insert_field(&mut entries, name, value, schema));
            }
            Cel::Map(Map { map: Arc::new(entries) })
        }
    }
}

/// Adds a field by the name that it has in expressions; one that is a word of the language has two.
fn insert_field(entries: &mut HashMap<Key, Cel>, name: &str, value: &Value, schema: Option<&Structural>) {
    let Some(escaped) = escape(name) else { return };
    let converted = convert(value, schema.and_then(|s| s.child(name)));
    if is_reserved(name) {
        entries.insert(Key::String(Arc::new(name.to_owned())), converted.clone());
    }
    entries.insert(Key::String(Arc::new(escaped.into_owned())), converted);
}

/// A number or a text.
pub fn scalar(value: &Value, schema: Option<&Structural>) -> Cel {
    match value {
        Value::Number(n) => number(n, schema),
        Value::String(s) => text(s, schema),
        _ => Cel::Null,
    }
}

fn number(number: &Number, schema: Option<&Structural>) -> Cel {
    let is_double = schema.is_some_and(|s| s.type_ == Some(Type::Number));
    match number.as_i64() {
        Some(integer) if !is_double => Cel::Int(integer),
        _ => Cel::Float(number.as_f64().unwrap_or_default()),
    }
}

fn text(text: &str, schema: Option<&Structural>) -> Cel {
    let format = schema.filter(|s| s.type_ == Some(Type::String)).and_then(|s| s.rules.format.as_deref());
    let converted = match format {
        Some("byte") => base64::decode(text).ok().map(|bytes| Cel::Bytes(Arc::new(bytes))),
        Some("duration") => duration::parse(text).ok().map(|nanos| Cel::Duration(Duration::nanoseconds(nanos))),
        Some("date") => timestamp(&format!("{text}T00:00:00Z")),
        Some("date-time" | "datetime") => timestamp(text),
        _ => None,
    };
    converted.unwrap_or_else(|| Cel::String(Arc::new(text.to_owned())))
}

fn timestamp(text: &str) -> Option<Cel> {
    let time = Time::parse(text).ok()?;
    DateTime::from_timestamp(time.seconds, time.nanos).map(|t| Cel::Timestamp(t.fixed_offset()))
}

/// A value of an expression as JSON; None for functions and values of libraries.
pub fn to_json(value: &Cel) -> Option<Value> {
    Some(match value {
        Cel::Null => Value::Null,
        Cel::Bool(b) => Value::Bool(*b),
        Cel::Int(i) => Value::from(*i),
        Cel::UInt(u) => Value::from(*u),
        Cel::Float(f) => Value::from(*f),
        Cel::String(s) => Value::from(s.as_str()),
        Cel::Bytes(bytes) => Value::from(base64::encode(bytes)),
        Cel::Timestamp(t) => Value::from(Time { seconds: t.timestamp(), nanos: t.timestamp_subsec_nanos() }.format()),
        Cel::Duration(d) => Value::from(duration::format(d.num_nanoseconds()?)),
        Cel::List(list) => Value::Array(list.iter().map(to_json).collect::<Option<_>>()?),
        Cel::Map(map) => {
            let entries = map.map.iter().map(|(key, value)| {
                let key = match key {
                    Key::String(s) => s.as_str().to_owned(),
                    Key::Int(i) => i.to_string(),
                    Key::Uint(u) => u.to_string(),
                    Key::Bool(b) => b.to_string(),
                };
                Some((key, to_json(value)?))
            });
            Value::Object(entries.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}
