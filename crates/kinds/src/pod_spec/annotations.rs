//! Annotations with a meaning for pods.

use super::{
    Options,
    options::{DELETION_COST, has_valid_deletion_cost},
    profile, toleration,
    validation::MIRROR_POD,
};
use crate::value::{entries, field, text, text_if_set};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

const TOLERATIONS: &str = "scheduler.alpha.kubernetes.io/tolerations";

/// Checks the annotations of a pod or template.
pub fn validate(errors: &mut ErrorList, metadata: &Value, spec: &Value, path: &Path<'_>, options: &Options) {
    let annotation = |key: &str| field(metadata, "annotations").and_then(|a| text_if_set(a, key));
    if let Some(value) = annotation(MIRROR_POD).filter(|_| text(spec, "nodeName").is_empty()) {
        errors.push(Error::invalid(&path.key(MIRROR_POD), value, "must set spec.nodeName if mirror pod annotation is set"));
    }
    if let Some(written) = annotation(TOLERATIONS).filter(|v| !v.is_empty()) {
        match serde_json::from_str::<Vec<Value>>(written) {
            Ok(tolerations) => toleration::validate(errors, &tolerations, &path.child(TOLERATIONS), options),
            Err(e) => errors.push(Error::invalid(path, TOLERATIONS, e.to_string())),
        }
    }
    if !options.any_deletion_cost && !has_valid_deletion_cost(metadata) {
        let value = annotation(DELETION_COST).unwrap_or_default();
        errors.push(Error::invalid(&path.key(DELETION_COST), value, "must be a 32bit integer"));
    }
    profile::validate_annotations(errors, metadata, spec, path);
}

/// Checks what of a pod's annotations an update may change.
pub fn validate_update(errors: &mut ErrorList, new: &Value, old: &Value, path: &Path<'_>) {
    let value = |metadata: &Value, key: &str| field(metadata, "annotations").and_then(|a| field(a, key)).cloned();
    for (key, before) in entries(old, "annotations") {
        if value(new, key).as_ref() == Some(before) {
            continue;
        }
        if let Some(what) = fixed(key) {
            errors.push(Error::forbidden(&path.key(key), format!("may not remove or update {what}")));
        }
    }
    for (key, _) in entries(new, "annotations").filter(|(key, _)| value(old, key).is_none()) {
        if let Some(what) = fixed(key) {
            errors.push(Error::forbidden(&path.key(key), format!("may not add {what}")));
        }
    }
}

fn fixed(key: &str) -> Option<&'static str> {
    if key.starts_with(profile::APP_ARMOR_CONTAINER) {
        Some("AppArmor annotations")
    } else {
        (key == MIRROR_POD).then_some("mirror pod annotation")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_mirror_pod_stays_one() {
        let mut errors = ErrorList::new();
        validate_update(&mut errors, &json!({"annotations": {MIRROR_POD: "a"}}), &json!({}), &Path::new("annotations"));
        assert_eq!(errors[0].to_string(), "annotations[kubernetes.io/config.mirror]: Forbidden: may not add mirror pod annotation");
    }
}
