//! Templates of persistent volume claims, which ephemeral volumes are made from.

use crate::{object_meta, persistent_volume_claim_spec as claim_spec, value::field};
use minkapi_schema::field::{ErrorList, Path};
use serde_json::Value;

/// Checks metadata and spec of a claim template.
pub fn validate(errors: &mut ErrorList, template: &Value, path: &Path<'_>) {
    if let Some(metadata) = field(template, "metadata") {
        errors.extend(object_meta::validate_of_template(metadata, &path.child("metadata")));
    }
    errors.extend(claim_spec::validate(field(template, "spec").unwrap_or(&Value::Null), None, &path.child("spec")));
}
