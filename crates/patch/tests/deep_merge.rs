//! Strategic merge against k8s-openapi's `DeepMerge`, which merges typed objects by the same keys, where both are defined: a patch
//! that adds and changes, but does not remove. Only the order in which new items stand in lists is its own. (Maps that server-side apply
//! takes as one value, such as `nodeSelector`, `DeepMerge` replaces and a strategic merge does not.)
#![allow(clippy::unwrap_used)]

use k8s_openapi::{
    DeepMerge as _,
    api::{apps::v1::Deployment, core::v1::PodSpec},
};
use minkapi_patch::StrategicMergePatch;
use proptest::{collection::btree_map, option::of, prelude::*};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn text() -> impl Strategy<Value = String> {
    "[a-c]"
}

/// Items by their key.
fn keyed(key: &'static str, rest: impl Strategy<Value = BTreeMap<String, String>>) -> impl Strategy<Value = Vec<Value>> {
    btree_map(text(), rest, 0..4).prop_map(move |items| {
        let item = |(name, rest): (String, BTreeMap<String, String>)| {
            let mut item = json!(rest);
            item[key] = name.into();
            item
        };
        items.into_iter().map(item).collect()
    })
}

fn one_field(name: &'static str) -> impl Strategy<Value = BTreeMap<String, String>> {
    of(text()).prop_map(move |value| value.map(|value| (name.to_owned(), value)).into_iter().collect())
}

fn containers() -> impl Strategy<Value = Vec<Value>> {
    let more = (keyed("name", one_field("value")), keyed("mountPath", one_field("subPath")), of(proptest::collection::vec(text(), 0..3)));
    proptest::collection::vec((text(), of(text()), more), 0..4).prop_map(|found| {
        let mut containers: BTreeMap<String, Value> = BTreeMap::new();
        for (name, image, (env, mounts, args)) in found {
            let mut container = json!({"name": name, "env": env, "volumeMounts": mounts});
            for mount in container["volumeMounts"].as_array_mut().unwrap() {
                mount["name"] = "data".into();
            }
            if let Some(image) = image {
                container["image"] = image.into();
            }
            if let Some(args) = args {
                container["args"] = json!(args);
            }
            containers.insert(name, container);
        }
        containers.into_values().collect()
    })
}

fn deployment() -> impl Strategy<Value = Value> {
    let labels = || btree_map(text(), text(), 0..3);
    (labels(), of(0..5_i32), labels(), containers(), of(proptest::collection::vec(text(), 1..3))).prop_map(
        |(labels, replicas, annotations, containers, tolerated)| {
            let tolerations = tolerated.map(|keys| keys.into_iter().map(|key| json!({"key": key})).collect::<Vec<_>>());
            let mut spec = json!({"selector": {}, "template": {"spec": {"containers": containers}}});
            if let Some(replicas) = replicas {
                spec["replicas"] = replicas.into();
            }
            if let Some(tolerations) = tolerations {
                spec["template"]["spec"]["tolerations"] = tolerations.into();
            }
            json!({"metadata": {"labels": labels, "annotations": annotations}, "spec": spec})
        },
    )
}

/// With the items of keyed lists in order of their keys.
fn sorted(value: Value) -> Deployment {
    let mut deployment: Deployment = serde_json::from_value(value).unwrap();
    let spec: &mut PodSpec = deployment.spec.as_mut().unwrap().template.spec.as_mut().unwrap();
    spec.containers.sort_by(|a, b| a.name.cmp(&b.name));
    for container in &mut spec.containers {
        container.env.iter_mut().for_each(|env| env.sort_by(|a, b| a.name.cmp(&b.name)));
        container.volume_mounts.iter_mut().for_each(|mounts| mounts.sort_by(|a, b| a.mount_path.cmp(&b.mount_path)));
    }
    deployment
}

proptest! {
    #[test]
    fn both_merge_to_the_same_object(a in deployment(), patch in deployment()) {
        let schema = &minkapi_registry::kind("apps/v1", "Deployment").unwrap().schema;
        let ours = StrategicMergePatch::parse(patch.to_string().as_bytes(), true).unwrap().apply(a.clone(), schema).unwrap().object;
        let mut theirs: Deployment = serde_json::from_value(a).unwrap();
        theirs.merge_from(serde_json::from_value(patch).unwrap());
        prop_assert_eq!(sorted(ours), sorted(serde_json::to_value(theirs).unwrap()));
    }
}
