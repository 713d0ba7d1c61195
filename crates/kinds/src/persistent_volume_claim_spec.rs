//! The spec of a PersistentVolumeClaim, of its own or in a template.

use crate::{
    go_struct::{self, GoField, GoType, nullable},
    label_selector, persistent_volume_spec, resource_quantity,
    value::{at, field, has, set, text, text_if_set, unset},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};

/// The spec as Go prints it.
pub const PRINTED: &[GoField] = &[
    nullable("AccessModes", "accessModes"),
    // Of `metav1`, so that it prints as its JSON.
    nullable("Selector", "selector"),
    go_struct::field("Resources", "resources", GoType::Struct(&[nullable("Limits", "limits"), nullable("Requests", "requests")])),
    go_struct::text("VolumeName", "volumeName"),
    nullable("StorageClassName", "storageClassName"),
    nullable("VolumeMode", "volumeMode"),
    go_struct::field("DataSource", "dataSource", GoType::Pointer(LOCAL_REFERENCE)),
    go_struct::field(
        "DataSourceRef",
        "dataSourceRef",
        GoType::Pointer(&[
            nullable("APIGroup", "apiGroup"),
            go_struct::text("Kind", "kind"),
            go_struct::text("Name", "name"),
            nullable("Namespace", "namespace"),
        ]),
    ),
    nullable("VolumeAttributesClassName", "volumeAttributesClassName"),
];

const LOCAL_REFERENCE: &[GoField] = &[nullable("APIGroup", "apiGroup"), go_struct::text("Kind", "kind"), go_struct::text("Name", "name")];

/// Everything wrong with the spec of a claim. `old` is the stored spec, whose older mistakes may stay.
pub fn validate(spec: &Value, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let modes = crate::value::items(spec, "accessModes");
    let modes_path = path.child("accessModes");
    if modes.is_empty() {
        errors.push(Error::required(&modes_path, "at least 1 access mode is required"));
    }
    let old_selector = old.and_then(|o| field(o, "selector"));
    errors.extend(label_selector::validate_update(field(spec, "selector"), old_selector, &path.child("selector")));
    persistent_volume_spec::unsupported_access_modes(&mut errors, modes, &modes_path);
    let (resources, key) = (path.child("resources"), "storage");
    match at(spec, &["resources", "requests", key]) {
        None => errors.push(Error::required(&resources.key(key), "")),
        Some(size) => errors.extend(resource_quantity::positive(size, &resources.key(key))),
    }
    class_name(&mut errors, spec, "storageClassName", path);
    if let Some(mode) = text_if_set(spec, "volumeMode").filter(|m| !persistent_volume_spec::VOLUME_MODES.contains(m)) {
        errors.push(Error::not_supported(&path.child("volumeMode"), mode, persistent_volume_spec::VOLUME_MODES));
    }
    data_sources(&mut errors, spec, old, path);
    class_name(&mut errors, spec, "volumeAttributesClassName", path);
    errors
}

fn class_name(errors: &mut ErrorList, spec: &Value, key: &str, path: &Path<'_>) {
    let class = text(spec, key);
    if !class.is_empty() {
        invalid_each(errors, &path.child(key), class, names::is_dns1123_subdomain(class));
    }
}

fn data_sources(errors: &mut ErrorList, spec: &Value, old: Option<&Value>, path: &Path<'_>) {
    let has_group = |spec: &Value, key: &str| field(spec, key).is_some_and(|s| has(s, "apiGroup"));
    let group_kept = old.is_some_and(|o| has_group(o, "dataSource") || has_group(o, "dataSourceRef"));
    let (source, reference) = (field(spec, "dataSource"), field(spec, "dataSourceRef"));
    for (key, source) in [("dataSource", source), ("dataSourceRef", reference)] {
        if let Some(source) = source {
            data_source(errors, source, &path.child(key), group_kept);
        }
    }
    let namespace = reference.map_or("", |r| text(r, "namespace"));
    if !namespace.is_empty() {
        let path = path.child("dataSourceRef");
        invalid_each(errors, &path.child("namespace"), namespace, names::is_dns1123_label(namespace));
    }
    // Upstream prints the path of the field, a struct without exported members, as the bad value.
    let disagree = |why: &str| Error::invalid_printed(path, "{}", why);
    match (source, reference) {
        (Some(_), Some(_)) if !namespace.is_empty() => {
            errors.push(disagree("may not be specified when dataSourceRef.namespace is specified"))
        }
        (Some(source), Some(reference)) if !same_source(source, reference) => errors.push(disagree("must match dataSourceRef")),
        _ => {}
    }
}

fn data_source(errors: &mut ErrorList, source: &Value, path: &Path<'_>, any_group: bool) {
    for key in ["name", "kind"] {
        if text(source, key).is_empty() {
            errors.push(Error::required(&path.child(key), ""));
        }
    }
    let (group, kind) = (text(source, "apiGroup"), text(source, "kind"));
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        errors.push(Error::invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
    }
    if !group.is_empty() && !any_group {
        invalid_each(errors, &path.child("apiGroup"), group, names::is_dns1123_subdomain(group));
    }
}

fn same_source(source: &Value, reference: &Value) -> bool {
    text_if_set(source, "apiGroup") == text_if_set(reference, "apiGroup")
        && ["kind", "name"].iter().all(|key| text(source, key) == text(reference, key))
}

/// Drops a `dataSource` that only its successor could name, unless the stored claim has one, and makes the two agree.
pub fn normalize_data_sources(spec: &mut Value, old: Option<&Value>) {
    let across_namespaces = field(spec, "dataSourceRef").is_some_and(|r| !text(r, "namespace").is_empty());
    if across_namespaces && !old.is_some_and(|o| has(o, "dataSourceRef")) {
        unset(spec, "dataSourceRef");
    }
    let stored = old.is_some_and(|o| has(o, "dataSource") || has(o, "dataSourceRef"));
    if !stored && !has(spec, "dataSourceRef") && !field(spec, "dataSource").is_some_and(is_claim_or_snapshot) {
        unset(spec, "dataSource");
    }
    agree(spec);
}

/// Makes `dataSource` and `dataSourceRef` the same where only one is set.
pub fn agree(spec: &mut Value) {
    let copied = |from: &Value| {
        let mut copy = json!({"kind": text(from, "kind"), "name": text(from, "name")});
        if let Some(group) = text_if_set(from, "apiGroup") {
            set(&mut copy, "apiGroup", group);
        }
        copy
    };
    match (field(spec, "dataSource"), field(spec, "dataSourceRef")) {
        (Some(source), None) => {
            let copy = copied(source);
            set(spec, "dataSourceRef", copy);
        }
        (None, Some(reference)) if text(reference, "namespace").is_empty() => {
            let copy = copied(reference);
            set(spec, "dataSource", copy);
        }
        _ => {}
    }
}

fn is_claim_or_snapshot(source: &Value) -> bool {
    matches!(
        (text(source, "kind"), text(source, "apiGroup")),
        ("PersistentVolumeClaim", "") | ("VolumeSnapshot", "snapshot.storage.k8s.io")
    )
}

/// Warnings for the spec of a claim.
pub fn warnings(spec: &Value, path: &Path<'_>) -> Vec<String> {
    let resources = path.child("resources");
    let mut warnings = Vec::new();
    for list in ["requests", "limits"] {
        let size = resource_quantity::read(at(spec, &["resources", list, "storage"]));
        if size.milli_value() % 1000 != 0 {
            let path = resources.child(list);
            warnings.push(format!("{}: fractional byte value \"{size}\" is invalid, must be an integer", path.key("storage")));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_source_is_copied_to_its_successor_and_back() {
        let mut spec = json!({"dataSource": {"kind": "PersistentVolumeClaim", "name": "a"}});
        normalize_data_sources(&mut spec, None);
        assert_eq!(spec["dataSourceRef"], json!({"kind": "PersistentVolumeClaim", "name": "a"}));
        let mut spec = json!({"dataSourceRef": {"kind": "Book", "name": "a", "apiGroup": "example.com"}});
        normalize_data_sources(&mut spec, None);
        assert_eq!(spec["dataSource"], json!({"kind": "Book", "name": "a", "apiGroup": "example.com"}));
    }

    #[test]
    fn a_data_source_of_another_kind_is_dropped() {
        let mut spec = json!({"dataSource": {"kind": "Book", "name": "a", "apiGroup": "example.com"}});
        normalize_data_sources(&mut spec, None);
        assert_eq!(spec, json!({}));
    }
}
