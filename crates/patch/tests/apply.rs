//! Server-side apply and the bookkeeping around it, rule by rule (C-07-40 to C-07-53).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use minkapi_patch::{
    ApplyError, FieldManagerInput, FieldSet, OneVersion, Versions, apply, keep_times_if_unchanged, scale_to_parent, scale_to_subresource,
    update_managed_fields, validate_managed_fields,
};
use minkapi_registry::{Ref, Struct};
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: &str = "2026-01-02T03:04:05Z";

/// A server of things: applies and updates with managers, as of a given second.
struct Things<'a> {
    schema: Ref<Struct>,
    versions: &'a dyn Versions,
    now: String,
}

impl Things<'_> {
    fn new() -> Self {
        Self { schema: common::thing(), versions: &OneVersion, now: NOW.to_owned() }
    }

    fn input(&self) -> FieldManagerInput<'_> {
        FieldManagerInput {
            schema: &self.schema,
            api_version: "example.com/v1",
            kind: "Thing",
            subresource: "",
            reset_fields: &[],
            now: &self.now,
            versions: self.versions,
        }
    }

    fn apply(&self, live: Option<&Value>, spec: Value, manager: &str, force: bool) -> Result<Value, ApplyError> {
        apply(&self.input(), live, &thing(spec), manager, force).map(stored)
    }

    fn update(&self, live: Option<&Value>, spec: Value, manager: &str) -> Value {
        let mut new = stored(thing(spec));
        update_managed_fields(&self.input(), live, &mut new, manager);
        new
    }
}

fn thing(spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec})
}

/// What the server adds to an object that it keeps.
fn stored(mut object: Value) -> Value {
    object["metadata"]["uid"] = "u".into();
    object
}

/// `manager/operation` and the paths it owns.
fn owners(object: &Value) -> Vec<(String, Vec<String>)> {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let one = |entry: &Value| {
        let name = format!("{}/{}", entry["manager"].as_str().unwrap(), entry["operation"].as_str().unwrap());
        let set = FieldSet::from_fields_v1(&entry["fieldsV1"]).unwrap();
        (name, set.paths().iter().map(|path| path.to_string()).collect())
    };
    entries.iter().map(one).collect()
}

fn owns(owner: &str, paths: &[&str]) -> (String, Vec<String>) {
    (owner.to_owned(), paths.iter().map(|path| (*path).to_owned()).collect())
}

#[test]
fn what_is_left_out_goes_unless_another_owns_it() {
    let things = Things::new();
    let one = things.apply(None, json!({"replicas": 1, "labels": {"a": "1", "b": "2"}, "tags": ["x", "y"]}), "one", false).unwrap();
    let both = things.apply(Some(&one), json!({"labels": {"b": "2"}, "tags": ["y", "z"]}), "two", false).unwrap();
    assert_eq!(both["spec"], json!({"replicas": 1, "labels": {"a": "1", "b": "2"}, "tags": ["x", "y", "z"]}));
    let less = things.apply(Some(&both), json!({"labels": {}}), "one", false).unwrap();
    assert_eq!(less["spec"], json!({"labels": {"b": "2"}, "tags": ["y", "z"]}));
    let nothing = things.apply(Some(&less), json!({}), "two", false).unwrap();
    assert_eq!(owners(&nothing), [owns("one/Apply", &[".spec.labels"]), owns("two/Apply", &[".spec"])]);
}

#[test]
fn a_conflict_names_owner_and_field_and_force_takes_the_field() {
    let things = Things::new();
    let live = things.update(None, json!({"replicas": 1, "ports": [{"port": 80, "protocol": "TCP", "name": "a"}]}), "kubectl-create");
    let err = things.apply(Some(&live), json!({"replicas": 2, "ports": [{"port": 80, "name": "b"}]}), "helm", false).unwrap_err();
    let status = err.status();
    let message = "Apply failed with 2 conflicts: conflicts with \"kubectl-create\" using example.com/v1:\n- .spec.replicas\n- .spec.ports[port=80,protocol=\"TCP\"].name";
    assert_eq!((status.code, status.message.as_str()), (409, message));
    let causes = status.details.unwrap().causes;
    assert_eq!(causes[0].reason, "FieldManagerConflict");
    assert_eq!(causes[0].message, "conflict with \"kubectl-create\" using example.com/v1");
    assert_eq!(causes[1].field, ".spec.ports[port=80,protocol=\"TCP\"].name");
    let forced = things.apply(Some(&live), json!({"replicas": 2}), "helm", true).unwrap();
    assert_eq!(owners(&forced)[0], owns("helm/Apply", &[".spec.replicas"]));
    assert!(!owners(&forced)[1].1.contains(&".spec.replicas".to_owned()));
}

#[test]
fn an_apply_that_changes_ownership_only_has_an_entry_without_time() {
    let things = Things::new();
    let live = things.update(None, json!({"replicas": 1}), "creator");
    let applied = things.apply(Some(&live), json!({"replicas": 1}), "helm", false).unwrap();
    let entries = applied["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!((entries[0]["manager"].as_str(), entries[0].get("time")), (Some("helm"), None));
    assert_eq!(entries[1]["time"], NOW);
}

#[test]
fn what_was_there_before_the_first_apply_has_an_owner_too() {
    let things = Things::new();
    let live = stored(thing(json!({"replicas": 1})));
    let status = things.apply(Some(&live), json!({"replicas": 2}), "helm", false).unwrap_err().status();
    let message = "Apply failed with 1 conflict: conflict with \"before-first-apply\" using example.com/v1: .spec.replicas";
    assert_eq!(status.message, message);
}

#[test]
fn an_update_without_effect_keeps_entries_and_times() {
    let mut things = Things::new();
    let live = things.update(None, json!({"replicas": 1}), "a");
    things.now = "2026-02-01T00:00:00Z".into();
    let same = things.update(Some(&live), json!({"replicas": 1}), "b");
    assert_eq!(same["metadata"]["managedFields"], live["metadata"]["managedFields"]);
    let changed = things.update(Some(&live), json!({"replicas": 1, "tags": ["x"]}), "a");
    assert_eq!(changed["metadata"]["managedFields"][0]["time"], "2026-02-01T00:00:00Z");
}

#[test]
fn tracking_stops_when_the_entries_are_cleared_and_does_not_begin_by_itself() {
    let things = Things::new();
    let live = things.update(None, json!({"replicas": 1}), "a");
    for cleared in [json!([]), json!([{}])] {
        let mut new = stored(thing(json!({"replicas": 2})));
        new["metadata"]["managedFields"] = cleared;
        update_managed_fields(&things.input(), Some(&live), &mut new, "a");
        assert_eq!(new["metadata"].get("managedFields"), None);
        let later = things.update(Some(&new), json!({"replicas": 3}), "a");
        assert_eq!(later["metadata"].get("managedFields"), None);
    }
}

#[test]
fn entries_in_an_update_count_if_they_can_be_read() {
    let things = Things::new();
    let live = things.update(None, json!({"replicas": 1}), "a");
    let entry = |operation: &str| json!([{"manager": "x", "operation": operation, "apiVersion": "example.com/v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
    let mut new = live.clone();
    new["metadata"]["managedFields"] = entry("Apply");
    update_managed_fields(&things.input(), Some(&live), &mut new, "b");
    assert_eq!(owners(&new), [owns("x/Apply", &[".spec.replicas"])]);
    new["metadata"]["managedFields"] = entry("Replace");
    update_managed_fields(&things.input(), Some(&live), &mut new, "b");
    assert_eq!(new["metadata"]["managedFields"], live["metadata"]["managedFields"]);
    let err = validate_managed_fields(&entry("Replace")).unwrap_err();
    assert_eq!(err.to_string(), "operation must be `Apply` or `Update`");
}

#[test]
fn the_oldest_of_more_than_ten_updates_are_merged() {
    let mut things = Things::new();
    let mut live = None;
    for n in 0..12 {
        things.now = format!("2026-01-01T00:00:{n:02}Z");
        let labels: serde_json::Map<String, Value> = (0..=n).map(|n| (format!("l{n}"), json!("x"))).collect();
        live = Some(things.update(live.as_ref(), json!({"labels": labels}), &format!("m{n}")));
    }
    let owners = owners(&live.unwrap());
    let ancient = owns("ancient-changes/Update", &[".spec", ".spec.labels", ".spec.labels.l0", ".spec.labels.l1", ".spec.labels.l2"]);
    assert_eq!((owners.len(), &owners[0]), (10, &ancient));
}

#[test]
fn kubectl_takes_over_what_client_side_apply_has_set() {
    let things = Things::new();
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    let with_annotation = |spec: Value| {
        let mut object = thing(spec.clone());
        object["metadata"]["annotations"] = json!({annotation: thing(spec).to_string()});
        object
    };
    let mut live = stored(with_annotation(json!({"replicas": 1, "labels": {"a": "1"}})));
    update_managed_fields(&things.input(), None, &mut live, "kubectl-client-side-apply");
    let taken = apply(&things.input(), Some(&live), &thing(json!({"replicas": 2})), "kubectl", false).unwrap();
    assert_eq!(taken["spec"]["replicas"], 2);
    let renewed = taken["metadata"]["annotations"][annotation].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(renewed).unwrap(), thing(json!({"replicas": 2})));
    assert!(renewed.ends_with("}\n"));
    assert!(apply(&things.input(), Some(&live), &thing(json!({"replicas": 2})), "flux", false).is_err());
    live["spec"]["labels"]["a"] = "changed".into();
    let err = apply(&things.input(), Some(&live), &thing(json!({"replicas": 2, "labels": {"a": "2"}})), "kubectl", false).unwrap_err();
    let message = "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using example.com/v1: .spec.labels.a";
    assert_eq!(err.to_string(), message);
}

/// v2 names replicas `count`, and has no other fields.
struct TwoVersions;

impl Versions for TwoVersions {
    fn convert(&self, object: &Value, to: &str) -> Option<(Value, Ref<Struct>)> {
        let mut object = object.clone();
        object["apiVersion"] = to.into();
        let spec = object["spec"].as_object_mut();
        let rename = |from: &str, to: &str| {
            let Some(spec) = spec else { return };
            if let Some(value) = spec.remove(from) {
                spec.insert(to.into(), value);
            }
        };
        match to {
            "example.com/v2" => {
                rename("replicas", "count");
                let members = vec![common::field("count", common::int()), common::field("tags", common::set(common::string()))];
                let mut fields: Vec<_> = common::thing().fields.iter().filter(|field| field.name != "spec").cloned().collect();
                fields.push(common::field("spec", common::of(common::object("", members))));
                Some((object, Ref::Shared(std::sync::Arc::new(common::object("", fields)))))
            }
            "example.com/v1" => {
                rename("count", "replicas");
                Some((object, common::thing()))
            }
            _ => None,
        }
    }
}

#[test]
fn fields_are_compared_in_the_version_of_their_entry() {
    let things = Things { versions: &TwoVersions, ..Things::new() };
    let entry = |version: &str| json!({"manager": version, "operation": "Apply", "apiVersion": format!("example.com/{version}"), "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:count": {}}}});
    let mut live = stored(thing(json!({"replicas": 1})));
    live["metadata"]["managedFields"] = json!([entry("v2"), entry("v3")]);
    let err = things.apply(Some(&live), json!({"replicas": 2}), "helm", false).unwrap_err();
    assert_eq!(err.to_string(), "Apply failed with 1 conflict: conflict with \"v2\": .spec.count");
    let left_out = things.apply(Some(&live), json!({}), "v2", false).unwrap();
    assert_eq!(left_out["spec"].get("replicas"), None, "what it applied in v2 goes in v1 too");
    let updated = things.update(Some(&live), json!({"replicas": 1, "tags": ["x"]}), "other");
    let names: Vec<String> = owners(&updated).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["v2/Apply", "other/Update"], "a version that is gone takes its entries along");
}

#[test]
fn a_configuration_that_does_not_fit_is_refused_in_upstreams_words() {
    let things = Things::new();
    let cases = [
        (json!({"nope": 1}), ".spec.nope: field not declared in schema"),
        (json!({"replicas": "two"}), ".spec.replicas: expected numeric (int or float), got string"),
        (json!({"labels": {"a": 5}}), ".spec.labels.a: expected string, got &value.valueUnstructured{Value:5}"),
        (json!({"labels": ["a"]}), ".spec.labels: expected map, got &{[a]}"),
        (json!({"ports": [null]}), ".spec.ports: element 0: associative list with keys may not have a null element"),
        (
            json!({"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]}),
            ".spec.ports: duplicate entries for key [port=1,protocol=\"TCP\"]",
        ),
        (json!({"tags": ["a", "a"]}), ".spec.tags: duplicate entries for key [=\"a\"]"),
        (
            json!({"sub": {"a": true}, "replicas": true}),
            "errors:\n  .spec.replicas: expected numeric (int or float), got bool\n  .spec.sub.a: expected string, got &value.valueUnstructured{Value:true}",
        ),
    ];
    for (spec, expected) in cases {
        let status = things.apply(None, spec, "helm", false).unwrap_err().status();
        let message = format!("failed to create typed patch object (/a; example.com/v1, Kind=Thing): {expected}");
        assert_eq!((status.code, status.message), (500, message));
    }
    let mut with_fields = thing(json!({}));
    with_fields["metadata"]["managedFields"] = json!([]);
    let err = apply(&things.input(), None, &with_fields, "helm", false).unwrap_err();
    assert_eq!((err.status().code, err.to_string().as_str()), (400, "metadata.managedFields must be nil"));
    let other = json!({"apiVersion": "v1", "kind": "Pod"});
    let err = apply(&things.input(), None, &other, "helm", false).unwrap_err();
    assert_eq!((err.status().code, err.to_string().as_str()), (400, "invalid object type: /v1, Kind=Pod"));
}

#[test]
fn times_alone_are_no_change() {
    let things = Things::new();
    let old = things.update(None, json!({"replicas": 1}), "a");
    let mut new = old.clone();
    new["metadata"]["managedFields"][0]["time"] = "2030-01-01T00:00:00Z".into();
    let mut changed = new.clone();
    keep_times_if_unchanged(&mut new, &old);
    assert_eq!(new, old);
    changed["spec"]["replicas"] = 2.into();
    let before = changed.clone();
    keep_times_if_unchanged(&mut changed, &old);
    assert_eq!(changed, before);
}

#[test]
fn replicas_change_hands_between_an_object_and_its_scale() {
    let paths: &[(&str, Option<&[&str]>)] = &[("apps/v1", Some(&["spec", "replicas"]))];
    let entry = |manager: &str, operation: &str, fields: Value| json!({"manager": manager, "operation": operation, "apiVersion": "apps/v1", "time": NOW, "fieldsType": "FieldsV1", "fieldsV1": json!({"f:spec": fields}).to_string()});
    let parent =
        json!([entry("gitops", "Apply", json!({"f:replicas": {}, "f:paused": {}})), entry("other", "Update", json!({"f:paused": {}}))]);
    let scale = scale_to_subresource(Some(&parent), paths).unwrap().unwrap();
    assert_eq!(scale[0]["apiVersion"], "autoscaling/v1");
    assert_eq!((scale.as_array().unwrap().len(), &scale[0]["fieldsV1"]), (1, &json!(r#"{"f:spec":{"f:replicas":{}}}"#)));
    assert_eq!(scale_to_parent(Some(&parent), Some(&scale), "apps/v1", paths).unwrap().unwrap(), parent);
    let mut taken = entry("hpa", "Apply", json!({"f:replicas": {}}));
    taken["subresource"] = "scale".into();
    let parent = scale_to_parent(Some(&parent), Some(&json!([taken])), "apps/v1", paths).unwrap().unwrap();
    assert_eq!(
        parent[0],
        json!({"manager": "hpa", "operation": "Apply", "apiVersion": "apps/v1", "subresource": "scale", "fieldsType": "FieldsV1", "fieldsV1": r#"{"f:spec":{"f:replicas":{}}}"#})
    );
    assert_eq!(parent[1]["fieldsV1"], r#"{"f:spec":{"f:paused":{}}}"#);
}

fn spec() -> impl Strategy<Value = Value> {
    let word = || proptest::sample::select(vec!["a", "b", "c"]);
    let port = (1..4, proptest::option::of(word())).prop_map(|(port, name)| (port, json!({"port": port, "name": name.unwrap_or("n")})));
    let labels = proptest::collection::btree_map(word(), word(), 0..3);
    let ports = proptest::collection::vec(port, 0..3).prop_map(|ports| {
        let ports: std::collections::BTreeMap<i32, Value> = ports.into_iter().collect();
        ports.into_values().collect::<Vec<_>>()
    });
    let tags = proptest::collection::btree_set(word(), 0..3);
    (proptest::option::of(0..3i32), labels, ports, tags).prop_map(|(replicas, labels, ports, tags)| {
        let mut spec = json!({"labels": labels, "ports": ports, "tags": tags});
        if let Some(replicas) = replicas {
            spec["replicas"] = replicas.into();
        }
        spec
    })
}

proptest! {
    #[test]
    fn an_apply_is_idempotent(first in spec(), second in spec()) {
        let things = Things::new();
        let live = things.apply(None, first, "one", false).unwrap();
        let once = things.apply(Some(&live), second.clone(), "two", true).unwrap();
        prop_assert_eq!(things.apply(Some(&once), second, "two", false).unwrap(), once);
    }

    #[test]
    fn an_applier_owns_what_it_applied_and_nothing_else(first in spec(), second in spec()) {
        let things = Things::new();
        let alone = things.apply(None, second.clone(), "two", false).unwrap();
        let live = things.apply(None, first, "one", false).unwrap();
        let both = things.apply(Some(&live), second, "two", true).unwrap();
        let of_two = |object: &Value| owners(object).into_iter().find(|(name, _)| name == "two/Apply");
        prop_assert_eq!(of_two(&both), of_two(&alone));
    }

    #[test]
    fn applying_nothing_gives_up_everything(first in spec(), second in spec()) {
        let things = Things::new();
        let live = things.apply(None, first.clone(), "one", false).unwrap();
        let both = things.apply(Some(&live), second, "two", true).unwrap();
        let identity = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}});
        let without = apply(&things.input(), Some(&both), &identity, "two", false).unwrap();
        prop_assert!(!owners(&without).iter().any(|(name, _)| name == "two/Apply"));
        let alone = things.apply(None, first, "one", false).unwrap();
        let all: Vec<String> = owners(&alone).into_iter().flat_map(|(_, paths)| paths).collect();
        prop_assert!(owners(&without).iter().flat_map(|(_, paths)| paths).all(|path| all.contains(path)));
    }
}
