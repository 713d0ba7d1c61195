//! What kube-apiserver holds at its start (C-01-37), and how the server makes objects of its own. A server that does not
//! authorize has no RBAC objects, as upstream.

mod policy;

use crate::{Call, Conversions, Served, Target, UserInfo, View, Warnings, WriteOptions, form::Form, managed_fields, metadata};
use minkapi_store::{Change, Expect, Key};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) use policy::{as_value as rule_as_value, reconcile as reconcile_policy};

/// Name of the ServiceCIDR with the server's own ranges.
pub(crate) const SERVICE_CIDR: &str = "kubernetes";

/// Priority levels and flow schemas, as upstream's defaults are stored.
const FLOW_CONTROL: &str = include_str!("bootstrap/flow_control.json");

/// Group, version, and the two priorities of the APIService of a group version that the server serves itself.
static API_SERVICES: &[(&str, &str, i64, i64)] = &[
    ("", "v1", 18_000, 1),
    ("admissionregistration.k8s.io", "v1", 16_700, 15),
    ("apiextensions.k8s.io", "v1", 16_700, 15),
    ("apps", "v1", 17_800, 15),
    ("authentication.k8s.io", "v1", 17_700, 15),
    ("authorization.k8s.io", "v1", 17_600, 15),
    ("autoscaling", "v1", 17_500, 15),
    ("batch", "v1", 17_400, 15),
    ("certificates.k8s.io", "v1", 17_300, 15),
    ("coordination.k8s.io", "v1", 16_500, 15),
    ("discovery.k8s.io", "v1", 16_200, 15),
    ("events.k8s.io", "v1", 17_750, 15),
    ("flowcontrol.apiserver.k8s.io", "v1", 16_100, 21),
    ("networking.k8s.io", "v1", 17_200, 15),
    ("node.k8s.io", "v1", 16_300, 15),
    ("policy", "v1", 17_100, 15),
    ("rbac.authorization.k8s.io", "v1", 17_000, 15),
    ("resource.k8s.io", "v1", 16_200, 21),
    ("scheduling.k8s.io", "v1", 16_600, 15),
    ("storage.k8s.io", "v1", 16_800, 15),
    ("storagemigration.k8s.io", "v1", 15_800, 15),
    ("autoscaling", "v2", 17_500, 30),
];

/// Creates the objects in the base view. Those that cannot be made are left out: the server works without them.
pub(crate) fn fill(view: &View) {
    let now = view.moment().text;
    let mut all = Vec::new();
    api_services(&mut all);
    namespaces(&mut all);
    priority_classes(&mut all);
    all.extend(serde_json::from_str::<Vec<Value>>(FLOW_CONTROL).unwrap_or_default());
    all.push(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kube-apiserver-legacy-service-account-token-tracking", "namespace": "kube-system"},
        "data": {"since": now.get(..10)}
    }));
    kubernetes_service(view, &mut all);
    for mut object in all {
        date_conditions(&mut object, &now);
        store(view, object);
    }
}

fn api_services(all: &mut Vec<Value>) {
    for (group, version, group_priority, version_priority) in API_SERVICES {
        all.push(api_service(group, version, [*group_priority, *version_priority], "onstart"));
    }
}

/// The APIService of a group version that the server serves itself; `managed` says how long it looks after it.
pub(crate) fn api_service(group: &str, version: &str, [group_priority, version_priority]: [i64; 2], managed: &str) -> Value {
    let mut spec = json!({"version": version, "groupPriorityMinimum": group_priority, "versionPriority": version_priority});
    if !group.is_empty() {
        spec["group"] = group.into();
    }
    json!({
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": format!("{version}.{group}"), "labels": {"kube-aggregator.kubernetes.io/automanaged": managed}},
        "spec": spec,
        "status": {"conditions": [
            {"type": "Available", "status": "True", "reason": "Local", "message": "Local APIServices are always available"}
        ]}
    })
}

fn namespaces(all: &mut Vec<Value>) {
    for name in ["kube-system", "default", "kube-public", "kube-node-lease"] {
        all.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    }
}

fn priority_classes(all: &mut Vec<Value>) {
    for (name, value, description) in [
        ("system-node-critical", 2_000_001_000, "Used for system critical pods that must not be moved from their current node."),
        (
            "system-cluster-critical",
            2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
        ),
    ] {
        all.push(json!({
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": name}, "value": value, "description": description
        }));
    }
}

/// The Service of the API itself. Where the server listens is not known here, so its endpoints are an address of the
/// documentation.
fn kubernetes_service(view: &View, all: &mut Vec<Value>) {
    const PORT: u16 = 6443;
    const ADDRESS: &str = "192.0.2.1";
    let cidrs: Vec<&str> = view.config().service_cidr.split(',').map(str::trim).collect();
    let primary = cidrs.first().copied().unwrap_or_default();
    all.push(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
        "metadata": {"name": SERVICE_CIDR},
        "spec": {"cidrs": cidrs},
        "status": {"conditions": [
            {"type": "Ready", "status": "True", "reason": "", "message": "Kubernetes default Service CIDR is ready"}
        ]}
    }));
    let Some(range) = crate::hooks::Range::parse(primary) else { return };
    let (ip, family) = (range.first_address().to_string(), range.family());
    all.push(crate::hooks::ip_address(&ip, family, "default", "kubernetes"));
    all.push(json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {
            "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": PORT}],
            "clusterIP": ip, "clusterIPs": [ip], "type": "ClusterIP", "sessionAffinity": "None",
            "ipFamilies": [family], "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster"
        }
    }));
    all.push(json!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
        "subsets": [{"addresses": [{"ip": ADDRESS}], "ports": [{"name": "https", "port": PORT, "protocol": "TCP"}]}]
    }));
    all.push(json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": true}}],
        "ports": [{"name": "https", "protocol": "TCP", "port": PORT}]
    }));
}

/// Conditions hold since now.
pub(crate) fn date_conditions(object: &mut Value, now: &str) {
    let conditions = object.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        condition["lastTransitionTime"] = now.into();
    }
}

/// A call by the server itself.
pub(crate) fn own_call(served: &Arc<Served>, namespace: &str, name: &str, subresource: &str) -> Call {
    Call {
        target: Target {
            served: served.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: subresource.to_owned(),
        },
        user: UserInfo { name: "system:apiserver".to_owned(), groups: vec!["system:masters".to_owned()], ..UserInfo::default() },
        user_agent: "kube-apiserver".to_owned(),
        conversions: Conversions::default(),
        warnings: Warnings::default(),
        emptied: Vec::new(),
    }
}

/// Stores an object of the server's own making, with the status that it has. False when its kind is not served or there
/// is an object of its name.
pub(crate) fn store(view: &View, mut object: Value) -> bool {
    let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let Ok(served) = view.served(&api_version, &kind) else { return false };
    let namespace = metadata::text(&object, "namespace").to_owned();
    let call = own_call(&served, &namespace, "", "");
    let moment = view.moment();
    let status = object.as_object_mut().and_then(|o| o.remove("status"));
    served.strategy.default(&mut object);
    managed_fields::update(&Form::of(&call.target), &call, &WriteOptions::default(), &moment, None, &mut object);
    metadata::fill_system_fields(&mut object, view.config().ids.uid(), &moment);
    let key = Key::new(&namespace, metadata::text(&object, "name"));
    served.strategy.prepare_for_create(&moment.context(&call.target, &call.user, &api_version), &mut object);
    if let Some(status) = status {
        object["status"] = status;
    }
    let Ok(draft) = view.draft_at_once(&served, object) else { return false };
    view.store.commit(served.storage, key, Expect::Absent, |revision, _| Change::Put(draft.stamp(revision))).is_ok()
}
