//! The spec of a PersistentVolume, of its own or inline in a VolumeAttachment.

use crate::{
    label_selector::ValuesOf,
    node_selector, persistent_volume_source, pod_spec, resource_quantity,
    value::{entries, field, has, items, map, set_default, set_default_nonzero, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// Access modes that there are, sorted.
pub const ACCESS_MODES: &[&str] = &["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// Volume modes that there are, sorted.
pub const VOLUME_MODES: &[&str] = &["Block", "Filesystem"];

const RECLAIM_POLICIES: &[&str] = &["Delete", "Recycle", "Retain"];
const INLINE: &str = "may not be specified in the context of inline volumes";

/// Fills in what a volume says by default.
pub fn default(spec: &mut Value) {
    set_default_nonzero(spec, "persistentVolumeReclaimPolicy", "Retain");
    set_default(spec, "volumeMode", "Filesystem");
    default_inline(spec);
}

/// Fills in what a volume in another object says by default.
pub fn default_inline(spec: &mut Value) {
    pod_spec::round_resources(spec, "capacity");
    pod_spec::default_sources(spec);
}

/// Everything wrong with the spec of a volume of this name. `old` is the stored spec, whose invalid label values may stay.
pub fn validate(spec: &Value, old: Option<&Value>, name: &str, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    access_modes(&mut errors, spec, "", path);
    capacity(&mut errors, spec, &path.child("capacity"));
    let policy = text(spec, "persistentVolumeReclaimPolicy");
    if !policy.is_empty() && !RECLAIM_POLICIES.contains(&policy) {
        errors.push(Error::not_supported(&path.child("persistentVolumeReclaimPolicy"), policy, RECLAIM_POLICIES));
    }
    if let Some(affinity) = field(spec, "nodeAffinity") {
        let path = path.child("nodeAffinity");
        let kept = old.and_then(|o| crate::value::at(o, &["nodeAffinity", "required"])).is_some_and(node_selector::has_invalid_value);
        let values = if kept { ValuesOf::None } else { ValuesOf::All };
        match field(affinity, "required") {
            Some(required) => errors.extend(node_selector::validate(required, &path.child("required"), values)),
            None => errors.push(Error::required(&path.child("required"), "must specify required node constraints")),
        }
    }
    source(&mut errors, spec, name, path);
    let class = text(spec, "storageClassName");
    if !class.is_empty() {
        invalid_each(&mut errors, &path.child("storageClassName"), class, names::is_dns1123_subdomain(class));
    }
    if let Some(mode) = text_if_set(spec, "volumeMode").filter(|m| !VOLUME_MODES.contains(m)) {
        errors.push(Error::not_supported(&path.child("volumeMode"), mode, VOLUME_MODES));
    }
    attributes_class(&mut errors, spec, path);
    errors
}

/// Everything wrong with a spec inside another object: only what a CSI driver needs may be said.
pub fn validate_inline(spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if has(spec, "claimRef") {
        errors.push(Error::forbidden(&path.child("claimRef"), INLINE));
    }
    if map(spec, "capacity").is_some_and(|c| !c.is_empty()) {
        errors.push(Error::forbidden(&path.child("capacity"), INLINE));
    }
    if !has(spec, "csi") {
        errors.push(Error::required(&path.child("csi"), "has to be specified in the context of inline volumes"));
    }
    access_modes(&mut errors, spec, "", path);
    let policy = text(spec, "persistentVolumeReclaimPolicy");
    if !policy.is_empty() && policy != "Retain" {
        let why = "may only be Retain in the context of inline volumes";
        errors.push(Error::forbidden(&path.child("persistentVolumeReclaimPolicy"), why));
    }
    if has(spec, "nodeAffinity") {
        errors.push(Error::forbidden(&path.child("nodeAffinity"), INLINE));
    }
    source(&mut errors, spec, "", path);
    if !text(spec, "storageClassName").is_empty() {
        errors.push(Error::forbidden(&path.child("storageClassName"), INLINE));
    }
    if text_if_set(spec, "volumeMode").is_some_and(|m| m != "Filesystem") {
        let why = "may not specify volumeMode other than Filesystem in the context of inline volumes";
        errors.push(Error::forbidden(&path.child("volumeMode"), why));
    }
    errors
}

/// The access modes of a volume or claim.
pub fn access_modes(errors: &mut ErrorList, spec: &Value, if_missing: &str, path: &Path<'_>) {
    let path = path.child("accessModes");
    let modes = items(spec, "accessModes");
    if modes.is_empty() {
        errors.push(Error::required(&path, if_missing));
    }
    unsupported_access_modes(errors, modes, &path);
}

/// What access modes do not exist or do not go together.
pub fn unsupported_access_modes(errors: &mut ErrorList, modes: &[Value], path: &Path<'_>) {
    let modes: Vec<&str> = modes.iter().filter_map(Value::as_str).collect();
    for mode in modes.iter().filter(|m| !ACCESS_MODES.contains(m)) {
        errors.push(Error::not_supported(path, *mode, ACCESS_MODES));
    }
    let once_pod = |m: &&str| *m == "ReadWriteOncePod";
    if modes.iter().any(once_pod) && modes.iter().any(|m| !once_pod(m) && ACCESS_MODES.contains(m)) {
        errors.push(Error::forbidden(path, "may not use ReadWriteOncePod with other access modes"));
    }
}

fn capacity(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let capacity = map(spec, "capacity");
    let count = capacity.map_or(0, serde_json::Map::len);
    if count == 0 {
        errors.push(Error::required(path, ""));
    }
    if count != 1 || !capacity.is_some_and(|c| c.contains_key("storage")) {
        errors.push(Error::not_supported(path, spec.get("capacity").cloned().unwrap_or_default(), &["storage"]));
    }
    for (resource, quantity) in entries(spec, "capacity") {
        errors.extend(resource_quantity::basic(quantity, &path.key(resource)));
        errors.extend(resource_quantity::positive(quantity, &path.key(resource)));
    }
}

fn source(errors: &mut ErrorList, spec: &Value, name: &str, path: &Path<'_>) {
    persistent_volume_source::validate(errors, spec, name, path);
    let is_root = |host: &Value| clean_path_is_root(text(host, "path"));
    if field(spec, "hostPath").is_some_and(is_root) && text(spec, "persistentVolumeReclaimPolicy") == "Recycle" {
        let why = "may not be 'recycle' for a hostPath mount of '/'";
        errors.push(Error::forbidden(&path.child("persistentVolumeReclaimPolicy"), why));
    }
}

/// Whether a path is `/` once `.` and `..` are worked out.
fn clean_path_is_root(path: &str) -> bool {
    let mut depth = 0usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
    }
    path.starts_with('/') && depth == 0
}

fn attributes_class(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let Some(class) = text_if_set(spec, "volumeAttributesClassName") else { return };
    let class_path = path.child("volumeAttributesClassName");
    if class.is_empty() {
        errors.push(Error::required(&class_path, "an empty string is disallowed"));
    } else {
        invalid_each(errors, &class_path, class, names::is_dns1123_subdomain(class));
    }
    if !has(spec, "csi") {
        errors.push(Error::required(&path.child("csi"), "has to be specified when using volumeAttributesClassName"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn a_volume_has_storage_and_nothing_else() {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "capacity": {"cpu": "1"}, "hostPath": {"path": "/a"}});
        assert_eq!(
            texts(&validate(&spec, None, "a", &Path::new("spec"))),
            ["spec.capacity: Unsupported value: {\"cpu\":\"1\"}: supported values: \"storage\""]
        );
    }

    #[test]
    fn an_inline_volume_is_csi_and_little_else() {
        let spec = json!({"accessModes": ["ReadWriteOnce"], "claimRef": {}, "hostPath": {"path": "/a"}});
        assert_eq!(
            texts(&validate_inline(&spec, &Path::new("inline"))),
            [
                "inline.claimRef: Forbidden: may not be specified in the context of inline volumes",
                "inline.csi: Required value: has to be specified in the context of inline volumes",
            ]
        );
    }

    #[test]
    fn the_root_directory_is_recognised_in_disguise() {
        assert!(clean_path_is_root("/") && clean_path_is_root("//a/.."));
        assert!(!clean_path_is_root("/a") && !clean_path_is_root(""));
    }
}
