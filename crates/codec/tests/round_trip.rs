//! Whatever a kind's schema allows survives protobuf, and no bytes make the decoders panic.

#![allow(clippy::unwrap_used, reason = "tests")]

use minkapi_codec::{protobuf, yaml};
use minkapi_registry::{Alternative, Presence, Schema, Shape, Struct, structs};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

/// Random bytes that values are made of; when they run out, values become as small as they can.
struct Entropy<'a>(std::slice::Iter<'a, u8>);

impl Entropy<'_> {
    fn next(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn yes(&mut self) -> bool {
        self.next() % 3 == 1
    }

    fn text(&mut self) -> String {
        ["x", "app.kubernetes.io/name", "ä\"\\\n", "☃", "0"][usize::from(self.next() % 5)].to_owned()
    }

    /// A value as Go shows it: zero only where it is always written.
    fn object(&mut self, of: &Struct, depth: u32) -> Value {
        let mut object = Map::new();
        for field in of.fields.iter().filter(|f| f.proto != 0) {
            let deep = depth > 5;
            let value = match field.presence {
                Presence::Always if matches!(field.schema.shape, Shape::Struct(_)) => self.value(&field.schema, depth + 1),
                Presence::Always if deep || !self.yes() => zero(&field.schema),
                Presence::Nullable if deep || !self.yes() => Value::Null,
                Presence::Always | Presence::Nullable => self.value(&field.schema, depth + 1),
                Presence::Set | Presence::NonZero if deep || !self.yes() => continue,
                Presence::Set | Presence::NonZero => self.value(&field.schema, depth + 1),
            };
            object.insert(field.name.to_string(), value);
        }
        Value::Object(object)
    }

    fn value(&mut self, schema: &Schema, depth: u32) -> Value {
        let n = self.next();
        match &schema.shape {
            Shape::String => self.text().into(),
            Shape::Bytes => "AAEC".into(),
            Shape::Bool => true.into(),
            Shape::Int32 => [json!(1), json!(-1), json!(i32::MAX), json!(i32::MIN)][usize::from(n % 4)].clone(),
            Shape::Int64 => [json!(1), json!(-1), json!(i64::MAX), json!(i64::MIN)][usize::from(n % 4)].clone(),
            Shape::Double => json!(f64::from(n) + 0.5),
            Shape::Time => format!("2026-01-02T03:04:{:02}Z", n % 60).into(),
            Shape::MicroTime => format!("2026-01-02T03:04:05.{n:06}Z").into(),
            Shape::Duration => "1m30s".into(),
            Shape::Quantity => ["1", "100m", "1536Mi", "-5k"][usize::from(n % 4)].into(),
            Shape::IntOrString => [json!(n), json!("50%")][usize::from(n % 2)].clone(),
            Shape::Any | Shape::FieldsV1 => json!({"f:a": {".": {}, "k": [n, null, self.text()]}}),
            Shape::Struct(of) => self.object(of, depth),
            Shape::Map(of) => {
                let values: Map<_, _> = (0..=n % 3).map(|i| (format!("{}{i}", self.text()), self.value(of, depth + 1))).collect();
                Value::Object(values)
            }
            Shape::List(of) => (0..=n % 3).map(|_| self.value(of, depth + 1)).collect(),
            Shape::SchemaOr(of, _) if n.is_multiple_of(2) => self.object(of, depth + 1),
            Shape::SchemaOr(_, Alternative::Bool) => (n % 4 == 1).into(),
            Shape::SchemaOr(of, Alternative::Schemas) => (0..=n % 2).map(|_| self.object(of, depth + 1)).collect(),
            Shape::SchemaOr(_, Alternative::Strings) => json!([self.text()]),
        }
    }
}

fn zero(schema: &Schema) -> Value {
    match &schema.shape {
        Shape::String => "".into(),
        Shape::Bool => false.into(),
        Shape::Int32 | Shape::Int64 | Shape::Double | Shape::IntOrString => 0.into(),
        Shape::Quantity => "0".into(),
        Shape::Duration => "0s".into(),
        _ => Value::Null,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_struct_survives_protobuf(entropy in vec(any::<u8>(), 0..400)) {
        for of in structs() {
            let value = Entropy(entropy.iter()).object(of, 0);
            let bytes = protobuf::encode_value(&value, of).unwrap();
            let back = protobuf::decode(&bytes, of).unwrap();
            prop_assert_eq!(back, value, "{}", of.name);
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in vec(any::<u8>(), 0..200), at in 0..structs().len()) {
        let _ = protobuf::decode(&bytes, structs()[at]);
        let _ = protobuf::unwrap(&bytes);
        let _ = yaml::read(&bytes);
    }

    #[test]
    fn damaged_messages_do_not_panic(entropy in vec(any::<u8>(), 0..200), at in 0..structs().len(), flip in any::<(usize, u8)>()) {
        let of = structs()[at];
        let mut bytes = protobuf::encode_value(&Entropy(entropy.iter()).object(of, 0), of).unwrap();
        let end = bytes.len();
        if let Some(byte) = bytes.get_mut(flip.0 % end.max(1)) {
            *byte ^= flip.1;
        }
        let _ = protobuf::decode(&bytes, of);
        let _ = protobuf::decode(&bytes[..flip.0 % end.max(1)], of);
    }

    #[test]
    fn text_of_any_kind_survives_yaml(texts in vec(".*", 1..6), lines in vec("[ a\t:#'\"\n-]{0,90}", 1..6)) {
        let value = json!({"texts": texts, "lines": lines, "map": {lines[0].clone(): texts[0].clone()}});
        let text = yaml::write(&value);
        prop_assert_eq!(yaml::read(text.as_bytes()).unwrap().value, value, "{}", text);
    }

    #[test]
    fn any_text_is_encoded_or_refused_as_json(text in ".{0,120}", at in 0..structs().len()) {
        let _ = protobuf::encode(text.as_bytes(), structs()[at]);
    }
}
