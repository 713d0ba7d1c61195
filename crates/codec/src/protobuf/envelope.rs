//! The `k8s\0` envelope around every message on the wire: `runtime.Unknown` with the object's type (C-11-10, C-11-11).

use super::{
    decode,
    encode::EncodeError,
    encode_value,
    wire::{Reader, WireError},
};
use crate::DecodeError;
use minkapi_registry::top_level_kind;
use serde_json::Value;

const MAGIC: &[u8] = b"k8s\0";

/// An opened envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown<'a> {
    /// `apps/v1`; may be empty.
    pub api_version: String,
    /// Kind; may be empty.
    pub kind: String,
    /// The message.
    pub raw: &'a [u8],
}

/// Puts a message into its envelope.
pub fn wrap(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let mut out = header(api_version, kind, raw.len());
    out.extend_from_slice(raw);
    out.extend_from_slice(FOOTER);
    out
}

/// What follows the message: contentEncoding and contentType, always empty.
pub(super) const FOOTER: &[u8] = b"\x1a\0\"\0";

/// What precedes a message of this length, with room for the rest of a short one.
pub(super) fn header(api_version: &str, kind: &str, length: usize) -> Vec<u8> {
    let type_meta = field_length(api_version.len()) + field_length(kind.len());
    // Of long messages what follows comes in pieces of its own.
    let room = length.min(64 << 10);
    let mut out = Vec::with_capacity(MAGIC.len() + field_length(type_meta) + field_length(room) + FOOTER.len() + 8);
    out.extend_from_slice(MAGIC);
    open(&mut out, 1, type_meta);
    for (number, text) in [(1, api_version), (2, kind)] {
        open(&mut out, number, text.len());
        out.extend_from_slice(text.as_bytes());
    }
    open(&mut out, 2, length);
    out
}

/// Tag and length of a length-prefixed field with a number below 16.
pub(super) fn open(out: &mut Vec<u8>, number: u8, length: usize) {
    out.push(number << 3 | 2);
    let mut rest = length;
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// How long a length-prefixed field is with its tag and length.
pub(super) fn field_length(length: usize) -> usize {
    let bits = (usize::BITS - length.leading_zeros()).max(1) as usize;
    1 + bits.div_ceil(7) + length
}

/// Opens the envelope of a body.
///
/// # Errors
/// Not an envelope: the texts are those that kube-apiserver answers with.
pub fn unwrap(body: &[u8]) -> Result<Unknown<'_>, DecodeError> {
    if body.is_empty() {
        return Err(DecodeError::unrecognized("empty data"));
    }
    let Some(mut message) = body.strip_prefix(MAGIC).map(Reader::new) else {
        return Err(DecodeError::unrecognized("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"));
    };
    if message.is_empty() {
        return Err(DecodeError::unrecognized("empty body"));
    }
    read(&mut message).map_err(DecodeError::unrecognized)
}

fn read<'a>(message: &mut Reader<'a>) -> Result<Unknown<'a>, WireError> {
    let mut found = Unknown { api_version: String::new(), kind: String::new(), raw: &[] };
    while let Some((number, raw)) = message.field("Unknown", |n| n <= 4)? {
        match number {
            1 => {
                let mut type_meta = Reader::new(raw.bytes("typeMeta")?);
                while let Some((number, raw)) = type_meta.field("TypeMeta", |n| n <= 2)? {
                    let text = String::from_utf8_lossy(raw.bytes("kind")?).into_owned();
                    *(if number == 1 { &mut found.api_version } else { &mut found.kind }) = text;
                }
            }
            2 => found.raw = raw.bytes("raw")?,
            _ => drop(raw.bytes("contentType")?),
        }
    }
    Ok(found)
}

/// The object in a body, with apiVersion and kind; these default to what the URL stands for (C-11-11).
///
/// # Errors
/// A body that is no envelope or no message of its kind, or a kind that is not built in.
pub fn decode_object(body: &[u8], default_api_version: &str, default_kind: &str) -> Result<Value, DecodeError> {
    let Unknown { mut api_version, mut kind, raw } = unwrap(body)?;
    if api_version.is_empty() {
        default_api_version.clone_into(&mut api_version);
    }
    if kind.is_empty() {
        default_kind.clone_into(&mut kind);
    }
    let Some(of) = top_level_kind(&api_version, &kind) else {
        let message = format!("no kind {kind:?} is registered for version {api_version:?} in scheme \"pkg/runtime/scheme.go:111\"");
        return Err(DecodeError { kind: Some((api_version, kind)), message });
    };
    match decode(raw, &of.schema) {
        Ok(mut value) => {
            value["apiVersion"] = api_version.into();
            value["kind"] = kind.into();
            Ok(value)
        }
        Err(e) => Err(DecodeError { kind: Some((api_version, kind)), message: e.to_string() }),
    }
}

/// The body of a value whose apiVersion and kind say which built-in kind it is. `APIVersions` of `/api` says no version,
/// and is one of `v1`.
///
/// # Errors
/// The kind is not built in.
pub fn encode_object(value: &Value) -> Result<Vec<u8>, EncodeError> {
    let text = |name| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let of = top_level_kind(if api_version.is_empty() { "v1" } else { api_version }, kind).ok_or(EncodeError::NotBuiltIn)?;
    Ok(wrap(api_version, kind, &encode_value(value, &of.schema)?))
}
