//! References to fields of the pod and to resources of its containers, from the environment and from volumes.

use super::resources;
use crate::value::text;
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// Fields that a volume may show, sorted as errors list them.
pub const VOLUME_FIELDS: &[&str] = &["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// Fields that an environment variable may show.
pub const ENV_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Fields that exist at all; those that neither list above has are refused as unsupported.
const OTHER_FIELDS: &[&str] = &["spec.restartPolicy", "spec.schedulerName", "status.phase"];

const RESOURCES: &[&str] =
    &["limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"];
const HUGE_PAGES: &[&str] = &["limits.hugepages-", "requests.hugepages-"];

/// Checks a `fieldRef` against the fields allowed where it stands.
pub fn field_ref(errors: &mut ErrorList, reference: &Value, allowed: &[&str], path: &Path<'_>) {
    let (version, label) = (text(reference, "apiVersion"), text(reference, "fieldPath"));
    if version.is_empty() {
        errors.push(Error::required(&path.child("apiVersion"), ""));
        return;
    }
    if label.is_empty() {
        errors.push(Error::required(&path.child("fieldPath"), ""));
        return;
    }
    let converting = |detail: String| Error::invalid(&path.child("fieldPath"), label, format!("error converting fieldPath: {detail}"));
    if version != "v1" {
        errors.push(converting(format!("unsupported pod version: {version}")));
        return;
    }
    if let Some((field, subscript)) = subscripted(label) {
        match field {
            "metadata.annotations" => {
                let key = subscript.to_lowercase();
                invalid_each(errors, path, &key, names::is_qualified_name(&key));
            }
            "metadata.labels" => invalid_each(errors, path, subscript, names::is_qualified_name(subscript)),
            _ => errors.push(converting(format!("field label does not support subscript: {label}"))),
        }
        return;
    }
    let label_now = if label == "spec.host" { "spec.nodeName" } else { label };
    if ![VOLUME_FIELDS, ENV_FIELDS, OTHER_FIELDS].iter().any(|known| known.contains(&label_now)) {
        errors.push(converting(format!("field label not supported: {label}")));
    } else if !allowed.contains(&label_now) {
        errors.push(Error::not_supported(&path.child("fieldPath"), label_now, allowed));
    }
}

/// `metadata.labels['key']` as field and key.
pub fn subscripted(label: &str) -> Option<(&str, &str)> {
    label.strip_suffix("']")?.split_once("['").filter(|(field, _)| !field.is_empty())
}

/// Checks a `resourceFieldRef`; in volumes it must name its container.
pub fn resource_ref(errors: &mut ErrorList, reference: &Value, in_volume: bool, path: &Path<'_>) {
    let resource = text(reference, "resource");
    if in_volume && text(reference, "containerName").is_empty() {
        errors.push(Error::required(&path.child("containerName"), ""));
    } else if resource.is_empty() {
        errors.push(Error::required(&path.child("resource"), ""));
    } else if !RESOURCES.contains(&resource) && !HUGE_PAGES.iter().any(|prefix| resource.starts_with(prefix)) {
        errors.push(Error::not_supported(&path.child("resource"), resource, RESOURCES));
    }
    divisor(errors, reference, resource, path);
}

fn divisor(errors: &mut ErrorList, reference: &Value, resource: &str, path: &Path<'_>) {
    const BYTES: &[&str] = &["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
    let Some(divisor) = resources::quantity(reference, "divisor").filter(|q| !q.is_zero()) else { return };
    let divisor = divisor.to_string();
    let (allowed, of): (&[&str], _) = match resource {
        "limits.cpu" | "requests.cpu" => (&["1m", "1"], "cpu"),
        "limits.memory" | "requests.memory" => (BYTES, "memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => (BYTES, "local ephemeral storage"),
        other if HUGE_PAGES.iter().any(|prefix| other.starts_with(prefix)) => (BYTES, "hugepages"),
        _ => return,
    };
    if !allowed.contains(&divisor.as_str()) {
        let values = if of == "cpu" { "1m and 1".to_owned() } else { allowed.join(", ") };
        errors.push(Error::invalid(
            &path.child("divisor"),
            resource,
            format!("only divisor's values {values} are supported with the {of} resource"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(label: &str) -> Vec<String> {
        let mut errors = ErrorList::new();
        field_ref(&mut errors, &json!({"apiVersion": "v1", "fieldPath": label}), ENV_FIELDS, &Path::new("fieldRef"));
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_environment_variable_may_show_some_fields() {
        assert!(texts("status.podIP").is_empty());
        assert!(texts("spec.host").is_empty());
        assert!(texts("metadata.labels['app']").is_empty());
        assert_eq!(
            texts("status.unknown"),
            [
                "fieldRef.fieldPath: Invalid value: \"status.unknown\": error converting fieldPath: field label not supported: status.unknown"
            ]
        );
        assert!(texts("metadata.labels")[0].starts_with("fieldRef.fieldPath: Unsupported value: \"metadata.labels\": supported values: "));
    }
}
