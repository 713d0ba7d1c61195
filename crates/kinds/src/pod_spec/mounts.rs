//! Where a container mounts volumes, as file systems and as block devices.

use super::{
    paths::{has_backsteps, local_descending},
    volume::{Volumes, is_claim},
};
use crate::value::{at, flag, items, text, text_if_set};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;
use std::collections::BTreeSet;

const PROPAGATIONS: &[&str] = &["Bidirectional", "HostToContainer", "None"];
const RECURSIVE_READ_ONLY: &[&str] = &["Disabled", "Enabled", "IfPossible"];

/// Checks `volumeMounts`.
pub fn validate_mounts(errors: &mut ErrorList, container: &Value, volumes: &Volumes<'_>, path: &Path<'_>) {
    let devices = items(container, "volumeDevices");
    let mut mounted = BTreeSet::new();
    for (i, mount) in items(container, "volumeMounts").iter().enumerate() {
        let at_index = path.index(i);
        let (name, mount_path) = (text(mount, "name"), text(mount, "mountPath"));
        let (name_path, target_path) = (at_index.child("name"), at_index.child("mountPath"));
        if name.is_empty() {
            errors.push(Error::required(&name_path, ""));
        }
        if !volumes.contains_key(name) {
            errors.push(Error::not_found(&name_path, name));
        }
        if mount_path.is_empty() {
            errors.push(Error::required(&target_path, ""));
        }
        if !mounted.insert(mount_path) {
            errors.push(Error::invalid(&target_path, mount_path, "must be unique"));
        }
        if devices.iter().any(|d| text(d, "name") == name) {
            errors.push(Error::invalid(&name_path, name, "must not already exist in volumeDevices"));
        }
        if devices.iter().any(|d| text(d, "devicePath") == mount_path) {
            errors.push(Error::invalid(&target_path, mount_path, "must not already exist as a path in volumeDevices"));
        }
        sub_paths(errors, mount, path, &at_index);
        propagation(errors, mount, container, &path.child("mountPropagation"));
        recursive_read_only(errors, mount, &path.child("recursiveReadOnly"));
    }
}

/// Some of what is wrong with a mount is told at the path of the list, as upstream does.
fn sub_paths(errors: &mut ErrorList, mount: &Value, list: &Path<'_>, at_index: &Path<'_>) {
    let (sub_path, expression) = (text(mount, "subPath"), text(mount, "subPathExpr"));
    if !sub_path.is_empty() {
        local_descending(errors, sub_path, &list.child("subPath"));
    }
    if !expression.is_empty() {
        if !sub_path.is_empty() {
            errors.push(Error::invalid(&at_index.child("subPathExpr"), expression, "subPathExpr and subPath are mutually exclusive"));
        }
        local_descending(errors, expression, &list.child("subPathExpr"));
    }
}

fn propagation(errors: &mut ErrorList, mount: &Value, container: &Value, path: &Path<'_>) {
    let Some(mode) = text_if_set(mount, "mountPropagation") else { return };
    if !PROPAGATIONS.contains(&mode) {
        errors.push(Error::not_supported(path, mode, PROPAGATIONS));
    }
    let privileged = at(container, &["securityContext", "privileged"]).and_then(Value::as_bool).unwrap_or_default();
    if mode == "Bidirectional" && !privileged {
        errors.push(Error::forbidden(path, "Bidirectional mount propagation is available only to privileged containers"));
    }
}

fn recursive_read_only(errors: &mut ErrorList, mount: &Value, path: &Path<'_>) {
    let Some(mode) = text_if_set(mount, "recursiveReadOnly") else { return };
    match mode {
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if !flag(mount, "readOnly") {
                errors.push(Error::forbidden(path, "may only be specified when readOnly is true"));
            }
            if text_if_set(mount, "mountPropagation").is_some_and(|m| m != "None") {
                errors.push(Error::forbidden(path, "may only be specified when mountPropagation is None or not specified"));
            }
        }
        other => errors.push(Error::not_supported(path, other, RECURSIVE_READ_ONLY)),
    }
}

/// Checks `volumeDevices`.
pub fn validate_devices(errors: &mut ErrorList, container: &Value, volumes: &Volumes<'_>, path: &Path<'_>) {
    let mounts = items(container, "volumeMounts");
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for (i, device) in items(container, "volumeDevices").iter().enumerate() {
        let at_index = path.index(i);
        let (name, device_path) = (text(device, "name"), text(device, "devicePath"));
        let (name_path, target_path) = (at_index.child("name"), at_index.child("devicePath"));
        if name.is_empty() {
            errors.push(Error::required(&name_path, ""));
        }
        if names.contains(name) {
            errors.push(Error::invalid(&name_path, name, "must be unique"));
        }
        match volumes.get(name) {
            Some(volume) if !is_claim(volume) => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(Error::invalid(&name_path, name, detail));
            }
            Some(_) => {}
            None => errors.push(Error::not_found(&name_path, name)),
        }
        if device_path.is_empty() {
            errors.push(Error::required(&target_path, ""));
        }
        if paths.contains(device_path) {
            errors.push(Error::invalid(&target_path, device_path, "must be unique"));
        }
        if has_backsteps(device_path) {
            errors.push(Error::invalid(&target_path, device_path, "can not contain backsteps ('..')"));
        } else {
            paths.insert(device_path);
        }
        if mounts.iter().any(|m| text(m, "name") == name) {
            errors.push(Error::invalid(&name_path, name, "must not already exist in volumeMounts"));
        }
        if mounts.iter().any(|m| text(m, "mountPath") == device_path) {
            errors.push(Error::invalid(&target_path, device_path, "must not already exist as a path in volumeMounts"));
        }
        if !name.is_empty() {
            names.insert(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_mount_names_a_volume_of_the_pod() {
        let mut errors = ErrorList::new();
        let container = json!({"volumeMounts": [{"name": "gone", "mountPath": "/a"}, {"name": "gone", "mountPath": "/a"}]});
        validate_mounts(&mut errors, &container, &Volumes::new(), &Path::new("volumeMounts"));
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "volumeMounts[0].name: Not found: \"gone\"",
                "volumeMounts[1].name: Not found: \"gone\"",
                "volumeMounts[1].mountPath: Invalid value: \"/a\": must be unique",
            ]
        );
    }
}
