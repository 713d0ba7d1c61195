//! Patches recorded from a kube-apiserver 1.37.2 and what came of them, as far as patching alone decides it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use minkapi_patch::{JsonPatch, MergePatch, PatchError, StrategicMergePatch};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Recording {
    r#type: String,
    strict: bool,
    original: Value,
    patch: String,
    result: Option<Value>,
    error: Option<Value>,
}

fn apply(recording: &Recording) -> Result<Value, PatchError> {
    let (body, object) = (recording.patch.as_bytes(), recording.original.clone());
    match recording.r#type.as_str() {
        "json" => JsonPatch::parse(body, recording.strict)?.apply(object),
        "merge" => Ok(MergePatch::parse(body, recording.strict)?.apply(object)),
        _ => {
            let kind = minkapi_registry::kind(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap()).unwrap();
            Ok(StrategicMergePatch::parse(body, recording.strict)?.apply(object, &kind.schema)?.object)
        }
    }
}

#[test]
fn patches_give_the_recorded_objects_and_errors() {
    let cases: BTreeMap<String, Vec<Recording>> = serde_json::from_str(include_str!("data/patches.json")).unwrap();
    for (name, recordings) in &cases {
        for recording in recordings {
            let case = format!("{name}: {}", recording.patch);
            match (apply(recording), &recording.result, &recording.error) {
                (Ok(object), Some(expected), _) => assert_eq!(object, *expected, "{case}"),
                (Err(err), _, Some(expected)) => {
                    let status = err.status();
                    assert_eq!(json!([status.code, status.message]), *expected, "{case}");
                }
                (got, expected, error) => panic!("{case}: {got:?}, not {expected:?} {error:?}"),
            }
        }
    }
}
