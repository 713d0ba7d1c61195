//! The patches and server-side apply. An input is a line with the kind, the object, and the patch.

use crate::input;
use minkapi_codec::yaml;
use minkapi_patch::{FieldManagerInput, FieldSet, JsonPatch, MergePatch, OneVersion, StrategicMergePatch, update_managed_fields};
use minkapi_registry::Resource;
use minkapi_schema::decode;
use serde_json::Value;

/// The kind, an object of it if the input holds one, and the rest.
fn target(data: &[u8]) -> Option<(&'static Resource, Value, &[u8])> {
    let (kind, rest) = input::kind(data);
    let parts = input::parts(rest);
    let [object, patch] = parts.as_slice() else { return None };
    let object = decode::decode(object, &kind.schema).map(|d| d.value).unwrap_or_else(|_| Value::Object(serde_json::Map::new()));
    Some((kind, object, patch))
}

/// A JSON patch.
pub fn json_patch(data: &[u8]) {
    let Some((_, object, patch)) = target(data) else { return };
    for strict in [false, true] {
        if let Ok(patch) = JsonPatch::parse(patch, strict) {
            let _ = patch.apply(object.clone());
        }
    }
}

/// A merge patch; applied twice it does no more than once.
pub fn merge_patch(data: &[u8]) {
    let Some((_, object, patch)) = target(data) else { return };
    for strict in [false, true] {
        if let Ok(patch) = MergePatch::parse(patch, strict) {
            let once = patch.apply(object.clone());
            assert_eq!(patch.apply(once.clone()), once);
        }
    }
}

/// A strategic merge patch, and the one that leads back.
pub fn strategic_merge_patch(data: &[u8]) {
    let Some((kind, object, patch)) = target(data) else { return };
    for strict in [false, true] {
        let Ok(patch) = StrategicMergePatch::parse(patch, strict) else { continue };
        if let Ok(patched) = patch.apply(object.clone(), &kind.schema) {
            if let (Some(from), Some(to)) = (patched.object.as_object(), object.as_object()) {
                let _ = minkapi_patch::strategic_diff(from, to, &kind.schema);
            }
            let _ = minkapi_patch::misfit(&patched.object, &kind.schema);
        }
    }
}

/// An apply of YAML by one manager to what another has written; applied twice it does no more than once.
pub fn apply(data: &[u8]) {
    let Some((kind, mut live, patch)) = target(data) else { return };
    let Ok(configuration) = yaml::read(patch) else { return };
    // Whoever calls this has checked that an object is there.
    let (true, true) = (configuration.value.is_object(), live.is_object()) else { return };
    let api_version = kind.api_version();
    let input = FieldManagerInput {
        schema: &kind.schema,
        api_version: &api_version,
        kind: &kind.kind,
        subresource: "",
        reset_fields: &[],
        now: "2026-01-02T03:04:05Z",
        versions: &OneVersion,
    };
    for (member, value) in [("apiVersion", &*api_version), ("kind", &*kind.kind)] {
        live[member] = value.into();
    }
    if !live["metadata"].is_object() {
        live["metadata"] = serde_json::json!({});
    }
    update_managed_fields(&input, None, &mut live, "before");
    for before in [None, Some(&live)] {
        for force in [false, true] {
            if let Ok(once) = minkapi_patch::apply(&input, before, &configuration.value, "fuzz", force) {
                let _ = minkapi_patch::apply(&input, Some(&once), &configuration.value, "fuzz", force);
            }
        }
    }
}

/// `fieldsV1`; what was read reads the same when it is written.
pub fn fields_v1(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    if let Ok(set) = FieldSet::from_fields_v1(&value) {
        let written = set.to_fields_v1();
        let again = FieldSet::from_fields_v1(&written).expect("what was written can be read");
        assert!(again.is_subset(&set) && set.is_subset(&again), "{written}");
        let _ = (set.paths(), set.leaves(), set.clone().union(again.clone()), set.intersection(&again), set.recursive_difference(&again));
    }
}
