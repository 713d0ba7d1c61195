//! Containers of a pod: regular, init and ephemeral ones.

use super::{Options, env, mounts, probe, requirements, restart_policy, restart_policy::is_sidecar, security_context, volume::Volumes};
use crate::value::{field, int, is_zero, items, text};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;
use std::collections::BTreeSet;

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
const PULL_POLICIES: &[&str] = &["Always", "IfNotPresent", "Never"];
const TERMINATION_MESSAGE_POLICIES: &[&str] = &["File", "FallbackToLogsOnError"];

/// What the rules of a container need to know of its pod.
pub struct Pod<'a> {
    /// The spec.
    pub spec: &'a Value,
    /// The valid volumes.
    pub volumes: &'a Volumes<'a>,
    /// Names of the resource claims.
    pub claims: &'a BTreeSet<&'a str>,
    /// What to let pass.
    pub options: &'a Options,
}

impl Pod<'_> {
    fn grace(&self) -> Option<i64> {
        int(self.spec, "terminationGracePeriodSeconds")
    }
}

/// Checks `containers`.
pub fn validate_regular(errors: &mut ErrorList, pod: &Pod<'_>, path: &Path<'_>) {
    let containers = items(pod.spec, "containers");
    if containers.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    let mut names = BTreeSet::new();
    for (i, container) in containers.iter().enumerate() {
        let at_index = path.index(i);
        validate_common(errors, container, pod, &at_index);
        let name = text(container, "name");
        if !names.insert(name) {
            errors.push(Error::duplicate(&at_index.child("name"), name));
        }
        probe::validate(errors, container, pod.grace(), &at_index);
        restart_policy::validate_container(errors, container, &at_index);
    }
    host_port_conflicts(errors, containers, path);
}

/// Checks `initContainers`.
pub fn validate_init(errors: &mut ErrorList, pod: &Pod<'_>, path: &Path<'_>) {
    let mut names: BTreeSet<&str> = items(pod.spec, "containers").iter().map(|c| text(c, "name")).collect();
    for (i, container) in items(pod.spec, "initContainers").iter().enumerate() {
        let at_index = path.index(i);
        validate_common(errors, container, pod, &at_index);
        restart_policy::validate_init_container(errors, container, &at_index);
        let name = text(container, "name");
        if names.contains(name) {
            errors.push(Error::duplicate(&at_index.child("name"), name));
        } else if !name.is_empty() {
            names.insert(name);
        }
        // They run one by one, so each may use a host port again.
        host_port_conflicts(errors, std::slice::from_ref(container), path);
        if is_sidecar(container) {
            probe::validate(errors, container, pod.grace(), &at_index);
        } else {
            probe::forbid(errors, container, &at_index);
            if !pod.options.restart_on_resize_of_init_container {
                forbid_restart_on_resize(errors, container, &at_index.child("resizePolicy"));
            }
        }
    }
}

fn forbid_restart_on_resize(errors: &mut ErrorList, container: &Value, path: &Path<'_>) {
    for (i, policy) in items(container, "resizePolicy").iter().enumerate() {
        if text(policy, "restartPolicy") == "RestartContainer" {
            let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
            errors.push(Error::invalid(&path.index(i).child("restartPolicy"), "RestartContainer", detail));
        }
    }
}

/// What ephemeral containers may not have, in Go's order of fields.
const FORBIDDEN_IF_EPHEMERAL: &[&str] = &[
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

/// Checks `ephemeralContainers`.
pub fn validate_ephemeral(errors: &mut ErrorList, pod: &Pod<'_>, path: &Path<'_>) {
    const DETAIL: &str = "cannot be set for an Ephemeral Container";
    let others: BTreeSet<&str> =
        ["containers", "initContainers"].iter().flat_map(|key| items(pod.spec, key)).map(|c| text(c, "name")).collect();
    let mut names = others.clone();
    for (i, container) in items(pod.spec, "ephemeralContainers").iter().enumerate() {
        let at_index = path.index(i);
        validate_common(errors, container, pod, &at_index);
        image_padding(errors, container, &at_index);
        let name = text(container, "name");
        if !names.insert(name) {
            errors.push(Error::duplicate(&at_index.child("name"), name));
        }
        let target = text(container, "targetContainerName");
        if !target.is_empty() && !others.contains(target) {
            errors.push(Error::not_found(&at_index.child("targetContainerName"), target));
        }
        for key in FORBIDDEN_IF_EPHEMERAL {
            if is_given(container, key) {
                errors.push(Error::forbidden(&at_index.child(key), DETAIL));
            }
        }
        let mounts = at_index.child("volumeMounts");
        for (j, mount) in items(container, "volumeMounts").iter().enumerate() {
            for key in ["subPath", "subPathExpr"] {
                if !text(mount, key).is_empty() {
                    errors.push(Error::forbidden(&mounts.index(j).child(key), DETAIL));
                }
            }
        }
    }
}

/// Lists and `resources` are plain fields in Go, so that empty ones count as not given; the rest are pointers.
fn is_given(container: &Value, key: &str) -> bool {
    match field(container, key) {
        Some(Value::Array(list)) => !list.is_empty(),
        Some(own) if key == "resources" => !is_zero(own),
        other => other.is_some(),
    }
}

/// In pods, unlike in templates, images are not padded with blanks.
pub fn validate_image_padding(errors: &mut ErrorList, spec: &Value, key: &str, path: &Path<'_>) {
    for (i, container) in items(spec, key).iter().enumerate() {
        image_padding(errors, container, &path.index(i));
    }
}

/// As [`validate_image_padding`] for one container.
pub fn image_padding(errors: &mut ErrorList, container: &Value, path: &Path<'_>) {
    let image = text(container, "image");
    if image.trim().len() != image.len() {
        errors.push(Error::invalid(&path.child("image"), image, "must not have leading or trailing whitespace"));
    }
}

fn validate_common(errors: &mut ErrorList, container: &Value, pod: &Pod<'_>, path: &Path<'_>) {
    match text(container, "name") {
        "" => errors.push(Error::required(&path.child("name"), "")),
        name => invalid_each(errors, &path.child("name"), name, names::is_dns1123_label(name)),
    }
    if text(container, "image").is_empty() {
        errors.push(Error::required(&path.child("image"), ""));
    }
    one_of(errors, container, "terminationMessagePolicy", TERMINATION_MESSAGE_POLICIES, path);
    validate_ports(errors, container, &path.child("ports"));
    env::validate(errors, container, &path.child("env"));
    env::validate_from(errors, container, &path.child("envFrom"));
    mounts::validate_mounts(errors, container, pod.volumes, &path.child("volumeMounts"));
    mounts::validate_devices(errors, container, pod.volumes, &path.child("volumeDevices"));
    validate_pull_policy(errors, text(container, "imagePullPolicy"), &path.child("imagePullPolicy"));
    if let Some(own) = field(container, "resources") {
        requirements::validate_container(errors, own, pod.claims, &path.child("resources"), pod.options);
    }
    restart_policy::validate_resize(errors, container, text(pod.spec, "restartPolicy"), &path.child("resizePolicy"));
    if let Some(context) = field(container, "securityContext") {
        security_context::validate_container(errors, context, pod.spec, &path.child("securityContext"), pod.options);
    }
}

fn one_of(errors: &mut ErrorList, container: &Value, key: &str, supported: &[&str], path: &Path<'_>) {
    match text(container, key) {
        "" => errors.push(Error::required(&path.child(key), "")),
        value if !supported.contains(&value) => errors.push(Error::not_supported(&path.child(key), value, supported)),
        _ => {}
    }
}

/// Checks an image's pull policy.
pub fn validate_pull_policy(errors: &mut ErrorList, policy: &str, path: &Path<'_>) {
    if policy.is_empty() {
        errors.push(Error::required(path, ""));
    } else if !PULL_POLICIES.contains(&policy) {
        errors.push(Error::not_supported(path, policy, PULL_POLICIES));
    }
}

fn validate_ports(errors: &mut ErrorList, container: &Value, path: &Path<'_>) {
    let mut names = BTreeSet::new();
    for (i, port) in items(container, "ports").iter().enumerate() {
        let at_index = path.index(i);
        let name = text(port, "name");
        if !name.is_empty() {
            let messages = names::is_valid_port_name(name);
            if !messages.is_empty() {
                invalid_each(errors, &at_index.child("name"), name, messages);
            } else if !names.insert(name) {
                errors.push(Error::duplicate(&at_index.child("name"), name));
            }
        }
        match int(port, "containerPort").unwrap_or_default() {
            0 => errors.push(Error::required(&at_index.child("containerPort"), "")),
            number => super::paths::each(errors, &at_index.child("containerPort"), number, names::is_valid_port_num(number)),
        }
        if let Some(number) = int(port, "hostPort").filter(|n| *n != 0) {
            super::paths::each(errors, &at_index.child("hostPort"), number, names::is_valid_port_num(number));
        }
        one_of(errors, port, "protocol", PROTOCOLS, &at_index);
    }
}

fn host_port_conflicts(errors: &mut ErrorList, containers: &[Value], path: &Path<'_>) {
    let mut taken = BTreeSet::new();
    for (i, container) in containers.iter().enumerate() {
        let at_index = path.index(i);
        let ports = at_index.child("ports");
        for (j, port) in items(container, "ports").iter().enumerate() {
            let Some(number) = int(port, "hostPort").filter(|n| *n != 0) else { continue };
            let address = format!("{}/{}/{number}", text(port, "protocol"), text(port, "hostIP"));
            if taken.contains(&address) {
                errors.push(Error::duplicate(&ports.index(j).child("hostPort"), address));
            } else {
                taken.insert(address);
            }
        }
    }
}

/// On the host's network a container's port is the host's.
pub fn validate_host_network_ports(errors: &mut ErrorList, spec: &Value, is_pod: bool, path: &Path<'_>) {
    if !crate::value::flag(spec, "hostNetwork") {
        return;
    }
    let containers = path.child("containers");
    for (i, container) in items(spec, "containers").iter().enumerate() {
        let at_index = containers.index(i);
        let ports = at_index.child("ports");
        for (j, port) in items(container, "ports").iter().enumerate() {
            let (host, own) = (int(port, "hostPort").unwrap_or_default(), int(port, "containerPort").unwrap_or_default());
            // Templates may leave it open: it is filled in when the pod is made.
            if (is_pod || host != 0) && host != own {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                errors.push(Error::invalid(&ports.index(j).child("hostPort"), host, detail));
            }
        }
    }
}

/// Whether any container mounts block devices.
pub fn has_devices(container: &Value) -> bool {
    !items(container, "volumeDevices").is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_host_port_is_taken_once_for_all_regular_containers() {
        let port = json!([{"hostPort": 80, "protocol": "TCP"}]);
        let mut errors = ErrorList::new();
        host_port_conflicts(&mut errors, &[json!({"ports": port}), json!({"ports": port})], &Path::new("containers"));
        assert_eq!(errors[0].to_string(), "containers[1].ports[0].hostPort: Duplicate value: \"TCP//80\"");
        assert_eq!(errors.len(), 1);
    }
}
