//! Resource quotas: usage, scopes, refusals.

use super::*;
use crate::testing::{FakeCluster, Request};
use serde_json::json;

fn quota(spec: Value, hard: Value, used: Value) -> FakeCluster {
    let quota = json!({"metadata": {"name": "q", "namespace": "x"}, "spec": spec, "status": {"hard": hard, "used": used}});
    FakeCluster::with("resourcequotas", quota)
}

fn pod(resources: Value) -> Request {
    let container = json!({"name": "app", "resources": resources});
    Request::create("", "v1", "Pod", json!({"metadata": {"name": "web", "namespace": "x"}, "spec": {"containers": [container]}}))
}

fn used(cluster: &FakeCluster) -> Value {
    cluster.get("resourcequotas", "x", "q").unwrap().to_value()["status"]["used"].take()
}

#[test]
fn a_request_is_charged_until_the_quota_is_used_up() {
    let cluster = quota(json!({}), json!({"pods": "2"}), json!({"pods": "1"}));
    pod(json!({})).validate(&ResourceQuota, &cluster).unwrap();
    assert_eq!(used(&cluster), json!({"pods": "2"}));
    let status = pod(json!({})).validate(&ResourceQuota, &cluster).unwrap_err();
    assert_eq!(status.message, "pods \"web\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2");
}

#[test]
fn a_dry_run_is_checked_but_not_charged() {
    let cluster = quota(json!({}), json!({"pods": "1"}), json!({"pods": "0"}));
    let mut request = pod(json!({}));
    request.dry_run = true;
    request.validate(&ResourceQuota, &cluster).unwrap();
    assert_eq!(used(&cluster), json!({"pods": "0"}));
}

#[test]
fn without_known_usage_nothing_is_let_in() {
    let cluster = quota(json!({}), json!({"pods": "1"}), Value::Null);
    let status = pod(json!({})).validate(&ResourceQuota, &cluster).unwrap_err();
    assert!(status.message.ends_with("status unknown for quota: q, resources: pods"));
}

#[test]
fn compute_resources_under_quota_must_be_stated_by_each_container() {
    let cluster =
        quota(json!({}), json!({"requests.cpu": "1", "limits.memory": "1Gi"}), json!({"requests.cpu": "0", "limits.memory": "0"}));
    let status = pod(json!({"requests": {"cpu": "2"}})).validate(&ResourceQuota, &cluster).unwrap_err();
    assert!(status.message.ends_with("failed quota: q: must specify limits.memory for: app"), "{}", status.message);
    let status = pod(json!({"requests": {"cpu": "2"}, "limits": {"memory": "1Gi"}})).validate(&ResourceQuota, &cluster).unwrap_err();
    assert!(status.message.ends_with("exceeded quota: q, requested: requests.cpu=2, used: requests.cpu=0, limited: requests.cpu=1"));
}

#[test]
fn scopes_choose_the_pods_that_a_quota_is_about() {
    let cluster = quota(json!({"scopes": ["BestEffort"]}), json!({"pods": "0"}), json!({"pods": "0"}));
    assert!(pod(json!({})).validate(&ResourceQuota, &cluster).is_err());
    pod(json!({"requests": {"cpu": "1"}})).validate(&ResourceQuota, &cluster).unwrap();
    let selector = json!({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}});
    let cluster = quota(selector, json!({"pods": "0"}), json!({"pods": "0"}));
    pod(json!({})).validate(&ResourceQuota, &cluster).unwrap();
    let mut high = pod(json!({}));
    high.object["spec"]["priorityClassName"] = "high".into();
    assert!(high.validate(&ResourceQuota, &cluster).is_err());
}

#[test]
fn an_update_is_charged_with_what_it_adds() {
    let hard = json!({"requests.storage": "10Gi", "std.storageclass.storage.k8s.io/requests.storage": "10Gi"});
    let cluster = quota(json!({}), hard, json!({"requests.storage": "4Gi", "std.storageclass.storage.k8s.io/requests.storage": "4Gi"}));
    let claim = |size: &str| json!({"metadata": {"name": "d", "namespace": "x"}, "spec": {"storageClassName": "std", "resources": {"requests": {"storage": size}}}});
    let mut request = Request::create("", "v1", "PersistentVolumeClaim", claim("6Gi"));
    request.operation = Operation::Update;
    request.old = Some(claim("4Gi"));
    request.validate(&ResourceQuota, &cluster).unwrap();
    assert_eq!(used(&cluster)["requests.storage"], "6Gi");
    assert_eq!(used(&cluster)["std.storageclass.storage.k8s.io/requests.storage"], "6Gi");
}

#[test]
fn services_count_their_ports_and_other_kinds_their_number() {
    let cluster = quota(json!({}), json!({"services.nodeports": "1"}), json!({"services.nodeports": "0"}));
    let service = json!({"metadata": {"name": "s", "namespace": "x"}, "spec": {"type": "NodePort", "ports": [{"port": 1}, {"port": 2}]}});
    let status = Request::create("", "v1", "Service", service).validate(&ResourceQuota, &cluster).unwrap_err();
    assert!(status.message.contains("requested: services.nodeports=2"));
    let cluster = quota(json!({}), json!({"count/deployments.apps": "0"}), json!({"count/deployments.apps": "0"}));
    let deployment = json!({"metadata": {"name": "d", "namespace": "x"}});
    assert!(Request::create("apps", "v1", "Deployment", deployment).validate(&ResourceQuota, &cluster).is_err());
}

#[test]
fn devices_count_per_class_with_the_greatest_alternative() {
    let name = "gpu.deviceclass.resource.k8s.io/devices";
    let cluster = quota(json!({}), json!({name: "1"}), json!({name: "0"}));
    let part = |count: i64| json!({"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": count});
    let claim =
        json!({"metadata": {"name": "c", "namespace": "x"}, "spec": {"devices": {"requests": [{"firstAvailable": [part(1), part(2)]}]}}});
    let status = Request::create("resource.k8s.io", "v1", "ResourceClaim", claim).validate(&ResourceQuota, &cluster).unwrap_err();
    assert!(status.message.contains(&format!("requested: {name}=2")), "{}", status.message);
}
