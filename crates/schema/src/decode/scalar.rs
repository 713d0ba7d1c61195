//! Scalars of each shape, and the types that Go decodes from a scalar by hand.

use super::{Decoder, Fault, context::Place};
use crate::{
    base64, duration,
    json::{Token, number},
    quantity::{ParseError, Quantity},
    time::Time,
};
use minkapi_registry::{Schema, Shape};
use serde_json::Value;

impl<'a> Decoder<'a> {
    /// A scalar of `schema`; None for what does not fit.
    pub(super) fn scalar(&mut self, schema: &Schema, token: Token<'a>, place: &Place<'_>, depth: usize) -> Result<Option<Value>, Fault> {
        let value = match (&schema.shape, token) {
            (Shape::String, Token::String(text, _)) => Value::String(text.into_owned()),
            (Shape::Bool, Token::Bool(b)) => Value::Bool(b),
            (Shape::Int32 | Shape::Int64, Token::Number(text)) => return Ok(self.integer(schema, text, place)),
            (Shape::Double, Token::Number(text)) => match go_float(text) {
                Value::Null => return Ok(self.bad_number(text, "float64", place)),
                double => double,
            },
            (Shape::Bytes, Token::String(text, _)) => match base64::canonical(&text) {
                Ok(canonical) => Value::String(canonical),
                Err(why) => {
                    self.type_error.get_or_insert(why);
                    return Ok(None);
                }
            },
            (Shape::Bytes, Token::Array) => self.bytes(place, depth)?,
            (Shape::Time, Token::String(text, _)) => written(Time::parse(&text), Time::format)?,
            (Shape::MicroTime, Token::String(text, _)) => written(Time::parse_micro(&text), Time::format_micro)?,
            (Shape::Duration, Token::String(text, _)) => Value::String(duration::format(duration::parse(&text).map_err(Fault::Fatal)?)),
            (Shape::IntOrString, Token::String(text, _)) => Value::String(text.into_owned()),
            (Shape::IntOrString, Token::Number(text)) => match text.parse::<i32>() {
                Ok(integer) => integer.into(),
                Err(_) => return Err(Fault::Fatal(place.cannot_unmarshal(&format!("number {text}"), "int32"))),
            },
            (Shape::Quantity, token) => return self.quantity(&token, depth).map(Some),
            // These decode themselves: what they refuse ends decoding.
            (Shape::Time | Shape::MicroTime | Shape::Duration | Shape::IntOrString, other) => {
                return Err(Fault::Fatal(place.cannot_unmarshal(other.go_kind(), &place.go_type(schema))));
            }
            (_, other) => {
                self.mismatch(&other, schema, place, depth)?;
                return Ok(None);
            }
        };
        Ok(Some(value))
    }

    /// Bytes that are given as a list of numbers, which Go takes as well.
    fn bytes(&mut self, place: &Place<'_>, depth: usize) -> Result<Value, Fault> {
        let mut bytes = Vec::new();
        while self.reader.element(bytes.is_empty())? {
            let token = self.reader.token()?;
            let byte = match &token {
                Token::Number(text) => text.parse::<u8>().ok(),
                Token::Null => Some(0),
                _ => None,
            };
            if byte.is_none() {
                let what = if let Token::Number(text) = &token { format!("number {text}") } else { token.go_kind().to_owned() };
                self.type_error.get_or_insert_with(|| place.cannot_unmarshal(&what, "uint8"));
                self.reader.skip(&token, depth)?;
            }
            bytes.push(byte.unwrap_or(0));
        }
        Ok(Value::String(base64::encode(&bytes)))
    }

    fn integer(&mut self, schema: &Schema, text: &str, place: &Place<'_>) -> Option<Value> {
        let parsed = text.parse::<i64>().ok();
        match (&schema.shape, parsed) {
            (Shape::Int64, Some(integer)) => Some(integer.into()),
            (Shape::Int32, Some(integer)) if i32::try_from(integer).is_ok() => Some(integer.into()),
            (Shape::Int32, _) => self.bad_number(text, "int32", place),
            _ => self.bad_number(text, "int64", place),
        }
    }

    fn bad_number(&mut self, text: &str, go_type: &str, place: &Place<'_>) -> Option<Value> {
        self.type_error.get_or_insert_with(|| place.cannot_unmarshal(&format!("number {text}"), go_type));
        None
    }

    /// Quantities look at the raw text, so that escapes in it are not understood.
    fn quantity(&mut self, token: &Token<'a>, depth: usize) -> Result<Value, Fault> {
        let raw = match token {
            Token::String(_, raw) => std::str::from_utf8(raw).unwrap_or("?"),
            Token::Number(text) => text,
            other => {
                self.reader.skip(other, depth)?;
                "?"
            }
        };
        let parsed: Result<Quantity, ParseError> = raw.trim().parse();
        parsed.map(|q| Value::String(q.to_string())).map_err(|e| Fault::Fatal(e.to_string()))
    }
}

/// A time as it is written again: Go's zero time is null.
fn written(parsed: Result<Time, String>, format: fn(Time) -> String) -> Result<Value, Fault> {
    let time = parsed.map_err(Fault::Fatal)?;
    Ok(if time.is_zero() { Value::Null } else { Value::String(format(time)) })
}

/// A number as Go writes it again: without a point where it is whole; null beyond doubles.
pub(super) fn go_float(text: &str) -> Value {
    match number(text).map(|n| (n.as_i64(), n.as_f64(), n)) {
        Some((None, Some(double), _)) if double.fract() == 0.0 && double.abs() < 9e15 => Value::from(double as i64),
        Some((_, _, number)) => Value::Number(number),
        None => Value::Null,
    }
}
