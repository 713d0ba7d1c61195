//! JSON text to protobuf bytes, as Go's generated code writes them: ascending field numbers, sorted maps, and every field
//! that is not a pointer, zero or not.

use super::{
    backward::{Backward, FIXED64, VARINT},
    json_index::{JsonIndex, Kind},
    plan::{Holds, Message, PLAN, Plan, Slot, Wire},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use minkapi_registry::{Alternative, Struct};
use minkapi_schema::{duration, time::Time};
use serde_json::Value;

/// Why an object has no protobuf form. Neither happens to an object that was decoded and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The text is no JSON, or nested absurdly deep.
    #[error("not JSON")]
    NotJson,
    /// The struct is part of a custom resource.
    #[error("only built-in kinds have a protobuf form")]
    NotBuiltIn,
}

/// The message of an object or part of one, without the `k8s\0` envelope. Members that the struct lacks are left out, and
/// values of the wrong type count as unset.
pub fn encode(json: &[u8], of: &Struct) -> Result<Vec<u8>, EncodeError> {
    let plan = &*PLAN;
    let message = plan.of(of).ok_or(EncodeError::NotBuiltIn)?;
    let index = JsonIndex::new(json, plan, message).ok_or(EncodeError::NotJson)?;
    let mut encoder = Encoder { json: index, plan, out: Backward::with_capacity(json.len() + 128), scratch: Vec::with_capacity(256) };
    encoder.message(0, message);
    Ok(encoder.out.finish())
}

/// [`encode`] of a value.
pub fn encode_value(value: &Value, of: &Struct) -> Result<Vec<u8>, EncodeError> {
    encode(&serde_json::to_vec(value).map_err(|_| EncodeError::NotJson)?, of)
}

/// A node index that stands for an unset value.
const UNSET: u32 = u32::MAX;

struct Encoder<'a> {
    json: JsonIndex<'a>,
    plan: &'static Plan,
    out: Backward,
    /// Node indexes of the fields, items and entries that are being written, innermost last.
    scratch: Vec<u32>,
}

impl Encoder<'_> {
    fn message(&mut self, at: u32, message: &'static Message) {
        let base = self.scratch.len();
        self.scratch.resize(base + message.fields.len(), UNSET);
        let node = self.json.node(at);
        if node.kind == Kind::Object {
            let mut key = at + 1;
            while key < node.next {
                let place = self.json.node(key).field().and_then(|field| self.scratch.get_mut(base + field));
                if let Some(place) = place {
                    *place = key + 1;
                }
                key = self.json.node(key + 1).next;
            }
        }
        self.slots(base, message, &message.slots);
        self.scratch.truncate(base);
    }

    fn slots(&mut self, base: usize, message: &'static Message, slots: &'static [Slot]) {
        for slot in slots.iter().rev() {
            match &slot.holds {
                Holds::Embedded(children) => {
                    let mark = self.out.len();
                    self.slots(base, message, children);
                    self.out.close(slot.number, mark);
                }
                Holds::Field(index) => {
                    let Some(field) = message.fields.get(*index) else { continue };
                    let at = self.scratch.get(base + index).copied().unwrap_or(UNSET);
                    let unset = self.json.node(at).kind == Kind::Null;
                    match &field.wire {
                        Wire::List(of) => self.list(at, slot.number, of),
                        Wire::Map(of) => self.map(at, slot.number, of),
                        Wire::Bytes if unset => {}
                        _ if unset && field.is_pointer() => {}
                        wire => self.one(at, slot.number, wire),
                    }
                }
            }
        }
    }

    /// Node indexes of an array's items, on the scratch; returns where they start.
    fn items(&mut self, at: u32) -> usize {
        let base = self.scratch.len();
        let node = self.json.node(at);
        if node.kind == Kind::Array {
            let mut item = at + 1;
            while item < node.next {
                self.scratch.push(item);
                item = self.json.node(item).next;
            }
        }
        base
    }

    fn list(&mut self, at: u32, number: u32, of: &'static Wire) {
        let base = self.items(at);
        while self.scratch.len() > base {
            let item = self.scratch.pop().unwrap_or(UNSET);
            self.one(item, number, of);
        }
    }

    fn map(&mut self, at: u32, number: u32, of: &'static Wire) {
        let node = self.json.node(at);
        if node.kind != Kind::Object {
            return;
        }
        let base = self.scratch.len();
        let mut key = at + 1;
        while key < node.next {
            self.scratch.push(key);
            key = self.json.node(key + 1).next;
        }
        let json = &self.json;
        if let Some(keys) = self.scratch.get_mut(base..)
            && !keys.is_sorted_by_key(|k| json.string(json.node(*k)))
        {
            keys.sort_by_key(|k| json.string(json.node(*k)));
        }
        while self.scratch.len() > base {
            let key = self.scratch.pop().unwrap_or(UNSET);
            let mark = self.out.len();
            if !(matches!(of, Wire::Bytes) && self.json.node(key + 1).kind == Kind::Null) {
                self.one(key + 1, 2, of);
            }
            self.string(key, 1);
            self.out.close(number, mark);
        }
    }

    /// One value with its tag; an unset one is written as its zero.
    fn one(&mut self, at: u32, number: u32, wire: &'static Wire) {
        match wire {
            Wire::String => self.string(at, number),
            Wire::Bool => self.varint(u64::from(self.json.node(at).kind == Kind::True), number),
            Wire::Int32 | Wire::Int64 => self.varint(self.integer(at) as u64, number),
            Wire::Double => {
                let text = self.json.text(self.json.node(at));
                let value: f64 = std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).unwrap_or(0.0);
                self.out.bytes(&value.to_le_bytes());
                self.out.tag(number, FIXED64);
            }
            Wire::Bytes => {
                let bytes = STANDARD.decode(&*self.json.string(self.json.node(at))).unwrap_or_default();
                let mark = self.out.len();
                self.out.bytes(&bytes);
                self.out.close(number, mark);
            }
            // Everything else is a message.
            _ => {
                let mark = self.out.len();
                self.content(at, wire);
                self.out.close(number, mark);
            }
        }
    }

    /// The inside of a message, fields in descending order.
    fn content(&mut self, at: u32, wire: &'static Wire) {
        let node = self.json.node(at);
        match wire {
            Wire::Message(index) => {
                let message = self.plan.at(*index);
                self.message(at, message);
            }
            Wire::Time | Wire::MicroTime => {
                let text = std::str::from_utf8(self.json.text(node)).unwrap_or_default();
                let micro = matches!(wire, Wire::MicroTime);
                let parsed = if micro { Time::parse_micro(text) } else { Time::parse(text) };
                if let Some(time) = parsed.ok().filter(|t| !t.is_zero()) {
                    self.varint(if micro { u64::from(time.nanos / 1000 * 1000) } else { 0 }, 2);
                    self.varint(time.seconds as u64, 1);
                }
            }
            Wire::Duration => {
                let text = self.json.string(node);
                let nanos = std::str::from_utf8(&text).ok().and_then(|t| duration::parse(t).ok());
                self.varint(nanos.unwrap_or_default() as u64, 1);
            }
            Wire::Quantity if node.kind == Kind::Null => self.text(b"0", 1),
            Wire::Quantity => self.string(at, 1),
            Wire::IntOrString => {
                let is_text = matches!(node.kind, Kind::Plain | Kind::Escaped);
                self.string(if is_text { at } else { UNSET }, 3);
                self.varint(self.integer(at) as u64, 2);
                self.varint(u64::from(is_text), 1);
            }
            Wire::Raw if node.kind == Kind::Null => {}
            Wire::Raw => self.raw(at),
            Wire::List(of) => self.list(at, 1, of),
            Wire::SchemaOr(index, alternative) => self.schema_or(at, *index, *alternative),
            Wire::String | Wire::Bytes | Wire::Bool | Wire::Int32 | Wire::Int64 | Wire::Double | Wire::Map(_) => {}
        }
    }

    fn schema_or(&mut self, at: u32, index: usize, alternative: Alternative) {
        let node = self.json.node(at);
        let schema = if alternative == Alternative::Bool { 2 } else { 1 };
        if alternative == Alternative::Strings && node.kind == Kind::Array {
            self.list(at, 2, &Wire::String);
        }
        if alternative == Alternative::Schemas && node.kind == Kind::Array {
            let base = self.items(at);
            while self.scratch.len() > base {
                let item = self.scratch.pop().unwrap_or(UNSET);
                self.schema(item, index, 2);
            }
        }
        if node.kind == Kind::Object {
            self.schema(at, index, schema);
        }
        if alternative == Alternative::Bool {
            self.varint(u64::from(node.kind != Kind::False), 1);
        }
    }

    fn schema(&mut self, at: u32, index: usize, number: u32) {
        let (mark, message) = (self.out.len(), self.plan.at(index));
        self.message(at, message);
        self.out.close(number, mark);
    }

    fn string(&mut self, at: u32, number: u32) {
        let node = self.json.node(at);
        match node.kind {
            Kind::Plain => self.text(self.json.text(node), number),
            Kind::Escaped => {
                let content = self.json.string(node);
                self.text(&content, number);
            }
            // Quantities may be written as numbers.
            Kind::Number => self.text(self.json.text(node), number),
            _ => self.text(b"", number),
        }
    }

    fn raw(&mut self, at: u32) {
        let node = self.json.node(at);
        match node.kind {
            Kind::Plain | Kind::Escaped => {
                let mark = self.out.len();
                self.out.bytes(b"\"");
                self.out.bytes(self.json.text(node));
                self.out.bytes(b"\"");
                self.out.close(1, mark);
            }
            _ => self.text(self.json.text(node), 1),
        }
    }

    fn text(&mut self, text: &[u8], number: u32) {
        let mark = self.out.len();
        self.out.bytes(text);
        self.out.close(number, mark);
    }

    fn varint(&mut self, value: u64, number: u32) {
        self.out.varint(value);
        self.out.tag(number, VARINT);
    }

    fn integer(&self, at: u32) -> i64 {
        let node = self.json.node(at);
        if node.kind != Kind::Number {
            return 0;
        }
        let text = std::str::from_utf8(self.json.text(node)).unwrap_or_default();
        text.parse().ok().or_else(|| text.parse::<f64>().ok().map(|f| f as i64)).unwrap_or_default()
    }
}
