//! Writes to the status of a pod.

use super::{pod_spec_of, restart, restore, update};
use crate::{
    go_struct,
    pod_spec::{self, Options},
    update::immutable,
    value::{at, field, field_mut, has, int, items, items_mut, set, text, text_if_set, unset},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    ip, names,
};
use serde_json::Value;
use std::collections::BTreeSet;

const STATUS: Path<'static> = Path::new("status");
const STATUSES: &[(&str, &str)] = &[
    ("containerStatuses", "containers"),
    ("initContainerStatuses", "initContainers"),
    ("ephemeralContainerStatuses", "ephemeralContainers"),
];

/// Takes nothing but the status, and keeps of it what clients that know less leave out.
pub fn prepare(new: &mut Value, old: &Value) {
    restore(new, old, &["spec"]);
    restore(new, old, &["metadata", "ownerReferences"]);
    if let Some(metadata) = field_mut(new, "metadata") {
        unset(metadata, "deletionTimestamp");
    }
    let before = field(old, "status").unwrap_or(&Value::Null);
    let Some(status) = field_mut(new, "status") else { return };
    for key in ["resourceClaimStatuses", "extendedResourceClaimStatus", "nodeAllocatableResourceClaimStatuses"] {
        if !has(status, key) {
            restore(status, before, &[key]);
        }
    }
    if text(status, "qosClass").is_empty() {
        restore(status, before, &["qosClass"]);
    }
    keep_observed_generations(status, before);
}

fn keep_observed_generations(status: &mut Value, before: &Value) {
    const KEY: &str = "observedGeneration";
    let unset = |v: &Value| int(v, KEY).unwrap_or_default() == 0;
    if unset(status) {
        restore(status, before, &[KEY]);
    }
    // Conditions of one type are matched in their order.
    let mut older: Vec<&Value> = items(before, "conditions").iter().collect();
    for condition in items_mut(status, "conditions") {
        let kind = text(condition, "type");
        let Some(i) = older.iter().position(|c| text(c, "type") == kind) else { continue };
        let old = older.remove(i);
        if let Some(generation) = int(old, KEY).filter(|g| *g != 0 && unset(condition)) {
            set(condition, KEY, generation);
        }
    }
}

/// Everything wrong with the change of a status.
pub fn validate(new: &Value, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    update::validate_annotations(&mut errors, new, old, &Options::for_pod(Some(old)));
    let spec = pod_spec_of(new);
    let nothing = Value::Null;
    let (after, before) = (field(new, "status").unwrap_or(&nothing), field(old, "status").unwrap_or(&nothing));
    conditions(&mut errors, after, &STATUS.child("conditions"));
    nominated_node(&mut errors, after, before, spec);
    if let Some(generation) = int(after, "observedGeneration").filter(|g| *g < 0) {
        errors.push(Error::invalid(&STATUS.child("observedGeneration"), generation, "must be a non-negative integer"));
    }
    errors.extend(immutable(after.get("qosClass"), before.get("qosClass"), &STATUS.child("qosClass")));
    for (list, containers) in STATUSES {
        let (after, before, path) = (items(after, list), items(before, list), STATUS.child(list));
        if *containers == "ephemeralContainers" {
            restart::validate_ephemeral(&mut errors, after, before, &path);
        } else {
            restart::validate_transitions(&mut errors, after, before, spec, containers, &path);
        }
    }
    claim_statuses(&mut errors, after, spec, &STATUS.child("resourceClaimStatuses"));
    extended_claim_status(&mut errors, after, spec, &STATUS.child("extendedResourceClaimStatus"));
    pod_ips(&mut errors, after, before);
    host_ips(&mut errors, after, before);
    for (list, _) in STATUSES {
        users(&mut errors, items(after, list), spec, &STATUS.child(list));
    }
    for (list, containers) in STATUSES {
        device_health(&mut errors, after, spec, list, containers, &STATUS.child(list));
    }
    errors
}

fn conditions(errors: &mut ErrorList, status: &Value, path: &Path<'_>) {
    for (i, condition) in items(status, "conditions").iter().enumerate() {
        let at_index = path.index(i);
        if let Some(generation) = int(condition, "observedGeneration").filter(|g| *g < 0) {
            errors.push(Error::invalid(&at_index.child("observedGeneration"), generation, "must be a non-negative integer"));
        }
        let kind = text(condition, "type");
        if !matches!(kind, "PodScheduled" | "Ready" | "Initialized") {
            invalid_each(errors, &at_index.child("Type"), kind, names::is_qualified_name(kind));
        }
    }
}

fn nominated_node(errors: &mut ErrorList, after: &Value, before: &Value, spec: &Value) {
    let path = STATUS.child("nominatedNodeName");
    let name = text(after, "nominatedNodeName");
    if name.is_empty() || name == text(before, "nominatedNodeName") {
        return;
    }
    invalid_each(errors, &path, name, names::is_dns1123_subdomain(name));
    if !text(spec, "nodeName").is_empty() {
        errors.push(Error::forbidden(&path, "may not be set on pods that are already bound to a node"));
    }
}

fn claim_statuses(errors: &mut ErrorList, status: &Value, spec: &Value, path: &Path<'_>) {
    let mut seen = BTreeSet::new();
    for (i, claim) in items(status, "resourceClaimStatuses").iter().enumerate() {
        let at_index = path.index(i);
        let name = text(claim, "name");
        if !items(spec, "resourceClaims").iter().any(|c| text(c, "name") == name) {
            let detail = "must match the name of an entry in `spec.resourceClaims`";
            errors.push(Error::invalid(&at_index.child("name"), name, detail));
        }
        if !seen.insert(name) {
            errors.push(Error::duplicate(&at_index.child("name"), name));
        }
        if let Some(made) = text_if_set(claim, "resourceClaimName") {
            invalid_each(errors, &at_index.child("resourceClaimName"), made, names::is_dns1123_subdomain(made));
        }
    }
}

fn extended_claim_status(errors: &mut ErrorList, status: &Value, spec: &Value, path: &Path<'_>) {
    let Some(claim) = field(status, "extendedResourceClaimStatus") else { return };
    let list = path.child("requestMappings");
    let mappings = items(claim, "requestMappings");
    if mappings.is_empty() {
        errors.push(Error::required(&list, "at least one request mapping is required"));
    }
    let mut seen = BTreeSet::new();
    for (i, mapping) in mappings.iter().enumerate() {
        let at_index = list.index(i);
        let key = ["containerName", "resourceName", "requestName"].map(|key| text(mapping, key));
        let [container, resource, request] = key;
        let found = ["containers", "initContainers"].iter().flat_map(|l| items(spec, l)).find(|c| text(c, "name") == container);
        match found {
            None => {
                let detail = "must match the name of an entry in spec.initContainers.name or spec.containers.name";
                errors.push(Error::invalid(&at_index.child("containerName"), container, detail));
            }
            Some(found) if !pod_spec::container_resources(found, "requests").contains_key(resource) => {
                let detail = "must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests";
                errors.push(Error::invalid(&at_index.child("resourceName"), resource, detail));
            }
            Some(_) => {}
        }
        invalid_each(errors, &path.child("requestName"), request, names::is_dns1123_label(request));
        if !seen.insert(key) {
            for (name, value) in ["containerName", "resourceName", "requestName"].into_iter().zip(key) {
                errors.push(Error::duplicate(&at_index.child(name), value));
            }
        }
    }
    match text(claim, "resourceClaimName") {
        "" => errors.push(Error::required(&path.child("resourceClaimName"), "")),
        name => invalid_each(errors, &path.child("resourceClaimName"), name, names::is_dns1123_subdomain(name)),
    }
}

/// Addresses of a list: valid unless they were there before, and at most one of each family.
fn addresses(errors: &mut ErrorList, after: &Value, before: &Value, list: &str, go: &[go_struct::GoField]) {
    let path = STATUS.child(list);
    let (new, old) = (items(after, list), items(before, list));
    for (i, address) in new.iter().map(|a| text(a, "ip")).enumerate() {
        if !old.iter().any(|a| text(a, "ip") == address) {
            invalid_each(errors, &path.index(i), address, ip::is_valid_ip_for_legacy_field(address));
        }
    }
    if new.len() < 2 {
        return;
    }
    let parsed: Vec<_> = new.iter().filter_map(|a| ip::parse_sloppy(text(a, "ip"))).collect();
    let dual = parsed.iter().any(|a| a.is_ipv4()) && parsed.iter().any(|a| a.is_ipv6());
    if let Some(bad) = new.iter().map(|a| text(a, "ip")).find(|a| ip::parse_sloppy(a).is_none()) {
        let values = new.iter().map(|a| text(a, "ip")).collect::<Vec<_>>().join(" ");
        let index = new.iter().position(|a| text(a, "ip") == bad).unwrap_or_default();
        let detail = format!("failed to check for dual stack with error:invalid IPs, failed to parse {bad} at [{index}] of [{values}]");
        errors.push(Error::internal(&path, detail));
    }
    if !dual || new.len() > 2 {
        let printed = go_struct::compact_list(new, go);
        errors.push(Error::invalid_printed(&path, printed, "may specify no more than one IP for each IP family"));
    }
}

fn pod_ips(errors: &mut ErrorList, after: &Value, before: &Value) {
    addresses(errors, after, before, "podIPs", pod_spec::POD_IP);
    let path = STATUS.child("podIPs");
    let list = items(after, "podIPs");
    let single = text(after, "podIP");
    match list.first().map(|a| text(a, "ip")) {
        None if single.is_empty() => {}
        Some(first) if !single.is_empty() => {
            if first != single {
                errors.push(Error::invalid(&path.index(0).child("ip"), first, "must be equal to `podIP`"));
            }
        }
        _ => {
            let printed = if list.is_empty() { "null".to_owned() } else { go_struct::compact_list(list, pod_spec::POD_IP) };
            errors.push(Error::invalid_printed(&path, printed, "podIP and podIPs must either both be set or both be unset"));
        }
    }
}

fn host_ips(errors: &mut ErrorList, after: &Value, before: &Value) {
    let Some(first) = items(after, "hostIPs").first().map(|a| text(a, "ip")) else { return };
    if text(after, "hostIP") != first {
        let path = STATUS.child("hostIPs");
        errors.push(Error::invalid(&path.index(0).child("ip"), first, "must be equal to `hostIP`"));
    }
    addresses(errors, after, before, "hostIPs", pod_spec::HOST_IP);
}

fn users(errors: &mut ErrorList, statuses: &[Value], spec: &Value, path: &Path<'_>) {
    for (i, status) in statuses.iter().enumerate() {
        let Some(linux) = at(status, &["user", "linux"]) else { continue };
        let at_index = path.index(i);
        let user = at_index.child("user");
        let linux_path = user.child("linux");
        match pod_spec::os_name(spec).unwrap_or("linux") {
            "windows" => errors.push(Error::forbidden(&linux_path, "cannot be set for a windows pod")),
            "linux" => {
                let uid = int(linux, "uid").unwrap_or_default();
                if !(0..=i64::from(u32::MAX)).contains(&uid) {
                    let detail = names::inclusive_range_error(0, i64::from(u32::MAX));
                    errors.push(Error::invalid(&linux_path.child("uid"), uid, detail));
                }
                let gid = int(linux, "gid").unwrap_or_default();
                pod_spec::invalid_numbers(errors, &linux_path.child("gid"), gid, names::is_valid_group_id(gid));
                let groups = linux_path.child("supplementalGroups");
                for (j, gid) in items(linux, "supplementalGroups").iter().filter_map(Value::as_i64).enumerate() {
                    pod_spec::invalid_numbers(errors, &groups.index(j), gid, names::is_valid_group_id(gid));
                }
            }
            _ => {}
        }
    }
}

/// Health of devices is told of resources that the container has.
fn device_health(errors: &mut ErrorList, status: &Value, spec: &Value, list: &str, containers: &str, path: &Path<'_>) {
    const HEALTH: &[&str] = &["Healthy", "Unhealthy", "Unknown"];
    for (i, container_status) in items(status, list).iter().enumerate() {
        let allocated = items(container_status, "allocatedResourcesStatus");
        let at_index = path.index(i);
        let path = at_index.child("allocatedResourcesStatus");
        if containers == "ephemeralContainers" {
            if !allocated.is_empty() {
                errors.push(Error::forbidden(&path, "must not be specified in container status"));
            }
            continue;
        }
        let container = items(spec, containers).iter().find(|c| text(c, "name") == text(container_status, "name"));
        for (j, resource) in allocated.iter().enumerate() {
            let at_index = path.index(j);
            let name = text(resource, "name");
            let (known, detail) = match (container, name.strip_prefix("claim:")) {
                (None, _) => (true, ""),
                (Some(c), Some(claim)) => (
                    uses_claim(c, claim) || is_mapped(c, claim, status),
                    "must match one of the container's resource claims as 'claim:<claimName>/<requestName>' when container.resources.claims[*].request is set or 'claim:<claimName>' when it is empty",
                ),
                (Some(c), None) => {
                    (pod_spec::container_resources(c, "requests").contains_key(name), "must match one of the container's resource requests")
                }
            };
            if !known {
                errors.push(Error::invalid(&at_index.child("name"), name, detail));
            }
            let devices = at_index.child("resources");
            let mut seen = BTreeSet::new();
            for (k, device) in items(resource, "resources").iter().enumerate() {
                let at_index = devices.index(k);
                let health = text(device, "health");
                if !HEALTH.contains(&health) {
                    errors.push(Error::not_supported(&at_index.child("health"), health, HEALTH));
                }
                match text_if_set(device, "message").map(str::len) {
                    Some(0) => errors.push(Error::required(&at_index.child("message"), "must be non-empty if specified")),
                    Some(length) if length > 1024 => errors.push(Error::too_long(&at_index.child("message"), 1024)),
                    _ => {}
                }
                let id = text(device, "resourceID");
                if !seen.insert(id) {
                    errors.push(Error::duplicate(&at_index.child("resourceID"), id));
                }
            }
        }
    }
}

fn uses_claim(container: &Value, reference: &str) -> bool {
    let claims = at(container, &["resources"]).map(|r| items(r, "claims")).unwrap_or_default();
    claims.iter().any(|claim| match text(claim, "request") {
        "" => reference == text(claim, "name"),
        request => reference.split_once('/') == Some((text(claim, "name"), request)),
    })
}

fn is_mapped(container: &Value, reference: &str, status: &Value) -> bool {
    let Some((claim, request)) = reference.split_once('/') else { return false };
    let Some(mapped) = field(status, "extendedResourceClaimStatus").filter(|m| text(m, "resourceClaimName") == claim) else { return false };
    let requests = pod_spec::container_resources(container, "requests");
    items(mapped, "requestMappings").iter().any(|m| {
        text(m, "containerName") == text(container, "name")
            && text(m, "requestName") == request
            && requests.get(text(m, "resourceName")).is_some_and(|q| !q.is_zero())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    fn change<const N: usize>(status: [(&str, Value); N]) -> Vec<String> {
        let old = json!({"metadata": {}, "spec": {"containers": []}, "status": {"phase": "Pending", "qosClass": "BestEffort"}});
        let mut new = old.clone();
        for (key, value) in status {
            new["status"][key] = value;
        }
        texts(&validate(&new, &old))
    }

    #[test]
    fn the_class_of_a_pod_never_changes() {
        assert_eq!(change([("qosClass", json!("Burstable"))]), ["status.qosClass: Invalid value: \"Burstable\": field is immutable"]);
    }

    #[test]
    fn a_pod_has_one_address_of_each_family() {
        assert!(change([("podIP", json!("10.0.0.1")), ("podIPs", json!([{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]))]).is_empty());
        assert_eq!(
            change([("podIP", json!("10.0.0.1")), ("podIPs", json!([{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]))]),
            [
                "status.podIPs: Invalid value: [{\"IP\":\"10.0.0.1\"},{\"IP\":\"10.0.0.2\"}]: may specify no more than one IP for each IP family"
            ]
        );
    }

    #[test]
    fn what_a_client_leaves_out_is_kept() {
        let old = json!({"spec": {}, "status": {"qosClass": "Burstable", "observedGeneration": 3,
            "conditions": [{"type": "Ready", "observedGeneration": 2}]}});
        let mut new = json!({"spec": {"nodeName": "x"}, "status": {"conditions": [{"type": "Ready"}]}});
        prepare(&mut new, &old);
        assert_eq!(new["spec"], json!({}));
        assert_eq!(new["status"]["qosClass"], "Burstable");
        assert_eq!(new["status"]["observedGeneration"], 3);
        assert_eq!(new["status"]["conditions"][0]["observedGeneration"], 2);
    }
}
