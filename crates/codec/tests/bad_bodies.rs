//! Bodies that kube-apiserver refuses, with its words (C-11-11).

#![allow(clippy::unwrap_used, reason = "tests")]

use minkapi_codec::{protobuf, yaml};

fn refusal(body: &[u8]) -> String {
    protobuf::decode_object(body, "v1", "ConfigMap").unwrap_err().into_status("ConfigMap", body).to_string()
}

#[test]
fn what_is_no_envelope_is_unrecognized() {
    let unrecognized = |why: &str| format!("the object provided is unrecognized (must be of type ConfigMap): {why}");
    let no_magic = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";
    assert_eq!(refusal(b""), unrecognized("empty data (<empty>)"));
    assert_eq!(refusal(b"hello"), unrecognized(&format!("{no_magic} (68656c6c6f)")));
    assert_eq!(refusal(b"k8s\0"), unrecognized("empty body (6b387300)"));
    let json = br#"{"apiVersion": "v1", "kind": "ConfigMap"}"#;
    assert_eq!(refusal(json), unrecognized(&format!("{no_magic} ({{\"apiVersion\": \"v1\", \"kind\": \" ...)")));
    let cut = b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12\x18\n\x16\n\x03one\x1a";
    assert_eq!(refusal(cut), unrecognized("unexpected EOF (6b3873000a0f0a0276311209436f6e6669674d617012180a160a036f6e65 ...)"));
}

#[test]
fn a_broken_message_names_its_kind() {
    let body = b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12\x01\x0f\x1a\0\"\0";
    assert_eq!(
        refusal(body),
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: proto: wrong wireType = 7 for field ObjectMeta"
    );
    let body = b"k8s\0\n\x0f\n\x02v1\x12\tConfigMap\x12\x01\x7f\x1a\0\"\0";
    assert_eq!(refusal(body), "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: proto: illegal wireType 7");
}

#[test]
fn kind_and_version_default_to_what_the_url_says() {
    let body = protobuf::wrap("", "", b"\n\x05\n\x03two");
    let object = protobuf::decode_object(&body, "v1", "ConfigMap").unwrap();
    assert_eq!(object["kind"], "ConfigMap");
    assert_eq!(object["apiVersion"], "v1");
    assert_eq!(object["metadata"]["name"], "two");
}

#[test]
fn yaml_syntax_errors_are_told_as_go_yaml_does() {
    let told = [
        ("metadata:\n  name: seven\ndata:\n\tport: x\n", "line 4: found character that cannot start any token"),
        ("a: @x\n", "found character that cannot start any token"),
        ("x: 1\na: b: c\n", "line 2: mapping values are not allowed in this context"),
        ("a: b: c\n", "mapping values are not allowed in this context"),
        ("x: 1\ny: 2\na:\n  b: c\n d: e\n", "line 4: did not find expected key"),
        ("- a\nb: c\n", "line 1: did not find expected '-' indicator"),
        ("x: 1\ny: 2\na: [b\nc: d\n", "line 3: did not find expected ',' or ']'"),
        ("a: {b\n", "line 1: did not find expected ',' or '}'"),
        ("a: \"\\q\"\n", "found unknown escape character"),
        ("a: *x\n", "unknown anchor 'x' referenced"),
    ];
    for (text, error) in told {
        assert_eq!(yaml::read(text.as_bytes()).unwrap_err(), format!("yaml: {error}"), "{text:?}");
    }
}

#[test]
fn keys_that_are_there_twice_are_noted_and_the_last_one_holds() {
    let document = yaml::read(b"data:\n  a: x\n  b: w\n  a: z\n").unwrap();
    assert_eq!(document.value, serde_json::json!({"data": {"a": "z", "b": "w"}}));
    assert_eq!(document.strict_error().unwrap(), "yaml: unmarshal errors:\n  line 4: key \"a\" already set in map");
}

#[test]
fn only_the_first_document_counts() {
    assert_eq!(yaml::read(b"a: 1\n---\nb: 2\n").unwrap().value, serde_json::json!({"a": 1}));
    assert_eq!(yaml::read(b"").unwrap().value, serde_json::Value::Null);
}

#[test]
fn unquoted_words_and_numbers_are_those_of_yaml_1_1() {
    let text = b"[yes, No, on, ~, 0x1f, 010, 1_000, 1.0, 1e3, 0.5, 2001-01-01, .5, '1', 1:30, =, 0o7, 0b11, +1]";
    let expected = serde_json::json!([true, false, true, null, 31, 8, 1000, 1, 1000, 0.5, "2001-01-01", 0.5, "1", "1:30", "=", 7, 3, 1]);
    assert_eq!(yaml::read(text).unwrap().value, expected);
}

#[test]
fn aliases_and_merge_keys_are_resolved_but_not_without_end() {
    let document = yaml::read(b"a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}\nc: *x\n").unwrap();
    assert_eq!(document.value["b"], serde_json::json!({"k": 1, "l": 3}));
    assert_eq!(document.value["c"], document.value["a"]);
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..8 {
        laughs += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
    }
    assert_eq!(yaml::read(laughs.as_bytes()).unwrap_err(), "yaml: document contains excessive aliasing");
}

#[test]
fn unknown_kinds_are_not_registered() {
    let body = protobuf::wrap("v2", "ConfigMap", b"");
    let expected = "no kind \"ConfigMap\" is registered for version \"v2\" in scheme \"pkg/runtime/scheme.go:111\"";
    assert_eq!(refusal(&body), format!("ConfigMap in version \"v2\" cannot be handled as a ConfigMap: {expected}"));
}

#[test]
fn fields_of_another_wire_type_are_named() {
    let refused = |message: &[u8]| refusal(&protobuf::wrap("v1", "ConfigMap", message));
    let told = |why: &str| format!("ConfigMap in version \"v1\" cannot be handled as a ConfigMap: proto: {why}");
    assert_eq!(refused(b"\x0a\x02\x08\x01"), told("wrong wireType = 0 for field Name"));
    assert_eq!(refused(b"\x0b\x05"), told("wrong wireType = 3 for field ObjectMeta"));
    assert_eq!(refused(b"\x04\x05"), told("ConfigMap: wiretype end group for non-group"));
    assert_eq!(refused(b"\x02\x05"), told("ConfigMap: illegal tag 0 (wire type 2)"));
}
