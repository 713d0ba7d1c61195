//! Decoding: types, unknown and duplicate fields, zero values.

use super::*;
use minkapi_registry::{ListType, Ref, Text};
use proptest::prelude::*;
use serde_json::json;
use std::borrow::Cow;

fn schema(shape: Shape) -> Schema {
    Schema { shape, list_type: ListType::Atomic, atomic: false, nullable: false, rules: None }
}

fn field(name: &'static str, shape: Shape, presence: Presence) -> Field {
    Field { presence, ..Field::new(name.into(), schema(shape)) }
}

fn of(go_name: &'static str, mut fields: Vec<Field>) -> Struct {
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    Struct {
        name: Text::Borrowed(""),
        go_name: Text::Borrowed(go_name),
        fields: Cow::Owned(fields),
        preserve_unknown: false,
        embedded: false,
        additional: None,
    }
}

fn shared(of: Struct) -> Shape {
    Shape::Struct(Ref::Shared(of.into()))
}

fn list(shape: Shape) -> Shape {
    Shape::List(Ref::Shared(schema(shape).into()))
}

fn map(shape: Shape) -> Shape {
    Shape::Map(Ref::Shared(schema(shape).into()))
}

/// A small kind with one field of every shape.
fn widget() -> Struct {
    let part = of("v1.Part", vec![field("name", Shape::String, Presence::Always), field("size", Shape::Int32, Presence::NonZero)]);
    let meta = of(
        "v1.ObjectMeta",
        vec![
            field("name", Shape::String, Presence::NonZero),
            field("labels", map(Shape::String), Presence::NonZero),
            field("creationTimestamp", Shape::Time, Presence::NonZero),
        ],
    );
    let spec = of(
        "v1.WidgetSpec",
        vec![
            field("replicas", Shape::Int32, Presence::Set),
            field("count", Shape::Int64, Presence::NonZero),
            field("paused", Shape::Bool, Presence::NonZero),
            field("parts", list(shared(part.clone())), Presence::Always),
            field("limits", map(Shape::Quantity), Presence::NonZero),
            field("data", map(Shape::Bytes), Presence::NonZero),
            field("port", Shape::IntOrString, Presence::Always),
            field("at", Shape::MicroTime, Presence::Set),
            field("ratio", Shape::Double, Presence::NonZero),
            field("raw", Shape::Any, Presence::Set),
            field("part", shared(part), Presence::Set),
            field("words", list(Shape::String), Presence::NonZero),
        ],
    );
    of(
        "v1.Widget",
        vec![
            field("apiVersion", Shape::String, Presence::NonZero),
            field("kind", Shape::String, Presence::NonZero),
            field("metadata", shared(meta), Presence::Always),
            field("spec", shared(spec), Presence::Set),
        ],
    )
}

fn decoded(text: &str) -> Value {
    decode(text.as_bytes(), &widget()).unwrap().value
}

fn error(text: &str) -> String {
    decode(text.as_bytes(), &widget()).unwrap_err().to_string()
}

#[test]
fn zero_values_are_written_as_go_writes_them() {
    assert_eq!(
        decoded(r#"{"spec":{"replicas":0,"count":0,"paused":false,"parts":[],"words":[],"limits":{}},"metadata":null}"#),
        json!({"metadata": {}, "spec": {"replicas": 0, "parts": [], "port": 0}}),
        "an empty list of a field that is always written is not nil until it is stored"
    );
    assert_eq!(decoded("null"), json!({"metadata": {}}));
    assert_eq!(
        decoded(r#"{"spec":{"parts":[null,{"size":0}],"words":[null],"data":{"k":null},"limits":{"cpu":null}}}"#),
        json!({"metadata": {}, "spec": {
            "parts": [{"name": ""}, {"name": ""}], "words": [""], "data": {"k": ""}, "limits": {"cpu": "0"}, "port": 0
        }})
    );
}

#[test]
fn scalars_become_canonical() {
    assert_eq!(
        decoded(
            r#"{"spec":{"parts":null,"limits":{"cpu":0.5,"memory":"1024Mi","x":"100m"},"at":"2020-01-02T05:04:05.500000+02:00","ratio":2.0,
               "port":"http","raw":{"a":[1,2.5,null]},"data":{"k":"YQ=="}},"metadata":{"creationTimestamp":"2020-01-02T03:04:05.9Z"}}"#
        ),
        json!({"metadata": {"creationTimestamp": "2020-01-02T03:04:05Z"}, "spec": {
            "parts": null, "limits": {"cpu": "500m", "memory": "1Gi", "x": "100m"}, "at": "2020-01-02T03:04:05.500000Z", "ratio": 2,
            "port": "http", "raw": {"a": [1, 2.5, null]}, "data": {"k": "YQ=="}
        }})
    );
}

#[test]
fn unknown_and_duplicate_fields_are_told_in_document_order() {
    let text = r#"{"spec":{"parts":[{"name":"a","nome":1,"name":"b"}],"x":{"y":[1]},"replicas":1,"replicas":2},"metadata":{"labels":{"a":"1","a":"2"}},"Spec":1,"x":1,"x":1}"#;
    let decoded = decode(text.as_bytes(), &widget()).unwrap();
    assert_eq!(
        decoded.problems,
        [
            "unknown field \"spec.parts[0].nome\"",
            "duplicate field \"spec.parts[0].name\"",
            "unknown field \"spec.x\"",
            "duplicate field \"spec.replicas\"",
            "duplicate field \"metadata.labels.a\"",
            "unknown field \"Spec\"",
            "unknown field \"x\"",
        ]
    );
    assert_eq!(decoded.value["spec"], json!({"parts": [{"name": "b"}], "port": 0, "replicas": 2}));
}

#[test]
fn type_errors_name_the_go_types() {
    for (text, expected) in [
        (r#"{"spec":{"parts":{"a":1}}}"#, "json: cannot unmarshal object into Go struct field WidgetSpec.spec.parts of type []v1.Part"),
        (r#"{"spec":{"parts":[{"name":1}]}}"#, "json: cannot unmarshal number into Go struct field Part.spec.parts.name of type string"),
        (r#"{"spec":{"replicas":1.5}}"#, "json: cannot unmarshal number 1.5 into Go struct field WidgetSpec.spec.replicas of type int32"),
        (r#"{"spec":{"replicas":60.0}}"#, "json: cannot unmarshal number 60.0 into Go struct field WidgetSpec.spec.replicas of type int32"),
        (r#"{"spec":{"count":"1"}}"#, "json: cannot unmarshal string into Go struct field WidgetSpec.spec.count of type int64"),
        (r#"{"spec":{"port":1.5}}"#, "json: cannot unmarshal number 1.5 into Go struct field WidgetSpec.spec.port of type int32"),
        (r#"{"spec":[]}"#, "json: cannot unmarshal array into Go struct field Widget.spec of type v1.WidgetSpec"),
        (
            r#"{"metadata":{"labels":{"a":1}}}"#,
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            r#"{"metadata":{"creationTimestamp":1}}"#,
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.creationTimestamp of type string",
        ),
        (r#"{"spec":{"data":{"k":"not base64!"}}}"#, "illegal base64 data at input byte 3"),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn the_first_type_error_wins_unless_a_type_refuses_its_own_text() {
    let text = r#"{"spec":{"replicas":"x","count":"y","limits":{"cpu":"lots"}}}"#;
    assert!(error(text).starts_with("quantities must match"));
    assert!(error(r#"{"spec":{"replicas":"x","count":"y"}}"#).contains("spec.replicas"));
}

#[test]
fn documents_that_are_no_json_say_so_in_gos_words() {
    for (text, expected) in [
        ("", "unexpected end of JSON input"),
        ("apiVersion: v1", "invalid character 'a' looking for beginning of value"),
        (r#"{"spec":{"replicas":"x"},"#, "unexpected end of JSON input"),
        (r#"{"spec":{"limits":{"cpu":"lots"}},}"#, "invalid character '}' looking for beginning of object key string"),
        (r#"{"a" 1}"#, "invalid character '1' after object key"),
        (r#"{"a":1 "b":2}"#, "invalid character '\"' after object key:value pair"),
        (r#"{"a":[1 2]}"#, "invalid character '2' after array element"),
        (r#"{"a":01}"#, "invalid character '1' after object key:value pair"),
        (r#"{"a":tru}"#, "invalid character '}' in literal true (expecting 'e')"),
        (r#"{} x"#, "invalid character 'x' after top-level value"),
        ("{\"a\":\"\u{1}\"}", "invalid character '\\x01' in string literal"),
    ] {
        assert_eq!(error(text), format!("couldn't get version/kind; json parse error: {expected}"), "{text}");
    }
    assert!(
        error("[]").starts_with("couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct {")
    );
}

#[test]
fn nesting_has_a_limit() {
    let deep = format!("{{\"spec\":{{\"raw\":{}{}}}}}", "[".repeat(9000), "]".repeat(9000));
    assert!(error(&deep).ends_with("exceeded max depth"));
}

#[test]
fn text_that_is_not_utf8_is_replaced() {
    let decoded = decode(b"{\"metadata\":{\"name\":\"a\xff\\ud800\\u00e9\\n\"}}", &widget()).unwrap();
    assert_eq!(decoded.value["metadata"]["name"], "a\u{fffd}\u{fffd}\u{e9}\n");
}

fn any_json() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|n| Value::from(f64::from(n) + 0.5)),
        "[a-z0-9:.-]{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        4 => prop::sample::select(vec!["spec", "metadata", "parts", "name", "replicas", "limits", "data", "raw", "port", "at", "part", "words"])
            .prop_map(str::to_owned),
        1 => "[a-z]{0,3}",
    ];
    scalar.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn decoding_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "[\\[\\]{}:,\"a-c0-9.eE\\\\ -]{0,60}") {
        let _ = decode(&bytes, &widget());
        let _ = decode(text.as_bytes(), &widget());
        let _ = decode_untyped(&bytes);
    }

    #[test]
    fn what_was_decoded_is_canonical(value in any_json()) {
        if let Ok(decoded) = decode_value(&value, &widget()) {
            let mut again = decoded.value.clone();
            crate::normalize::canonicalize(&mut again, &widget());
            prop_assert_eq!(&again, &decoded.value);
            prop_assert_eq!(decode_value(&decoded.value, &widget()).unwrap().value, decoded.value);
        }
    }

    #[test]
    fn canonicalizing_twice_changes_nothing(value in any_json()) {
        let mut once = value;
        crate::normalize::canonicalize(&mut once, &widget());
        let mut twice = once.clone();
        crate::normalize::canonicalize(&mut twice, &widget());
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn the_reader_agrees_with_serde_json(value in any_json()) {
        let text = serde_json::to_string(&value).unwrap();
        if value.is_object() {
            prop_assert_eq!(decode_untyped(text.as_bytes()).unwrap().value, serde_json::from_str::<Value>(&text).unwrap());
        }
    }
}
