//! Resources of a pod as a whole, beside those of its containers.

use super::{
    CONTAINER_LISTS, Options, requirements,
    resources::{ResourceList, aggregate, is_huge_page, is_overcommit_allowed, is_pod_level, is_set, list, of_container, to_json},
};
use crate::value::{field, field_mut, has, items, set, text};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    quantity::Quantity,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Completes the limits and requests of a pod from those of its containers, once admission has put all containers in.
/// Nothing happens where the pod asks for nothing itself.
pub fn default(spec: &mut Value) {
    let Some(own) = field(spec, "resources").filter(|r| is_set(r)) else { return };
    let (mut limits, mut requests) = (list(own, "limits"), list(own, "requests"));
    let (container_limits, container_requests) = (aggregate(spec, "limits"), aggregate(spec, "requests"));

    // Huge pages cannot be overcommitted: the limit is what the containers may use.
    for (name, limit) in container_limits.iter().filter(|(name, _)| is_huge_page(name) && !requests.contains_key(*name)) {
        limits.entry(name.clone()).or_insert_with(|| limit.clone());
    }
    for (name, request) in container_requests.iter().filter(|(name, _)| is_pod_level(name) && is_overcommit_allowed(name)) {
        requests.entry(name.clone()).or_insert_with(|| request.clone());
    }
    for (name, limit) in limits.iter().filter(|(name, _)| is_pod_level(name)) {
        requests.entry(name.clone()).or_insert_with(|| limit.clone());
    }
    // A limit follows where every container has one; it is at least the request.
    for (name, request) in requests.iter().filter(|(name, _)| is_pod_level(name)) {
        let every = CONTAINER_LISTS.iter().flat_map(|key| items(spec, key)).all(|c| of_container(c, "limits").contains_key(name));
        if let Some(sum) = container_limits.get(name).filter(|_| every) {
            limits.entry(name.clone()).or_insert_with(|| sum.max(request).clone());
        }
    }
    if let Some(own) = field_mut(spec, "resources") {
        write(own, "limits", &limits);
        write(own, "requests", &requests);
    }
}

fn write(requirements: &mut Value, key: &str, list: &ResourceList) {
    if !list.is_empty() {
        set(requirements, key, to_json(list));
    }
}

/// Checks `spec.resources`: on its own, and against the containers.
pub fn validate(errors: &mut ErrorList, spec: &Value, claims: &BTreeSet<&str>, spec_path: &Path<'_>, options: &Options) {
    let Some(own) = field(spec, "resources") else { return };
    let path = spec_path.child("resources");
    if field(spec, "os").is_some_and(|os| text(os, "name") == "windows") {
        errors.push(Error::forbidden(&path, "may not be set for a windows pod"));
        return;
    }
    if has(own, "claims") {
        errors.push(Error::forbidden(&path.child("claims"), "claims may not be set for Resources at pod-level"));
    }
    requirements::validate_pod(errors, own, claims, &path, options);
    let (limits, requests) = (list(own, "limits"), list(own, "requests"));
    for (name, sum) in aggregate(spec, "requests") {
        at_least(errors, &requests, &name, &sum, "requests", &path);
    }
    for (name, sum) in aggregate(spec, "limits").into_iter().filter(|(name, _)| is_huge_page(name)) {
        at_least(errors, &limits, &name, &sum, "limits", &path);
    }
    for (i, container) in items(spec, "containers").iter().enumerate() {
        for (name, limit) in of_container(container, "limits") {
            if let Some(most) = limits.get(&name).filter(|most| limit > **most) {
                let containers = path.child("containers");
                let at_index = containers.index(i);
                let detail = format!("must be less than or equal to pod limits of {most}");
                errors.push(Error::invalid(&at_index.key(&name).child("limits"), limit.to_string(), detail));
            }
        }
    }
}

fn at_least(errors: &mut ErrorList, own: &ResourceList, name: &str, sum: &Quantity, key: &str, path: &Path<'_>) {
    if let Some(own) = own.get(name).filter(|own| sum > *own) {
        let detail = format!("must be greater than or equal to aggregate container {key} of {sum}");
        errors.push(Error::invalid(&path.child(key).key(name), own.to_string(), detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn requests_come_from_the_containers_and_then_from_the_limits() {
        let mut spec = json!({"resources": {"limits": {"cpu": "2", "memory": "2Gi"}}, "containers": [
            {"name": "a", "resources": {"requests": {"cpu": "500m"}}},
            {"name": "b", "resources": {}}]});
        default(&mut spec);
        assert_eq!(spec["resources"], json!({"limits": {"cpu": "2", "memory": "2Gi"}, "requests": {"cpu": "500m", "memory": "2Gi"}}));
    }

    #[test]
    fn a_limit_follows_where_every_container_has_one() {
        let one = json!({"name": "a", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}});
        let mut spec = json!({"resources": {"requests": {"cpu": "3"}}, "containers": [one, one]});
        default(&mut spec);
        assert_eq!(spec["resources"]["limits"], json!({"cpu": "3"}));
    }

    #[test]
    fn a_pod_without_resources_of_its_own_keeps_none() {
        let mut spec = json!({"containers": [{"name": "a", "resources": {"limits": {"cpu": "1"}}}]});
        default(&mut spec);
        assert!(spec.get("resources").is_none());
    }
}
