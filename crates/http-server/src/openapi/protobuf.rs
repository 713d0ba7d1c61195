//! OpenAPI documents in protobuf, in gnostic's message types (C-01-30, C-01-32). The tables say where each member of the JSON
//! document goes; members that are in no table are left out.

pub(super) mod v2;
pub(super) mod v3;

use serde_json::{Map, Value};

/// A message type.
pub(super) struct Message {
    /// JSON name, field number, and what the field holds.
    fields: &'static [(&'static str, u32, Holds)],
    /// The number of the field that holds `x-...` members; 0 where there is none.
    extensions: u32,
}

/// The numbers of the messages around a value, outermost first, and the value's own message: how a `oneof` is chosen.
type Choose = fn(&Value) -> (&'static [u32], &'static Message);

/// What a field holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Bool,
    Int,
    Double,
    /// Repeated text.
    Texts,
    /// Any value, as YAML.
    Yaml,
    /// Repeated.
    Yamls,
    /// A message.
    Is(Choose),
    /// Repeated, from a list.
    Each(Choose),
    /// A message whose one field of this number is repeated for the members of an object: `{name = 1, value = 2}`.
    Named(u32, Choose),
    /// Repeated, from a list of objects.
    EachNamed(u32, Choose),
    /// A message with one field of this number, which holds that.
    In(u32, &'static Self),
    /// A schema, or whether there may be more properties.
    SchemaOrBool(Choose),
    /// A number, a boolean or text, in fields 1 to 3.
    Default,
}

/// A value as a message of this type.
pub(super) fn encode(value: &Value, of: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    let Value::Object(members) = value else { return out };
    for (name, number, holds) in of.fields {
        if let Some(member) = members.get(*name) {
            field(&mut out, *number, member, *holds);
        }
    }
    if of.extensions != 0 {
        for (name, member) in members.iter().filter(|(name, _)| name.starts_with("x-")) {
            bytes(&mut out, of.extensions, &named(name, &any(member)));
        }
    }
    out
}

fn field(out: &mut Vec<u8>, number: u32, value: &Value, holds: Holds) {
    match (holds, value) {
        (Holds::Text, Value::String(text)) => bytes(out, number, text.as_bytes()),
        (Holds::Bool, Value::Bool(true)) => {
            tag(out, number, 0);
            out.push(1);
        }
        (Holds::Int, Value::Number(n)) => {
            tag(out, number, 0);
            varint(out, n.as_i64().unwrap_or(0).cast_unsigned());
        }
        (Holds::Double, Value::Number(n)) => {
            tag(out, number, 1);
            out.extend_from_slice(&n.as_f64().unwrap_or(0.0).to_le_bytes());
        }
        (Holds::Texts, Value::Array(texts)) => texts.iter().for_each(|t| field(out, number, t, Holds::Text)),
        (Holds::Yaml, value) => bytes(out, number, &any(value)),
        (Holds::Yamls, Value::Array(values)) => values.iter().for_each(|v| bytes(out, number, &any(v))),
        (Holds::Is(choose), value) => bytes(out, number, &chosen(value, choose)),
        (Holds::Each(choose), Value::Array(values)) => values.iter().for_each(|v| bytes(out, number, &chosen(v, choose))),
        (Holds::Named(inner, choose), Value::Object(members)) => bytes(out, number, &all_named(inner, members, choose)),
        (Holds::EachNamed(inner, choose), Value::Array(values)) => {
            values.iter().for_each(|v| field(out, number, v, Holds::Named(inner, choose)));
        }
        (Holds::In(inner, holds), value) => {
            let mut wrapper = Vec::new();
            field(&mut wrapper, inner, value, *holds);
            bytes(out, number, &wrapper);
        }
        (Holds::SchemaOrBool(_), Value::Bool(_)) => field(out, number, value, Holds::In(2, &Holds::Bool)),
        (Holds::SchemaOrBool(choose), value) => {
            let mut wrapper = Vec::new();
            bytes(&mut wrapper, 1, &chosen(value, choose));
            bytes(out, number, &wrapper);
        }
        (Holds::Default, Value::Number(_)) => field(out, number, value, Holds::In(1, &Holds::Double)),
        (Holds::Default, Value::Bool(_)) => field(out, number, value, Holds::In(2, &Holds::Bool)),
        (Holds::Default, Value::String(_)) => field(out, number, value, Holds::In(3, &Holds::Text)),
        _ => {}
    }
}

fn chosen(value: &Value, choose: Choose) -> Vec<u8> {
    let (around, of) = choose(value);
    around.iter().rev().fold(encode(value, of), |inner, number| {
        let mut outer = Vec::with_capacity(inner.len() + 8);
        bytes(&mut outer, *number, &inner);
        outer
    })
}

fn all_named(number: u32, members: &Map<String, Value>, choose: Choose) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in members {
        bytes(&mut out, number, &named(name, &chosen(value, choose)));
    }
    out
}

fn named(name: &str, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + value.len() + 12);
    bytes(&mut out, 1, name.as_bytes());
    bytes(&mut out, 2, value);
    out
}

/// gnostic's `Any`: the value as YAML in field 2.
fn any(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    bytes(&mut out, 2, minkapi_codec::yaml::write(value).as_bytes());
    out
}

fn bytes(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    tag(out, number, 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn tag(out: &mut Vec<u8>, number: u32, wire_type: u32) {
    varint(out, u64::from(number << 3 | wire_type));
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_go_into_their_fields_and_extensions_are_yaml() {
        let schema = json!({"type": "object", "x-kubernetes-map-type": "atomic", "unknown": 1});
        // type = TypeItem{value}, vendor_extension = NamedAny{name, value = Any{yaml}}.
        let expected =
            [&[0xb2, 1, 8, 0x0a, 6][..], b"object", &[0xfa, 1, 34, 0x0a, 21], b"x-kubernetes-map-type", &[0x12, 9, 0x12, 7], b"atomic\n"]
                .concat();
        assert_eq!(encode(&schema, &v2::SCHEMA), expected);
    }

    #[test]
    fn a_reference_and_a_schema_are_told_apart() {
        let reference = json!({"items": {"$ref": "#/a"}});
        // items = ItemsItem{schema_or_reference = SchemaOrReference{reference = Reference{_ref}}}.
        assert_eq!(encode(&reference, &v3::SCHEMA), [&[0xf2, 1, 9, 0x0a, 7, 0x12, 5, 0x0a, 3][..], b"#/a"].concat());
    }
}
