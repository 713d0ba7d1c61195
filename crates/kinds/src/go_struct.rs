//! Objects as Go prints its internal API structs, which have no JSON names: in errors about whole structs and in the diffs
//! that tell what may not change.

use minkapi_schema::field::quoted;
use serde_json::Value;
use std::fmt::Write;

/// How a value is declared in Go.
#[derive(Debug, Clone, Copy)]
pub enum GoType {
    /// A value that prints as its JSON does, and as this text when it is unset.
    Plain(&'static str),
    /// A struct; it prints in full even when unset.
    Struct(&'static [GoField]),
    /// A pointer to a struct: `null` when unset.
    Pointer(&'static [GoField]),
    /// A list of structs: `null` when unset.
    List(&'static [GoField]),
    /// An embedded struct of `metav1`: these members stand in the struct itself, under their JSON names, where they are set.
    Embedded(&'static [&'static str]),
}

/// A field of a Go struct.
#[derive(Debug, Clone, Copy)]
pub struct GoField {
    go: &'static str,
    json: &'static str,
    ty: GoType,
}

/// A text field.
pub const fn text(go: &'static str, json: &'static str) -> GoField {
    GoField { go, json, ty: GoType::Plain("\"\"") }
}

/// A number.
pub const fn number(go: &'static str, json: &'static str) -> GoField {
    GoField { go, json, ty: GoType::Plain("0") }
}

/// A pointer to a plain value, a list of plain values or a map.
pub const fn nullable(go: &'static str, json: &'static str) -> GoField {
    GoField { go, json, ty: GoType::Plain("null") }
}

/// Any other field.
pub const fn field(go: &'static str, json: &'static str, ty: GoType) -> GoField {
    GoField { go, json, ty }
}

/// The struct on one line, as errors show it.
pub fn compact(value: &Value, fields: &[GoField]) -> String {
    let mut out = String::new();
    write_struct(&mut out, Some(value), fields, None);
    out
}

/// Structs in a list on one line.
pub fn compact_list(values: &[Value], fields: &[GoField]) -> String {
    let mut out = String::new();
    write_list(&mut out, values, None, |out, item, depth| write_struct(out, Some(item), fields, depth));
    out
}

/// The struct on many lines, indented by one space a level, as diffs compare it.
pub fn indented(value: &Value, fields: &[GoField]) -> String {
    let mut out = String::new();
    write_struct(&mut out, Some(value), fields, Some(1));
    out
}

/// A value as Go's encoder writes an API struct: fields in the order of `order`, which lists those of all levels, before
/// any others.
pub fn in_order(value: &Value, order: &[&str]) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| order.iter().position(|o| o == key).unwrap_or(order.len()));
            let members = entries.into_iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), in_order(value, order)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(|item| in_order(item, order)).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

fn new_line(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', depth));
    }
}

fn write_struct(out: &mut String, value: Option<&Value>, fields: &[GoField], depth: Option<usize>) {
    out.push('{');
    let start = out.len();
    let name = |out: &mut String, name: &str| {
        if out.len() > start {
            out.push(',');
        }
        new_line(out, depth);
        out.push_str(&quoted(name));
        out.push_str(if depth.is_some() { ": " } else { ":" });
    };
    let inner = depth.map(|d| d + 1);
    for field in fields {
        let member = value.and_then(|v| v.get(field.json)).filter(|v| !v.is_null());
        if let GoType::Embedded(keys) = field.ty {
            for key in keys {
                if let Some(member) = member.and_then(|m| m.get(key)) {
                    name(out, key);
                    write_plain(out, member, inner);
                }
            }
        } else {
            name(out, field.go);
            write_type(out, member, field.ty, inner);
        }
    }
    if out.len() > start {
        new_line(out, depth.map(|d| d - 1));
    }
    out.push('}');
}

fn write_type(out: &mut String, value: Option<&Value>, ty: GoType, depth: Option<usize>) {
    match (ty, value) {
        (GoType::Struct(fields), value) => write_struct(out, value, fields, depth),
        (GoType::Plain(zero), None) => out.push_str(zero),
        (GoType::Embedded(_), _) => {}
        (GoType::Pointer(_) | GoType::List(_), None) => out.push_str("null"),
        (GoType::Plain(_), Some(value)) => write_plain(out, value, depth),
        (GoType::Pointer(fields), value) => write_struct(out, value, fields, depth),
        (GoType::List(fields), Some(list)) => {
            write_list(out, list.as_array().map_or(&[], Vec::as_slice), depth, |out, item, depth| {
                write_struct(out, Some(item), fields, depth);
            });
        }
    }
}

fn write_list(out: &mut String, items: &[Value], depth: Option<usize>, write: impl Fn(&mut String, &Value, Option<usize>)) {
    out.push('[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        new_line(out, depth);
        write(out, item, depth.map(|d| d + 1));
    }
    if !items.is_empty() {
        new_line(out, depth.map(|d| d - 1));
    }
    out.push(']');
}

fn write_plain(out: &mut String, value: &Value, depth: Option<usize>) {
    match value {
        Value::Array(items) => write_list(out, items, depth, write_plain),
        Value::Object(map) if !map.is_empty() => {
            out.push('{');
            for (i, (key, value)) in map.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                new_line(out, depth);
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push_str(if depth.is_some() { ": " } else { ":" });
                write_plain(out, value, depth.map(|d| d + 1));
            }
            new_line(out, depth.map(|d| d - 1));
            out.push('}');
        }
        other => {
            let _ = write!(out, "{other}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FIELDS: &[GoField] = &[text("Name", "name"), nullable("Keys", "keys"), field("Ref", "ref", GoType::Pointer(&[text("ID", "id")]))];

    #[test]
    fn fields_print_in_the_order_of_the_struct_with_their_zero_values() {
        assert_eq!(compact(&json!({"keys": ["a"], "ref": {}}), FIELDS), r#"{"Name":"","Keys":["a"],"Ref":{"ID":""}}"#);
        assert_eq!(compact(&json!({"name": "x"}), FIELDS), r#"{"Name":"x","Keys":null,"Ref":null}"#);
    }

    #[test]
    fn indentation_is_one_space_a_level() {
        let expected = "{\n \"Name\": \"x\",\n \"Keys\": [\n  \"a\"\n ],\n \"Ref\": {\n  \"ID\": \"i\"\n }\n}";
        assert_eq!(indented(&json!({"name": "x", "keys": ["a"], "ref": {"id": "i"}}), FIELDS), expected);
    }
}
