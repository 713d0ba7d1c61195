//! What a pod's operating system rules out.

use crate::value::{field, flag, has, items, text};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

const SYSTEMS: &[&str] = &["linux", "windows"];

/// What Windows pods may not have, in upstream's order.
const NOT_IN_WINDOWS_POD: &[&str] = &[
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
];

/// What containers of Windows pods may not have.
const NOT_IN_WINDOWS_CONTAINER: &[&str] = &[
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

/// Checks `os` and what depends on it.
pub fn validate(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let Some(os) = field(spec, "os") else { return };
    match text(os, "name") {
        "" => errors.push(Error::required(&path.child("os").child("name"), "")),
        "linux" => linux(errors, spec, path),
        "windows" => windows(errors, spec, path),
        other => errors.push(Error::not_supported(&path.child("os"), other, SYSTEMS)),
    }
}

fn linux(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let mut check = |holder: &Value, holder_path: &Path<'_>| {
        if field(holder, "securityContext").is_some_and(|c| has(c, "windowsOptions")) {
            let context = holder_path.child("securityContext");
            errors.push(Error::forbidden(&context.child("windowsOptions"), "windows options cannot be set for a linux pod"));
        }
    };
    check(spec, path);
    super::visit_containers(spec, path, check);
}

fn windows(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    const DETAIL: &str = "cannot be set for a windows pod";
    let check = |errors: &mut ErrorList, holder: &Value, keys: &[&str], holder_path: &Path<'_>| {
        let Some(context) = field(holder, "securityContext") else { return };
        let context_path = holder_path.child("securityContext");
        for key in keys.iter().filter(|key| has(context, key) && !(**key == "sysctls" && items(context, key).is_empty())) {
            errors.push(Error::forbidden(&context_path.child(key), DETAIL));
        }
    };
    check(errors, spec, NOT_IN_WINDOWS_POD, path);
    let of_pod = [
        ("hostUsers", has(spec, "hostUsers")),
        ("hostPID", flag(spec, "hostPID")),
        ("hostIPC", flag(spec, "hostIPC")),
        ("shareProcessNamespace", has(spec, "shareProcessNamespace")),
    ];
    for (key, _) in of_pod.into_iter().filter(|(_, given)| *given) {
        errors.push(Error::forbidden(&path.child(key), DETAIL));
    }
    super::visit_containers(spec, path, |container, container_path| check(errors, container, NOT_IN_WINDOWS_CONTAINER, container_path));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn windows_has_no_users_by_number() {
        let mut errors = ErrorList::new();
        let spec = json!({"os": {"name": "windows"}, "securityContext": {"runAsUser": 1}, "containers": [{"securityContext": {"privileged": false}}]});
        validate(&mut errors, &spec, &Path::new("spec"));
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
                "spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod",
            ]
        );
    }
}
