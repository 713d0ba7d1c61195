//! Conversions between types, and sizes, as cel-go has them where the interpreter does not.

use chrono::{DateTime, Duration};
use kube_cel::cel::{
    Context, ExecutionError,
    Value::{self, Bool, Bytes, Float, Int, List, Map, Null, Timestamp, UInt},
    extractors::This,
};
use minkapi_schema::{duration, structural, time::Time};
use std::sync::Arc;

type Result<T = Value> = std::result::Result<T, ExecutionError>;

/// Adds them to the functions of expressions.
pub fn register(context: &mut Context<'_>) {
    context.add_function("dyn", |value: Value| -> Result { Ok(value) });
    context.add_function("size", |This(value): This<Value>| size(&value));
    context.add_function("bool", |This(value): This<Value>| bool(value));
    context.add_function("int", |This(value): This<Value>| int(value));
    context.add_function("uint", |This(value): This<Value>| uint(value));
    context.add_function("double", |This(value): This<Value>| double(value));
    context.add_function("string", |This(value): This<Value>| string(value));
    context.add_function("duration", |value: Value| duration(value));
    context.add_function("timestamp", |value: Value| timestamp(value));
}

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

/// Texts are as long as they have characters.
fn size(value: &Value) -> Result {
    let size = match value {
        List(list) => list.len(),
        Map(map) => map.map.len(),
        Value::String(text) => text.chars().count(),
        Bytes(bytes) => bytes.len(),
        _ => return Err(ExecutionError::NoSuchOverload),
    };
    Ok(Int(i64::try_from(size).unwrap_or(i64::MAX)))
}

fn bool(value: Value) -> Result {
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

fn int(value: Value) -> Result {
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

fn uint(value: Value) -> Result {
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

fn double(value: Value) -> Result {
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

fn string(value: Value) -> Result {
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

fn duration(value: Value) -> Result {
    match &value {
        Value::Duration(_) => Ok(value),
        Value::String(text) => match duration::parse(text) {
            Ok(nanos) => Ok(Value::Duration(Duration::nanoseconds(nanos))),
            Err(_) => Err(refused(&value, "google.protobuf.Duration")),
        },
        _ => Err(refused(&value, "google.protobuf.Duration")),
    }
}

fn timestamp(value: Value) -> Result {
    let converted = match &value {
        Timestamp(_) => return Ok(value),
        Int(seconds) => DateTime::from_timestamp(*seconds, 0),
        Value::String(text) => Time::parse(text).ok().and_then(|time| DateTime::from_timestamp(time.seconds, time.nanos)),
        _ => None,
    };
    converted.map(|t| Timestamp(t.fixed_offset())).ok_or_else(|| refused(&value, "google.protobuf.Timestamp"))
}
