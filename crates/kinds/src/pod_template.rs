//! Pod templates, as PodTemplate, ReplicationController and every workload carry them.

use crate::{
    object_meta,
    pod_spec::{self, Options},
    value::{field, field_mut, items},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// Fills in the defaults of a template's spec.
pub fn default(template: &mut Value) {
    if let Some(spec) = field_mut(template, "spec") {
        pod_spec::default(spec);
    }
}

/// Drops fields of features that are off by default unless `old` uses them already.
pub fn drop_disabled_fields(template: &mut Value, old: Option<&Value>) {
    pod_spec::drop_disabled(template, old);
}

/// Everything wrong with a template at `path`; [`Options::for_template`] gives the options.
pub fn validate(template: &Value, path: &Path<'_>, options: &Options) -> ErrorList {
    let nothing = Value::Null;
    let metadata = field(template, "metadata").unwrap_or(&nothing);
    let spec = field(template, "spec").unwrap_or(&nothing);
    let (annotations_path, spec_path) = (path.child("annotations"), path.child("spec"));
    let mut errors = object_meta::validate_labels(metadata.get("labels"), &path.child("labels"));
    errors.extend(object_meta::validate_annotations(metadata.get("annotations"), &annotations_path));
    pod_spec::validate_annotations(&mut errors, metadata, spec, &annotations_path, options);
    pod_spec::validate(&mut errors, spec, None, &spec_path, options);
    pod_spec::validate_annotations_and_fields(&mut errors, metadata, spec, &spec_path);
    if !items(spec, "ephemeralContainers").is_empty() {
        errors.push(Error::forbidden(&spec_path.child("ephemeralContainers"), "ephemeral containers not allowed in pod template"));
    }
    errors
}

/// Warnings for a new or changed template at `path`.
pub fn warnings(template: &Value, old: Option<&Value>, path: &Path<'_>) -> Vec<String> {
    let _ = old;
    pod_spec::warnings(template, true, path)
}
