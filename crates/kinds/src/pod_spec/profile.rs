//! Seccomp and AppArmor profiles: fields, and the annotations that came before them.

use super::{go, paths::local_descending};
use crate::go_struct;
use crate::value::{at, entries, field, has, text, text_if_set};
use minkapi_schema::field::{Error, ErrorList, Path, quoted};
use serde_json::Value;

const TYPES: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];
const LOCALHOST: &str = "localhost/";
const LOCALHOST_MAX: usize = 4095;

/// Annotation with the seccomp profile of a pod.
pub const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
/// Annotations with those of its containers.
pub const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// Annotations with the AppArmor profiles of its containers.
pub const APP_ARMOR_CONTAINER: &str = "container.apparmor.security.beta.kubernetes.io/";

/// Checks `seccompProfile`.
pub fn validate_seccomp(errors: &mut ErrorList, profile: Option<&Value>, path: &Path<'_>) {
    let Some(profile) = profile else { return };
    let kind = text(profile, "type");
    match kind {
        "" => errors.push(Error::required(&path.child("type"), "type is required when seccompProfile is set")),
        other if !TYPES.contains(&other) => errors.push(Error::not_supported(&path.child("type"), other, TYPES)),
        _ => {}
    }
    let local_path = path.child("localhostProfile");
    match (kind == "Localhost", text_if_set(profile, "localhostProfile")) {
        (true, None) => errors.push(Error::required(&local_path, "must be set when seccomp type is Localhost")),
        (true, Some(local)) => local_descending(errors, local, &local_path),
        (false, Some(_)) => {
            let printed = go_struct::compact(profile, go::SECCOMP_PROFILE);
            errors.push(Error::invalid_printed(&local_path, printed, "can only be set when seccomp type is Localhost"));
        }
        (false, None) => {}
    }
}

/// Checks `appArmorProfile`.
pub fn validate_app_armor(errors: &mut ErrorList, profile: Option<&Value>, path: &Path<'_>) {
    let Some(profile) = profile else { return };
    let local_path = path.child("localhostProfile");
    let local = text_if_set(profile, "localhostProfile");
    const MISSING: &str = "must be set when AppArmor type is Localhost";
    match (text(profile, "type"), local) {
        ("Localhost", None) => errors.push(Error::required(&local_path, MISSING)),
        ("Localhost", Some(local)) => {
            if local.trim() != local {
                errors.push(Error::invalid(&local_path, local, "must not be padded with whitespace"));
            } else if local.is_empty() {
                errors.push(Error::required(&local_path, MISSING));
            }
            if local.len() > LOCALHOST_MAX {
                errors.push(Error::too_long(&local_path, LOCALHOST_MAX));
            }
        }
        ("RuntimeDefault" | "Unconfined", Some(local)) => {
            errors.push(Error::invalid(&local_path, local, "can only be set when AppArmor type is Localhost"));
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("", _) => errors.push(Error::required(&path.child("type"), "type is required when appArmorProfile is set")),
        (other, _) => errors.push(Error::not_supported(&path.child("type"), other, TYPES)),
    }
}

/// Checks the profiles in annotations on their own.
pub fn validate_annotations(errors: &mut ErrorList, metadata: &Value, spec: &Value, path: &Path<'_>) {
    let annotations = || entries(metadata, "annotations").map(|(key, value)| (key, value.as_str().unwrap_or_default()));
    for (key, value) in annotations().filter(|(key, _)| *key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER)) {
        let path = path.child(key);
        if let Some(local) = value.strip_prefix(LOCALHOST) {
            local_descending(errors, local, &path);
        } else if !matches!(value, "runtime/default" | "docker/default" | "unconfined") {
            errors.push(Error::invalid(&path, value, "must be a valid seccomp profile"));
        }
    }
    for (key, value) in annotations() {
        let Some(container) = key.strip_prefix(APP_ARMOR_CONTAINER) else { continue };
        if !super::containers(spec).any(|c| text(c, "name") == container) {
            errors.push(Error::invalid(&path.key(key), container, "container not found"));
        }
        if !matches!(value, "" | "runtime/default" | "unconfined") && !value.starts_with(LOCALHOST) {
            errors.push(Error::invalid(&path.key(key), value, format!("invalid AppArmor profile name: {}", quoted(value))));
        }
    }
}

/// Checks that annotations and fields agree where both are given.
pub fn validate_annotations_and_fields(errors: &mut ErrorList, metadata: &Value, spec: &Value, path: &Path<'_>) {
    let annotation = |key: &str| field(metadata, "annotations").and_then(|a| text_if_set(a, key));
    let context_path = path.child("securityContext");
    if let (Some(profile), Some(value)) = (at(spec, &["securityContext", "seccompProfile"]), annotation(SECCOMP_POD)) {
        agree(errors, profile, value, "seccomp", &context_path.child("seccompProfile"));
    }
    super::visit_containers(spec, path, |container, container_path| {
        let Some(profile) = at(container, &["securityContext", "seccompProfile"]) else { return };
        if let Some(value) = annotation(&format!("{SECCOMP_CONTAINER}{}", text(container, "name"))) {
            let context = container_path.child("securityContext");
            agree(errors, profile, value, "seccomp", &context.child("seccompProfile"));
        }
    });
    if super::os_name(spec) == Some("windows") {
        return;
    }
    let of_pod = at(spec, &["securityContext", "appArmorProfile"]);
    super::visit_containers(spec, path, |container, container_path| {
        let Some(profile) = at(container, &["securityContext", "appArmorProfile"]).or(of_pod) else { return };
        if let Some(value) = annotation(&format!("{APP_ARMOR_CONTAINER}{}", text(container, "name"))) {
            let context = container_path.child("securityContext");
            agree(errors, profile, value, "apparmor", &context.child("appArmorProfile"));
        }
    });
}

fn agree(errors: &mut ErrorList, profile: &Value, annotation: &str, what: &str, path: &Path<'_>) {
    let same_type = match text(profile, "type") {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => annotation == "runtime/default" || (what == "seccomp" && annotation == "docker/default"),
        "Localhost" => annotation.starts_with(LOCALHOST),
        _ => return,
    };
    if !same_type {
        errors.push(Error::forbidden(&path.child("type"), format!("{what} type in annotation and field must match")));
    } else if text(profile, "type") == "Localhost" && text_if_set(profile, "localhostProfile") != annotation.strip_prefix(LOCALHOST) {
        errors.push(Error::forbidden(&path.child("localhostProfile"), format!("{what} profile in annotation and field must match")));
    }
}

/// The AppArmor field that says what an annotation says; None where it says nothing valid.
pub fn app_armor_field(annotation: &str) -> Option<Value> {
    let kind = match annotation {
        "unconfined" => "Unconfined",
        "runtime/default" => "RuntimeDefault",
        _ => {
            let local = annotation.strip_prefix(LOCALHOST).filter(|l| !l.is_empty())?;
            let field = serde_json::json!({"type": "Localhost", "localhostProfile": local});
            let mut errors = ErrorList::new();
            validate_app_armor(&mut errors, Some(&field), &Path::ROOT);
            return errors.is_empty().then_some(field);
        }
    };
    Some(serde_json::json!({"type": kind}))
}

/// Whether the profile of a container, or else of its pod, is given.
pub fn has_app_armor(container: &Value) -> bool {
    field(container, "securityContext").is_some_and(|c| has(c, "appArmorProfile"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_annotation_must_not_contradict_its_field() {
        let metadata = json!({"annotations": {SECCOMP_POD: "unconfined"}});
        let spec = json!({"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}});
        let mut errors = ErrorList::new();
        validate_annotations_and_fields(&mut errors, &metadata, &spec, &Path::new("spec"));
        assert_eq!(
            errors[0].to_string(),
            "spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match"
        );
    }

    #[test]
    fn only_localhost_profiles_have_a_path() {
        let mut errors = ErrorList::new();
        validate_seccomp(&mut errors, Some(&json!({"type": "Unconfined", "localhostProfile": "a"})), &Path::new("p"));
        assert_eq!(
            errors[0].to_string(),
            "p.localhostProfile: Invalid value: {\"Type\":\"Unconfined\",\"LocalhostProfile\":\"a\"}: can only be set when seccomp type is Localhost"
        );
    }
}
