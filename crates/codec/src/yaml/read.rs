//! YAML text to a JSON value: the first document, anchors and merge keys resolved, duplicate keys noted.

use super::{error::describe, scalar::Scalar};
use base64::{Engine, engine::general_purpose::STANDARD};
use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Value};
use std::{borrow::Cow, collections::HashMap};

/// A parsed document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its value; of keys that are there twice, the last.
    pub value: Value,
    /// Keys that are there twice, as strict decoding complains of them: `line 5: key "a" already set in map`.
    pub duplicates: Vec<String>,
}

impl Document {
    /// The complaint of strict decoding, if there is one.
    pub fn strict_error(&self) -> Option<String> {
        (!self.duplicates.is_empty()).then(|| format!("yaml: unmarshal errors:\n  {}", self.duplicates.join("\n  ")))
    }
}

/// Deeper documents are refused; nothing in the API comes near.
const MAX_DEPTH: usize = 256;

/// Nodes that aliases may stand for in a document that is not itself that large: the billion laughs end here.
const MAX_ALIASED: usize = 100_000;

/// Reads the first document of a stream; an empty stream is null.
///
/// # Errors
/// `yaml: line 4: found character that cannot start any token` and the like.
pub fn read(text: &[u8]) -> Result<Document, String> {
    let text = std::str::from_utf8(text).map_err(|_| "yaml: invalid leading UTF-8 octet".to_owned())?;
    let mut reader = Reader::default();
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(|e| describe(&e, text))?;
        match event {
            Event::DocumentEnd | Event::StreamEnd => break,
            Event::Alias(id) => reader.alias(id, &span)?,
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(text, style, tag.as_deref())?;
                let is_merge = matches!(style, ScalarStyle::Plain) && value == "<<";
                reader.complete(Node { value, size: 1, line: span.start.line(), anchor, is_merge })?;
            }
            Event::SequenceStart(_, anchor, _) => reader.open(Open::Sequence(Vec::new()), anchor, &span)?,
            Event::MappingStart(_, anchor, _) => reader.open(Open::Mapping(Map::new(), None), anchor, &span)?,
            Event::SequenceEnd | Event::MappingEnd => reader.close()?,
            _ => {}
        }
    }
    Ok(Document { value: reader.root.unwrap_or_default(), duplicates: reader.duplicates })
}

#[derive(Default)]
struct Reader {
    open: Vec<Level>,
    root: Option<Value>,
    anchors: HashMap<usize, (Value, usize)>,
    aliased: usize,
    duplicates: Vec<String>,
}

/// A collection whose end has not come yet.
struct Level {
    of: Open,
    anchor: usize,
    size: usize,
    line: usize,
}

enum Open {
    Sequence(Vec<Value>),
    /// Members, and the key whose value comes next.
    Mapping(Map<String, Value>, Option<Key>),
}

enum Key {
    Name(String),
    Merge,
}

/// A value that is complete.
struct Node {
    value: Value,
    size: usize,
    line: usize,
    anchor: usize,
    is_merge: bool,
}

impl Reader {
    fn open(&mut self, of: Open, anchor: usize, span: &Span) -> Result<(), String> {
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("yaml: exceeded max depth of {MAX_DEPTH}"));
        }
        self.open.push(Level { of, anchor, size: 1, line: span.start.line() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(Level { of, anchor, size, line }) = self.open.pop() else { return Ok(()) };
        let value = match of {
            Open::Sequence(items) => Value::Array(items),
            Open::Mapping(members, _) => Value::Object(members),
        };
        self.complete(Node { value, size, line, anchor, is_merge: false })
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<(), String> {
        let (value, size) = self.anchors.get(&id).cloned().ok_or_else(|| format!("yaml: unknown anchor '{id}' referenced"))?;
        self.aliased += size;
        if self.aliased > MAX_ALIASED {
            return Err("yaml: document contains excessive aliasing".to_owned());
        }
        self.complete(Node { value, size, line: span.start.line(), anchor: 0, is_merge: false })
    }

    /// Puts a value where it belongs.
    fn complete(&mut self, node: Node) -> Result<(), String> {
        if node.anchor != 0 {
            self.anchors.insert(node.anchor, (node.value.clone(), node.size));
        }
        let Some(level) = self.open.last_mut() else {
            self.root = Some(node.value);
            return Ok(());
        };
        level.size += node.size;
        match &mut level.of {
            Open::Sequence(items) => items.push(node.value),
            Open::Mapping(members, pending) => match pending.take() {
                None if node.is_merge => *pending = Some(Key::Merge),
                None => *pending = Some(Key::Name(key(node.value)?)),
                Some(Key::Merge) => merge(members, node.value)?,
                Some(Key::Name(name)) => {
                    if members.contains_key(&name) {
                        self.duplicates.push(format!("line {}: key {name:?} already set in map", node.line));
                    }
                    members.insert(name, node.value);
                }
            },
        }
        Ok(())
    }
}

/// Keys that are numbers or booleans become text; null and collections are refused.
fn key(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null => Err("unsupported map key of type: <nil>".to_owned()),
        Value::Array(_) | Value::Object(_) => Err(format!("yaml: invalid map key: {value}")),
    }
}

fn merge(members: &mut Map<String, Value>, value: Value) -> Result<(), String> {
    match value {
        Value::Object(more) => members.extend(more),
        // The first of several maps wins.
        Value::Array(maps) if maps.iter().all(Value::is_object) => maps.into_iter().rev().try_for_each(|m| merge(members, m))?,
        _ => return Err("yaml: map merge requires map or sequence of maps as the value".to_owned()),
    }
    Ok(())
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let tag = tag.filter(|t| t.handle == "tag:yaml.org,2002:").map(|t| t.suffix.as_str());
    let plain = match tag {
        None => matches!(style, ScalarStyle::Plain),
        Some("binary") => {
            let bytes = STANDARD.decode(text.replace(char::is_whitespace, ""));
            let bytes = bytes.map_err(|_| "yaml: !!binary value contains invalid base64 data".to_owned())?;
            return Ok(String::from_utf8_lossy(&bytes).into_owned().into());
        }
        Some(tag) => ["bool", "int", "float", "null"].contains(&tag),
    };
    match Scalar::resolve(&text).filter(|_| plain) {
        Some(scalar) => scalar.into_json(&text).ok_or_else(|| format!("json: unsupported value: {}", go_float(&text))),
        None => Ok(text.into_owned().into()),
    }
}

/// Infinity and what is no number, as Go prints them.
fn go_float(text: &str) -> &'static str {
    match text.strip_prefix('-') {
        Some(_) => "-Inf",
        None if text.to_ascii_lowercase().ends_with("nan") => "NaN",
        None => "+Inf",
    }
}
