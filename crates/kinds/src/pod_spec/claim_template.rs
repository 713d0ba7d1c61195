//! Templates of persistent volume claims, which ephemeral volumes are made from.

use crate::{
    object_meta, persistent_volume_claim_spec as claim_spec,
    value::{field, is_zero},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// What a template's metadata may not say, in Go's order of fields: all but labels and annotations.
const FORBIDDEN: &[&str] = &[
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
    "finalizers",
    "managedFields",
];

/// Checks metadata and spec of a claim template.
pub fn validate(errors: &mut ErrorList, template: &Value, path: &Path<'_>) {
    if let Some(metadata) = field(template, "metadata") {
        let meta_path = path.child("metadata");
        errors.extend(object_meta::validate_annotations(metadata.get("annotations"), &meta_path.child("annotations")));
        errors.extend(object_meta::validate_labels(metadata.get("labels"), &meta_path.child("labels")));
        for key in FORBIDDEN.iter().filter(|key| metadata.get(key).is_some_and(|v| !is_zero(v))) {
            let shown = if *key == "uid" { "uID" } else { key };
            errors.push(Error::forbidden(&meta_path.child(shown), "cannot be set"));
        }
    }
    errors.extend(claim_spec::validate(field(template, "spec").unwrap_or(&Value::Null), None, &path.child("spec")));
}
