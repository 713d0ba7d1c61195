//! The checks of the baseline: nothing that is known to lead out of the container.

use super::{
    checks::Violation,
    pod::{Pod, Texts, containers, name, plural, quoted, setters},
};
use serde_json::Value;

const DEFAULT_CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Kernel settings that concern the pod only, with the version since which they are allowed.
const SYSCTLS: &[(&str, u32)] = &[
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

const SELINUX_TYPES: &[(&str, u32)] =
    &[("", 0), ("container_t", 0), ("container_init_t", 0), ("container_kvm_t", 0), ("container_engine_t", 31)];

const APP_ARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The pod and the containers that set a profile of another type than these two, and those types.
fn other_profiles<'a>(pod: Pod<'a>, key: &str) -> (bool, Vec<&'a str>, Texts<'a>) {
    let mut types = Texts::new();
    let mut other = |security: &'a Value| {
        let profile = &security[key];
        let other = !profile.is_null() && !matches!(text(profile, "type"), "RuntimeDefault" | "Localhost");
        if other {
            types.insert(text(profile, "type"));
        }
        other
    };
    let own = other(pod.security());
    let containers = pod.containers_where(|container| other(&container["securityContext"]));
    (own, containers, types)
}

pub(super) fn app_armor_profile(pod: Pod<'_>, _: u32) -> Option<Violation> {
    let (own, names, types) = other_profiles(pod, "appArmorProfile");
    let mut values: Vec<String> = types.into_iter().map(str::to_owned).collect();
    let mut told = setters(own, &names);
    let annotations = pod.metadata["annotations"].as_object().into_iter().flatten();
    let forbidden: Vec<String> = annotations
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
        .filter(|(key, value)| {
            let allowed = value.is_empty() || *value == "runtime/default" || value.starts_with("localhost/");
            key.starts_with(APP_ARMOR_ANNOTATION) && !allowed
        })
        .map(|(key, value)| format!("{key}={}", minkapi_schema::field::quoted(value)))
        .collect();
    if !forbidden.is_empty() {
        if !told.is_empty() {
            told.push_str(" and ");
        }
        told.push_str(plural(forbidden.len(), "annotation", "annotations"));
        values.extend(forbidden);
    }
    let reason = plural(values.len(), "forbidden AppArmor profile", "forbidden AppArmor profiles");
    let detail = format!("{told} must not set AppArmor profile type to {}", quoted(&values));
    (!told.is_empty()).then(|| Violation::new(reason, detail))
}

pub(super) fn capabilities(pod: Pod<'_>, _: u32) -> Option<Violation> {
    let mut added = Texts::new();
    let names = pod.containers_where(|container| {
        let before = items(&container["securityContext"]["capabilities"], "add").filter_map(Value::as_str);
        let other: Vec<&str> = before.filter(|capability| !DEFAULT_CAPABILITIES.contains(capability)).collect();
        added.extend(&other);
        !other.is_empty()
    });
    let detail = format!("{} must not include {} in securityContext.capabilities.add", containers(&names), quoted(&added));
    (!names.is_empty()).then(|| Violation::new("non-default capabilities", detail))
}

pub(super) fn host_namespaces(pod: Pod<'_>, _: u32) -> Option<Violation> {
    let shared = ["hostNetwork", "hostPID", "hostIPC"].into_iter().filter(|key| pod.spec[*key] == true);
    let shared: Vec<String> = shared.map(|key| format!("{key}=true")).collect();
    (!shared.is_empty()).then(|| Violation::new("host namespaces", shared.join(", ")))
}

pub(super) fn host_path_volumes(pod: Pod<'_>, _: u32) -> Option<Violation> {
    let names: Vec<&str> = pod.volumes().filter(|volume| !volume["hostPath"].is_null()).map(name).collect();
    let detail = format!("{} {}", plural(names.len(), "volume", "volumes"), quoted(&names));
    (!names.is_empty()).then(|| Violation::new("hostPath volumes", detail))
}

pub(super) fn host_ports(pod: Pod<'_>, _: u32) -> Option<Violation> {
    let mut ports = std::collections::BTreeSet::new();
    let names = pod.containers_where(|container| {
        let used: Vec<String> = items(container, "ports")
            .filter_map(|port| port["hostPort"].as_i64())
            .filter(|port| *port != 0)
            .map(|p| p.to_string())
            .collect();
        let uses = !used.is_empty();
        ports.extend(used);
        uses
    });
    let detail = format!(
        "{} {} {} {}",
        containers(&names),
        plural(names.len(), "uses", "use"),
        plural(ports.len(), "hostPort", "hostPorts"),
        ports.into_iter().collect::<Vec<_>>().join(", ")
    );
    (!names.is_empty()).then(|| Violation::new("hostPort", detail))
}

pub(super) fn host_probes_and_lifecycle(pod: Pod<'_>, _: u32) -> Option<Violation> {
    let mut hosts = Texts::new();
    let names: Texts<'_> = pod
        .containers_where(|container| {
            let handlers = ["livenessProbe", "readinessProbe", "startupProbe"].into_iter().map(|key| &container[key]);
            let handlers = handlers.chain(["postStart", "preStop"].into_iter().map(|key| &container["lifecycle"][key]));
            let named = handlers.flat_map(|handler| [text(&handler["httpGet"], "host"), text(&handler["tcpSocket"], "host")]);
            let named: Vec<&str> = named.filter(|host| !host.is_empty()).collect();
            hosts.extend(&named);
            !named.is_empty()
        })
        .into_iter()
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    let detail = format!(
        "{} {} {} {}",
        containers(&names),
        plural(names.len(), "uses", "use"),
        plural(hosts.len(), "probe or lifecycle host", "probe or lifecycle hosts"),
        quoted(&hosts)
    );
    (!names.is_empty()).then(|| Violation::new("probe or lifecycle host", detail))
}

pub(super) fn privileged(pod: Pod<'_>, _: u32) -> Option<Violation> {
    let names = pod.containers_where(|container| container["securityContext"]["privileged"] == true);
    let detail = format!("{} must not set securityContext.privileged=true", containers(&names));
    (!names.is_empty()).then(|| Violation::new("privileged", detail))
}

pub(super) fn proc_mount(pod: Pod<'_>, version: u32) -> Option<Violation> {
    if version >= 35 && pod.has_user_namespace() { None } else { unmasked_proc(pod) }
}

/// Containers that see more of /proc than usual.
pub(super) fn unmasked_proc(pod: Pod<'_>) -> Option<Violation> {
    let mut mounts = Texts::new();
    let names = pod.containers_where(|container| {
        let mount = container["securityContext"]["procMount"].as_str().filter(|mount| *mount != "Default");
        mounts.extend(mount);
        mount.is_some()
    });
    let detail = format!("{} must not set securityContext.procMount to {}", containers(&names), quoted(&mounts));
    (!names.is_empty()).then(|| Violation::new("procMount", detail))
}

pub(super) fn selinux_options(pod: Pod<'_>, version: u32) -> Option<Violation> {
    let (mut types, mut user, mut role) = (Texts::new(), false, false);
    let mut is_bad = |security| {
        let options: &Value = &security_options(security)["seLinuxOptions"];
        let other = text(options, "type");
        let bad_type = !SELINUX_TYPES.iter().any(|(known, since)| *known == other && *since <= version);
        if bad_type {
            types.insert(other);
        }
        let (sets_user, sets_role) = (!text(options, "user").is_empty(), !text(options, "role").is_empty());
        user |= sets_user;
        role |= sets_role;
        bad_type || sets_user || sets_role
    };
    let own = is_bad(pod.spec);
    let names = pod.containers_where(is_bad);
    let told = setters(own, &names);
    if told.is_empty() {
        return None;
    }
    let mut what = Vec::new();
    if !types.is_empty() {
        what.push(format!("{} {}", plural(types.len(), "type", "types"), quoted(&types)));
    }
    if user {
        what.push("user may not be set".to_owned());
    }
    if role {
        what.push("role may not be set".to_owned());
    }
    Some(Violation::new("seLinuxOptions", format!("{told} set forbidden securityContext.seLinuxOptions: {}", what.join("; "))))
}

fn security_options(part: &Value) -> &Value {
    &part["securityContext"]
}

pub(super) fn seccomp_profile(pod: Pod<'_>, version: u32) -> Option<Violation> {
    if version < 19 {
        return seccomp_annotations(pod);
    }
    let (own, names, types) = other_profiles(pod, "seccompProfile");
    let told = setters(own, &names);
    let detail = format!("{told} must not set securityContext.seccompProfile.type to {}", quoted(&types));
    (!told.is_empty()).then(|| Violation::new("seccompProfile", detail))
}

/// The explicit part of the restricted check, which tells the same.
pub(super) fn wrong_seccomp_profiles(pod: Pod<'_>) -> Option<Violation> {
    seccomp_profile(pod, 19)
}

fn seccomp_annotations(pod: Pod<'_>) -> Option<Violation> {
    let keys = std::iter::once(SECCOMP_POD_ANNOTATION.to_owned())
        .chain(pod.containers().map(|container| format!("{SECCOMP_CONTAINER_ANNOTATION}{}", name(container))));
    let forbidden: std::collections::BTreeSet<String> = keys
        .filter_map(|key| pod.annotation(&key).map(|value| (key, value)))
        .filter(|(_, value)| !matches!(*value, "runtime/default" | "docker/default") && !value.starts_with("localhost/"))
        .map(|(key, value)| format!("{key}={}", minkapi_schema::field::quoted(value)))
        .collect();
    let count = forbidden.len();
    let detail =
        format!("forbidden {} {}", plural(count, "annotation", "annotations"), forbidden.into_iter().collect::<Vec<_>>().join(", "));
    (count > 0).then(|| Violation::new("seccompProfile", detail))
}

pub(super) fn sysctls(pod: Pod<'_>, version: u32) -> Option<Violation> {
    let allowed = |name: &str| SYSCTLS.iter().any(|(known, since)| *known == name && *since <= version);
    let other: Vec<&str> = items(pod.security(), "sysctls").map(name).filter(|name| !allowed(name)).collect();
    (!other.is_empty()).then(|| Violation::new("forbidden sysctls", other.join(", ")))
}

pub(super) fn windows_host_process(pod: Pod<'_>, _: u32) -> Option<Violation> {
    let is_host_process = |part: &Value| security_options(part)["windowsOptions"]["hostProcess"] == true;
    let told = setters(is_host_process(pod.spec), &pod.containers_where(is_host_process));
    let detail = format!("{told} must not set securityContext.windowsOptions.hostProcess=true");
    (!told.is_empty()).then(|| Violation::new("hostProcess", detail))
}
