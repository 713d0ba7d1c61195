//! Service: what its type implies, and how it is shown.

use crate::{
    Column, Context, DeletedAnswer, NameRule, Row, SelectableField, Strategy, Traits, service_validation, table,
    update::{clear_status, keep_other_side, same},
    value::{
        at, field, field_mut, has, int, items, items_mut, object_mut, set, set_default, set_default_nonzero, text, text_if_set, unset,
    },
};
use minkapi_schema::{
    field::{ErrorList, Path},
    ip,
};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The `clusterIP` of a headless service.
pub const CLUSTER_IP_NONE: &str = "None";

const CLIENT_IP_AFFINITY_SECONDS: i64 = 10800;
const TOPOLOGY_AWARE_HINTS: &str = "service.kubernetes.io/topology-aware-hints";

/// The strategy of Service.
#[derive(Debug)]
pub struct Service;

impl Strategy for Service {
    fn traits(&self) -> Traits {
        Traits { create_on_update: true, name: NameRule::Label, deleted: DeletedAnswer::Object, ..Traits::WITH_STATUS }
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = object_mut(object, "spec") else { return };
        set_default_nonzero(spec, "sessionAffinity", "None");
        match text(spec, "sessionAffinity") {
            "None" => unset(spec, "sessionAffinityConfig"),
            "ClientIP" if at(spec, &["sessionAffinityConfig", "clientIP", "timeoutSeconds"]).is_none() => {
                set(spec, "sessionAffinityConfig", json!({"clientIP": {"timeoutSeconds": CLIENT_IP_AFFINITY_SECONDS}}));
            }
            _ => {}
        }
        set_default_nonzero(spec, "type", "ClusterIP");
        items_mut(spec, "ports").iter_mut().for_each(default_port);
        if is_externally_accessible(spec) {
            set_default_nonzero(spec, "externalTrafficPolicy", "Cluster");
        }
        if matches!(text(spec, "type"), "NodePort" | "LoadBalancer" | "ClusterIP") {
            set_default(spec, "internalTrafficPolicy", "Cluster");
        }
        if text(spec, "type") == "LoadBalancer" {
            set_default(spec, "allocateLoadBalancerNodePorts", true);
            let balancer = field_mut(object, "status").and_then(|status| field_mut(status, "loadBalancer"));
            for ingress in balancer.map_or(&mut [][..], |balancer| items_mut(balancer, "ingress")) {
                if !text(ingress, "ip").is_empty() {
                    set_default(ingress, "ipMode", "VIP");
                }
            }
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        clear_status(object);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        service_validation::validate(object, None)
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        warnings(object)
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource != "status" {
            drop_type_dependent_fields(new, old);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            return service_validation::validate_load_balancer_status(new, old);
        }
        service_validation::validate_update(new, old)
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        if cx.subresource == "status" { ingress_warnings(new) } else { warnings(new) }
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        static FIELDS: &[SelectableField] = &[
            SelectableField::new("spec.clusterIP", |object| Cow::Borrowed(object.get("spec").map_or("", |spec| text(spec, "clusterIP")))),
            SelectableField::new("spec.type", |object| Cow::Borrowed(object.get("spec").map_or("", |spec| text(spec, "type")))),
        ];
        FIELDS
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let cluster_ip = items(spec, "clusterIPs").first().and_then(Value::as_str).unwrap_or(table::NONE);
        let ports: Vec<String> = items(spec, "ports").iter().map(port_cell).collect();
        let ports = if ports.is_empty() { table::NONE.to_owned() } else { ports.join(",") };
        Row::of(vec![
            table::name(object),
            text(spec, "type").into(),
            cluster_ip.into(),
            external_ip_cell(object).into(),
            ports.into(),
            table::age(object, now_millis),
            table::labels(field(spec, "selector")).into(),
        ])
    }
}

fn default_port(port: &mut Value) {
    set_default_nonzero(port, "protocol", "TCP");
    if port.get("targetPort").is_none_or(crate::value::is_zero) {
        let number = int(port, "port").unwrap_or_default();
        set(port, "targetPort", number);
    }
}

/// Whether clients outside the cluster reach a service with this spec.
pub fn is_externally_accessible(spec: &Value) -> bool {
    match text(spec, "type") {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => !items(spec, "externalIPs").is_empty(),
        _ => false,
    }
}

/// Whether load balancers ask nodes whether they have endpoints of a service with this spec.
pub fn needs_health_check(spec: &Value) -> bool {
    text(spec, "type") == "LoadBalancer" && text(spec, "externalTrafficPolicy") == "Local"
}

/// Whether a service with this spec has addresses in the cluster.
pub fn needs_cluster_ip(spec: &Value) -> bool {
    text(spec, "type") != "ExternalName"
}

/// Whether a service with this spec has ports on every node.
pub fn needs_node_port(spec: &Value) -> bool {
    matches!(text(spec, "type"), "NodePort" | "LoadBalancer")
}

/// The node ports that a service with this spec names, in the order of its ports.
pub fn node_ports(spec: &Value) -> Vec<i64> {
    items(spec, "ports").iter().filter_map(|port| int(port, "nodePort").filter(|n| *n != 0)).collect()
}

/// A change of type drops what the old type had and the client did not touch, so that the type alone can be patched.
fn drop_type_dependent_fields(new: &mut Value, old: &Value) {
    let before = old.get("spec").unwrap_or(&Value::Null);
    let Some(spec) = field_mut(new, "spec") else { return };
    let unchanged = |spec: &Value, key: &str| same(spec.get(key), before.get(key));
    if needs_cluster_ip(before) && !needs_cluster_ip(spec) {
        if unchanged(spec, "clusterIP") && unchanged(spec, "clusterIPs") {
            unset(spec, "clusterIP");
            unset(spec, "clusterIPs");
        }
        for key in ["ipFamilies", "ipFamilyPolicy"] {
            if unchanged(spec, key) {
                unset(spec, key);
            }
        }
    }
    if needs_node_port(before) && !needs_node_port(spec) {
        let known = node_ports(before);
        if node_ports(spec).iter().all(|port| known.contains(port)) {
            items_mut(spec, "ports").iter_mut().for_each(|port| unset(port, "nodePort"));
        }
    }
    let was_balanced = text(before, "type") == "LoadBalancer";
    let is_balanced = text(spec, "type") == "LoadBalancer";
    let lost = [
        ("healthCheckNodePort", needs_health_check(before) && !needs_health_check(spec)),
        ("allocateLoadBalancerNodePorts", was_balanced && !is_balanced),
        ("loadBalancerClass", was_balanced && !is_balanced),
        ("externalTrafficPolicy", is_externally_accessible(before) && !is_externally_accessible(spec)),
    ];
    for (key, lost) in lost {
        if lost && unchanged(spec, key) {
            unset(spec, key);
        }
    }
    if !is_balanced && let Some(status) = field_mut(new, "status") {
        unset(status, "loadBalancer");
    }
}

fn warnings(object: &Value) -> Vec<String> {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let headless = text(spec, "type") == "ClusterIP" && text(spec, "clusterIP") == CLUSTER_IP_NONE;
    let mut warnings = Vec::new();
    if at(object, &["metadata", "annotations", TOPOLOGY_AWARE_HINTS]).is_some() {
        warnings.push(format!("annotation {TOPOLOGY_AWARE_HINTS} is deprecated, please use service.kubernetes.io/topology-mode instead"));
    }
    if !matches!(text(spec, "clusterIP"), "" | CLUSTER_IP_NONE) {
        let list = path.child("clusterIPs");
        for (i, address) in items(spec, "clusterIPs").iter().filter_map(Value::as_str).enumerate() {
            warnings.extend(ip::warning_for_ip(&list.index(i).to_string(), address));
        }
    }
    if headless {
        let ignored = [
            ("loadBalancerIP", !text(spec, "loadBalancerIP").is_empty()),
            ("externalIPs", !items(spec, "externalIPs").is_empty()),
            ("SessionAffinity", text(spec, "sessionAffinity") != "None"),
        ];
        warnings.extend(ignored.iter().filter(|(_, set)| *set).map(|(key, _)| format!("spec.{key} is ignored for headless services")));
    }
    warnings.extend(external_warnings(spec, headless, &path));
    warnings
}

fn external_warnings(spec: &Value, headless: bool, path: &Path<'_>) -> Vec<String> {
    let external_name = text(spec, "type") == "ExternalName";
    let external_ips = items(spec, "externalIPs");
    let mut warnings = Vec::new();
    for (i, address) in external_ips.iter().filter_map(Value::as_str).enumerate() {
        warnings.extend(ip::warning_for_ip(&path.child("externalIPs").index(i).to_string(), address));
    }
    if !external_ips.is_empty() && !headless && !external_name {
        warnings.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters".to_owned());
    }
    warnings.extend(ip::warning_for_ip(&path.child("loadBalancerIP").to_string(), text(spec, "loadBalancerIP")));
    for (i, block) in items(spec, "loadBalancerSourceRanges").iter().filter_map(Value::as_str).enumerate() {
        warnings.extend(ip::warnings_for_cidr(&path.child("loadBalancerSourceRanges").index(i).to_string(), block));
    }
    if external_name && !external_ips.is_empty() {
        warnings.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".to_owned());
    }
    if !external_name && !text(spec, "externalName").is_empty() {
        warnings.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".to_owned());
    }
    if text_if_set(spec, "trafficDistribution") == Some("PreferClose") {
        warnings.push("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".to_owned());
    }
    warnings
}

fn ingress(object: &Value) -> &[Value] {
    at(object, &["status", "loadBalancer"]).map_or(&[], |balancer| items(balancer, "ingress"))
}

fn ingress_warnings(object: &Value) -> Vec<String> {
    let status = Path::new("status");
    let balancer = status.child("loadBalancer");
    let path = balancer.child("ingress");
    ingress(object)
        .iter()
        .enumerate()
        .filter_map(|(i, ingress)| ip::warning_for_ip(&path.index(i).to_string(), text(ingress, "ip")))
        .collect()
}

fn port_cell(port: &Value) -> String {
    let (number, protocol) = (int(port, "port").unwrap_or_default(), text(port, "protocol"));
    match int(port, "nodePort").filter(|n| *n > 0) {
        Some(node_port) => format!("{number}:{node_port}/{protocol}"),
        None => format!("{number}/{protocol}"),
    }
}

fn external_ip_cell(object: &Value) -> String {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let external: Vec<&str> = items(spec, "externalIPs").iter().filter_map(Value::as_str).collect();
    match text(spec, "type") {
        "ExternalName" => text(spec, "externalName").to_owned(),
        "ClusterIP" | "NodePort" if external.is_empty() => table::NONE.to_owned(),
        "ClusterIP" | "NodePort" => external.join(","),
        "LoadBalancer" => {
            let mut addresses: Vec<&str> =
                ingress(object).iter().map(|i| if has(i, "ip") { text(i, "ip") } else { text(i, "hostname") }).collect();
            addresses.retain(|address| !address.is_empty());
            addresses.sort_unstable();
            addresses.dedup();
            addresses.extend(external);
            if addresses.is_empty() { "<pending>".to_owned() } else { addresses.join(",") }
        }
        _ => table::UNKNOWN.to_owned(),
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Type",
        "string",
        "",
        0,
        "type determines how the Service is exposed. Defaults to ClusterIP. Valid options are ExternalName, ClusterIP, NodePort, and LoadBalancer. \"ClusterIP\" allocates a cluster-internal IP address for load-balancing to endpoints. Endpoints are determined by the selector or if that is not specified, by manual construction of an Endpoints object or EndpointSlice objects. If clusterIP is \"None\", no virtual IP is allocated and the endpoints are published as a set of endpoints rather than a virtual IP. \"NodePort\" builds on ClusterIP and allocates a port on every node which routes to the same endpoints as the clusterIP. \"LoadBalancer\" builds on NodePort and creates an external load-balancer (if supported in the current cloud) which routes to the same endpoints as the clusterIP. \"ExternalName\" aliases this service to the specified externalName. Several other fields do not apply to ExternalName services. More info: https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types",
    ),
    Column::new(
        "Cluster-IP",
        "string",
        "",
        0,
        "clusterIP is the IP address of the service and is usually assigned randomly. If an address is specified manually, is in-range (as per system configuration), and is not in use, it will be allocated to the service; otherwise creation of the service will fail. This field may not be changed through updates unless the type field is also being changed to ExternalName (which requires this field to be blank) or the type field is being changed from ExternalName (in which case this field may optionally be specified, as describe above).  Valid values are \"None\", empty string (\"\"), or a valid IP address. Setting this to \"None\" makes a \"headless service\" (no virtual IP), which is useful when direct endpoint connections are preferred and proxying is not required.  Only applies to types ClusterIP, NodePort, and LoadBalancer. If this field is specified when creating a Service of type ExternalName, creation will fail. This field will be wiped when updating a Service to type ExternalName. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies",
    ),
    Column::new(
        "External-IP",
        "string",
        "",
        0,
        "externalIPs is a list of IP addresses for which nodes in the cluster will also accept traffic for this service.  These IPs are not managed by Kubernetes.  The user is responsible for ensuring that traffic arrives at a node with this IP.  A common example is external load-balancers that are not part of the Kubernetes system.",
    ),
    Column::new(
        "Port(s)",
        "string",
        "",
        0,
        "The list of ports that are exposed by this service. More info: https://kubernetes.io/docs/concepts/services-networking/service/#virtual-ips-and-service-proxies",
    ),
    table::AGE,
    Column::new(
        "Selector",
        "string",
        "",
        1,
        "Route service traffic to pods with label keys and values matching this selector. If empty or not present, the service is assumed to have an external process managing its endpoints, which Kubernetes will not modify. Only applies to types ClusterIP, NodePort, and LoadBalancer. Ignored if type is ExternalName. More info: https://kubernetes.io/docs/concepts/services-networking/service/",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn defaulted(spec: Value) -> Value {
        let mut object = json!({"metadata": {"name": "web"}, "spec": spec});
        Service.default(&mut object);
        object
    }

    #[test]
    fn a_target_port_is_the_port_unless_named() {
        let object = defaulted(json!({"ports": [{"port": 80}, {"port": 81, "targetPort": "http"}]}));
        assert_eq!(
            object["spec"],
            json!({
                "type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
                "ports": [
                    {"port": 80, "protocol": "TCP", "targetPort": 80},
                    {"port": 81, "protocol": "TCP", "targetPort": "http"},
                ],
            })
        );
    }

    #[test]
    fn balanced_services_have_node_ports_and_a_policy() {
        let spec = &defaulted(json!({"type": "LoadBalancer"}))["spec"];
        assert_eq!((&spec["allocateLoadBalancerNodePorts"], &spec["externalTrafficPolicy"]), (&json!(true), &json!("Cluster")));
        assert_eq!(defaulted(json!({"type": "ExternalName"}))["spec"].get("internalTrafficPolicy"), None);
    }

    #[test]
    fn a_patched_type_drops_what_belonged_to_the_old_one() {
        let old = json!({"spec": {
            "type": "LoadBalancer", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "externalTrafficPolicy": "Cluster",
            "allocateLoadBalancerNodePorts": true, "ports": [{"port": 80, "nodePort": 30080}]}});
        let mut new = old.clone();
        new["spec"]["type"] = json!("ClusterIP");
        Service.prepare_for_update(&Context::example(), &mut new, &old);
        assert_eq!(new["spec"], json!({"type": "ClusterIP", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ports": [{"port": 80}]}));
    }

    #[test]
    fn cells_show_where_a_service_is_reached() {
        let mut object = defaulted(json!({"type": "LoadBalancer", "clusterIPs": ["10.0.0.1"], "ports": [{"port": 80, "nodePort": 30080}]}));
        assert_eq!(Service.row(&object, 0, true).cells[1..5], ["LoadBalancer", "10.0.0.1", "<pending>", "80:30080/TCP"]);
        object["status"] = json!({"loadBalancer": {"ingress": [{"ip": "2.2.2.2"}, {"hostname": "a.example"}]}});
        assert_eq!(external_ip_cell(&object), "2.2.2.2,a.example");
    }

    #[test]
    fn odd_addresses_are_warned_about() {
        let object = json!({"spec": {"type": "ClusterIP", "externalIPs": ["010.0.0.1"]}});
        assert_eq!(
            warnings(&object),
            [
                "spec.externalIPs[0]: non-standard IP address \"010.0.0.1\" is invalid: use \"10.0.0.1\"",
                "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
            ]
        );
    }
}
