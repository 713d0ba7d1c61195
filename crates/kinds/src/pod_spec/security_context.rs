//! Security contexts of pods and containers.

use super::{Options, go, paths::each, profile, windows_options};
use crate::go_struct;
use crate::value::{at, field, flag, flag_if_set, int, items, text, text_if_set};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names,
};
use serde_json::Value;
use std::collections::BTreeSet;

const PROC_MOUNTS: &[&str] = &["Default", "Unmasked"];
const FS_GROUP_CHANGE: &[&str] = &["Always", "OnRootMismatch"];
const SUPPLEMENTAL_GROUPS: &[&str] = &["Merge", "Strict"];
const SELINUX_CHANGE: &[&str] = &["MountOption", "Recursive"];
const SYSCTL: &str = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const SYSCTL_MAX: usize = 253;

/// Whether the pod's users are the host's.
pub fn has_host_users(spec: &Value) -> bool {
    flag_if_set(spec, "hostUsers").unwrap_or(true)
}

/// Checks a container's security context.
pub fn validate_container(errors: &mut ErrorList, context: &Value, spec: &Value, path: &Path<'_>, options: &Options) {
    ids(errors, context, &[("runAsUser", names::is_valid_user_id), ("runAsGroup", names::is_valid_group_id)], path);
    if let Some(mount) = text_if_set(context, "procMount") {
        let mount_path = path.child("procMount");
        if !PROC_MOUNTS.contains(&mount) {
            errors.push(Error::not_supported(&mount_path, mount, PROC_MOUNTS));
        }
        if mount == "Unmasked" && has_host_users(spec) {
            errors.push(Error::invalid(&mount_path, mount, "`hostUsers` must be false to use `Unmasked`"));
        }
    }
    profile::validate_seccomp(errors, field(context, "seccompProfile"), &path.child("seccompProfile"));
    if flag_if_set(context, "allowPrivilegeEscalation") == Some(false) {
        let mut contradiction =
            |detail: &str| errors.push(Error::invalid_printed(path, go_struct::compact(context, go::SECURITY_CONTEXT), detail));
        if flag(context, "privileged") {
            contradiction("cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        }
        if !options.sys_admin_without_escalation {
            let added = field(context, "capabilities").map(|c| items(c, "add")).unwrap_or_default();
            for _ in added.iter().filter(|c| c.as_str() == Some("CAP_SYS_ADMIN")) {
                contradiction("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
            }
        }
    }
    windows_options::validate(errors, field(context, "windowsOptions"), &path.child("windowsOptions"));
    profile::validate_app_armor(errors, field(context, "appArmorProfile"), &path.child("appArmorProfile"));
}

/// Checks a pod's security context.
pub fn validate_pod(errors: &mut ErrorList, spec: &Value, path: &Path<'_>, options: &Options) {
    let Some(context) = field(spec, "securityContext") else { return };
    ids(
        errors,
        context,
        &[("fsGroup", names::is_valid_group_id), ("runAsUser", names::is_valid_user_id), ("runAsGroup", names::is_valid_group_id)],
        path,
    );
    let groups = path.child("supplementalGroups");
    for (i, group) in items(context, "supplementalGroups").iter().filter_map(Value::as_i64).enumerate() {
        each(errors, &groups.index(i), group, names::is_valid_group_id(group));
    }
    sysctls(errors, context, spec, &path.child("sysctls"), options);
    one_of(errors, context, "fsGroupChangePolicy", FS_GROUP_CHANGE, path);
    profile::validate_seccomp(errors, field(context, "seccompProfile"), &path.child("seccompProfile"));
    windows_options::validate(errors, field(context, "windowsOptions"), &path.child("windowsOptions"));
    profile::validate_app_armor(errors, field(context, "appArmorProfile"), &path.child("appArmorProfile"));
    one_of(errors, context, "supplementalGroupsPolicy", SUPPLEMENTAL_GROUPS, path);
    one_of(errors, context, "seLinuxChangePolicy", SELINUX_CHANGE, path);
}

/// What is wrong with a user or group id.
type IdRule = fn(i64) -> Vec<String>;

fn ids(errors: &mut ErrorList, context: &Value, rules: &[(&str, IdRule)], path: &Path<'_>) {
    for (key, rule) in rules {
        if let Some(id) = int(context, key) {
            each(errors, &path.child(key), id, rule(id));
        }
    }
}

fn one_of(errors: &mut ErrorList, context: &Value, key: &str, supported: &[&str], path: &Path<'_>) {
    if let Some(value) = text_if_set(context, key).filter(|v| !supported.contains(v)) {
        errors.push(Error::not_supported(&path.child(key), value, supported));
    }
}

fn sysctls(errors: &mut ErrorList, context: &Value, spec: &Value, path: &Path<'_>, options: &Options) {
    let mut seen = BTreeSet::new();
    for (i, sysctl) in items(context, "sysctls").iter().enumerate() {
        let at_index = path.index(i);
        let name_path = at_index.child("name");
        let name = text(sysctl, "name");
        if name.is_empty() {
            errors.push(Error::required(&name_path, ""));
        } else if !is_sysctl_name(name) {
            let detail = format!("must have at most {SYSCTL_MAX} characters and match regex {SYSCTL}");
            errors.push(Error::invalid(&name_path, name, detail));
        } else if seen.contains(name) {
            errors.push(Error::duplicate(&name_path, name));
        }
        if !options.sysctls_of_host_namespaces
            && let Some(flag) = host_namespace(name, spec)
        {
            errors.push(Error::invalid(&name_path, name, format!("may not be specified when '{flag}' is true")));
        }
        seen.insert(name);
    }
}

fn is_sysctl_name(name: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= SYSCTL_MAX
        && name.split(['.', '/']).all(|segment| {
            let bytes = segment.as_bytes();
            bytes.first().is_some_and(|b| alphanumeric(*b))
                && bytes.last().is_some_and(|b| alphanumeric(*b))
                && bytes.iter().all(|b| alphanumeric(*b) || matches!(b, b'-' | b'_'))
        })
}

/// The field of the pod that puts this sysctl into a namespace shared with the host, if any does.
pub fn host_namespace(sysctl: &str, spec: &Value) -> Option<&'static str> {
    const IPC: &[&str] = &[
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
        "kernel.shm",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.msg",
    ];
    let name = normalized(sysctl);
    let name = name.split_once('*').map_or(name.as_str(), |(before, _)| before);
    if name.starts_with("net.") {
        flag(spec, "hostNetwork").then_some("hostNetwork")
    } else if IPC.contains(&name) || name.starts_with("fs.mqueue.") {
        flag(spec, "hostIPC").then_some("hostIPC")
    } else {
        None
    }
}

/// With dots between the parts: where a slash comes first, slashes separate and dots belong to names.
fn normalized(sysctl: &str) -> String {
    match sysctl.find(['.', '/']).and_then(|i| sysctl.as_bytes().get(i)) {
        Some(b'/') => sysctl
            .chars()
            .map(|c| match c {
                '.' => '/',
                '/' => '.',
                other => other,
            })
            .collect(),
        _ => sysctl.to_owned(),
    }
}

/// A pod cannot both share its processes among its containers and see the host's.
pub fn validate_shared_processes(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    if flag(spec, "shareProcessNamespace") && flag(spec, "hostPID") {
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.push(Error::invalid(&path.child("shareProcessNamespace"), true, detail));
    }
}

/// What pods with users of their own may not share with the host.
pub fn validate_host_users(errors: &mut ErrorList, spec: &Value, path: &Path<'_>, options: &Options) {
    const DETAIL: &str = "when `hostUsers` is false";
    if has_host_users(spec) {
        return;
    }
    let shared =
        [("hostNetwork", "hostNetwork", options.own_users_on_host_network), ("hostPID", "HostPID", false), ("hostIPC", "HostIPC", false)];
    for (key, shown, allowed) in shared {
        if flag(spec, key) && !allowed {
            errors.push(Error::forbidden(&path.child(shown), DETAIL));
        }
    }
    if !options.own_users_with_devices {
        super::visit_containers(spec, path, |container, container_path| {
            if super::container::has_devices(container) {
                errors.push(Error::forbidden(&container_path.child("volumeDevices"), DETAIL));
            }
        });
    }
}

/// Whether the container both adds `CAP_SYS_ADMIN` and does not allow privilege escalation, as some stored pods do.
pub fn adds_sys_admin(container: &Value) -> bool {
    let Some(context) = field(container, "securityContext") else { return false };
    let added = at(context, &["capabilities"]).map(|c| items(c, "add")).unwrap_or_default();
    !flag(context, "allowPrivilegeEscalation") && added.iter().any(|c| c.as_str() == Some("CAP_SYS_ADMIN"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sysctl_of_a_shared_namespace_is_refused() {
        let spec = json!({"hostNetwork": true, "securityContext": {"sysctls": [{"name": "net/ipv4/ip_forward"}, {"name": "kernel.sem"}]}});
        let mut errors = ErrorList::new();
        validate_pod(&mut errors, &spec, &Path::new("sc"), &Options::default());
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["sc.sysctls[0].name: Invalid value: \"net/ipv4/ip_forward\": may not be specified when 'hostNetwork' is true"]);
    }

    #[test]
    fn ids_fit_into_31_bits() {
        let mut errors = ErrorList::new();
        validate_pod(&mut errors, &json!({"securityContext": {"runAsUser": -1}}), &Path::new("sc"), &Options::default());
        assert_eq!(errors[0].to_string(), "sc.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive");
    }
}
