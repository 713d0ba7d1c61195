//! PersistentVolume: a piece of storage.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits, go_struct, node_label, node_selector,
    object_meta::immutable,
    persistent_volume_go::PERSISTENT_VOLUME_SOURCE,
    persistent_volume_source, persistent_volume_spec, resource_quantity, storage_text, table, update,
    value::{at, at_mut, field, has, items, items_mut, object_mut, set, set_default_nonzero, text, text_if_set, unset},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Map, Value, json};

/// The strategy of PersistentVolume.
#[derive(Debug)]
pub struct PersistentVolume;

const MOUNT_OPTIONS_ANNOTATION: &str = "volume.beta.kubernetes.io/mount-options";

/// Sources that know mount options.
const MOUNTED_WITH_OPTIONS: &[&str] = &[
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "nfs",
    "rbd",
    "quobyte",
    "iscsi",
    "cinder",
    "cephfs",
    "azureFile",
    "vsphereVolume",
    "azureDisk",
    "photonPersistentDisk",
];

const DEPRECATED_ANNOTATIONS: &[(&str, &str)] = &[
    (storage_text::BETA_CLASS_ANNOTATION, "deprecated since v1.8; use \"storageClassName\" attribute instead"),
    (MOUNT_OPTIONS_ANNOTATION, "deprecated since v1.31; use \"mountOptions\" attribute instead"),
];

/// Sources that are gone, what their warning calls them, and since when.
const DEPRECATED_SOURCES: &[(&str, &str, &str)] = &[
    ("cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

impl Strategy for PersistentVolume {
    fn traits(&self) -> Traits {
        Traits { deleted: DeletedAnswer::Object, name_on_update: true, ..Traits::WITH_STATUS }
    }

    fn default(&self, volume: &mut Value) {
        if let Some(status) = object_mut(volume, "status") {
            set_default_nonzero(status, "phase", "Pending");
        }
        if let Some(spec) = object_mut(volume, "spec") {
            persistent_volume_spec::default(spec);
        }
    }

    fn prepare_for_create(&self, cx: &Context<'_>, volume: &mut Value) {
        set(volume, "status", json!({"phase": "Pending", "lastPhaseTransitionTime": cx.now}));
    }

    fn validate(&self, _: &Context<'_>, volume: &Value) -> ErrorList {
        validate(volume, None)
    }

    fn warnings_on_create(&self, _: &Context<'_>, volume: &Value) -> Vec<String> {
        warnings(volume)
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        update::keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource == "status" {
            note_phase_transition(cx, new, old);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" { ErrorList::new() } else { validate_update(new, old) }
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        if cx.subresource == "status" { Vec::new() } else { warnings(new) }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, volume: &Value, now_millis: i64, _: bool) -> Row {
        let spec = spec(volume);
        let claim = field(spec, "claimRef").map(|c| format!("{}/{}", text(c, "namespace"), text(c, "name")));
        Row::of(vec![
            table::name(volume),
            json!(resource_quantity::read(at(spec, &["capacity", "storage"])).to_string()),
            json!(storage_text::access_modes(items(spec, "accessModes"))),
            json!(text(spec, "persistentVolumeReclaimPolicy")),
            json!(storage_text::phase(volume)),
            json!(claim.unwrap_or_default()),
            json!(storage_text::class(volume)),
            json!(text_if_set(spec, "volumeAttributesClassName").unwrap_or(table::UNSET)),
            json!(field(volume, "status").map_or("", |s| text(s, "reason"))),
            table::age(volume, now_millis),
            json!(text_if_set(spec, "volumeMode").unwrap_or(table::UNSET)),
        ])
    }
}

fn spec(volume: &Value) -> &Value {
    field(volume, "spec").unwrap_or(&Value::Null)
}

fn validate(volume: &Value, old: Option<&Value>) -> ErrorList {
    let name = field(volume, "metadata").map_or("", |m| text(m, "name"));
    let spec = spec(volume);
    let mut errors = persistent_volume_spec::validate(spec, old.map(self::spec), name, &Path::new("spec"));
    let annotated = at(volume, &["metadata", "annotations"]).is_some_and(|a| a.get(MOUNT_OPTIONS_ANNOTATION).is_some());
    if annotated && !MOUNTED_WITH_OPTIONS.iter().any(|source| has(spec, source)) {
        let (meta, annotations) = (Path::new("metadata"), "annotations");
        let path = meta.child(annotations);
        errors.push(Error::forbidden(&path.child(MOUNT_OPTIONS_ANNOTATION), "may not specify mount options for this volume type"));
    }
    errors
}

/// The sources of a spec, which never change.
fn sources(spec: &Value) -> Value {
    let sources: Map<String, Value> =
        persistent_volume_source::fields().filter_map(|key| field(spec, key).map(|source| (key.to_owned(), source.clone()))).collect();
    Value::Object(sources)
}

fn validate_update(new: &Value, old: &Value) -> ErrorList {
    let mut errors = validate(new, Some(old));
    let (new_spec, old_spec) = (spec(new), spec(old));
    let (mut after, before) = (sources(new_spec), sources(old_spec));
    if let (Some(csi), Some(old_csi)) = (after.get_mut("csi"), before.get("csi"))
        && !has(old_csi, "controllerExpandSecretRef")
    {
        // How to expand it may be said later.
        unset(csi, "controllerExpandSecretRef");
    }
    if after != before {
        let spec = Path::new("spec");
        let path = spec.child("persistentvolumesource");
        let indented = |sources: &Value| go_struct::indented(sources, PERSISTENT_VOLUME_SOURCE);
        let diff = crate::unified_diff::unified_diff(&indented(&before), &indented(&after));
        errors.push(Error::forbidden(&path, format!("spec.persistentvolumesource is immutable after creation\n{diff}")));
    }
    errors.extend(immutable(field(new_spec, "volumeMode"), field(old_spec, "volumeMode"), &Path::new("volumeMode")));
    if let (Some(before), after) = (field(old_spec, "nodeAffinity"), field(new_spec, "nodeAffinity")) {
        errors.extend(affinity_kept(after, before));
    }
    let class = "volumeAttributesClassName";
    if has(old_spec, class) && !has(new_spec, class) {
        let spec = Path::new("spec");
        errors.push(Error::forbidden(&spec.child(class), "update from non-nil value to nil is forbidden"));
    }
    errors
}

/// A volume's nodes may not change, but a requirement may move from a beta label to the one that it became.
fn affinity_kept(after: Option<&Value>, before: &Value) -> Option<Error> {
    let mut moved = before.clone();
    let new_terms = after.and_then(|a| field(a, "required")).map_or(&[][..], |r| items(r, "nodeSelectorTerms"));
    let old_terms = at_mut(&mut moved, &["required"]).map(|r| items_mut(r, "nodeSelectorTerms")).unwrap_or_default();
    for (term, new_term) in old_terms.iter_mut().zip(new_terms) {
        for (requirement, new) in items_mut(term, "matchExpressions").iter_mut().zip(items(new_term, "matchExpressions")) {
            if let Some(successor) = node_label::successor(text(requirement, "key")).filter(|s| *s == text(new, "key")) {
                set(requirement, "key", successor);
            }
        }
    }
    if after == Some(&moved) {
        return None;
    }
    let why = "field is immutable, except for updating from beta label to GA";
    Some(Error::invalid(&Path::new("nodeAffinity"), after.cloned().unwrap_or_default(), why))
}

/// The server notes when the phase changed, unless the client says so itself.
fn note_phase_transition(cx: &Context<'_>, new: &mut Value, old: &Value) {
    const TIME: &str = "lastPhaseTransitionTime";
    let status = |v: &Value, key: &str| at(v, &["status", key]).cloned();
    let (time_before, time_after) = (status(old, TIME), status(new, TIME));
    let same_phase = status(old, "phase") == status(new, "phase");
    let Some(new_status) = object_mut(new, "status") else { return };
    if same_phase && time_after.is_none() {
        if let Some(time) = time_before {
            set(new_status, TIME, time);
        }
    } else if !same_phase && (time_after.is_none() || time_after == time_before) {
        set(new_status, TIME, cx.now);
    }
}

fn warnings(volume: &Value) -> Vec<String> {
    let mut warnings = Vec::new();
    let annotations = at(volume, &["metadata", "annotations"]).unwrap_or(&Value::Null);
    for (key, why) in DEPRECATED_ANNOTATIONS.iter().filter(|(key, _)| annotations.get(key).is_some()) {
        warnings.push(format!("metadata.annotations[{key}]: {why}"));
    }
    let spec = spec(volume);
    if text(spec, "persistentVolumeReclaimPolicy") == "Recycle" {
        warnings.push(
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
                .to_owned(),
        );
    }
    if let Some(required) = at(spec, &["nodeAffinity", "required"]) {
        let (spec, affinity) = (Path::new("spec"), "nodeAffinity");
        let affinity = spec.child(affinity);
        warnings.extend(node_selector::warnings(required, &affinity.child("required")));
    }
    for (_, name, why) in DEPRECATED_SOURCES.iter().filter(|(key, ..)| has(spec, key)) {
        warnings.push(format!("spec.{name}: {why}"));
    }
    warnings
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Capacity",
        "string",
        "",
        0,
        "capacity is the description of the persistent volume's resources and capacity. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#capacity",
    ),
    Column::new(
        "Access Modes",
        "string",
        "",
        0,
        "accessModes contains all ways the volume can be mounted. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes",
    ),
    Column::new(
        "Reclaim Policy",
        "string",
        "",
        0,
        "persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its claim. Valid options are Retain (default for manually created PersistentVolumes), Delete (default for dynamically provisioned PersistentVolumes), and Recycle (deprecated). Recycle must be supported by the volume plugin underlying this PersistentVolume. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#reclaiming",
    ),
    Column::new(
        "Status",
        "string",
        "",
        0,
        "phase indicates if a volume is available, bound to a claim, or released by a claim. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#phase",
    ),
    Column::new(
        "Claim",
        "string",
        "",
        0,
        "claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim. Expected to be non-nil when bound. claim.VolumeName is the authoritative bind between PV and PVC. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#binding",
    ),
    Column::new("StorageClass", "string", "", 0, "StorageClass of the pv"),
    Column::new("VolumeAttributesClass", "string", "", 0, "VolumeAttributesClass of the pv"),
    Column::new(
        "Reason",
        "string",
        "",
        0,
        "reason is a brief CamelCase string that describes any failure and is meant for machine parsing and tidy display in the CLI.",
    ),
    table::AGE,
    Column::new(
        "VolumeMode",
        "string",
        "",
        1,
        "volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain in raw block state. Value of Filesystem is implied when not included in spec.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn volume(driver: &str) -> Value {
        json!({"metadata": {"name": "a"}, "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
            "csi": {"driver": driver, "volumeHandle": "h"}}})
    }

    #[test]
    fn the_diff_of_a_changed_source_prints_it_as_go_declares_it() {
        let why = "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n";
        let diff = "@@ -21,7 +21,7 @@\n  \"Local\": null,\n  \"StorageOS\": null,\n  \"CSI\": {\n-  \"Driver\": \"d\",\n+  \"Driver\": \"e\",\n   \"VolumeHandle\": \"h\",\n   \"ReadOnly\": false,\n   \"FSType\": \"\",\n";
        assert_eq!(texts(&validate_update(&volume("e"), &volume("d"))), [format!("{why}{diff}")]);
    }

    #[test]
    fn the_server_notes_when_the_phase_changes() {
        let cx = Context { subresource: "status", ..Context::example() };
        let of = |phase: &str| json!({"status": {"phase": phase, "lastPhaseTransitionTime": "2020-01-01T00:00:00Z"}});
        let mut new = of("Bound");
        PersistentVolume.prepare_for_update(&cx, &mut new, &of("Available"));
        assert_eq!(new["status"]["lastPhaseTransitionTime"], cx.now);
        let mut same = of("Bound");
        PersistentVolume.prepare_for_update(&cx, &mut same, &of("Bound"));
        assert_eq!(same, of("Bound"));
    }
}
