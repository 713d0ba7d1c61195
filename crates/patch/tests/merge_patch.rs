//! RFC 7386 (C-07-25).
#![allow(clippy::unwrap_used, clippy::expect_used)]

use minkapi_patch::MergePatch;
use serde_json::{Value, json};

fn apply(object: Value, patch: Value) -> Value {
    MergePatch::parse(patch.to_string().as_bytes(), true).unwrap().apply(object)
}

#[test]
fn objects_merge_lists_replace_and_null_deletes() {
    let object = json!({"data": {"a": "1", "b": "2"}, "list": [1, 2], "gone": {}});
    let patched = apply(object, json!({"data": {"b": null, "c": "3"}, "list": [3], "gone": null, "new": {"x": 1}}));
    assert_eq!(patched, json!({"data": {"a": "1", "c": "3"}, "list": [3], "new": {"x": 1}}));
}

#[test]
fn nulls_vanish_from_what_is_new_but_not_from_what_replaces_an_object() {
    assert_eq!(apply(json!({}), json!({"a": {"b": null, "c": [{"d": null}, null]}})), json!({"a": {"c": [{}, null]}}));
    assert_eq!(apply(json!({"a": "text"}), json!({"a": {"b": null}})), json!({"a": {}}));
    assert_eq!(apply(json!({"a": {"x": 1}}), json!({"a": [{"b": null}]})), json!({"a": [{"b": null}]}));
    assert_eq!(apply(json!({"a": [1]}), json!({"a": [{"b": null}]})), json!({"a": [{}]}));
}

#[test]
fn directives_of_strategic_merge_are_plain_members() {
    assert_eq!(apply(json!({"a": 1}), json!({"$patch": "replace"})), json!({"a": 1, "$patch": "replace"}));
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    for (body, strict, message) in [
        ("[]", true, "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
        ("\"a\"", true, "error decoding patch: json: cannot unmarshal string into Go value of type map[string]interface {}"),
        ("7", true, "error decoding patch: json: cannot unmarshal number into Go value of type map[string]interface {}"),
        ("true", true, "error decoding patch: json: cannot unmarshal bool into Go value of type map[string]interface {}"),
        ("null", true, "Invalid JSON Patch"),
        ("7", false, "Invalid JSON Patch"),
        ("{", true, "invalid JSON patch"),
    ] {
        let status = MergePatch::parse(body.as_bytes(), strict).unwrap_err().status();
        assert_eq!((status.code, status.message.as_str()), (400, message), "{body}");
    }
    let replaced = MergePatch::parse(br#"[{"a": null}]"#, false).unwrap().apply(json!({"a": 1}));
    assert_eq!(replaced, json!([{}]));
}

#[test]
fn repeated_members_are_reported_and_the_last_one_counts() {
    let patch = MergePatch::parse(br#"{"data":{"q":"1","q":"2"},"data":{"z":[{"a":1,"a":2}]}}"#, true).unwrap();
    assert_eq!(patch.strict_errors(), [r#"duplicate field "data.q""#, r#"duplicate field "data""#, r#"duplicate field "data.z[0].a""#]);
    assert_eq!(patch.apply(json!({})), json!({"data": {"z": [{"a": 2}]}}));
}
