//! Protobuf bytes to the JSON value that Go would show for the decoded struct.

use super::{
    plan::{Holds, Leaf, Message, PLAN, Plan, Slot, Wire},
    wire::{Raw, Reader, WireError},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use minkapi_registry::{Alternative, Presence, Struct};
use minkapi_schema::{duration, quantity::Quantity, time::Time};
use serde_json::{Map, Value};

/// Messages nested deeper than this are refused.
const MAX_DEPTH: u32 = 192;

/// The value of a message of a built-in kind, without apiVersion and kind: zero values are there or not as Go's JSON
/// encoder would have it (see [`Presence`]).
///
/// # Errors
/// The bytes are no such message; the texts are those of Go's generated code. A struct of a custom resource has no
/// protobuf form.
pub fn decode(bytes: &[u8], of: &Struct) -> Result<Value, WireError> {
    let plan = &*PLAN;
    let message = plan
        .of(of)
        .ok_or_else(|| WireError::Value(format!("object {} does not implement the protobuf marshalling interface", of.go_name)))?;
    let decoder = Decoder { plan };
    let mut object = Map::new();
    decoder.message(bytes, message, &mut object, 0)?;
    Ok(Value::Object(object))
}

struct Decoder {
    plan: &'static Plan,
}

impl Decoder {
    fn message(&self, bytes: &[u8], message: &Message, into: &mut Map<String, Value>, depth: u32) -> Result<(), WireError> {
        self.slots(bytes, message, &message.slots, into, depth)?;
        for field in &message.fields {
            self.settle(field, into, depth);
        }
        Ok(())
    }

    fn slots(&self, bytes: &[u8], message: &Message, slots: &[Slot], into: &mut Map<String, Value>, depth: u32) -> Result<(), WireError> {
        if depth > MAX_DEPTH {
            return Err(WireError::TooDeep);
        }
        let find = |number: u32| slots.binary_search_by_key(&number, |s| s.number).ok().and_then(|i| slots.get(i));
        let mut reader = Reader::new(bytes);
        while let Some((number, raw)) = reader.field(message.name, |n| find(n).is_some())? {
            match find(number).map(|s| &s.holds) {
                Some(Holds::Embedded(children)) => self.slots(raw.bytes("embedded")?, message, children, into, depth + 1)?,
                Some(Holds::Field(index)) => {
                    if let Some(field) = message.fields.get(*index) {
                        self.field(raw, field, into, depth)?;
                    }
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Puts one occurrence of a field into the object; repeated fields and maps grow, messages merge.
    fn field(&self, raw: Raw<'_>, field: &Leaf, into: &mut Map<String, Value>, depth: u32) -> Result<(), WireError> {
        match &field.wire {
            Wire::List(of) => {
                let list = into.entry(field.name).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(items) = list {
                    self.item(raw, field.name, of, items, depth)?;
                }
            }
            Wire::Map(of) => {
                let (key, value) = self.entry(raw.bytes(field.name)?, field.name, of, depth)?;
                let map = into.entry(field.name).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(map) = map {
                    map.insert(key, value);
                }
            }
            Wire::Message(index) => {
                let mut object = match into.remove(field.name) {
                    Some(Value::Object(object)) => object,
                    _ => Map::new(),
                };
                self.message(raw.bytes(field.name)?, self.plan.at(*index), &mut object, depth + 1)?;
                into.insert(field.name.to_owned(), Value::Object(object));
            }
            wire => {
                let value = self.one(raw, field.name, wire, depth)?;
                into.insert(field.name.to_owned(), value);
            }
        }
        Ok(())
    }

    /// Adds an item to a list; numbers may come packed.
    fn item(&self, raw: Raw<'_>, name: &str, of: &Wire, items: &mut Vec<Value>, depth: u32) -> Result<(), WireError> {
        match (of, raw) {
            (Wire::Int32 | Wire::Int64 | Wire::Bool, Raw::Bytes(packed)) => {
                let mut reader = Reader::new(packed);
                while !reader.is_empty() {
                    items.push(self.one(Raw::Varint(reader.varint()?), name, of, depth)?);
                }
            }
            _ => items.push(self.one(raw, name, of, depth)?),
        }
        Ok(())
    }

    fn entry(&self, bytes: &[u8], name: &str, of: &Wire, depth: u32) -> Result<(String, Value), WireError> {
        let (mut key, mut value) = (String::new(), None);
        let mut reader = Reader::new(bytes);
        while let Some((number, raw)) = reader.field(name, |n| n <= 2)? {
            match number {
                1 => key = text(raw.bytes(name)?),
                _ => value = Some(self.one(raw, name, of, depth)?),
            }
        }
        // Slices that are values of maps are empty there, and not nil as fields are.
        let missing = || match of {
            Wire::Bytes => Value::String(String::new()),
            Wire::List(_) => Value::Array(Vec::new()),
            _ => self.zero(of, depth),
        };
        Ok((key, value.unwrap_or_else(missing)))
    }

    fn one(&self, raw: Raw<'_>, name: &str, wire: &Wire, depth: u32) -> Result<Value, WireError> {
        Ok(match wire {
            Wire::String => text(raw.bytes(name)?).into(),
            Wire::Bytes => STANDARD.encode(raw.bytes(name)?).into(),
            Wire::Bool => (raw.number(name)? as i32 != 0).into(),
            Wire::Int32 => (raw.number(name)? as i32).into(),
            Wire::Int64 => (raw.number(name)? as i64).into(),
            Wire::Double => match raw {
                Raw::Fixed64(bytes) => double(f64::from_le_bytes(bytes)),
                other => return Err(other.wrong(name)),
            },
            Wire::Time | Wire::MicroTime => time(raw.bytes(name)?, matches!(wire, Wire::MicroTime))?,
            Wire::Duration => duration::format(number_in(raw.bytes(name)?, "Duration", 1)? as i64).into(),
            Wire::Quantity => quantity(raw.bytes(name)?)?,
            Wire::IntOrString => int_or_string(raw.bytes(name)?)?,
            Wire::Raw => self::raw(raw.bytes(name)?)?,
            Wire::Message(index) => {
                let mut object = Map::new();
                self.message(raw.bytes(name)?, self.plan.at(*index), &mut object, depth + 1)?;
                Value::Object(object)
            }
            // A list that is a map's value: `{items = 1}`.
            Wire::List(of) => {
                let mut items = Vec::new();
                let mut reader = Reader::new(raw.bytes(name)?);
                while let Some((_, raw)) = reader.field("ExtraValue", |n| n == 1)? {
                    self.item(raw, "items", of, &mut items, depth + 1)?;
                }
                Value::Array(items)
            }
            Wire::Map(_) => Value::Null,
            Wire::SchemaOr(index, alternative) => self.schema_or(raw.bytes(name)?, *index, *alternative, depth)?,
        })
    }

    fn schema_or(&self, bytes: &[u8], index: usize, alternative: Alternative, depth: u32) -> Result<Value, WireError> {
        let (mut schema, mut list, mut allows) = (None, Vec::new(), false);
        let schema_number = if alternative == Alternative::Bool { 2 } else { 1 };
        let mut reader = Reader::new(bytes);
        while let Some((number, raw)) = reader.field("JSONSchemaPropsOr", |n| n <= 2)? {
            match alternative {
                _ if number == schema_number => schema = Some(self.one(raw, "schema", &Wire::Message(index), depth + 1)?),
                Alternative::Bool => allows = raw.number("allows")? as i32 != 0,
                Alternative::Schemas => list.push(self.one(raw, "jSONSchemas", &Wire::Message(index), depth + 1)?),
                Alternative::Strings => list.push(text(raw.bytes("property")?).into()),
            }
        }
        Ok(match alternative {
            Alternative::Bool => schema.unwrap_or(Value::Bool(allows)),
            Alternative::Schemas if list.is_empty() => schema.unwrap_or(Value::Null),
            Alternative::Strings if list.is_empty() && schema.is_some() => schema.unwrap_or(Value::Null),
            Alternative::Schemas | Alternative::Strings => Value::Array(list),
        })
    }

    /// Leaves a field of a decoded message as Go's JSON encoder would show it.
    fn settle(&self, field: &Leaf, into: &mut Map<String, Value>, depth: u32) {
        match field.presence {
            Presence::Set => {
                if matches!(into.get(field.name), Some(Value::Null)) {
                    into.remove(field.name);
                }
            }
            Presence::NonZero => {
                if into.get(field.name).is_some_and(is_zero) {
                    into.remove(field.name);
                }
            }
            Presence::Always if !into.contains_key(field.name) => drop(into.insert(field.name.to_owned(), self.zero(&field.wire, depth))),
            Presence::Nullable if !into.contains_key(field.name) => drop(into.insert(field.name.to_owned(), Value::Null)),
            Presence::Always | Presence::Nullable => {}
        }
    }

    /// What Go shows of a value that was never set.
    fn zero(&self, wire: &Wire, depth: u32) -> Value {
        match wire {
            Wire::String => Value::String(String::new()),
            Wire::Bool => Value::Bool(false),
            Wire::Int32 | Wire::Int64 | Wire::Double | Wire::IntOrString => 0.into(),
            Wire::Duration => "0s".into(),
            Wire::Quantity => "0".into(),
            Wire::Message(index) => {
                let mut object = Map::new();
                if depth < MAX_DEPTH {
                    self.plan.at(*index).fields.iter().for_each(|f| self.settle(f, &mut object, depth + 1));
                }
                Value::Object(object)
            }
            Wire::Bytes | Wire::Time | Wire::MicroTime | Wire::Raw | Wire::Map(_) | Wire::List(_) | Wire::SchemaOr(..) => Value::Null,
        }
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(s) => s.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// Go writes whole doubles without a fraction.
fn double(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < EXACT { (value as i64).into() } else { value.into() }
}

/// Go shows bytes that are no UTF-8 as replacement characters.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn number_in(bytes: &[u8], message: &str, wanted: u32) -> Result<u64, WireError> {
    let (mut reader, mut found) = (Reader::new(bytes), 0);
    while let Some((_, raw)) = reader.field(message, |n| n == wanted)? {
        found = raw.number("duration")?;
    }
    Ok(found)
}

fn time(bytes: &[u8], micro: bool) -> Result<Value, WireError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (mut reader, mut seconds, mut nanos) = (Reader::new(bytes), 0, 0);
    while let Some((number, raw)) = reader.field("Timestamp", |n| n <= 2)? {
        match number {
            1 => seconds = raw.number("seconds")? as i64,
            _ => nanos = raw.number("nanos")? as i32,
        }
    }
    // Years that RFC 3339 cannot write; Go refuses them when it writes the JSON.
    const FIRST: i64 = -62_167_219_200;
    const LAST: i64 = 253_402_300_799;
    let carry = i64::from(nanos.div_euclid(1_000_000_000));
    let seconds = if micro { seconds.saturating_add(carry) } else { seconds };
    if !(FIRST..=LAST).contains(&seconds) {
        return Err(WireError::Value("Time.MarshalJSON: year outside of range [0,9999]".to_owned()));
    }
    let time = Time { seconds, nanos: if micro { nanos.rem_euclid(1_000_000_000) as u32 / 1000 * 1000 } else { 0 } };
    Ok(match (time.is_zero(), micro) {
        (true, _) => Value::Null,
        (_, true) => time.format_micro().into(),
        (_, false) => time.format().into(),
    })
}

fn quantity(bytes: &[u8]) -> Result<Value, WireError> {
    let (mut reader, mut found) = (Reader::new(bytes), Quantity::ZERO);
    while let Some((_, raw)) = reader.field("Quantity", |n| n == 1)? {
        found = text(raw.bytes("string_")?).parse().map_err(|e| WireError::Value(format!("{e}")))?;
    }
    Ok(found.to_string().into())
}

fn int_or_string(bytes: &[u8]) -> Result<Value, WireError> {
    let (mut reader, mut kind, mut number, mut string) = (Reader::new(bytes), 0, 0, String::new());
    while let Some((field, raw)) = reader.field("IntOrString", |n| n <= 3)? {
        match field {
            1 => kind = raw.number("type")? as i64,
            2 => number = raw.number("intVal")? as i32,
            _ => string = text(raw.bytes("strVal")?),
        }
    }
    match kind {
        0 => Ok(number.into()),
        1 => Ok(string.into()),
        _ => Err(WireError::Value("impossible IntOrString.Type".to_owned())),
    }
}

/// `{raw = 1}` holds JSON text.
fn raw(bytes: &[u8]) -> Result<Value, WireError> {
    let (mut reader, mut found) = (Reader::new(bytes), Value::Null);
    while let Some((_, raw)) = reader.field("RawExtension", |n| n == 1)? {
        let json = raw.bytes("raw")?;
        found = if json.is_empty() { Value::Null } else { serde_json::from_slice(json).map_err(|e| WireError::Value(e.to_string()))? };
    }
    Ok(found)
}
