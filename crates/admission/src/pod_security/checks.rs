//! Which checks belong to which level and version.

use super::{
    baseline,
    pod::Pod,
    policy::{Level, Rule, Version},
    restricted,
};

/// What a pod may not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    /// In two words.
    pub reason: &'static str,
    /// Who does what; may be empty.
    pub detail: String,
}

impl Violation {
    pub const fn new(reason: &'static str, detail: String) -> Self {
        Self { reason, detail }
    }
}

/// One check. What it says may depend on the version of the rules.
struct Check {
    name: &'static str,
    level: Level,
    /// The version, 1.n, since which it is made.
    since: u32,
    run: fn(Pod<'_>, u32) -> Option<Violation>,
    /// The check of the baseline that it stands for.
    replaces: Option<&'static str>,
}

const fn baseline(name: &'static str, since: u32, run: fn(Pod<'_>, u32) -> Option<Violation>) -> Check {
    Check { name, level: Level::Baseline, since, run, replaces: None }
}

const fn restricted(name: &'static str, since: u32, run: fn(Pod<'_>, u32) -> Option<Violation>, replaces: Option<&'static str>) -> Check {
    Check { name, level: Level::Restricted, since, run, replaces }
}

/// The newest version in which anything changed; later ones are the same.
const NEWEST: u32 = 37;

/// In the order in which violations are told.
static CHECKS: &[Check] = &[
    baseline("appArmorProfile", 0, baseline::app_armor_profile),
    baseline("capabilities_baseline", 0, baseline::capabilities),
    baseline("hostNamespaces", 0, baseline::host_namespaces),
    baseline("hostPathVolumes", 0, baseline::host_path_volumes),
    baseline("hostPorts", 0, baseline::host_ports),
    baseline("hostProbesAndHostLifecycle", 34, baseline::host_probes_and_lifecycle),
    baseline("privileged", 0, baseline::privileged),
    baseline("procMount", 0, baseline::proc_mount),
    baseline("seLinuxOptions", 0, baseline::selinux_options),
    baseline("seccompProfile_baseline", 0, baseline::seccomp_profile),
    baseline("sysctls", 0, baseline::sysctls),
    baseline("windowsHostProcess", 0, baseline::windows_host_process),
    restricted("allowPrivilegeEscalation", 8, restricted::allow_privilege_escalation, None),
    restricted("capabilities_restricted", 22, restricted::capabilities, Some("capabilities_baseline")),
    restricted("procMount_restricted", 35, restricted::proc_mount, Some("procMount")),
    restricted("restrictedVolumes", 0, restricted::volumes, Some("hostPathVolumes")),
    restricted("runAsNonRoot", 0, restricted::run_as_non_root, None),
    restricted("runAsUser", 23, restricted::run_as_user, None),
    restricted("seccompProfile_restricted", 19, restricted::seccomp_profile, Some("seccompProfile_baseline")),
];

/// Everything that a pod may not do under a rule.
pub(super) fn evaluate(rule: Rule, pod: Pod<'_>) -> Vec<Violation> {
    if rule.level == Level::Privileged {
        return Vec::new();
    }
    let version = match rule.version {
        Version::Latest => NEWEST,
        Version::Minor(minor) => u32::try_from(minor).unwrap_or(NEWEST).min(NEWEST),
    };
    let made = |check: &&Check| check.level <= rule.level && check.since <= version;
    let replaced = |name: &str| CHECKS.iter().filter(made).any(|check| check.replaces == Some(name));
    CHECKS.iter().filter(made).filter(|check| !replaced(check.name)).filter_map(|check| (check.run)(pod, version)).collect()
}
