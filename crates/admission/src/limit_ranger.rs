//! LimitRanges: default requests and limits of containers, and bounds of containers, pods and claims (C-03-44).

use crate::{
    Attributes, Cluster, Operation, Plugin,
    aggregate::aggregate,
    pod_resources::{self, Counting, Side},
    resource_list::ResourceList,
};
use minkapi_object::Status;
use minkapi_schema::quantity::Quantity;
use serde_json::{Value, json};

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// Up to this, amounts are compared in thousandths.
const MAX_MILLI_VALUE: i64 = i64::MAX / 1000;

#[derive(Debug)]
pub(crate) struct LimitRanger;

impl Plugin for LimitRanger {
    fn name(&self) -> &'static str {
        "LimitRanger"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if attributes.is_resource("", "pods") && concerns(attributes) {
            for range in ranges(attributes, cluster) {
                set_defaults(attributes.object, &range);
            }
        }
        Ok(())
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if !concerns(attributes) {
            return Ok(());
        }
        for range in ranges(attributes, cluster) {
            let violations = if attributes.is_resource("", "pods") {
                pod_violations(attributes.object, &range)
            } else {
                claim_violations(attributes.object, &range)
            };
            if !violations.is_empty() {
                return Err(attributes.forbidden(aggregate(&violations)));
            }
        }
        Ok(())
    }
}

/// New pods, pods that are resized, and claims; nothing that is being deleted.
fn concerns(attributes: &Attributes<'_>) -> bool {
    let writes = match (attributes.operation, attributes.subresource) {
        (Operation::Create, "") => attributes.is_resource("", "pods") || attributes.is_resource("", "persistentvolumeclaims"),
        (Operation::Update, "") => attributes.is_resource("", "persistentvolumeclaims"),
        (Operation::Update, "resize") => attributes.is_resource("", "pods"),
        _ => false,
    };
    writes && attributes.old.is_none_or(|old| old["metadata"]["deletionTimestamp"].is_null())
}

fn ranges(attributes: &Attributes<'_>, cluster: &dyn Cluster) -> Vec<Value> {
    cluster.list("limitranges", Some(attributes.namespace)).iter().map(|range| range.to_value()).collect()
}

fn limits<'a>(range: &'a Value, kind: &'static str) -> impl Iterator<Item = &'a Value> {
    range["spec"]["limits"].as_array().into_iter().flatten().filter(move |limit| limit["type"] == kind)
}

fn set_defaults(pod: &mut Value, range: &Value) {
    let (mut requests, mut bounds) = (serde_json::Map::new(), serde_json::Map::new());
    for limit in limits(range, "Container") {
        for (defaults, key) in [(&mut requests, "defaultRequest"), (&mut bounds, "default")] {
            defaults.extend(limit[key].as_object().into_iter().flatten().map(|(name, amount)| (name.clone(), amount.clone())));
        }
    }
    let mut told = Vec::new();
    for (key, called) in [("containers", "container"), ("initContainers", "init container")] {
        for container in pod["spec"].get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            let name = container["name"].as_str().unwrap_or_default().to_owned();
            for (side, defaults, what) in [("requests", &requests, "request"), ("limits", &bounds, "limit")] {
                let have = container["resources"][side].as_object().cloned().unwrap_or_default();
                let missing: Vec<(&String, &Value)> = defaults.iter().filter(|(resource, _)| !have.contains_key(*resource)).collect();
                if missing.is_empty() {
                    continue;
                }
                for (resource, amount) in &missing {
                    container["resources"][side][resource.as_str()] = (*amount).clone();
                }
                let names: Vec<&str> = missing.iter().map(|(resource, _)| resource.as_str()).collect();
                told.push(format!("{} {what} for {called} {name}", names.join(", ")));
            }
        }
    }
    if !told.is_empty() {
        pod["metadata"]["annotations"][ANNOTATION] = json!(format!("LimitRanger plugin set: {}", told.join("; ")));
    }
}

fn pod_violations(pod: &Value, range: &Value) -> Vec<String> {
    let mut violations = Vec::new();
    for limit in range["spec"]["limits"].as_array().into_iter().flatten() {
        match limit["type"].as_str() {
            Some("Container") => {
                for key in ["containers", "initContainers"] {
                    for container in pod["spec"][key].as_array().into_iter().flatten() {
                        let side = |key: &str| ResourceList::read(&container["resources"][key]);
                        check(&mut violations, limit, &side("requests"), &side("limits"));
                    }
                }
            }
            Some("Pod") => {
                let side = |side| pod_resources::of_pod(pod, side, Counting::default());
                check(&mut violations, limit, &side(Side::Requests), &side(Side::Limits));
            }
            _ => {}
        }
    }
    violations
}

fn claim_violations(claim: &Value, range: &Value) -> Vec<String> {
    let mut violations = Vec::new();
    let requests = ResourceList::read(&claim["spec"]["resources"]["requests"]);
    for limit in limits(range, "PersistentVolumeClaim") {
        let bound = Bound { kind: "PersistentVolumeClaim", requests: &requests, limits: &ResourceList::default() };
        for (resource, enforced) in &ResourceList::read(&limit["min"]).0 {
            violations.extend(bound.min(resource, enforced));
        }
        for (resource, enforced) in &ResourceList::read(&limit["max"]).0 {
            violations.extend(bound.max_request(resource, enforced));
        }
    }
    violations
}

fn check(violations: &mut Vec<String>, limit: &Value, requests: &ResourceList, limits: &ResourceList) {
    let bound = Bound { kind: limit["type"].as_str().unwrap_or_default(), requests, limits };
    for (resource, enforced) in &ResourceList::read(&limit["min"]).0 {
        violations.extend(bound.min(resource, enforced));
    }
    for (resource, enforced) in &ResourceList::read(&limit["max"]).0 {
        violations.extend(bound.max(resource, enforced));
    }
    for (resource, enforced) in &ResourceList::read(&limit["maxLimitRequestRatio"]).0 {
        violations.extend(bound.ratio(resource, enforced));
    }
}

/// What is checked against bounds: a container, a pod or a claim.
struct Bound<'a> {
    kind: &'a str,
    requests: &'a ResourceList,
    limits: &'a ResourceList,
}

impl Bound<'_> {
    fn min(&self, resource: &str, enforced: &Quantity) -> Option<String> {
        let rule = format!("minimum {resource} usage per {} is {enforced}", self.kind);
        let Some(request) = self.requests.get(resource) else { return Some(format!("{rule}.  No request is specified")) };
        if request < enforced {
            return Some(format!("{rule}, but request is {request}"));
        }
        self.limits.get(resource).filter(|limit| *limit < enforced).map(|limit| format!("{rule}, but limit is {limit}"))
    }

    fn max(&self, resource: &str, enforced: &Quantity) -> Option<String> {
        let rule = format!("maximum {resource} usage per {} is {enforced}", self.kind);
        let Some(limit) = self.limits.get(resource) else { return Some(format!("{rule}.  No limit is specified")) };
        if limit > enforced {
            return Some(format!("{rule}, but limit is {limit}"));
        }
        self.requests.get(resource).filter(|request| *request > enforced).map(|request| format!("{rule}, but request is {request}"))
    }

    fn max_request(&self, resource: &str, enforced: &Quantity) -> Option<String> {
        let rule = format!("maximum {resource} usage per {} is {enforced}", self.kind);
        let Some(request) = self.requests.get(resource) else { return Some(format!("{rule}.  No request is specified")) };
        (request > enforced).then(|| format!("{rule}, but request is {request}"))
    }

    fn ratio(&self, resource: &str, enforced: &Quantity) -> Option<String> {
        let rule = format!("{resource} max limit to request ratio per {} is {enforced}", self.kind);
        let observed = |list: &ResourceList| list.get(resource).filter(|amount| !amount.is_zero()).cloned();
        let Some(request) = observed(self.requests) else {
            return Some(format!("{rule}, but no request is specified or request is 0"));
        };
        let Some(limit) = observed(self.limits) else {
            return Some(format!("{rule}, but no limit is specified or limit is 0"));
        };
        let fine = [&request, &limit, enforced].iter().all(|amount| amount.value() <= MAX_MILLI_VALUE);
        let number = |amount: &Quantity| if fine { amount.milli_value() } else { amount.value() };
        let ratio = number(&limit) as f64 / number(&request) as f64;
        let exceeded = if enforced.value() <= MAX_MILLI_VALUE {
            ratio * 1000.0 > enforced.milli_value() as f64
        } else {
            ratio > enforced.value() as f64
        };
        exceeded.then(|| format!("{rule}, but provided ratio is {ratio:.6}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};

    fn cluster(limits: Value) -> FakeCluster {
        FakeCluster::with("limitranges", json!({"metadata": {"name": "l", "namespace": "x"}, "spec": {"limits": limits}}))
    }

    fn pod(resources: Value) -> Request {
        let container = json!({"name": "app", "resources": resources});
        Request::create("", "v1", "Pod", json!({"metadata": {"name": "web", "namespace": "x"}, "spec": {"containers": [container]}}))
    }

    #[test]
    fn what_a_container_does_not_state_is_set_and_told_in_an_annotation() {
        let cluster = cluster(json!([{"type": "Container", "default": {"cpu": "1", "memory": "1Gi"}, "defaultRequest": {"cpu": "100m"}}]));
        let mut request = pod(json!({"limits": {"memory": "2Gi"}}));
        request.admit(&LimitRanger, &cluster).unwrap();
        assert_eq!(
            request.object["spec"]["containers"][0]["resources"],
            json!({"limits": {"cpu": "1", "memory": "2Gi"}, "requests": {"cpu": "100m"}})
        );
        assert_eq!(
            request.object["metadata"]["annotations"][ANNOTATION],
            "LimitRanger plugin set: cpu request for container app; cpu limit for container app"
        );
    }

    #[test]
    fn bounds_are_enforced_and_all_violations_told() {
        let cluster = cluster(json!([{"type": "Container", "min": {"cpu": "1"}, "max": {"memory": "1Gi"}}]));
        let mut request = pod(json!({"requests": {"cpu": "500m"}, "limits": {"memory": "2Gi"}}));
        let status = request.validate(&LimitRanger, &cluster).unwrap_err();
        assert_eq!(
            status.message,
            "pods \"web\" is forbidden: [minimum cpu usage per Container is 1, but request is 500m, maximum memory usage per Container is 1Gi, but limit is 2Gi]"
        );
    }

    #[test]
    fn a_ratio_is_told_with_six_decimals() {
        let cluster = cluster(json!([{"type": "Pod", "maxLimitRequestRatio": {"cpu": "2"}}]));
        let mut request = pod(json!({"requests": {"cpu": "100m"}, "limits": {"cpu": "500m"}}));
        let status = request.validate(&LimitRanger, &cluster).unwrap_err();
        assert!(status.message.ends_with("cpu max limit to request ratio per Pod is 2, but provided ratio is 5.000000"));
    }

    #[test]
    fn updates_of_pods_are_not_checked_but_resizes_are() {
        let cluster = cluster(json!([{"type": "Container", "max": {"cpu": "1"}}]));
        let mut request = pod(json!({"limits": {"cpu": "2"}}));
        request.operation = Operation::Update;
        request.validate(&LimitRanger, &cluster).unwrap();
        request.subresource = "resize".to_owned();
        assert!(request.validate(&LimitRanger, &cluster).is_err());
    }
}
