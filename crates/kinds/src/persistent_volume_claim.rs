//! PersistentVolumeClaim: a request for storage.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits, go_struct,
    object_meta::{IMMUTABLE, immutable},
    persistent_volume_claim_spec as claim_spec, pod_spec, resource_quantity, storage_text, table,
    unified_diff::unified_diff,
    update,
    value::{at, entries, field, has, items, object_mut, set, set_default_nonzero, text, text_if_set, unset},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};

/// The strategy of PersistentVolumeClaim.
#[derive(Debug)]
pub struct PersistentVolumeClaim;

const ATTRIBUTES_CLASS: &str = "volumeAttributesClassName";

/// What a resize can be doing, sorted.
const RESIZE_STATUSES: &[&str] =
    &["ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"];

impl Strategy for PersistentVolumeClaim {
    fn traits(&self) -> Traits {
        Traits { deleted: DeletedAnswer::Object, name_on_update: true, ..Traits::WITH_STATUS }
    }

    fn default(&self, claim: &mut Value) {
        if let Some(status) = object_mut(claim, "status") {
            set_default_nonzero(status, "phase", "Pending");
            for list in ["capacity", "allocatedResources"] {
                pod_spec::round_resources(status, list);
            }
        }
        if let Some(spec) = object_mut(claim, "spec") {
            pod_spec::default_claim_spec(spec);
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, claim: &mut Value) {
        set(claim, "status", json!({"phase": "Pending"}));
        if let Some(spec) = object_mut(claim, "spec") {
            claim_spec::normalize_data_sources(spec, None);
        }
    }

    fn validate(&self, _: &Context<'_>, claim: &Value) -> ErrorList {
        claim_spec::validate(spec(claim), None, &Path::new("spec"))
    }

    fn warnings_on_create(&self, _: &Context<'_>, claim: &Value) -> Vec<String> {
        let mut warnings = Vec::new();
        if annotation(claim).is_some() {
            warnings.push(format!(
                "metadata.annotations[{}]: deprecated since v1.8; use \"storageClassName\" attribute instead",
                storage_text::BETA_CLASS_ANNOTATION
            ));
        }
        warnings.extend(claim_spec::warnings(spec(claim), &Path::new("spec")));
        warnings
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        update::keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource == "status" {
            // Volume health is behind a gate that is off.
            if at(old, &["status", "healthStatus"]).is_none()
                && let Some(status) = object_mut(new, "status")
            {
                unset(status, "healthStatus");
            }
        } else if let Some(new) = object_mut(new, "spec") {
            claim_spec::normalize_data_sources(new, Some(spec(old)));
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" { validate_status(new) } else { validate_update(new, old) }
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        if cx.subresource == "status" { Vec::new() } else { self.warnings_on_create(cx, new) }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, claim: &Value, now_millis: i64, _: bool) -> Row {
        let (spec, status) = (spec(claim), status(claim));
        let bound = !text(spec, "volumeName").is_empty();
        let capacity = || resource_quantity::read(at(status, &["capacity", "storage"])).to_string();
        Row::of(vec![
            table::name(claim),
            json!(storage_text::phase(claim)),
            json!(text(spec, "volumeName")),
            json!(if bound { capacity() } else { String::new() }),
            json!(if bound { storage_text::access_modes(items(status, "accessModes")) } else { String::new() }),
            json!(storage_text::class(claim)),
            json!(text_if_set(spec, ATTRIBUTES_CLASS).unwrap_or(table::UNSET)),
            table::age(claim, now_millis),
            json!(text_if_set(spec, "volumeMode").unwrap_or(table::UNSET)),
        ])
    }
}

fn spec(claim: &Value) -> &Value {
    field(claim, "spec").unwrap_or(&Value::Null)
}

fn status(claim: &Value) -> &Value {
    field(claim, "status").unwrap_or(&Value::Null)
}

/// The storage class by annotation.
fn annotation(claim: &Value) -> Option<&str> {
    at(claim, &["metadata", "annotations"]).and_then(|a| text_if_set(a, storage_text::BETA_CLASS_ANNOTATION))
}

fn validate_update(new: &Value, old: &Value) -> ErrorList {
    let path = Path::new("spec");
    let (new_spec, mut old_spec) = (spec(new), spec(old).clone());
    // Claims stored before the two data sources existed side by side.
    claim_spec::agree(&mut old_spec);
    let mut errors = claim_spec::validate(new_spec, Some(&old_spec), &path);
    let mut after = new_spec.clone();
    let mut before = old_spec.clone();
    if text(&before, "volumeName").is_empty() {
        // The claim is bound to a volume once.
        set(&mut before, "volumeName", text(&after, "volumeName"));
    }
    class_may_be_filled_in(&mut errors, &mut after, &before, new, old);
    if text(status(new), "phase") == "Bound" {
        let size = at(&old_spec, &["resources", "requests", "storage"]).cloned();
        if let (Some(requests), Some(size)) = (crate::value::at_mut(&mut after, &["resources", "requests"]), size) {
            set(requests, "storage", size);
        }
        match before.get(ATTRIBUTES_CLASS) {
            Some(class) => set(&mut after, ATTRIBUTES_CLASS, class.clone()),
            None => unset(&mut after, ATTRIBUTES_CLASS),
        }
    }
    let (before, after) = (go_struct::indented(&before, claim_spec::PRINTED), go_struct::indented(&after, claim_spec::PRINTED));
    if before != after {
        let why = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        errors.push(Error::forbidden(&path, format!("{why}\n{}", unified_diff(&before, &after))));
    }
    size_did_not_shrink(&mut errors, new_spec, &old_spec, status(old), &path);
    errors.extend(immutable(field(new_spec, "volumeMode"), field(&old_spec, "volumeMode"), &Path::new("volumeMode")));
    if text_if_set(new_spec, ATTRIBUTES_CLASS) != text_if_set(&old_spec, ATTRIBUTES_CLASS)
        && has(status(old), "currentVolumeAttributesClassName")
    {
        let path = path.child(ATTRIBUTES_CLASS);
        match text_if_set(new_spec, ATTRIBUTES_CLASS) {
            None => {
                errors.push(Error::forbidden(&path, "update to nil is forbidden when status.currentVolumeAttributesClassName is not nil"))
            }
            Some("") => {
                let why = "update to empty string is forbidden when status.currentVolumeAttributesClassName is not nil";
                errors.push(Error::forbidden(&path, why));
            }
            Some(_) => {}
        }
    }
    errors
}

/// The class of a claim without one may be named later; then `after` is made to agree with `before` about it.
fn class_may_be_filled_in(errors: &mut ErrorList, after: &mut Value, before: &Value, new: &Value, old: &Value) {
    const CLASS: &str = "storageClassName";
    let (class, annotated, annotated_before) = (text_if_set(after, CLASS).map(str::to_owned), annotation(new), annotation(old));
    let newly_named = !has(before, CLASS) && class.is_some();
    let from_annotation = newly_named && annotated_before.is_some() && class.as_deref() == annotated_before;
    if from_annotation && annotated.is_none_or(|a| Some(a) == annotated_before) {
        unset(after, CLASS);
        return;
    }
    if annotated.unwrap_or_default() != annotated_before.unwrap_or_default() {
        let (meta, annotations) = (Path::new("metadata"), "annotations");
        let path = meta.child(annotations);
        errors.push(Error::invalid(&path.child(storage_text::BETA_CLASS_ANNOTATION), annotated.unwrap_or_default(), IMMUTABLE));
    }
    if newly_named && (annotated_before.is_none() || class.as_deref() == annotated_before) {
        unset(after, CLASS);
    }
}

fn size_did_not_shrink(errors: &mut ErrorList, new: &Value, old: &Value, status: &Value, path: &Path<'_>) {
    let size = |spec: &Value| resource_quantity::read(at(spec, &["resources", "requests", "storage"]));
    let (new, old) = (size(new), size(old));
    // A failed expansion may be taken back to what there is, not below.
    if new < old && new <= resource_quantity::read(at(status, &["capacity", "storage"])) {
        let (resources, requests) = (path.child("resources"), "requests");
        let path = resources.child(requests);
        errors.push(Error::forbidden(&path.child("storage"), "field can not be less than status.capacity"));
    }
}

fn validate_status(claim: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    if items(spec(claim), "accessModes").is_empty() {
        let spec = Path::new("Spec");
        errors.push(Error::required(&spec.child("accessModes"), ""));
    }
    let (path, status) = (Path::new("status"), status(claim));
    let capacity = path.child("capacity");
    for (resource, quantity) in entries(status, "capacity") {
        errors.extend(resource_quantity::basic(quantity, &capacity.key(resource)));
    }
    let statuses = path.child("allocatedResourceStatuses");
    for (resource, value) in entries(status, "allocatedResourceStatuses") {
        errors.extend(resource_key(resource, &statuses));
        if !value.as_str().is_some_and(|v| RESIZE_STATUSES.contains(&v)) {
            errors.push(Error::not_supported(&statuses, resource, RESIZE_STATUSES));
        }
    }
    let allocated = path.child("allocatedResources");
    for (resource, quantity) in entries(status, "allocatedResources") {
        let wrong = resource_key(resource, &allocated);
        if wrong.is_empty() {
            let path = allocated.key(resource);
            errors.extend(resource_quantity::basic(quantity, &path).or_else(|| resource_quantity::non_negative(quantity, &path)));
        }
        errors.extend(wrong);
    }
    errors
}

/// A resource of a claim: `storage`, or one with a prefix that is not Kubernetes' own.
fn resource_key(resource: &str, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    invalid_each(&mut errors, path, resource, names::is_qualified_name(resource));
    let native = !resource.contains('/') || resource.contains("kubernetes.io/");
    if errors.is_empty() && native && resource != "storage" {
        errors.push(Error::not_supported(path, resource, &["storage"]));
    }
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Status", "string", "", 0, "phase represents the current phase of PersistentVolumeClaim."),
    Column::new("Volume", "string", "", 0, "volumeName is the binding reference to the PersistentVolume backing this claim."),
    Column::new("Capacity", "string", "", 0, "capacity represents the actual resources of the underlying volume."),
    Column::new(
        "Access Modes",
        "string",
        "",
        0,
        "accessModes contains the actual access modes the volume backing the PVC has. More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes#access-modes-1",
    ),
    Column::new("StorageClass", "string", "", 0, "StorageClass of the pvc"),
    Column::new("VolumeAttributesClass", "string", "", 0, "VolumeAttributesClass of the pvc"),
    table::AGE,
    Column::new(
        "VolumeMode",
        "string",
        "",
        1,
        "volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied when not included in claim spec.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn claim(size: &str, class: Option<&str>, phase: &str) -> Value {
        let mut claim = json!({"metadata": {"name": "a"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}},
            "volumeMode": "Filesystem"}, "status": {"phase": phase}});
        if let Some(class) = class {
            set(&mut claim["spec"], "storageClassName", class);
        }
        claim
    }

    #[test]
    fn a_bound_claim_grows_and_an_unbound_one_does_not() {
        assert!(validate_update(&claim("2Gi", None, "Bound"), &claim("1Gi", None, "Bound")).is_empty());
        let errors = validate_update(&claim("2Gi", None, "Pending"), &claim("1Gi", None, "Pending"));
        assert_eq!(
            texts(&errors),
            [
                "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n@@ -6,7 +6,7 @@\n  \"Resources\": {\n   \"Limits\": null,\n   \"Requests\": {\n-   \"storage\": \"1Gi\"\n+   \"storage\": \"2Gi\"\n   }\n  },\n  \"VolumeName\": \"\",\n"
            ]
        );
    }

    #[test]
    fn the_class_may_be_named_later_but_not_changed() {
        let none = claim("1Gi", None, "Pending");
        assert!(validate_update(&claim("1Gi", Some("fast"), "Pending"), &none).is_empty());
        assert_eq!(validate_update(&claim("1Gi", Some("slow"), "Pending"), &claim("1Gi", Some("fast"), "Pending")).len(), 1);
    }
}
