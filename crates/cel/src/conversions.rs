//! Conversions between types, as cel-go has them where the interpreter does not.

use chrono::{DateTime, Duration};
use kube_cel::cel::{
    ExecutionError,
    Value::{self, Bool, Bytes, Float, Int, Null, Timestamp, UInt},
};
use minkapi_schema::{duration, structural, time::Time};
use std::sync::Arc;

type Result<T = Value> = std::result::Result<T, ExecutionError>;

fn refused(value: &Value, to: &str) -> ExecutionError {
    ExecutionError::function_error(to, format!("type conversion error from '{}' to '{to}'", type_name(value)))
}

fn overflow(of: &str) -> ExecutionError {
    ExecutionError::function_error(of, "integer overflow")
}

fn unsigned_overflow() -> ExecutionError {
    ExecutionError::function_error("uint", "unsigned integer overflow")
}

/// The name of a value's type as errors have it.
pub fn type_name(value: &Value) -> String {
    match value {
        Null => "null_type".to_owned(),
        Float(_) => "double".to_owned(),
        Timestamp(_) => "google.protobuf.Timestamp".to_owned(),
        Value::Duration(_) => "google.protobuf.Duration".to_owned(),
        other => other.type_of().to_string(),
    }
}

/// `bool(value)`.
pub fn bool(value: Value) -> Result {
    match &value {
        Bool(_) => Ok(value),
        Value::String(text) => match text.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Bool(false)),
            _ => Err(refused(&value, "bool")),
        },
        _ => Err(refused(&value, "bool")),
    }
}

/// `int(value)`.
pub fn int(value: Value) -> Result {
    match &value {
        Int(_) => Ok(value),
        UInt(u) => i64::try_from(*u).map(Int).map_err(|_| overflow("int")),
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the bounds are checked")]
        Float(f) if *f > i64::MIN as f64 && *f < i64::MAX as f64 => Ok(Int(*f as i64)),
        Float(_) => Err(overflow("int")),
        Timestamp(t) => Ok(Int(t.timestamp())),
        Value::String(text) => text.parse().map(Int).map_err(|_| refused(&value, "int")),
        _ => Err(refused(&value, "int")),
    }
}

/// `uint(value)`.
pub fn uint(value: Value) -> Result {
    match &value {
        UInt(_) => Ok(value),
        Int(i) => u64::try_from(*i).map(UInt).map_err(|_| unsigned_overflow()),
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss, reason = "the bounds are checked")]
        Float(f) if *f >= 0.0 && *f < u64::MAX as f64 => Ok(UInt(*f as u64)),
        Float(_) => Err(unsigned_overflow()),
        Value::String(text) => text.parse().map(UInt).map_err(|_| refused(&value, "uint")),
        _ => Err(refused(&value, "uint")),
    }
}

/// `double(value)`.
pub fn double(value: Value) -> Result {
    match &value {
        Float(_) => Ok(value),
        #[allow(clippy::cast_precision_loss, reason = "as upstream")]
        Int(i) => Ok(Float(*i as f64)),
        #[allow(clippy::cast_precision_loss, reason = "as upstream")]
        UInt(u) => Ok(Float(*u as f64)),
        Value::String(text) => text.parse().map(Float).map_err(|_| refused(&value, "double")),
        _ => Err(refused(&value, "double")),
    }
}

/// `string(value)`.
pub fn string(value: Value) -> Result {
    let text = match &value {
        Value::String(_) => return Ok(value),
        Bool(b) => b.to_string(),
        Int(i) => i.to_string(),
        UInt(u) => u.to_string(),
        Float(f) => structural::print_float(*f),
        Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => return Err(ExecutionError::function_error("string", "invalid UTF-8 in bytes, cannot convert to string")),
        },
        Timestamp(t) => Time { seconds: t.timestamp(), nanos: t.timestamp_subsec_nanos() }.format(),
        #[allow(clippy::cast_precision_loss, reason = "as upstream")]
        Value::Duration(d) => format!("{}s", d.num_nanoseconds().map_or(d.num_seconds() as f64, |nanos| nanos as f64 / 1e9)),
        Value::Opaque(address) if address.runtime_type_name().starts_with("net.") => {
            // The crate shows these only to programmers: `KubeIP(::1)`.
            let shown = format!("{:?}", address.as_debug());
            shown.split_once('(').map_or("", |(_, text)| text.trim_end_matches(')')).to_owned()
        }
        _ => return Err(refused(&value, "string")),
    };
    Ok(Value::String(Arc::new(text)))
}

/// `duration(value)`.
pub fn duration(value: Value) -> Result {
    match &value {
        Value::Duration(_) => Ok(value),
        Value::String(text) => match duration::parse(text) {
            Ok(nanos) => Ok(Value::Duration(Duration::nanoseconds(nanos))),
            Err(_) => Err(refused(&value, "google.protobuf.Duration")),
        },
        _ => Err(refused(&value, "google.protobuf.Duration")),
    }
}

/// `timestamp(value)`.
pub fn timestamp(value: Value) -> Result {
    let converted = match &value {
        Timestamp(_) => return Ok(value),
        Int(seconds) => DateTime::from_timestamp(*seconds, 0),
        Value::String(text) => Time::parse(text).ok().and_then(|time| DateTime::from_timestamp(time.seconds, time.nanos)),
        _ => None,
    };
    converted.map(|t| Timestamp(t.fixed_offset())).ok_or_else(|| refused(&value, "google.protobuf.Timestamp"))
}
