//! Values of a type: recorded ones, and those at the edge of what is allowed.

use super::Corpus;
use minkapi_registry::{Field, Schema, Shape, Struct};
use rand::{Rng as _, rngs::StdRng};
use serde_json::{Map, Value, json};

const TEXTS: [&str; 40] = [
    "",
    "a",
    "b",
    "web",
    "A",
    "-a",
    "a-",
    "a.b",
    "a..b",
    "a_b",
    "a/b",
    "example.com/a",
    "/",
    "..",
    ".",
    " ",
    "a b",
    "ä",
    "0",
    "1",
    "true",
    "10.0.0.1",
    "10.0.0.0/8",
    "fd00::1",
    "::ffff:10.0.0.1",
    "010.0.0.1",
    "TCP",
    "Always",
    "Never",
    "ClusterIP",
    "None",
    "default",
    "kubernetes.io/x",
    "$(A)",
    "*",
    "*.example.com",
    "http://example.com/x?y=1",
    "Exists",
    "Equal",
    "2026-01-02T03:04:05Z",
];
const INTEGERS: [i64; 14] = [-1, 0, 1, 2, 10, 80, 100, 101, 255, 30000, 65535, 65536, 2_147_483_647, -2_147_483_648];
const QUANTITIES: [&str; 16] =
    ["0", "1", "-1", "100m", "1.5", "0.5", "1Gi", "1G", "1e3", "1024Mi", "0.0001", "1n", "12345678901234567890", "1Ei", "x", ""];
const DURATIONS: [&str; 6] = ["0s", "5m0s", "1h", "-1s", "1", "x"];
const TIMES: [&str; 5] = ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05+02:00", "2026-01-02", ""];

/// Some text; seldom a long one.
pub fn text(rng: &mut StdRng) -> String {
    match rng.random_range(0..40) {
        0 => "a".repeat(64),
        1 => "a".repeat(254),
        _ => one(&TEXTS, rng).to_owned(),
    }
}

/// A value for a field, mostly one that was sent before.
pub fn of_field(of: &Struct, field: &Field, corpus: &Corpus, rng: &mut StdRng, depth: usize) -> Value {
    let known = corpus.values(of, &field.name);
    if !known.is_empty() && rng.random_bool(0.7) {
        return known.get(rng.random_range(0..known.len())).cloned().unwrap_or_default();
    }
    self::of(&field.schema, corpus, rng, depth)
}

/// A value of a schema.
pub fn of(schema: &Schema, corpus: &Corpus, rng: &mut StdRng, depth: usize) -> Value {
    match &schema.shape {
        Shape::Any | Shape::FieldsV1 => json!({"b": text(rng), "a": [1, 2.5, null]}),
        Shape::String => text(rng).into(),
        Shape::Bytes => one(&["", "YQ==", "AAECAw==", "x"], rng).into(),
        Shape::Bool => rng.random_bool(0.5).into(),
        Shape::Int32 | Shape::Int64 => one(&INTEGERS, rng).into(),
        Shape::Double => json!(1.5),
        Shape::Time | Shape::MicroTime => one(&TIMES, rng).into(),
        Shape::Duration => one(&DURATIONS, rng).into(),
        Shape::Quantity => one(&QUANTITIES, rng).into(),
        Shape::IntOrString => match rng.random_range(0..3) {
            0 => one(&INTEGERS, rng).into(),
            1 => one(&["50%", "100%", "101%", "-1%", "x%", "0"], rng).into(),
            _ => text(rng).into(),
        },
        Shape::Struct(of) | Shape::SchemaOr(of, _) => of_struct(of, corpus, rng, depth),
        Shape::List(item) => {
            let length = if depth == 0 { 0 } else { rng.random_range(0..3) };
            (0..length).map(|_| self::of(item, corpus, rng, depth - 1)).collect()
        }
        Shape::Map(item) => {
            let length = if depth == 0 { 0 } else { rng.random_range(0..3) };
            Value::Object((0..length).map(|_| (text(rng), self::of(item, corpus, rng, depth - 1))).collect())
        }
    }
}

/// A struct with what it requires and a few fields more.
pub fn of_struct(of: &Struct, corpus: &Corpus, rng: &mut StdRng, depth: usize) -> Value {
    let mut members = Map::new();
    if depth == 0 {
        return Value::Object(members);
    }
    let share = 2.0 / of.fields.len().max(2) as f64;
    for field in of.fields.iter() {
        if rng.random_bool(if field.required { 0.9 } else { share }) {
            members.insert(field.name.to_string(), of_field(of, field, corpus, rng, depth - 1));
        }
    }
    Value::Object(members)
}

/// A value that most fields cannot hold.
pub fn of_another_type(rng: &mut StdRng) -> Value {
    match rng.random_range(0..6) {
        0 => json!("text"),
        1 => json!(1),
        2 => json!(true),
        3 => json!([]),
        4 => json!({}),
        _ => json!(1.5),
    }
}

fn one<T: Copy>(of: &[T], rng: &mut StdRng) -> T {
    of[rng.random_range(0..of.len())]
}
