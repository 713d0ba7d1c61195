//! kubectl's client-side apply: what it applied stands in an annotation, and server-side apply by kubectl takes it over (C-07-51).

use super::{FieldManagerInput, conflict::Conflict};
use crate::{
    field_set::FieldSet,
    go_format,
    typed::{self, Type},
};
use serde_json::Value;

/// The one manager that does this.
pub(super) const MANAGER: &str = "kubectl";
const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Most bytes in all annotations of an object.
const MAX_ANNOTATIONS: usize = 256 * 1024;

/// The conflicts about fields that client-side apply does not account for. If none are left, the apply may be forced.
pub(super) fn remaining_conflicts(input: &FieldManagerInput<'_>, live: &Value, mut conflicts: Vec<Conflict>) -> Vec<Conflict> {
    if let Some(allowed) = applied_and_unchanged(input, live) {
        conflicts.retain(|conflict| !allowed.contains(&conflict.path.0));
    }
    conflicts
}

/// The fields in the annotation that are still as it has them.
fn applied_and_unchanged(input: &FieldManagerInput<'_>, live: &Value) -> Option<FieldSet> {
    let applied: Value = serde_json::from_str(annotation(live)?).ok()?;
    let has_kind = applied.get("kind")?.as_str().is_some_and(|kind| !kind.is_empty());
    if !has_kind || applied.get("apiVersion")?.as_str() != Some(input.api_version) {
        return None;
    }
    let of = Type::Root(input.schema);
    typed::validate(of, live, false).ok()?;
    typed::validate(of, &applied, false).ok()?;
    let comparison = typed::compare(of, &applied, live).ok()?;
    let applied = typed::field_set(of, &applied);
    Some(applied.difference(&comparison.modified).difference(&comparison.added).difference(&comparison.removed))
}

/// Keeps the annotation in step with what was applied, if there is one.
pub(super) fn renew(object: &mut Value, applied: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let mut applied = applied.clone();
    if let Some(Value::Object(metadata)) = applied.get_mut("metadata") {
        let emptied = metadata.get_mut("annotations").and_then(Value::as_object_mut).is_some_and(|annotations| {
            annotations.remove(ANNOTATION);
            annotations.is_empty()
        });
        if emptied {
            metadata.remove("annotations");
        }
    }
    let text = go_format::json(&applied) + "\n";
    let Some(annotations) = object.get_mut("metadata").and_then(|m| m.get_mut("annotations")?.as_object_mut()) else { return };
    annotations.insert(ANNOTATION.to_owned(), text.into());
    let size: usize = annotations.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    if size > MAX_ANNOTATIONS {
        annotations.remove(ANNOTATION);
    }
}

fn annotation(object: &Value) -> Option<&str> {
    object.get("metadata")?.get("annotations")?.get(ANNOTATION)?.as_str().filter(|text| !text.is_empty())
}
