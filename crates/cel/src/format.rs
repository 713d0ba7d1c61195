//! `format`: text with clauses that are filled in, as cel-go writes values.

use chrono::{DateTime, FixedOffset};
use kube_cel::cel::{
    Context, ExecutionError, Value,
    extractors::This,
    objects::{Key, Map},
};
use minkapi_schema::{field::quoted, structural, time::Time};
use std::sync::Arc;

/// Adds the function.
pub fn register(context: &mut Context<'_>) {
    context.add_function("format", |This(text): This<Arc<String>>, args: Arc<Vec<Value>>| {
        format(&text, &args).map(|text| Value::String(Arc::new(text))).map_err(|why| ExecutionError::function_error("format", why))
    });
}

/// The text with its clauses filled in.
///
/// # Errors
/// In cel-go's words.
pub fn format(text: &str, args: &[Value]) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut args = args.iter().enumerate();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (precision, clause, after) = clause(after).map_err(|why| format!("could not parse formatting clause: {why}"))?;
        let (_, value) = args.next().ok_or_else(|| format!("index {} out of range", count(text, rest)))?;
        let filled = fill(clause, precision, value).map_err(|why| format!("error during formatting: {why}"))?;
        out.push_str(&filled);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// How many clauses stand before what is left of a text.
fn count(text: &str, rest: &str) -> usize {
    let before = text.get(..text.len() - rest.len()).unwrap_or_default();
    before.replace("%%", "").matches('%').count()
}

/// Precision and letter of a clause, and what follows it.
pub fn clause(text: &str) -> Result<(Option<usize>, char, &str), String> {
    let (precision, rest) = match text.strip_prefix('.') {
        None => (None, text),
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = rest.split_at(digits);
            (Some(number.parse().map_err(|_| "error while parsing precision: no precision".to_owned())?), rest)
        }
    };
    let letter = rest.chars().next().ok_or("unexpected end of string")?;
    let rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    if "sdfebxXo".contains(letter) { Ok((precision, letter, rest)) } else { Err(format!("unrecognized formatting clause \"{letter}\"")) }
}

fn fill(clause: char, precision: Option<usize>, value: &Value) -> Result<String, String> {
    let refused = |what: &str| Err(format!("{what}, was given {}", name_of(value)));
    let places = precision.unwrap_or(6);
    match (clause, value) {
        ('s', _) => shown(value),
        ('d', Value::Int(i)) => Ok(i.to_string()),
        ('d', Value::UInt(u)) => Ok(u.to_string()),
        ('d', Value::Float(f)) if !f.is_finite() => Ok(special(*f)),
        ('d', _) => refused("decimal clause can only be used on integers"),
        ('f' | 'e', Value::Float(f)) if !f.is_finite() => Ok(special(*f)),
        ('f', Value::Float(f)) => Ok(grouped(*f, places)),
        ('f', _) => refused("fixed-point clause can only be used on doubles"),
        ('e', Value::Float(f)) => Ok(scientific(*f)),
        ('e', _) => refused("scientific clause can only be used on doubles"),
        ('b', Value::Bool(b)) => Ok(u8::from(*b).to_string()),
        ('b', Value::Int(i)) => Ok(signed(*i, |n| format!("{n:b}"))),
        ('b', Value::UInt(u)) => Ok(format!("{u:b}")),
        ('b', _) => refused("only integers and bools can be formatted as binary"),
        ('x' | 'X', Value::String(text)) => Ok(hex(text.as_bytes(), clause)),
        ('x' | 'X', Value::Bytes(bytes)) => Ok(hex(bytes, clause)),
        ('x', Value::Int(i)) => Ok(signed(*i, |n| format!("{n:x}"))),
        ('X', Value::Int(i)) => Ok(signed(*i, |n| format!("{n:X}"))),
        ('x', Value::UInt(u)) => Ok(format!("{u:x}")),
        ('X', Value::UInt(u)) => Ok(format!("{u:X}")),
        ('x' | 'X', _) => refused("only integers, byte buffers, and strings can be formatted as hex"),
        ('o', Value::Int(i)) => Ok(signed(*i, |n| format!("{n:o}"))),
        ('o', Value::UInt(u)) => Ok(format!("{u:o}")),
        _ => refused("octal clause can only be used on integers"),
    }
}

fn special(f: f64) -> String {
    if f.is_nan() {
        "NaN".to_owned()
    } else if f > 0.0 {
        "Infinity".to_owned()
    } else {
        "-Infinity".to_owned()
    }
}

/// A number as it is written in English: `1,234.50`.
fn grouped(f: f64, places: usize) -> String {
    let text = format!("{f:.places$}");
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let mut out = String::from(sign);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + &fraction
}

/// Also as it is written in English, always with six places: `1.500000\u{202f}×\u{202f}10⁰⁰`.
fn scientific(f: f64) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let text = format!("{f:.6e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(("", exponent), |digits| ("⁻", digits));
    let raised = format!("{digits:0>2}").chars().filter_map(|c| RAISED.get(c.to_digit(10)? as usize).copied()).collect::<String>();
    format!("{mantissa}\u{202f}×\u{202f}10{sign}{raised}")
}

fn signed(i: i64, digits: impl Fn(u64) -> String) -> String {
    let text = digits(i.unsigned_abs());
    if i < 0 { format!("-{text}") } else { text }
}

fn hex(bytes: &[u8], clause: char) -> String {
    bytes.iter().map(|b| if clause == 'x' { format!("{b:02x}") } else { format!("{b:02X}") }).collect()
}

/// A value as text.
fn shown(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::String(text) => text.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::UInt(u) => u.to_string(),
        Value::Float(f) if !f.is_finite() => special(*f),
        Value::Float(f) => structural::print_float(*f),
        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Null => "null".to_owned(),
        Value::Timestamp(time) => rfc3339(time),
        Value::Duration(span) => seconds(span),
        Value::List(list) => {
            let items = list.iter().map(member).collect::<Result<Vec<_>, _>>()?;
            format!("[{}]", items.join(", "))
        }
        Value::Map(map) => shown_map(map)?,
        other => {
            return Err(format!(
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given {}",
                name_of(other)
            ));
        }
    })
}

/// A value inside of another, as an expression would have it.
fn member(value: &Value) -> Result<String, String> {
    Ok(match value {
        Value::String(text) => quoted(text),
        Value::Bytes(bytes) => format!("b{}", quoted(&String::from_utf8_lossy(bytes))),
        Value::Float(f) if !f.is_finite() => quoted(&special(*f)),
        Value::Float(f) => format!("{f:.6}"),
        Value::Timestamp(time) => format!("timestamp({})", quoted(&rfc3339(time))),
        Value::Duration(span) => format!("duration({})", quoted(&seconds(span))),
        other => shown(other)?,
    })
}

fn rfc3339(time: &DateTime<FixedOffset>) -> String {
    Time { seconds: time.timestamp(), nanos: time.timestamp_subsec_nanos() }.format()
}

#[allow(clippy::cast_precision_loss, reason = "as upstream")]
fn seconds(span: &chrono::Duration) -> String {
    let seconds = span.num_nanoseconds().map_or(span.num_seconds() as f64, |nanos| nanos as f64 / 1e9);
    format!("{}s", structural::print_float(seconds))
}

fn shown_map(map: &Map) -> Result<String, String> {
    let mut entries = Vec::with_capacity(map.map.len());
    for (key, value) in map.map.iter() {
        let key = match key {
            Key::String(text) => quoted(text),
            Key::Int(i) => i.to_string(),
            Key::Uint(u) => u.to_string(),
            Key::Bool(b) => b.to_string(),
        };
        entries.push(format!("{key}:{}", member(value)?));
    }
    entries.sort();
    Ok(format!("{{{}}}", entries.join(", ")))
}

fn name_of(value: &Value) -> String {
    crate::conversions::type_name(value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_by_cel_go() {
        let text = |text: &str| Value::String(Arc::new(text.to_owned()));
        let hour = Value::Duration(chrono::Duration::hours(1));
        for (clauses, args, expected) in [
            ("%s-%d", vec![text("a"), Value::Int(3)], "a-3"),
            ("%s %s", vec![Value::Float(1.0), Value::Bool(true)], "1 true"),
            ("%.2f %e", vec![Value::Float(1234.5), Value::Float(1.5)], "1,234.50 1.500000\u{202f}×\u{202f}10⁰⁰"),
            ("%b %x %X %o", vec![Value::Int(5), Value::Int(255), Value::Int(-255), Value::Int(8)], "101 ff -FF 10"),
            ("100%% %s", vec![hour], "100% 3600s"),
            ("%s", vec![Value::List(Arc::new(vec![Value::Int(1), text("b")]))], "[1, \"b\"]"),
        ] {
            assert_eq!(format(clauses, &args).unwrap(), expected);
        }
        assert_eq!(format("%s", &[]).unwrap_err(), "index 0 out of range");
        assert_eq!(format("%q", &[Value::Int(1)]).unwrap_err(), "could not parse formatting clause: unrecognized formatting clause \"q\"");
        let wrong = format("%d", &[text("x")]).unwrap_err();
        assert_eq!(wrong, "error during formatting: decimal clause can only be used on integers, was given string");
    }
}
