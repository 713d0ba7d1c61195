//! Values as Go prints them: kube-apiserver's patch errors quote objects with `fmt` verbs, and its JSON text is what JSON patch compares.

use serde_json::{Number, Value};
use std::fmt::{self, Write as _};

/// `%v`: `map[a:1 b:[x y]]`, strings bare, null as `<nil>`.
pub fn plain(value: &Value) -> impl fmt::Display {
    fmt::from_fn(move |f| write_plain(f, value))
}

/// `%s`: as `%v`, but what is no string says so: `%!s(int64=7)`.
pub(crate) fn text(value: &Value) -> impl fmt::Display {
    fmt::from_fn(move |f| write_text(f, value))
}

/// `%#v` of a value inside an interface: Go syntax.
pub(crate) fn syntax(value: &Value) -> impl fmt::Display {
    fmt::from_fn(move |f| write_syntax(f, value))
}

/// `%T`: the Go type that a decoded JSON value has.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(n) if is_int(n) => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// What `encoding/json` calls the JSON type of a value in its errors.
pub(crate) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// `%q` of a string.
pub(crate) fn quoted(s: &str) -> impl fmt::Display {
    fmt::from_fn(move |f| write_quoted(f, s))
}

/// The value's JSON text as `encoding/json` writes it: `<`, `>` and `&` are escaped.
pub(crate) fn json(value: &Value) -> String {
    let mut out = String::new();
    write_json(&mut out, value);
    out
}

/// Appends [`json`] of `value`.
pub(crate) fn write_json(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => write_json_number(out, n),
        Value::String(s) => write_json_string(out, s, true),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (i, (name, member)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json_string(out, name, true);
                out.push(':');
                write_json(out, member);
            }
            out.push('}');
        }
    }
}

/// Appends a JSON string; `html` also escapes `<`, `>`, `&` and the line separators that JavaScript minds.
pub(crate) fn write_json_string(out: &mut String, s: &str, html: bool) {
    out.push('"');
    let mut plain_from = 0;
    for (at, c) in s.char_indices() {
        let short = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\0'..='\u{1f}' => "",
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if html => "",
            _ => continue,
        };
        out.push_str(s.get(plain_from..at).unwrap_or_default());
        plain_from = at + c.len_utf8();
        if short.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(short);
        }
    }
    out.push_str(s.get(plain_from..).unwrap_or_default());
    out.push('"');
}

fn is_int(n: &Number) -> bool {
    n.is_i64() || n.is_u64()
}

fn write_json_number(out: &mut String, n: &Number) {
    match n.as_f64() {
        Some(float) if !is_int(n) => out.push_str(&float_text(float, -6, 21).replace("e-0", "e-")),
        _ => {
            let _ = write!(out, "{n}");
        }
    }
}

/// The shortest decimal that reads back as `float`, with an exponent outside `low..high` (as `strconv` has it).
fn float_text(float: f64, low: i32, high: i32) -> String {
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if float != 0.0 && (exponent < low || exponent >= high) {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    } else {
        format!("{float}")
    }
}

fn write_number(f: &mut fmt::Formatter<'_>, n: &Number) -> fmt::Result {
    match n.as_f64() {
        Some(float) if !is_int(n) => f.write_str(&float_text(float, -4, 21)),
        _ => write!(f, "{n}"),
    }
}

fn write_plain(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Null => f.write_str("<nil>"),
        Value::Bool(b) => write!(f, "{b}"),
        Value::Number(n) => write_number(f, n),
        Value::String(s) => f.write_str(s),
        Value::Array(items) => write_list(f, items, write_plain),
        Value::Object(members) => write_map(f, members, write_plain),
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Null => f.write_str("%!s(<nil>)"),
        Value::Bool(_) | Value::Number(_) => write!(f, "%!s({}={})", type_name(value), plain(value)),
        Value::String(s) => f.write_str(s),
        Value::Array(items) => write_list(f, items, write_text),
        Value::Object(members) => write_map(f, members, write_text),
    }
}

type Write = fn(&mut fmt::Formatter<'_>, &Value) -> fmt::Result;

fn write_list(f: &mut fmt::Formatter<'_>, items: &[Value], item: Write) -> fmt::Result {
    f.write_char('[')?;
    for (i, v) in items.iter().enumerate() {
        if i > 0 {
            f.write_char(' ')?;
        }
        item(f, v)?;
    }
    f.write_char(']')
}

fn write_map(f: &mut fmt::Formatter<'_>, members: &serde_json::Map<String, Value>, item: Write) -> fmt::Result {
    f.write_str("map[")?;
    for (i, (name, v)) in members.iter().enumerate() {
        if i > 0 {
            f.write_char(' ')?;
        }
        write!(f, "{name}:")?;
        item(f, v)?;
    }
    f.write_char(']')
}

fn write_syntax(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Null => f.write_str("interface {}(nil)"),
        Value::Bool(b) => write!(f, "{b}"),
        Value::Number(n) => write_number(f, n),
        Value::String(s) => write_quoted(f, s),
        Value::Array(items) => {
            f.write_str("[]interface {}{")?;
            for (i, v) in items.iter().enumerate() {
                if i > 0 {
                    f.write_str(", ")?;
                }
                write_syntax(f, v)?;
            }
            f.write_char('}')
        }
        Value::Object(members) => {
            f.write_str("map[string]interface {}{")?;
            for (i, (name, v)) in members.iter().enumerate() {
                if i > 0 {
                    f.write_str(", ")?;
                }
                write_quoted(f, name)?;
                f.write_char(':')?;
                write_syntax(f, v)?;
            }
            f.write_char('}')
        }
    }
}

fn write_quoted(f: &mut fmt::Formatter<'_>, s: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in s.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\u{7}' => f.write_str("\\a")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{b}' => f.write_str("\\v")?,
            '\u{c}' => f.write_str("\\f")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\0'..='\u{1f}' | '\u{7f}' => write!(f, "\\x{:02x}", u32::from(c))?,
            '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => write!(f, "\\u{:04x}", u32::from(c))?,
            _ => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_lists_and_nil_print_as_in_go() {
        let v = json!({"b": [1, "x y", null], "a": {"c": true}, "d": 1.5});
        assert_eq!(plain(&v).to_string(), "map[a:map[c:true] b:[1 x y <nil>] d:1.5]");
        assert_eq!(text(&json!([7, "a", true])).to_string(), "[%!s(int64=7) a %!s(bool=true)]");
        assert_eq!(syntax(&json!({"a": ["b", 1]})).to_string(), r#"map[string]interface {}{"a":[]interface {}{"b", 1}}"#);
    }

    #[test]
    fn floats_switch_to_exponents_where_go_does() {
        assert_eq!(plain(&json!(1e21)).to_string(), "1e+21");
        assert_eq!(plain(&json!(1e20)).to_string(), "100000000000000000000");
        assert_eq!(plain(&json!(0.00001)).to_string(), "1e-05");
        assert_eq!(json(&json!(0.0000001)), "1e-7");
        assert_eq!(json(&json!(2.0)), "2");
    }

    #[test]
    fn json_text_escapes_html() {
        assert_eq!(json(&json!("a<b>&\u{1}\"")), r#""a\u003cb\u003e\u0026\u0001\"""#);
    }
}
