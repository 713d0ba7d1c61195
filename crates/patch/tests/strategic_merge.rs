//! Directives, order and errors of strategic merge patches (C-07-30 to C-07-33).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use minkapi_patch::{PatchError, StrategicMergePatch, strategic_diff};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn apply(object: Value, patch: Value) -> Result<Value, PatchError> {
    let patch = StrategicMergePatch::parse(patch.to_string().as_bytes(), true)?;
    Ok(patch.apply(object, &common::workload())?.object)
}

fn containers(names: &[&str]) -> Value {
    json!({"spec": {"containers": names.iter().map(|n| json!({"name": n, "image": "old"})).collect::<Vec<_>>()}})
}

fn names(object: &Value) -> Vec<&str> {
    object["spec"]["containers"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect()
}

/// Asserts the order in which a patch of `[a, b, c]` leaves the containers.
fn leaves(patch: Value, expected: &[&str]) {
    let object = apply(containers(&["a", "b", "c"]), patch.clone()).unwrap();
    assert_eq!(names(&object), expected, "{patch}");
}

fn fails(object: Value, patch: Value, code: u16, message: &str) {
    let status = apply(object, patch.clone()).expect_err(&patch.to_string()).status();
    assert_eq!((status.code, status.message.as_str()), (code, message), "{patch}");
}

#[test]
fn lists_merge_by_key_and_new_items_stand_before_those_that_the_patch_does_not_name() {
    leaves(json!({"spec": {"containers": [{"name": "b", "image": "new"}]}}), &["a", "b", "c"]);
    leaves(json!({"spec": {"containers": [{"name": "z"}]}}), &["z", "a", "b", "c"]);
    leaves(json!({"spec": {"containers": [{"name": "b"}, {"name": "z"}]}}), &["a", "b", "z", "c"]);
    let object = apply(containers(&["a", "b"]), json!({"spec": {"containers": [{"name": "b", "args": ["x"]}]}})).unwrap();
    assert_eq!(object["spec"]["containers"], json!([{"name": "a", "image": "old"}, {"name": "b", "image": "old", "args": ["x"]}]));
}

#[test]
fn items_are_deleted_lists_replaced() {
    leaves(json!({"spec": {"containers": [{"name": "b", "$patch": "delete"}]}}), &["a", "c"]);
    leaves(json!({"spec": {"containers": [{"name": "nope", "$patch": "delete"}]}}), &["a", "b", "c"]);
    leaves(json!({"spec": {"containers": [{"$patch": "replace"}, {"name": "z"}]}}), &["z"]);
    let object = apply(containers(&["a"]), json!({"spec": {"containers": null}})).unwrap();
    assert_eq!(object, json!({"spec": {}}));
}

#[test]
fn a_given_order_wins_over_that_of_the_patch_and_the_object() {
    let order = |names: &[&str]| names.iter().map(|n| json!({"name": n})).collect::<Vec<_>>();
    leaves(json!({"spec": {"$setElementOrder/containers": order(&["c", "a", "b"])}}), &["c", "a", "b"]);
    leaves(json!({"spec": {"$setElementOrder/containers": order(&["c", "a"])}}), &["b", "c", "a"]);
    let patch = json!({"spec": {"$setElementOrder/containers": order(&["z", "c", "a"]), "containers": [{"name": "z"}, {"name": "c", "$patch": "delete"}]}});
    leaves(patch, &["b", "z", "a"]);
    fails(
        containers(&["a", "b"]),
        json!({"spec": {"$setElementOrder/containers": order(&["a", "b"]), "containers": [{"name": "b"}, {"name": "a"}]}}),
        500,
        "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
    );
}

#[test]
fn items_without_a_place_in_the_given_order_go_where_upstream_puts_them() {
    let order = |names: &[&str]| names.iter().map(|n| json!({"name": n})).collect::<Vec<_>>();
    let new = json!({"name": "z"});
    leaves(json!({"spec": {"$setElementOrder/containers": [], "containers": [new]}}), &["a", "b", "c", "z"]);
    // A new item takes the place that a deleted one leaves at the end of the live list.
    let replaced = json!([new, {"name": "c", "$patch": "delete"}]);
    leaves(json!({"spec": {"$setElementOrder/containers": order(&["z", "b"]), "containers": replaced}}), &["a", "z", "b"]);
    leaves(json!({"spec": {"$setElementOrder/containers": order(&["z"]), "containers": replaced}}), &["a", "b", "z"]);
    leaves(json!({"spec": {"$setElementOrder/containers": order(&["z"]), "containers": [new]}}), &["z", "a", "b", "c"]);
}

#[test]
fn lists_of_scalars_merge_as_sets_where_the_schema_says_so() {
    let object = json!({"metadata": {"finalizers": ["a", "b", "c"]}, "spec": {"tolerations": [{"key": "x"}]}});
    let finalizers = |patch: Value| apply(object.clone(), json!({"metadata": patch})).unwrap()["metadata"]["finalizers"].clone();
    assert_eq!(finalizers(json!({"finalizers": ["d", "b"]})), json!(["d", "a", "b", "c"]));
    assert_eq!(finalizers(json!({"$deleteFromPrimitiveList/finalizers": ["b", "nope"]})), json!(["a", "c"]));
    assert_eq!(finalizers(json!({"$deleteFromPrimitiveList/finalizers": "b"})), json!(["a", "b", "c"]));
    assert_eq!(finalizers(json!({"$setElementOrder/finalizers": ["c", "a"], "finalizers": ["c"]})), json!(["b", "c", "a"]));
    let replaced = apply(object.clone(), json!({"spec": {"tolerations": [{"key": "y"}]}})).unwrap();
    assert_eq!(replaced["spec"]["tolerations"], json!([{"key": "y"}]));
}

#[test]
fn maps_are_replaced_emptied_or_cut_to_retained_keys() {
    let object = json!({"data": {"a": "1", "b": "2"}, "spec": {"strategy": {"type": "Rolling", "rolling": {"max": 1}}}});
    let patched = |patch| apply(object.clone(), patch).unwrap();
    assert_eq!(patched(json!({"data": {"$patch": "replace", "c": "3"}}))["data"], json!({"c": "3"}));
    assert_eq!(patched(json!({"data": {"$patch": "delete", "c": "3"}}))["data"], json!({}));
    let strategy = patched(json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}));
    assert_eq!(strategy["spec"]["strategy"], json!({"type": "Recreate"}));
    fails(object.clone(), json!({"data": {"$retainKeys": ["a"], "b": "3"}}), 400, "invalid patch format of retainKeys");
    fails(object.clone(), json!({"data": {"$retainKeys": "a"}}), 400, "invalid patch format of retainKeys");
    fails(object.clone(), json!({"data": {"$patch": "merge"}}), 500, "unknown patch type: merge in map: map[$patch:merge]");
    fails(object, json!({"data": {"$patch": true}}), 500, "unknown patch type: %!s(bool=true) in map: map[$patch:true]");
}

#[test]
fn what_is_new_comes_without_nulls_and_directives() {
    let patch = json!({"spec": {"strategy": {"type": null, "rolling": {"$patch": "replace", "max": 1}}, "containers": [{"name": "a", "image": null}, {"name": "b", "$patch": "delete"}]}});
    assert_eq!(apply(json!({}), patch).unwrap(), json!({"spec": {"strategy": {}, "containers": [{"name": "a"}]}}));
}

#[test]
fn malformed_patches_are_told_apart() {
    let live = || json!({"metadata": {"finalizers": ["a"]}, "data": {}, "spec": {"containers": [{"name": "a"}]}});
    let with = |spec: Value| json!({"spec": spec});
    fails(live(), with(json!({"containers": [{"image": "x"}]})), 500, "map: map[image:x] does not contain declared merge key: name");
    fails(live(), with(json!({"containers": ["x"]})), 500, "list element types are not identical: [[map[name:a]] [x]]");
    fails(live(), json!({"metadata": {"$deleteFromPrimitiveListX": ["a"]}}), 400, "invalid patch format of primitive list");
    fails(live(), json!({"metadata": {"$setElementOrderX": ["a"]}}), 400, "invalid patch format of setElementOrder list");
    fails(live(), with(json!({"$setElementOrder/containers": "a"})), 500, "expected a []interface {}, but received a string");
    fails(live(), with(json!({"$setElementOrder/containers": null})), 500, "expected a []interface {}, but received a %!s(<nil>)");
    fails(
        live(),
        with(json!({"$setElementOrder/nope": []})),
        500,
        "unable to find api field in struct WorkloadSpec for the json field \"nope\"",
    );
    fails(live(), with(json!({"containers": [{"$patch": "merge"}]})), 500, "merging lists cannot yet be specified in the patch");
    let generic = "the server rejected our request due to an error in our request";
    fails(json!({"metadata": {"finalizers": []}}), json!({"metadata": {"finalizers": [["a"]]}}), 422, generic);
    fails(live(), json!([1]), 400, "json: cannot unmarshal array into Go value of type map[string]interface {}");
    assert_eq!(apply(live(), json!(null)).unwrap(), live());
}

#[test]
fn the_patch_is_returned_as_the_merge_left_it() {
    let body = br#"{"spec": {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "a"}], "strategy": {"$retainKeys": [], "type": null}}}"#;
    let patch = StrategicMergePatch::parse(body, true).unwrap();
    let live = json!({"spec": {"containers": [{"name": "a"}], "strategy": {"type": "x"}}});
    let patched = patch.apply(live, &common::workload()).unwrap();
    assert_eq!(minkapi_patch::go_format::plain(&patched.patch).to_string(), "map[spec:map[strategy:map[type:<nil>]]]");
}

fn text() -> impl Strategy<Value = Value> {
    "[a-c]{1,2}".prop_map(Value::from)
}

fn by_key(key: &'static str, items: impl Strategy<Value = Vec<Value>>) -> impl Strategy<Value = Value> {
    items.prop_map(move |items| {
        let mut seen = std::collections::HashSet::new();
        items.into_iter().filter(|i| seen.insert(i[key].to_string())).collect::<Vec<_>>().into()
    })
}

fn members(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    let fields: Vec<_> = fields.into_iter().map(|(n, s)| proptest::option::of(s).prop_map(move |v| v.map(|v| (n.to_owned(), v)))).collect();
    fields.prop_map(|fields| Value::Object(fields.into_iter().flatten().collect()))
}

fn keyed_item(key: &'static str, values: BoxedStrategy<Value>, rest: BoxedStrategy<Value>) -> impl Strategy<Value = Value> {
    (values, rest).prop_map(move |(value, mut item)| {
        item[key] = value;
        item
    })
}

fn workload() -> impl Strategy<Value = Value> {
    let port = keyed_item("containerPort", (1..4).prop_map(Value::from).boxed(), members(vec![("name", text().boxed())]).boxed());
    let container = members(vec![
        ("image", text().boxed()),
        ("args", proptest::collection::vec(text(), 0..3).prop_map(Value::from).boxed()),
        ("ports", by_key("containerPort", proptest::collection::vec(port, 0..3)).boxed()),
    ]);
    let container = keyed_item("name", text().boxed(), container.boxed());
    let set = proptest::collection::hash_set("[a-e]", 0..4).prop_map(|s| s.into_iter().collect::<Vec<_>>().into());
    members(vec![
        (
            "metadata",
            members(vec![("finalizers", set.boxed()), ("labels", members(vec![("x", text().boxed()), ("y", text().boxed())]).boxed())])
                .boxed(),
        ),
        (
            "spec",
            members(vec![
                ("replicas", (0..3).prop_map(Value::from).boxed()),
                ("containers", by_key("name", proptest::collection::vec(container, 0..4)).boxed()),
                (
                    "strategy",
                    members(vec![
                        ("type", text().boxed()),
                        ("rolling", members(vec![("max", (0..2).prop_map(Value::from).boxed())]).boxed()),
                    ])
                    .boxed(),
                ),
            ])
            .boxed(),
        ),
    ])
}

proptest! {
    #[test]
    fn a_diff_turns_one_object_into_the_other(a in workload(), b in workload()) {
        let members = |v: &Value| v.as_object().cloned().unwrap_or_else(Map::new);
        let patch = Value::Object(strategic_diff(&members(&a), &members(&b), &common::workload()).unwrap());
        prop_assert_eq!(apply(a, patch.clone()).unwrap(), b, "{}", patch);
    }

    #[test]
    fn any_patch_applies_or_fails_without_panic(a in workload(), patch in arbitrary_patch()) {
        let _ = apply(a, patch);
    }
}

fn arbitrary_patch() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!(null)), text(), Just(json!(1)), Just(json!("delete")), Just(json!("replace")), Just(json!([]))];
    let keys = ["metadata", "spec", "containers", "finalizers", "name", "ports", "strategy", "$patch", "$retainKeys", "type"];
    let more = ["$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers", "$setElementOrder/finalizers", "containerPort"];
    let key = proptest::sample::select([keys.as_slice(), more.as_slice()].concat());
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|m| Value::Object(m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}
