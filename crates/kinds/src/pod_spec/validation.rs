//! Everything wrong with a pod spec, in upstream's order.

use super::{
    Options, affinity,
    container::{self, Pod},
    dns, env, go, os, pod_level_resources, requirements, restart_policy, security_context, toleration, topology_spread, volume,
    windows_options,
};
use crate::{
    go_struct, object_meta,
    value::{field, has, int, items, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PREEMPTION_POLICIES: &[&str] = &["PreemptLowerPriority", "Never"];

/// The annotation of a pod that the kubelet made from a file.
pub const MIRROR_POD: &str = "kubernetes.io/config.mirror";

/// Checks a spec at `path`. `metadata` is that of the pod, None in templates.
pub fn validate(errors: &mut ErrorList, spec: &Value, metadata: Option<&Value>, path: &Path<'_>, options: &Options) {
    if !has(spec, "terminationGracePeriodSeconds") {
        errors.push(Error::required(&path.child("terminationGracePeriodSeconds"), ""));
    }
    let pod_name = metadata.map(|m| text(m, "name")).unwrap_or_default();
    let volumes = volume::validate(errors, spec, pod_name, &path.child("volumes"), options);
    let claims: BTreeSet<&str> = items(spec, "resourceClaims").iter().map(|c| text(c, "name")).filter(|n| !n.is_empty()).collect();
    resource_claims(errors, spec, metadata, &path.child("resourceClaims"));
    let pod = Pod { spec, volumes: &volumes, claims: &claims, options };
    container::validate_regular(errors, &pod, &path.child("containers"));
    container::validate_init(errors, &pod, &path.child("initContainers"));
    container::validate_ephemeral(errors, &pod, &path.child("ephemeralContainers"));
    pod_level_resources::validate(errors, spec, &claims, path, options);
    container::validate_host_network_ports(errors, spec, options.is_pod, path);
    restart_policy::validate_pod(errors, text(spec, "restartPolicy"), &path.child("restartPolicy"));
    dns::validate_policy(errors, spec, &path.child("dnsPolicy"));
    errors.extend(object_meta::validate_labels(field(spec, "nodeSelector"), &path.child("nodeSelector")));
    security_context::validate_pod(errors, spec, &path.child("securityContext"), options);
    security_context::validate_shared_processes(errors, spec, path);
    affinity::validate(errors, field(spec, "affinity"), &path.child("affinity"), options);
    dns::validate_config(errors, spec, &path.child("dnsConfig"));
    gates(errors, spec, path);
    topology_spread::validate(errors, spec, &path.child("topologySpreadConstraints"), options);
    windows_options::validate_host_processes(errors, spec, path);
    security_context::validate_host_users(errors, spec, path, options);
    dns::validate_hostname_override(errors, spec, path);
    for (key, rule) in NAMES {
        let name = text(spec, key);
        if !name.is_empty() {
            invalid_each(errors, &path.child(key), name, rule(name));
        }
        if *key == "nodeName" {
            deadline(errors, spec, &path.child("activeDeadlineSeconds"));
        }
    }
    toleration::validate(errors, items(spec, "tolerations"), &path.child("tolerations"), options);
    dns::validate_host_aliases(errors, spec, &path.child("hostAliases"));
    let class = text(spec, "priorityClassName");
    if !class.is_empty() {
        invalid_each(errors, &path.child("priorityClassName"), class, names::is_dns1123_subdomain(class));
    }
    if let Some(class) = text_if_set(spec, "runtimeClassName") {
        invalid_each(errors, &path.child("runtimeClassName"), class, names::is_dns1123_subdomain(class));
    }
    preemption_policy(errors, spec, &path.child("preemptionPolicy"));
    if let Some(overhead) = field(spec, "overhead") {
        requirements::validate_container(errors, &json!({"limits": overhead}), &BTreeSet::new(), &path.child("overhead"), options);
    }
    os::validate(errors, spec, path);
    env::validate_file_volumes(errors, spec, path);
}

type NameRule = fn(&str) -> Vec<String>;

/// Names of other objects and of the pod's host.
const NAMES: &[(&str, NameRule)] = &[
    ("serviceAccountName", names::is_dns1123_subdomain),
    ("nodeName", names::is_dns1123_subdomain),
    ("hostname", names::is_dns1123_label),
    ("subdomain", names::is_dns1123_label),
];

fn deadline(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let longest = i64::from(i32::MAX);
    if let Some(seconds) = int(spec, "activeDeadlineSeconds").filter(|s| !(1..=longest).contains(s)) {
        errors.push(Error::invalid(path, seconds, names::inclusive_range_error(1, longest)));
    }
}

/// Checks `preemptionPolicy`, of pods and of priority classes.
pub fn preemption_policy(errors: &mut ErrorList, holder: &Value, path: &Path<'_>) {
    match text_if_set(holder, "preemptionPolicy") {
        Some("") => errors.push(Error::required(path, "")),
        Some(policy) if !PREEMPTION_POLICIES.contains(&policy) => errors.push(Error::not_supported(path, policy, PREEMPTION_POLICIES)),
        _ => {}
    }
}

fn gates(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let readiness = path.child("readinessGates");
    for (i, gate) in items(spec, "readinessGates").iter().enumerate() {
        let condition = text(gate, "conditionType");
        invalid_each(errors, &readiness.index(i).child("conditionType"), condition, names::is_qualified_name(condition));
    }
    let scheduling = path.child("schedulingGates");
    let mut seen = BTreeSet::new();
    for (i, gate) in items(spec, "schedulingGates").iter().enumerate() {
        let name = text(gate, "name");
        invalid_each(errors, &scheduling.index(i), name, names::is_qualified_name(name));
        if !seen.insert(name) {
            errors.push(Error::duplicate(&scheduling.index(i), name));
        }
    }
}

fn resource_claims(errors: &mut ErrorList, spec: &Value, metadata: Option<&Value>, path: &Path<'_>) {
    let mirror = metadata.and_then(|m| field(m, "annotations")).is_some_and(|a| has(a, MIRROR_POD));
    let mut seen = BTreeSet::new();
    for (i, claim) in items(spec, "resourceClaims").iter().enumerate() {
        if mirror {
            errors.push(Error::forbidden(&Path::new(""), "static pods do not support resource claims"));
            continue;
        }
        let at_index = path.index(i);
        let name_path = at_index.child("name");
        match text(claim, "name") {
            "" => errors.push(Error::required(&name_path, "")),
            name if !seen.insert(name) => errors.push(Error::duplicate(&name_path, name)),
            name => invalid_each(errors, &name_path, name, names::is_dns1123_label(name)),
        }
        let sources = ["resourceClaimName", "resourceClaimTemplateName"];
        let given = sources.iter().filter(|key| has(claim, key)).count();
        if given != 1 {
            let detail = if given == 0 {
                "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            } else {
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            };
            errors.push(Error::invalid_printed(&at_index, go_struct::compact(claim, go::POD_RESOURCE_CLAIM), detail));
        }
        for key in sources {
            if let Some(name) = text_if_set(claim, key) {
                invalid_each(errors, &at_index.child(key), name, names::is_dns1123_subdomain(name));
            }
        }
    }
}
