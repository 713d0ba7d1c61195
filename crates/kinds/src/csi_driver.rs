//! CSIDriver: what a storage driver wants of the cluster.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits, declarative,
    object_meta::immutable,
    table, update,
    value::{field, flag, flag_if_set, has, int, items, object_mut, set, set_default, text, text_if_set},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The strategy of CSIDriver.
#[derive(Debug)]
pub struct CSIDriver;

const FS_GROUP_POLICIES: &[&str] = &["File", "None", "ReadWriteOnceWithFSType"];
const LIFECYCLE_MODES: &[&str] = &["Persistent", "Ephemeral"];
const TOKEN_WARNING: &str = "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes";
const MIN_TOKEN_SECONDS: i64 = 600;
const MIN_UPDATE_PERIOD_SECONDS: i64 = 10;

impl Strategy for CSIDriver {
    fn traits(&self) -> Traits {
        Traits { unconditional_update: false, deleted: DeletedAnswer::Object, ..Traits::DEFAULT }
    }

    fn default(&self, driver: &mut Value) {
        let Some(spec) = object_mut(driver, "spec") else { return };
        set_default(spec, "attachRequired", true);
        set_default(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
        for key in ["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount", "preventPodSchedulingIfMissing"] {
            set_default(spec, key, false);
        }
        if items(spec, "volumeLifecycleModes").is_empty() {
            set(spec, "volumeLifecycleModes", json!(["Persistent"]));
        }
    }

    fn validate(&self, _: &Context<'_>, driver: &Value) -> ErrorList {
        validate_spec(spec(driver))
    }

    fn warnings_on_create(&self, _: &Context<'_>, driver: &Value) -> Vec<String> {
        token_warning(spec(driver)).into_iter().collect()
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        update::raise_generation_if_changed(new, old, &["spec"]);
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let (new, old) = (spec(new), spec(old));
        let mut errors = validate_spec(new);
        let path = Path::new("spec");
        errors.extend(immutable(field(new, "attachRequired"), field(old, "attachRequired"), &path.child("attachedRequired")));
        let key = "volumeLifecycleModes";
        if declarative::changed(new, old, key) {
            errors.extend(immutable(field(new, key), field(old, key), &path.child(key)));
        }
        errors
    }

    fn warnings_on_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        if declarative::changed(spec(new), spec(old), "tokenRequests") {
            token_warning(spec(new)).into_iter().collect()
        } else {
            Vec::new()
        }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, driver: &Value, now_millis: i64, _: bool) -> Row {
        let spec = spec(driver);
        let modes = joined(items(spec, "volumeLifecycleModes").iter().filter_map(Value::as_str));
        let audiences = joined(items(spec, "tokenRequests").iter().map(|t| text(t, "audience")));
        Row::of(vec![
            table::name(driver),
            json!(flag_if_set(spec, "attachRequired").unwrap_or(true)),
            json!(flag(spec, "podInfoOnMount")),
            json!(flag(spec, "storageCapacity")),
            if has(spec, "tokenRequests") { json!(audiences) } else { json!(table::UNSET) },
            json!(flag(spec, "requiresRepublish")),
            if modes.is_empty() { json!(table::NONE) } else { json!(modes) },
            table::age(driver, now_millis),
        ])
    }
}

fn spec(driver: &Value) -> &Value {
    field(driver, "spec").unwrap_or(&Value::Null)
}

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

fn token_warning(spec: &Value) -> Option<String> {
    (!items(spec, "tokenRequests").is_empty() && !has(spec, "serviceAccountTokenInSecrets")).then(|| TOKEN_WARNING.to_owned())
}

fn validate_spec(spec: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("spec");
    if let Some(policy) = text_if_set(spec, "fsGroupPolicy").filter(|p| !FS_GROUP_POLICIES.contains(p)) {
        errors.push(Error::not_supported(&path.child("fsGroupPolicy"), policy, FS_GROUP_POLICIES));
    }
    validate_token_requests(&mut errors, spec, &path.child("tokenRequests"));
    for mode in items(spec, "volumeLifecycleModes").iter().filter_map(Value::as_str).filter(|m| !LIFECYCLE_MODES.contains(m)) {
        errors.push(Error::not_supported(&path.child("volumeLifecycleModes"), mode, LIFECYCLE_MODES));
    }
    let period = "nodeAllocatableUpdatePeriodSeconds";
    if let Some(seconds) = int(spec, period).filter(|s| *s < MIN_UPDATE_PERIOD_SECONDS) {
        errors.push(Error::invalid(&path.child(period), seconds, "must be greater than or equal to 10 seconds"));
    }
    let in_secrets = "serviceAccountTokenInSecrets";
    if let Some(value) = flag_if_set(spec, in_secrets).filter(|_| items(spec, "tokenRequests").is_empty()) {
        errors.push(Error::invalid(
            &path.child(in_secrets),
            value,
            "serviceAccountTokenInSecrets is set but no tokenRequests are specified",
        ));
    }
    errors
}

fn validate_token_requests(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let mut audiences = BTreeSet::new();
    for (i, request) in items(spec, "tokenRequests").iter().enumerate() {
        let path = path.index(i);
        let audience = text(request, "audience");
        if !audiences.insert(audience) {
            errors.push(Error::duplicate(&path.child("audience"), audience));
            continue;
        }
        let Some(seconds) = int(request, "expirationSeconds") else { continue };
        let path = path.child("expirationSeconds");
        if seconds < MIN_TOKEN_SECONDS {
            errors.push(Error::invalid(&path, seconds, "may not specify a duration less than 10 minutes"));
        }
        if seconds > 1 << 32 {
            errors.push(Error::invalid(&path, seconds, "may not specify a duration larger than 2^32 seconds"));
        }
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "AttachRequired",
        "boolean",
        "",
        0,
        "attachRequired indicates this CSI volume driver requires an attach operation (because it implements the CSI ControllerPublishVolume() method), and that the Kubernetes attach detach controller should call the attach volume interface which checks the volumeattachment status and waits until the volume is attached before proceeding to mounting. The CSI external-attacher coordinates with CSI volume driver and updates the volumeattachment status when the attach operation is complete. If the value is specified to false, the attach operation will be skipped. Otherwise the attach operation will be called.\n\nThis field is immutable.",
    ),
    Column::new(
        "PodInfoOnMount",
        "boolean",
        "",
        0,
        "podInfoOnMount indicates this CSI volume driver requires additional pod information (like podName, podUID, etc.) during mount operations, if set to true. If set to false, pod information will not be passed on mount. Default is false.\n\nThe CSI driver specifies podInfoOnMount as part of driver deployment. If true, Kubelet will pass pod information as VolumeContext in the CSI NodePublishVolume() calls. The CSI driver is responsible for parsing and validating the information passed in as VolumeContext.\n\nThe following VolumeContext will be passed if podInfoOnMount is set to true. This list might grow, but the prefix will be used. \"csi.storage.k8s.io/pod.name\": pod.Name \"csi.storage.k8s.io/pod.namespace\": pod.Namespace \"csi.storage.k8s.io/pod.uid\": string(pod.UID) \"csi.storage.k8s.io/ephemeral\": \"true\" if the volume is an ephemeral inline volume\n                                defined by a CSIVolumeSource, otherwise \"false\"\n\n\"csi.storage.k8s.io/ephemeral\" is a new feature in Kubernetes 1.16. It is only required for drivers which support both the \"Persistent\" and \"Ephemeral\" VolumeLifecycleMode. Other drivers can leave pod info disabled and/or ignore this field. As Kubernetes 1.15 doesn't support this field, drivers can only support one mode when deployed on such a cluster and the deployment determines which mode that is, for example via a command line parameter of the driver.\n\nThis field was immutable in Kubernetes < 1.29 and now is mutable.",
    ),
    Column::new(
        "StorageCapacity",
        "boolean",
        "",
        0,
        "storageCapacity indicates that the CSI volume driver wants pod scheduling to consider the storage capacity that the driver deployment will report by creating CSIStorageCapacity objects with capacity information, if set to true.\n\nThe check can be enabled immediately when deploying a driver. In that case, provisioning new volumes with late binding will pause until the driver deployment has published some suitable CSIStorageCapacity object.\n\nAlternatively, the driver can be deployed with the field unset or false and it can be flipped later when storage capacity information has been published.\n\nThis field was immutable in Kubernetes <= 1.22 and now is mutable.",
    ),
    Column::new(
        "TokenRequests",
        "string",
        "",
        0,
        "tokenRequests indicates the CSI driver needs pods' service account tokens it is mounting volume for to do necessary authentication. Kubelet will pass the tokens in VolumeContext in the CSI NodePublishVolume calls. The CSI driver should parse and validate the following VolumeContext: \"csi.storage.k8s.io/serviceAccount.tokens\": {\n  \"<audience>\": {\n    \"token\": <token>,\n    \"expirationTimestamp\": <expiration timestamp in RFC3339>,\n  },\n  ...\n}\n\nNote: Audience in each TokenRequest should be different and at most one token is empty string. To receive a new token after expiry, RequiresRepublish can be used to trigger NodePublishVolume periodically.",
    ),
    Column::new(
        "RequiresRepublish",
        "boolean",
        "",
        0,
        "requiresRepublish indicates the CSI driver wants `NodePublishVolume` being periodically called to reflect any possible change in the mounted volume. This field defaults to false.\n\nNote: After a successful initial NodePublishVolume call, subsequent calls to NodePublishVolume should only update the contents of the volume. New mount points will not be seen by a running container.",
    ),
    Column::new(
        "Modes",
        "string",
        "",
        0,
        "volumeLifecycleModes defines what kind of volumes this CSI volume driver supports. The default if the list is empty is \"Persistent\", which is the usage defined by the CSI specification and implemented in Kubernetes via the usual PV/PVC mechanism.\n\nThe other mode is \"Ephemeral\". In this mode, volumes are defined inline inside the pod spec with CSIVolumeSource and their lifecycle is tied to the lifecycle of that pod. A driver has to be aware of this because it is only going to get a NodePublishVolume call for such a volume.\n\nFor more information about implementing this mode, see https://kubernetes-csi.github.io/docs/ephemeral-local-volumes.html A driver can support one or more of these modes and more modes may be added in the future.\n\nThis field is beta. This field is immutable.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_spec_says_everything_by_default() {
        let mut driver = json!({});
        CSIDriver.default(&mut driver);
        let expected = json!({"spec": {"attachRequired": true, "podInfoOnMount": false, "storageCapacity": false, "requiresRepublish": false,
            "seLinuxMount": false, "preventPodSchedulingIfMissing": false, "fsGroupPolicy": "ReadWriteOnceWithFSType",
            "volumeLifecycleModes": ["Persistent"]}});
        assert_eq!(driver, expected);
    }

    #[test]
    fn token_requests_differ_in_audience_and_last_long_enough() {
        let spec = json!({"tokenRequests": [{"audience": "a", "expirationSeconds": 60}, {"audience": "a"}]});
        let texts: Vec<_> = validate_spec(&spec).iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.tokenRequests[0].expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes",
                "spec.tokenRequests[1].audience: Duplicate value: \"a\"",
            ]
        );
    }
}
