//! Fields of features that are off by default in 1.37: they are dropped as if nobody had sent them, unless the stored object
//! has them already.

use super::CONTAINER_LISTS;
use crate::value::{at, at_mut, field, field_mut, has, items, items_mut, unset};
use serde_json::Value;

/// A place in a container whose last field belongs to a feature that is off.
type Place = &'static [&'static str];

/// Features of containers; all places of one feature are in use if one is.
const OF_CONTAINERS: &[&[Place]] = &[
    // H2CContainerProbe
    &[
        &["livenessProbe", "httpGet", "protocol"],
        &["readinessProbe", "httpGet", "protocol"],
        &["startupProbe", "httpGet", "protocol"],
        &["lifecycle", "postStart", "httpGet", "protocol"],
        &["lifecycle", "preStop", "httpGet", "protocol"],
    ],
    // GRPCContainerProbeTLS
    &[&["livenessProbe", "grpc", "mode"], &["readinessProbe", "grpc", "mode"], &["startupProbe", "grpc", "mode"]],
    // ContainerStopSignals
    &[&["lifecycle", "stopSignal"]],
];

/// GenericWorkload and EvictionRequestAPI.
const OF_SPEC: &[&str] = &["schedulingGroup", "evictionResponders"];

/// Annotations that held init containers before there was a field.
const INIT_CONTAINER_ANNOTATIONS: &[&str] = &[
    "pod.beta.kubernetes.io/init-containers",
    "pod.alpha.kubernetes.io/init-containers",
    "pod.beta.kubernetes.io/init-container-statuses",
    "pod.alpha.kubernetes.io/init-container-statuses",
];

/// Drops them from a pod or template, given the stored one.
pub fn drop_disabled(holder: &mut Value, old: Option<&Value>) {
    if let Some(annotations) = at_mut(holder, &["metadata", "annotations"]) {
        for key in INIT_CONTAINER_ANNOTATIONS {
            unset(annotations, key);
        }
    }
    let old = old.and_then(|o| field(o, "spec")).unwrap_or(&Value::Null);
    let Some(spec) = field_mut(holder, "spec") else { return };
    for key in OF_SPEC.iter().filter(|key| !has(old, key)) {
        unset(spec, key);
    }
    for places in OF_CONTAINERS {
        if !super::containers(old).any(|c| places.iter().any(|place| at(c, place).is_some())) {
            for_each_container(spec, |container| places.iter().for_each(|place| drop_place(container, place)));
        }
    }
    let mounts_with_options = |c: &Value| items(c, "volumeMounts").iter().any(|m| has(m, "bindMountOptions"));
    if !super::containers(old).any(mounts_with_options) {
        for_each_container(spec, |container| {
            items_mut(container, "volumeMounts").iter_mut().for_each(|mount| unset(mount, "bindMountOptions"));
        });
    }
    let has_mode = |v: &Value| at(v, &["emptyDir", "mode"]).is_some();
    if !items(old, "volumes").iter().any(has_mode) {
        for volume in items_mut(spec, "volumes") {
            drop_place(volume, &["emptyDir", "mode"]);
        }
    }
    if !items(old, "volumes").iter().any(has_user) {
        items_mut(spec, "volumes").iter_mut().for_each(drop_users);
    }
}

/// A lifecycle that said nothing else is gone too.
fn drop_place(holder: &mut Value, place: &[&str]) {
    let Some((last, parents)) = place.split_last() else { return };
    let Some(parent) = at_mut(holder, parents) else { return };
    if !has(parent, last) {
        return;
    }
    unset(parent, last);
    if *last == "stopSignal" && parent.as_object().is_some_and(serde_json::Map::is_empty) {
        unset(holder, "lifecycle");
    }
}

fn for_each_container(spec: &mut Value, mut change: impl FnMut(&mut Value)) {
    for key in CONTAINER_LISTS {
        items_mut(spec, key).iter_mut().for_each(&mut change);
    }
}

/// Sources whose files may have an owner (AtomicWriteVolumeUserFields).
const WITH_USERS: &[&str] = &["secret", "configMap", "downwardAPI", "projected"];
const PROJECTIONS: &[&str] = &["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];

fn has_user(volume: &Value) -> bool {
    let in_items = |holder: &Value| items(holder, "items").iter().any(|i| has(i, "user"));
    WITH_USERS.iter().filter_map(|key| field(volume, key)).any(|source| {
        has(source, "defaultUser")
            || in_items(source)
            || items(source, "sources")
                .iter()
                .any(|s| PROJECTIONS.iter().filter_map(|key| field(s, key)).any(|p| has(p, "user") || in_items(p)))
    })
}

fn drop_users(volume: &mut Value) {
    for key in WITH_USERS {
        let Some(source) = field_mut(volume, key) else { continue };
        unset(source, "defaultUser");
        items_mut(source, "items").iter_mut().for_each(|item| unset(item, "user"));
        for projection in items_mut(source, "sources") {
            for key in PROJECTIONS {
                let Some(projection) = field_mut(projection, key) else { continue };
                unset(projection, "user");
                items_mut(projection, "items").iter_mut().for_each(|item| unset(item, "user"));
            }
        }
    }
}

/// As [`drop_disabled`] for a pod's status.
pub fn drop_disabled_status(pod: &mut Value, old: Option<&Value>) {
    const STATUSES: &[&str] = &["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"];
    let old = old.and_then(|o| field(o, "status")).unwrap_or(&Value::Null);
    let Some(status) = field_mut(pod, "status") else { return };
    // DRANodeAllocatableResources and CSIVolumeHealth
    for key in ["nodeAllocatableResourceClaimStatuses", "volumeHealth"] {
        if items(old, key).is_empty() {
            unset(status, key);
        }
    }
    // ImageVolumeWithDigest
    let mut mounts = STATUSES.iter().flat_map(|key| items(old, key)).flat_map(|s| items(s, "volumeMounts"));
    if !mounts.any(|m| has(m, "volumeStatus")) {
        for key in STATUSES {
            for container in items_mut(status, key) {
                items_mut(container, "volumeMounts").iter_mut().for_each(|mount| unset(mount, "volumeStatus"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_of_features_that_are_off_are_dropped_unless_stored() {
        let pod = json!({"spec": {"containers": [{"lifecycle": {"stopSignal": "SIGTERM"}}], "schedulingGroup": {}}});
        let mut new = pod.clone();
        drop_disabled(&mut new, None);
        assert_eq!(new, json!({"spec": {"containers": [{}]}}));
        let mut kept = pod.clone();
        drop_disabled(&mut kept, Some(&pod));
        assert_eq!(kept, pod);
    }
}
