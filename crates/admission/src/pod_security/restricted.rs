//! The checks of the restricted level: what hardened pods do.

use super::{
    baseline,
    checks::Violation,
    pod::{Pod, Texts, containers, name, plural, quoted, setters},
};
use serde_json::Value;

/// Sources of volumes that are no part of the host.
const VOLUME_SOURCES: &[&str] =
    &["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"];

/// All others.
const OTHER_VOLUME_SOURCES: &[&str] = &[
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

/// Since 1.25 pods for Windows need not set what Windows does not know.
const fn spares_windows(version: u32) -> bool {
    version >= 25
}

/// Since 1.35 pods with users of their own may be root.
const fn spares_user_namespaces(version: u32) -> bool {
    version >= 35
}

pub(super) fn allow_privilege_escalation(pod: Pod<'_>, version: u32) -> Option<Violation> {
    if spares_windows(version) && pod.is_windows() {
        return None;
    }
    let names = pod.containers_where(|container| container["securityContext"]["allowPrivilegeEscalation"] != false);
    let detail = format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(&names));
    (!names.is_empty()).then(|| Violation::new("allowPrivilegeEscalation != false", detail))
}

pub(super) fn capabilities(pod: Pod<'_>, version: u32) -> Option<Violation> {
    if spares_windows(version) && pod.is_windows() {
        return None;
    }
    fn of<'a>(container: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
        container["securityContext"]["capabilities"][key].as_array().into_iter().flatten().filter_map(Value::as_str)
    }
    let keeping = pod.containers_where(|container| !of(container, "drop").any(|capability| capability == "ALL"));
    let mut added = Texts::new();
    let adding = pod.containers_where(|container| {
        let other: Vec<&str> = of(container, "add").filter(|capability| *capability != "NET_BIND_SERVICE").collect();
        added.extend(&other);
        !other.is_empty()
    });
    let mut details = Vec::new();
    if !keeping.is_empty() {
        details.push(format!("{} must set securityContext.capabilities.drop=[\"ALL\"]", containers(&keeping)));
    }
    if !adding.is_empty() {
        details.push(format!("{} must not include {} in securityContext.capabilities.add", containers(&adding), quoted(&added)));
    }
    (!details.is_empty()).then(|| Violation::new("unrestricted capabilities", details.join("; ")))
}

pub(super) fn proc_mount(pod: Pod<'_>, _: u32) -> Option<Violation> {
    baseline::unmasked_proc(pod)
}

pub(super) fn volumes(pod: Pod<'_>, _: u32) -> Option<Violation> {
    let has = |volume: &Value, sources: &[&'static str]| sources.iter().copied().find(|source| !volume[*source].is_null());
    let mut types = Texts::new();
    let mut names = Vec::new();
    for volume in pod.volumes().filter(|volume| has(volume, VOLUME_SOURCES).is_none()) {
        names.push(name(volume));
        types.insert(has(volume, OTHER_VOLUME_SOURCES).unwrap_or("unknown"));
    }
    let detail = format!(
        "{} {} {} {} {}",
        plural(names.len(), "volume", "volumes"),
        quoted(&names),
        plural(names.len(), "uses", "use"),
        plural(types.len(), "restricted volume type", "restricted volume types"),
        quoted(&types)
    );
    (!names.is_empty()).then(|| Violation::new("restricted volume types", detail))
}

pub(super) fn run_as_non_root(pod: Pod<'_>, version: u32) -> Option<Violation> {
    if spares_user_namespaces(version) && pod.has_user_namespace() {
        return None;
    }
    let by_pod = pod.security()["runAsNonRoot"].as_bool();
    let by_container = |container: &Value| container["securityContext"]["runAsNonRoot"].as_bool();
    let told = setters(by_pod == Some(false), &pod.containers_where(|container| by_container(container) == Some(false)));
    if !told.is_empty() {
        return Some(Violation::new("runAsNonRoot != true", format!("{told} must not set securityContext.runAsNonRoot=false")));
    }
    let silent = pod.containers_where(|container| by_container(container).is_none() && by_pod != Some(true));
    let detail = format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&silent));
    (!silent.is_empty()).then(|| Violation::new("runAsNonRoot != true", detail))
}

pub(super) fn run_as_user(pod: Pod<'_>, version: u32) -> Option<Violation> {
    if spares_user_namespaces(version) && pod.has_user_namespace() {
        return None;
    }
    let is_root = |part: &Value| part["securityContext"]["runAsUser"] == 0;
    let told = setters(is_root(pod.spec), &pod.containers_where(is_root));
    (!told.is_empty()).then(|| Violation::new("runAsUser=0", format!("{told} must not set runAsUser=0")))
}

pub(super) fn seccomp_profile(pod: Pod<'_>, version: u32) -> Option<Violation> {
    if spares_windows(version) && pod.is_windows() {
        return None;
    }
    if let Some(wrong) = baseline::wrong_seccomp_profiles(pod) {
        return Some(wrong);
    }
    let by_pod = !pod.security()["seccompProfile"].is_null();
    let silent = pod.containers_where(|container| container["securityContext"]["seccompProfile"].is_null() && !by_pod);
    let detail =
        format!("pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"", containers(&silent));
    (!silent.is_empty()).then(|| Violation::new("seccompProfile", detail))
}
