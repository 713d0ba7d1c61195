//! JSON text to a value of a known schema, in one pass: what kube-apiserver's strict decoder does with a request's body.
//!
//! The result is in the form in which Go would write it again: unknown fields are gone, zero values of `omitempty`
//! fields too, fields that are always written are there, quantities, times and base64 are canonical.

mod changed;
mod context;
mod go_types;
mod scalar;

use crate::{
    json::{self, Reader, Token, check_depth},
    normalize::{add_always_written, is_zero, zero},
};
pub use changed::decode_changed;
use context::Place;
use minkapi_object::{Status, write_json};
use minkapi_registry::{Alternative, Field, Presence, Schema, Shape, Struct};
use serde_json::{Map, Value};
use std::fmt;

/// A decoded document.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The value; `null` documents are empty objects.
    pub value: Value,
    /// `unknown field "spec.x"` and `duplicate field "spec.replicas"` in the order of the document (C-03-31), each once,
    /// at most 100.
    pub problems: Vec<String>,
    /// Fields that held an empty list or map, or no bytes, and were left out: the path, and `[]`, `{}` or `""`. Go's errors
    /// print them.
    pub emptied: Vec<(String, &'static str)>,
}

/// Why a document cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// No JSON object with apiVersion and kind: the document's kind could not be looked up.
    Unrecognized(String),
    /// An object without a kind, where the kind cannot be told from the URL: its text.
    MissingKind(String),
    /// It does not fit its kind.
    Unfit(String),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unrecognized(why) => write!(f, "couldn't get version/kind; json parse error: {why}"),
            Self::MissingKind(body) => write!(f, "Object 'Kind' is missing in '{body}'"),
            Self::Unfit(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for DecodeError {}

impl DecodeError {
    /// The 400 for a body that should have been a `kind` in `version` (C-03-03).
    pub fn to_status(&self, kind: &str, version: &str, body: &[u8]) -> Status {
        match self {
            Self::Unrecognized(_) | Self::MissingKind(_) => unrecognized(kind, &self.to_string(), body),
            Self::Unfit(why) => Status::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}")),
        }
    }
}

/// The 400 for a body whose kind cannot be told, with the start of the body.
pub fn unrecognized(kind: &str, why: &str, body: &[u8]) -> Status {
    let head = body.get(..30).unwrap_or(body);
    let more = if body.len() > 30 { " ..." } else { "" };
    let summary = match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(head)),
        Some(_) => format!("{}{more}", head.iter().map(|b| format!("{b:02x}")).collect::<String>()),
    };
    Status::bad_request(format!("the object provided is unrecognized (must be of type {kind}): {why} ({summary})"))
}

/// Decodes `body` as `of`.
///
/// # Errors
/// Syntax errors and type errors in Go's words.
pub fn decode(body: &[u8], of: &Struct) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::new(body);
    let value = match decoder.document(of) {
        Ok(value) => value,
        Err(Fault::Syntax(why)) => return Err(DecodeError::Unrecognized(why)),
        Err(Fault::Fatal(why)) => return Err(check_syntax(body, DecodeError::Unfit(why))),
        Err(Fault::Header(why)) => return Err(check_syntax(body, DecodeError::Unrecognized(why))),
    };
    match decoder.type_error {
        Some(why) => Err(DecodeError::Unfit(why)),
        None => Ok(Decoded { value, problems: decoder.problems, emptied: decoder.emptied }),
    }
}

/// Decodes a value that is no longer text (a patched object, YAML) as `of`.
///
/// # Errors
/// As [`decode`].
pub fn decode_value(value: &Value, of: &Struct) -> Result<Decoded, DecodeError> {
    let mut text = Vec::with_capacity(4096);
    write_json(&mut text, value);
    decode(&text, of)
}

/// Decodes a part of a document that stands at `path` (the metadata of a custom resource) as `of`.
///
/// # Errors
/// Type errors in Go's words, as of a document of its own.
pub fn decode_part(value: &Value, of: &Struct, path: &str) -> Result<Decoded, String> {
    let mut text = Vec::new();
    write_json(&mut text, value);
    let mut decoder = Decoder::new(&text);
    let value = match decoder.part(of, path) {
        Ok(value) => value,
        Err(Fault::Syntax(why) | Fault::Fatal(why) | Fault::Header(why)) => return Err(why),
    };
    match decoder.type_error {
        Some(why) => Err(why),
        None => Ok(Decoded { value, problems: decoder.problems, emptied: decoder.emptied }),
    }
}

/// Decodes `body` without a schema, as a custom resource is: only duplicate fields are noticed.
///
/// # Errors
/// Syntax errors, and a document that is no object.
pub fn decode_untyped(body: &[u8]) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::new(body);
    let value = match decoder.untyped_document() {
        Ok(value) => value,
        Err(Fault::Syntax(why)) => return Err(DecodeError::Unrecognized(why)),
        Err(Fault::Fatal(why) | Fault::Header(why)) => return Err(check_syntax(body, DecodeError::Unrecognized(why))),
    };
    match decoder.type_error {
        Some(why) => Err(DecodeError::Unfit(why)),
        None => Ok(Decoded { value, problems: decoder.problems, emptied: decoder.emptied }),
    }
}

/// Go checks the whole document's syntax first, so a later syntax error wins over what was found before.
fn check_syntax(body: &[u8], found: DecodeError) -> DecodeError {
    let mut reader = Reader::new(body);
    match reader.skip_value(0).and_then(|()| reader.end()) {
        Err(why) => DecodeError::Unrecognized(why),
        Ok(()) => found,
    }
}

/// What ends decoding at once.
#[derive(Debug)]
enum Fault {
    Syntax(String),
    /// The error of a type that decodes itself (Time, Quantity).
    Fatal(String),
    /// apiVersion or kind is not text, or the document no object.
    Header(String),
}

impl From<json::Syntax> for Fault {
    fn from(why: json::Syntax) -> Self {
        Self::Syntax(why)
    }
}

/// Most strict problems that are told.
const MAX_PROBLEMS: usize = 100;

#[derive(Debug)]
struct Decoder<'a> {
    reader: Reader<'a>,
    /// The first error that does not end decoding.
    type_error: Option<String>,
    problems: Vec<String>,
    emptied: Vec<(String, &'static str)>,
    /// Below types that Go decodes by hand nothing is noticed.
    lenient: bool,
}

/// Go's type of the struct that it reads apiVersion and kind into.
const HEADER_TYPE: &str = r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;

impl<'a> Decoder<'a> {
    const fn new(body: &'a [u8]) -> Self {
        Self { reader: Reader::new(body), type_error: None, problems: Vec::new(), emptied: Vec::new(), lenient: false }
    }

    fn document(&mut self, of: &Struct) -> Result<Value, Fault> {
        let value = match self.reader.token()? {
            Token::Null => Value::Object(add_always_written(Map::new(), of)),
            Token::Object => Value::Object(self.fields(of, &Place::Root, 0)?),
            other => {
                return Err(Fault::Header(format!("json: cannot unmarshal {} into Go value of type {HEADER_TYPE}", other.go_kind())));
            }
        };
        self.reader.end()?;
        Ok(value)
    }

    fn part(&mut self, of: &Struct, path: &str) -> Result<Value, Fault> {
        match self.reader.token()? {
            Token::Null => Ok(Value::Object(add_always_written(Map::new(), of))),
            Token::Object => Ok(Value::Object(self.fields(of, &Place::At(path), 0)?)),
            other => Err(Fault::Fatal(format!("json: cannot unmarshal {} into Go value of type {}", other.go_kind(), of.go_name))),
        }
    }

    fn untyped_document(&mut self) -> Result<Value, Fault> {
        let token = self.reader.token()?;
        let value = match token {
            Token::Null => Value::Object(Map::new()),
            Token::Object => self.any(&token, &Place::Root, 0)?,
            other => {
                return Err(Fault::Header(format!("json: cannot unmarshal {} into Go value of type {HEADER_TYPE}", other.go_kind())));
            }
        };
        self.reader.end()?;
        Ok(value)
    }

    fn problem(&mut self, what: &str, place: &Place<'_>, field: &str) {
        if self.lenient || self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        let text = format!("{what} {}", crate::field::quoted(&place.document_path(field)));
        if !self.problems.contains(&text) {
            self.problems.push(text);
        }
    }

    /// Remembers a type error, if it is the first, and reads over the value.
    fn mismatch(&mut self, token: &Token<'_>, schema: &Schema, place: &Place<'_>, depth: usize) -> Result<(), Fault> {
        // The kind is looked up before anything is decoded, so that these end it.
        if let Place::Field { parent: Place::Root, field, .. } = place
            && matches!(&*field.name, "apiVersion" | "kind")
        {
            let why = format!("json: cannot unmarshal {} into Go struct field .{} of type string", token.go_kind(), field.name);
            return Err(Fault::Header(why));
        }
        self.type_error.get_or_insert_with(|| place.cannot_unmarshal(token.go_kind(), &place.go_type(schema)));
        self.reader.skip(token, depth)?;
        Ok(())
    }

    /// The fields of an object whose bracket has been read.
    fn fields(&mut self, of: &Struct, place: &Place<'_>, depth: usize) -> Result<Map<String, Value>, Fault> {
        check_depth(depth)?;
        let mut map = Map::new();
        let mut seen: u128 = 0;
        let mut first = true;
        while let Some(key) = self.reader.key(first)? {
            first = false;
            let Some(index) = of.position(&key) else {
                self.unknown_field(of, &key, &mut map, place, depth)?;
                continue;
            };
            let Some(field) = of.fields.get(index) else { continue };
            let bit = 1u128.checked_shl(index as u32).unwrap_or(0);
            let again = seen & bit != 0;
            seen |= bit;
            if again {
                self.problem("duplicate field", place, &key);
            }
            let inner = Place::Field { parent: place, of, field };
            if let Some(value) = self.value(&field.schema, &inner, depth + 1)? {
                let empty = match &value {
                    Value::Array(items) if items.is_empty() => Some("[]"),
                    Value::String(text) if text.is_empty() && matches!(field.schema.shape, Shape::Bytes) => Some("\"\""),
                    Value::Object(members) if members.is_empty() && matches!(field.schema.shape, Shape::Map(_)) => Some("{}"),
                    _ => None,
                };
                if let Some(empty) = empty {
                    self.emptied.push((place.document_path(&key), empty));
                }
                store(&mut map, field, value, again);
            }
        }
        Ok(add_always_written(map, of))
    }

    fn unknown_field(
        &mut self,
        of: &Struct,
        key: &str,
        map: &mut Map<String, Value>,
        place: &Place<'_>,
        depth: usize,
    ) -> Result<(), Fault> {
        let inner = Place::Key { parent: place, key };
        if let Some(schema) = &of.additional {
            if let Some(value) = self.value(schema, &inner, depth + 1)? {
                map.insert(key.to_owned(), value);
            }
        } else if of.preserve_unknown {
            let token = self.reader.token()?;
            let value = self.any(&token, &inner, depth + 1)?;
            map.insert(key.to_owned(), value);
        } else {
            self.problem("unknown field", place, key);
            self.reader.skip_value(depth + 1)?;
        }
        Ok(())
    }

    /// A value of `schema`; None for null and for what does not fit.
    fn value(&mut self, schema: &Schema, place: &Place<'_>, depth: usize) -> Result<Option<Value>, Fault> {
        let token = self.reader.token()?;
        if matches!(token, Token::Null) {
            return Ok(None);
        }
        match (&schema.shape, &token) {
            (Shape::Struct(of), Token::Object) => Ok(Some(Value::Object(self.fields(of, place, depth)?))),
            (Shape::Map(values), Token::Object) => self.map(values, place, depth).map(Some),
            (Shape::List(items), Token::Array) => self.list(items, place, depth).map(Some),
            (Shape::Any | Shape::FieldsV1, _) => {
                let before = std::mem::replace(&mut self.lenient, true);
                let value = self.any(&token, place, depth)?;
                self.lenient = before;
                Ok(Some(value))
            }
            (Shape::SchemaOr(of, alternative), _) => self.schema_or(of, *alternative, token, place, depth),
            (Shape::Struct(_) | Shape::Map(_) | Shape::List(_), _) => {
                self.mismatch(&token, schema, place, depth)?;
                Ok(None)
            }
            _ => self.scalar(schema, token, place, depth),
        }
    }

    fn map(&mut self, values: &Schema, place: &Place<'_>, depth: usize) -> Result<Value, Fault> {
        check_depth(depth)?;
        let mut map = Map::new();
        let mut first = true;
        while let Some(key) = self.reader.key(first)? {
            first = false;
            let value = self.value(values, &Place::Key { parent: place, key: &key }, depth + 1)?;
            if map.insert(key.clone().into_owned(), value.unwrap_or_else(|| zero(values))).is_some() {
                self.problem("duplicate field", place, &key);
            }
        }
        Ok(Value::Object(map))
    }

    fn list(&mut self, items: &Schema, place: &Place<'_>, depth: usize) -> Result<Value, Fault> {
        check_depth(depth)?;
        let mut list = Vec::new();
        while self.reader.element(list.is_empty())? {
            let value = self.value(items, &Place::Index { parent: place, index: list.len() }, depth + 1)?;
            list.push(value.unwrap_or_else(|| zero(items)));
        }
        Ok(Value::Array(list))
    }

    /// A value without schema.
    fn any(&mut self, token: &Token<'a>, place: &Place<'_>, depth: usize) -> Result<Value, Fault> {
        check_depth(depth)?;
        match token {
            Token::Object => {
                // Members that come in their order, each once, are put into a map all at once.
                let mut members: Vec<(String, Value)> = Vec::new();
                let mut map = Map::new();
                while let Some(key) = self.reader.key(members.is_empty() && map.is_empty())? {
                    let in_order = map.is_empty() && members.last().is_none_or(|(last, _)| *last.as_str() < *key);
                    if !in_order {
                        map.extend(members.drain(..));
                        if map.contains_key(&*key) {
                            self.problem("duplicate field", place, &key);
                        }
                    }
                    let token = self.reader.token()?;
                    let value = self.any(&token, &Place::Key { parent: place, key: &key }, depth + 1)?;
                    if in_order {
                        members.push((key.into_owned(), value));
                    } else {
                        map.insert(key.into_owned(), value);
                    }
                }
                if map.is_empty() {
                    map = members.into_iter().collect();
                }
                Ok(Value::Object(map))
            }
            Token::Array => {
                let mut list = Vec::new();
                while self.reader.element(list.is_empty())? {
                    let token = self.reader.token()?;
                    let value = self.any(&token, &Place::Index { parent: place, index: list.len() }, depth + 1)?;
                    list.push(value);
                }
                Ok(Value::Array(list))
            }
            Token::Number(text) if json::number(text).is_none() => {
                let why = place.cannot_unmarshal(&format!("number {text}"), "float64");
                self.type_error.get_or_insert(why);
                Ok(Value::Null)
            }
            // A custom resource is encoded again: whole doubles lose their point. Raw JSON inside of built-ins does not.
            Token::Number(text) if !self.lenient => Ok(scalar::go_float(text)),
            scalar => Ok(json::scalar(scalar)),
        }
    }

    fn schema_or(
        &mut self,
        of: &Struct,
        alternative: Alternative,
        token: Token<'a>,
        place: &Place<'_>,
        depth: usize,
    ) -> Result<Option<Value>, Fault> {
        let before = std::mem::replace(&mut self.lenient, true);
        let value = match (alternative, &token) {
            (_, Token::Object) => Some(Value::Object(self.fields(of, place, depth)?)),
            (Alternative::Bool, Token::Bool(b)) => Some(Value::Bool(*b)),
            (Alternative::Bool, _) => return Err(Fault::Fatal("boolean or JSON schema expected".to_owned())),
            (Alternative::Schemas, Token::Array) => {
                let mut list = Vec::new();
                while self.reader.element(list.is_empty())? {
                    match self.reader.token()? {
                        Token::Object => list.push(Value::Object(self.fields(of, place, depth + 1)?)),
                        other => {
                            self.reader.skip(&other, depth + 1)?;
                            list.push(Value::Object(Map::new()));
                        }
                    }
                }
                Some(Value::Array(list))
            }
            (Alternative::Strings, Token::Array) => {
                let mut list = Vec::new();
                while self.reader.element(list.is_empty())? {
                    let item = self.reader.token()?;
                    self.reader.skip(&item, depth + 1)?;
                    list.push(if let Token::String(text, _) = item { text.into_owned().into() } else { Value::String(String::new()) });
                }
                Some(Value::Array(list))
            }
            _ => {
                self.reader.skip(&token, depth)?;
                None
            }
        };
        self.lenient = before;
        Ok(value)
    }
}

/// Puts a field's value into its object unless it is a zero that is not written. A repeated struct or map field is
/// decoded into what was there, as Go does.
fn store(map: &mut Map<String, Value>, field: &Field, value: Value, again: bool) {
    if again && let (Some(Value::Object(old)), Value::Object(new)) = (map.get_mut(&*field.name), &value) {
        old.extend(new.clone());
        return;
    }
    // An empty list of managed fields is not the same as none: it ends the tracking (C-04-20).
    if field.presence == Presence::NonZero && is_zero(&value, &field.schema) && field.name != "managedFields" {
        map.remove(&*field.name);
    } else {
        map.insert(field.name.clone().into_owned(), value);
    }
}

#[cfg(test)]
mod tests;
