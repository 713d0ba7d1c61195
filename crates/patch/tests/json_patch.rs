//! RFC 6902 with the habits of the library that kube-apiserver uses (C-07-20 to C-07-22).
#![allow(clippy::unwrap_used, clippy::expect_used)]

use minkapi_patch::{JsonPatch, PatchError};
use serde_json::{Value, json};

fn object() -> Value {
    json!({"metadata": {"name": "a"}, "data": {"x": "1", "a/b": "2", "c~d": "3", "html": "a<b"}, "list": ["p", "q"], "none": null})
}

fn apply(patch: Value) -> Result<Value, PatchError> {
    JsonPatch::parse(patch.to_string().as_bytes(), true).unwrap().apply(object())
}

fn apply_text(patch: &str) -> Result<Value, PatchError> {
    JsonPatch::parse(patch.as_bytes(), true)?.apply(object())
}

/// Asserts that the operations make the value at `pointer` equal to `expected`.
fn gives(patch: Value, pointer: &str, expected: Value) {
    let patched = apply(patch.clone()).unwrap_or_else(|err| panic!("{patch}: {err}"));
    assert_eq!(patched.pointer(pointer), Some(&expected), "{patch}");
}

fn is_refused(patch: Value) {
    let err = apply(patch.clone()).expect_err(&patch.to_string());
    let status = err.status();
    assert_eq!((status.code, status.message.as_str()), (422, "the server rejected our request due to an error in our request"), "{patch}");
    assert_eq!(status.details, Some(Default::default()));
}

#[test]
fn members_are_added_replaced_and_removed() {
    gives(json!([{"op": "add", "path": "/data/y", "value": 1}]), "/data", json!({"x": "1", "a/b": "2", "c~d": "3", "html": "a<b", "y": 1}));
    gives(json!([{"op": "replace", "path": "/data/x", "value": null}]), "/data/x", json!(null));
    gives(json!([{"op": "remove", "path": "/data"}]), "", json!({"metadata": {"name": "a"}, "list": ["p", "q"], "none": null}));
    gives(json!([{"op": "move", "from": "/data/x", "path": "/x"}, {"op": "copy", "from": "/x", "path": "/y"}]), "/y", json!("1"));
}

#[test]
fn pointers_are_unescaped_in_one_pass() {
    gives(json!([{"op": "replace", "path": "/data/a~1b", "value": "n"}]), "/data/a~1b", json!("n"));
    gives(json!([{"op": "replace", "path": "/data/c~0d", "value": "n"}]), "/data/c~0d", json!("n"));
    gives(json!([{"op": "add", "path": "/data/~01", "value": "n"}]), "/data/~01", json!("n"));
}

#[test]
fn list_items_are_found_by_index_from_either_end() {
    gives(json!([{"op": "add", "path": "/list/-", "value": "z"}]), "/list", json!(["p", "q", "z"]));
    gives(json!([{"op": "add", "path": "/list/2", "value": "z"}]), "/list", json!(["p", "q", "z"]));
    gives(json!([{"op": "add", "path": "/list/-1", "value": "z"}]), "/list", json!(["p", "q", "z"]));
    gives(json!([{"op": "add", "path": "/list/0", "value": "z"}]), "/list", json!(["z", "p", "q"]));
    gives(json!([{"op": "remove", "path": "/list/-1"}]), "/list", json!(["p"]));
    gives(json!([{"op": "replace", "path": "/list/+1", "value": "z"}]), "/list", json!(["p", "z"]));
    for path in ["/list/3", "/list/-4", "/list/x", "/list/"] {
        is_refused(json!([{"op": "add", "path": path, "value": "z"}]));
    }
    for path in ["/list/2", "/list/-", "/list/-3"] {
        is_refused(json!([{"op": "remove", "path": path}]));
    }
}

#[test]
fn replacing_a_missing_member_adds_it_and_copying_one_copies_null() {
    gives(json!([{"op": "replace", "path": "/data/new", "value": "1"}]), "/data/new", json!("1"));
    gives(json!([{"op": "copy", "from": "/data/nope", "path": "/data/new"}]), "/data/new", json!(null));
    gives(json!([{"op": "add", "path": "/data/new"}]), "/data/new", json!(null));
    is_refused(json!([{"op": "move", "from": "/data/nope", "path": "/data/new"}]));
    is_refused(json!([{"op": "remove", "path": "/data/nope"}]));
    is_refused(json!([{"op": "replace", "path": "/nope/new", "value": "1"}]));
    is_refused(json!([{"op": "add", "path": "/data/x/y", "value": "1"}]));
    is_refused(json!([{"op": "add", "path": "/none/y", "value": "1"}]));
}

#[test]
fn text_before_the_first_slash_is_dropped() {
    gives(json!([{"op": "add", "path": "data/tier", "value": "gold"}]), "/tier", json!("gold"));
    is_refused(json!([{"op": "add", "path": "tier", "value": "gold"}]));
    is_refused(json!([{"op": "remove", "path": ""}]));
}

#[test]
fn the_empty_pointer_replaces_the_document() {
    gives(json!([{"op": "replace", "path": "", "value": {"b": 1}}]), "", json!({"b": 1}));
    gives(json!([{"op": "replace", "path": "", "value": [1]}]), "", json!([1]));
    is_refused(json!([{"op": "replace", "path": "", "value": "text"}]));
    is_refused(json!([{"op": "replace", "path": ""}]));
}

#[test]
fn tests_compare_scalars_as_the_server_spells_them() {
    assert!(apply_text(r#"[{"op":"test","path":"/data/html","value":"a\u003cb"}]"#).is_ok());
    assert!(apply_text(r#"[{"op":"test","path":"/data/html","value":"a<b"}]"#).is_err());
    assert!(apply_text(r#"[{"op":"test","path":"/data","value":{"c~d":"3","a/b":"2","x":"1","html":"a\u003cb"}}]"#).is_ok());
    assert!(apply_text(r#"[{"op":"add","path":"/data/n","value":"a<b"},{"op":"test","path":"/data/n","value":"a<b"}]"#).is_ok());
    assert!(apply_text(r#"[{"op":"test","path":"/list","value":["p","q"]}]"#).is_ok());
    assert!(apply_text(r#"[{"op":"test","path":"/list","value":["q","p"]}]"#).is_err());
    assert!(apply_text(r#"[{"op":"test","path":"/data/nope","value":null},{"op":"test","path":"/none"}]"#).is_ok());
    is_refused(json!([{"op": "test", "path": "/data/x", "value": 1}]));
    is_refused(json!([{"op": "test", "path": "/data/x"}]));
    is_refused(json!([{"op": "test", "path": "", "value": {}}]));
}

#[test]
fn operations_that_are_none_do_not_apply() {
    for patch in [
        json!([{"op": "merge", "path": "/data"}]),
        json!([{"op": "ADD", "path": "/data/y", "value": 1}]),
        json!([{"path": "/data/y", "value": 1}]),
        json!([{"op": "remove"}]),
        json!([{"op": "copy", "path": "/data/y"}]),
        json!([null]),
    ] {
        is_refused(patch);
    }
}

#[test]
fn a_body_that_is_no_patch_is_400() {
    for (body, strict, message) in [
        ("{}", true, "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        ("\"remove\"", true, "error decoding patch: json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp"),
        ("[\"remove\"]", true, "error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp"),
        ("[[]]", true, "error decoding patch: json: cannot unmarshal array into Go value of type handlers.jsonPatchOp"),
        (r#"[{"op":1}]"#, true, "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string"),
        ("{}", false, "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        ("[true]", false, "json: cannot unmarshal bool into Go value of type jsonpatch.Operation"),
        ("[", true, "invalid JSON patch"),
        ("", false, "invalid JSON patch"),
    ] {
        let status = JsonPatch::parse(body.as_bytes(), strict).unwrap_err().status();
        assert_eq!((status.code, status.message.as_str()), (400, message), "{body}");
    }
    assert_eq!(apply_text("null").unwrap(), object());
}

#[test]
fn unknown_and_repeated_members_are_reported_once_each() {
    let body = r#"[{"op":"add","path":"/data/z","value":{"a":1,"a":{"b":1,"b":2}},"foo":{"a":1,"a":1}},{"OP":1,"value":1,"value":2,"foo":1,"foo":1}]"#;
    let patch = JsonPatch::parse(body.as_bytes(), true).unwrap();
    let expected = [
        r#"json patch duplicate field "[0].value.a""#,
        r#"json patch duplicate field "[0].value.a.b""#,
        r#"json patch unknown field "[0].foo""#,
        r#"json patch unknown field "[1].OP""#,
        r#"json patch duplicate field "[1].value""#,
        r#"json patch unknown field "[1].foo""#,
    ];
    assert_eq!(patch.strict_errors(), expected);
    assert!(JsonPatch::parse(body.as_bytes(), false).unwrap().strict_errors().is_empty());
}

#[test]
fn the_number_of_operations_and_the_growth_by_copies_are_bounded() {
    let many = Value::Array(vec![json!({"op": "test", "path": "/none"}); 10_001]);
    let status = JsonPatch::parse(many.to_string().as_bytes(), true).unwrap_err().status();
    let message = "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001";
    assert_eq!((status.code, status.message.as_str()), (413, message));

    let mut doubling = vec![json!({"op": "add", "path": "/big", "value": ["x".repeat(1 << 10)]})];
    doubling.extend(vec![json!({"op": "copy", "from": "/big", "path": "/big/-"}); 11]);
    assert!(apply(Value::Array(doubling.clone())).is_ok());
    doubling.push(json!({"op": "copy", "from": "/big", "path": "/big/-"}));
    is_refused(Value::Array(doubling));
}
