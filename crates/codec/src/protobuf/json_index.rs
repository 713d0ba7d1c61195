//! One pass over JSON text that notes where each value starts and ends and which field it is, so that a message's fields
//! can be visited in any order. Values that protobuf carries as JSON, and members that it does not know, are skipped.

use super::plan::{Message, Plan, Wire};
use minkapi_object::{string_end, value_end};
use minkapi_registry::Alternative;
use std::borrow::Cow;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Object,
    Array,
    /// Text without escapes.
    Plain,
    /// Text with escapes.
    Escaped,
    Number,
    True,
    False,
    Null,
}

/// A value's place. Strings leave out their quotes.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Of a member's key: which field of the message it is.
    field: u16,
    start: u32,
    end: u32,
    /// The first node after this value and all it holds.
    pub next: u32,
}

impl Node {
    /// Of a member's key: the index of its field in the message.
    pub fn field(self) -> Option<usize> {
        (self.field != NO_FIELD).then_some(usize::from(self.field))
    }
}

const NO_FIELD: u16 = u16::MAX;

/// What a value is, going by the layout.
#[derive(Clone, Copy)]
enum Expected {
    Message(&'static Message),
    Value(&'static Wire),
    /// Of no interest beyond its extent.
    Anything,
}

/// Index of one JSON text. An object's nodes are followed by key, value, key, value; an array's by its items.
pub struct JsonIndex<'a> {
    plan: &'static Plan,
    text: &'a [u8],
    nodes: Vec<Node>,
}

/// Deeper texts than this are refused; what is stored was parsed with a smaller limit.
const MAX_DEPTH: u32 = 256;

impl<'a> JsonIndex<'a> {
    /// Indexes the text of a message; `None` if it is no JSON. Skipped values are not checked beyond their brackets.
    pub fn new(text: &'a [u8], plan: &'static Plan, message: &'static Message) -> Option<Self> {
        u32::try_from(text.len()).ok()?;
        let mut index = Self { plan, text, nodes: Vec::with_capacity(text.len() / 12 + 4) };
        let end = index.value(0, 0, Expected::Message(message))?;
        (index.skip_space(end) == text.len()).then_some(index)
    }

    /// The node at an index.
    pub fn node(&self, at: u32) -> Node {
        const NULL: Node = Node { kind: Kind::Null, field: NO_FIELD, start: 0, end: 0, next: u32::MAX };
        self.nodes.get(at as usize).copied().unwrap_or(NULL)
    }

    /// The text of a node; of strings, what is between the quotes.
    pub fn text(&self, node: Node) -> &'a [u8] {
        self.text.get(node.start as usize..node.end as usize).unwrap_or_default()
    }

    /// The content of a string node; of other nodes their JSON.
    pub fn string(&self, node: Node) -> Cow<'a, [u8]> {
        let text = self.text(node);
        if node.kind != Kind::Escaped {
            return Cow::Borrowed(text);
        }
        let quoted = self.text.get(node.start as usize - 1..node.end as usize + 1).unwrap_or_default();
        serde_json::from_slice::<String>(quoted).map_or(Cow::Borrowed(text), |s| Cow::Owned(s.into_bytes()))
    }

    fn skip_space(&self, mut at: usize) -> usize {
        while matches!(self.text.get(at), Some(b' ' | b'\n' | b'\t' | b'\r')) {
            at += 1;
        }
        at
    }

    /// Indexes the value at `at` and returns the position after it.
    fn value(&mut self, at: usize, depth: u32, expected: Expected) -> Option<usize> {
        let at = self.skip_space(at);
        match self.text.get(at)? {
            b'{' => match self.in_object(expected) {
                Some(expected) => self.members(at, depth, b'}', expected),
                None => self.skip(at, Kind::Object),
            },
            b'[' => match self.in_array(expected) {
                Some(expected) => self.members(at, depth, b']', expected),
                None => self.skip(at, Kind::Array),
            },
            b'"' => self.string_at(at),
            b't' => self.word(at, b"true", Kind::True),
            b'f' => self.word(at, b"false", Kind::False),
            b'n' => self.word(at, b"null", Kind::Null),
            b'-' | b'0'..=b'9' => self.number(at),
            _ => None,
        }
    }

    /// What an object's values are (of messages: the message); `None` to skip the object.
    fn in_object(&self, expected: Expected) -> Option<Expected> {
        match expected {
            Expected::Message(_) => Some(expected),
            Expected::Value(Wire::Message(index) | Wire::SchemaOr(index, _)) => Some(Expected::Message(self.plan.at(*index))),
            Expected::Value(Wire::Map(of)) => Some(Expected::Value(of)),
            Expected::Value(_) | Expected::Anything => None,
        }
    }

    /// What an array's items are; `None` to skip the array.
    fn in_array(&self, expected: Expected) -> Option<Expected> {
        match expected {
            Expected::Value(Wire::List(of)) => Some(Expected::Value(of)),
            Expected::Value(Wire::SchemaOr(index, Alternative::Schemas)) => Some(Expected::Message(self.plan.at(*index))),
            Expected::Value(Wire::SchemaOr(_, Alternative::Strings)) => Some(Expected::Value(&Wire::String)),
            Expected::Value(_) | Expected::Message(_) | Expected::Anything => None,
        }
    }

    fn members(&mut self, start: usize, depth: u32, close: u8, expected: Expected) -> Option<usize> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let own = self.nodes.len();
        let is_object = close == b'}';
        self.push(if is_object { Kind::Object } else { Kind::Array }, start, start);
        let (mut at, mut last) = (self.skip_space(start + 1), None);
        if self.text.get(at) != Some(&close) {
            loop {
                let mut of = expected;
                if is_object {
                    at = self.skip_space(at);
                    (self.text.get(at) == Some(&b'"')).then_some(())?;
                    at = self.string_at(at)?;
                    if let Expected::Message(message) = expected {
                        of = self.member(message, &mut last);
                    }
                    at = self.skip_space(at);
                    (self.text.get(at) == Some(&b':')).then_some(())?;
                    at += 1;
                }
                at = self.value(at, depth + 1, of)?;
                at = self.skip_space(at);
                match self.text.get(at)? {
                    b',' => at += 1,
                    found if *found == close => break,
                    _ => return None,
                }
            }
        }
        let next = self.nodes.len() as u32;
        let node = self.nodes.get_mut(own)?;
        (node.end, node.next) = (at as u32 + 1, next);
        Some(at + 1)
    }

    /// Finds the field whose key was indexed last.
    fn member(&mut self, message: &'static Message, last: &mut Option<usize>) -> Expected {
        let key = self.node(self.nodes.len() as u32 - 1);
        let name = self.string(key);
        let Some((index, field)) = message.find(*last, &name) else { return Expected::Anything };
        *last = Some(index);
        if let Some(key) = self.nodes.last_mut() {
            key.field = index as u16;
        }
        Expected::Value(&field.wire)
    }

    /// Indexes an object or array as one node.
    fn skip(&mut self, start: usize, kind: Kind) -> Option<usize> {
        let end = value_end(self.text, start)?;
        self.push(kind, start, end);
        Some(end)
    }

    fn string_at(&mut self, quote: usize) -> Option<usize> {
        let (end, escaped) = string_end(self.text, quote + 1)?;
        self.push(if escaped { Kind::Escaped } else { Kind::Plain }, quote + 1, end);
        Some(end + 1)
    }

    fn number(&mut self, start: usize) -> Option<usize> {
        let rest = self.text.get(start..)?;
        let length = rest.iter().position(|b| !matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).unwrap_or(rest.len());
        self.push(Kind::Number, start, start + length);
        Some(start + length)
    }

    fn word(&mut self, start: usize, word: &[u8], kind: Kind) -> Option<usize> {
        let end = start + word.len();
        (self.text.get(start..end)? == word).then(|| self.push(kind, start, end))?;
        Some(end)
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, field: NO_FIELD, start: start as u32, end: end as u32, next });
    }
}
