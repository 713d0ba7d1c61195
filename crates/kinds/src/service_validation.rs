//! What a Service may say: ports, policies, load balancers. Its addresses are in [`crate::service_addresses`].

use crate::{
    endpoints::validate_endpoint_ip,
    object_meta::validate_labels,
    service::{is_externally_accessible, needs_health_check},
    service_addresses::{self, validate_ip_unless_known},
    update::IMMUTABLE,
    value::{at, field, has, int, items, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    ip, names,
};
use serde_json::{Value, json};

const AFFINITY_SECONDS_MAX: i64 = 86400;
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const TOPOLOGY_AWARE_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";
const ONLY_LOAD_BALANCER: &str = "may only be used when `type` is 'LoadBalancer'";

/// Everything wrong with a service; addresses that `old` has already are not looked at again.
pub fn validate(object: &Value, old: Option<&Value>) -> ErrorList {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let before = old.and_then(|old| old.get("spec"));
    let mut errors: ErrorList = topology_error(object).into_iter().collect();
    errors.extend(validate_type_needs(spec, &path));
    errors.extend(validate_ports(spec, &path));
    errors.extend(validate_labels(spec.get("selector"), &path.child("selector")));
    errors.extend(validate_affinity(spec, &path));
    errors.extend(service_addresses::validate(spec, before));
    errors.extend(validate_external_ips(spec, before, &path.child("externalIPs")));
    let kind = text(spec, "type");
    one_of(&mut errors, kind, &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"], &path.child("type"));
    errors.extend(validate_port_numbers(spec, &path.child("ports")));
    errors.extend(validate_source_ranges(object, old));
    let balanced = kind == "LoadBalancer";
    if has(spec, "allocateLoadBalancerNodePorts") && !balanced {
        errors.push(Error::forbidden(&path.child("allocateLoadBalancerNodePorts"), ONLY_LOAD_BALANCER));
    }
    if balanced && !has(spec, "allocateLoadBalancerNodePorts") {
        errors.push(Error::required(&Path::new("allocateLoadBalancerNodePorts"), ""));
    }
    errors.extend(validate_load_balancer_class(spec, &path.child("loadBalancerClass")));
    errors.extend(validate_traffic_policies(spec, &path));
    errors
}

/// Everything wrong with a change.
pub fn validate_update(new: &Value, old: &Value) -> ErrorList {
    let path = Path::new("spec");
    let (spec, before) = (new.get("spec").unwrap_or(&Value::Null), old.get("spec").unwrap_or(&Value::Null));
    let mut errors = service_addresses::validate_change(spec, before);
    let class = |spec| text_if_set(spec, "loadBalancerClass");
    let class_path = path.child("loadBalancerClass");
    if [spec, before].iter().all(|spec| text(spec, "type") == "LoadBalancer") && class(spec) != class(before) {
        errors.push(Error::invalid(&class_path, field(spec, "loadBalancerClass").cloned().unwrap_or_default(), "may not change once set"));
    }
    errors.extend(validate_load_balancer_class(spec, &class_path));
    let port = |spec| int(spec, "healthCheckNodePort").unwrap_or_default();
    if needs_health_check(before) && needs_health_check(spec) && port(spec) != port(before) {
        errors.push(Error::forbidden(&path.child("healthCheckNodePort"), IMMUTABLE));
    }
    errors.extend(validate(new, Some(old)));
    errors
}

/// Everything wrong with the status that a load balancer's controller writes.
pub fn validate_load_balancer_status(new: &Value, old: &Value) -> ErrorList {
    let ingress = |object: &Value| at(object, &["status", "loadBalancer"]).map_or_else(Vec::new, |b| items(b, "ingress").to_vec());
    let status = Path::new("status");
    let balancer = status.child("loadBalancer");
    let path = balancer.child("ingress");
    let list = ingress(new);
    if !list.is_empty() && at(new, &["spec"]).is_none_or(|spec| text(spec, "type") != "LoadBalancer") {
        return vec![Error::forbidden(&path, "may only be used when `spec.type` is 'LoadBalancer'")];
    }
    let old = ingress(old);
    let known: Vec<&str> = old.iter().map(|i| text(i, "ip")).collect();
    list.iter().enumerate().flat_map(|(i, ingress)| validate_ingress(ingress, &known, &path.index(i))).collect()
}

fn validate_ingress(ingress: &Value, known: &[&str], path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (address, host) = (text(ingress, "ip"), text(ingress, "hostname"));
    if !address.is_empty() {
        validate_ip_unless_known(&mut errors, address, known, &path.child("ip"));
    }
    let mode_path = path.child("ipMode");
    match text_if_set(ingress, "ipMode") {
        None if !address.is_empty() => errors.push(Error::required(&mode_path, "must be specified when `ip` is set")),
        Some(_) if address.is_empty() => errors.push(Error::forbidden(&mode_path, "may not be specified when `ip` is not set")),
        Some(mode) if !matches!(mode, "Proxy" | "VIP") => errors.push(Error::not_supported(&mode_path, mode, &["Proxy", "VIP"])),
        _ => {}
    }
    if !host.is_empty() {
        let path = path.child("hostname");
        invalid_each(&mut errors, &path, host, names::is_dns1123_subdomain(host));
        if ip::parse_sloppy(host).is_some() {
            errors.push(Error::invalid(&path, host, "must be a DNS name, not an IP address"));
        }
    }
    errors
}

fn one_of(errors: &mut ErrorList, value: &str, supported: &[&str], path: &Path<'_>) {
    if value.is_empty() {
        errors.push(Error::required(path, ""));
    } else if !supported.contains(&value) {
        errors.push(Error::not_supported(path, value, supported));
    }
}

fn topology_error(object: &Value) -> Option<Error> {
    let annotation = |key| at(object, &["metadata", "annotations", key]).and_then(Value::as_str);
    let (hints, mode) = (annotation(TOPOLOGY_AWARE_HINTS)?, annotation(TOPOLOGY_MODE)?);
    let metadata = Path::new("metadata");
    let annotations = metadata.child("annotations");
    let detail = format!("must match annotations[{TOPOLOGY_AWARE_HINTS}] when both are specified");
    (hints != mode).then(|| Error::invalid(&annotations.key(TOPOLOGY_MODE), mode, detail))
}

fn validate_type_needs(spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (kind, headless) = (text(spec, "type"), service_addresses::is_headless(spec));
    if items(spec, "ports").is_empty() && !headless && kind != "ExternalName" {
        errors.push(Error::required(&path.child("ports"), ""));
    }
    match kind {
        "LoadBalancer" | "NodePort" if headless => {
            let detail = format!("may not be set to 'None' for {kind} services");
            errors.push(Error::invalid(&path.child("clusterIPs").index(0), "None", detail));
        }
        "ExternalName" => {
            for key in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                if field(spec, key).is_some_and(|v| v.as_array().is_none_or(|list| !list.is_empty())) {
                    errors.push(Error::forbidden(&path.child(key), "may not be set for ExternalName services"));
                }
            }
            let path = path.child("externalName");
            let name = text(spec, "externalName");
            match name.strip_suffix('.').unwrap_or(name) {
                "" => errors.push(Error::required(&path, "")),
                name => invalid_each(&mut errors, &path, name, names::is_dns1123_subdomain(name)),
            }
        }
        _ => {}
    }
    errors
}

fn validate_ports(spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let ports = items(spec, "ports");
    let path = path.child("ports");
    let mut seen = Vec::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        let name = text(port, "name");
        if !name.is_empty() {
            invalid_each(&mut errors, &path.child("name"), name, names::is_dns1123_label(name));
            if seen.contains(&name) {
                errors.push(Error::duplicate(&path.child("name"), name));
            }
            seen.push(name);
        } else if ports.len() > 1 {
            errors.push(Error::required(&path.child("name"), ""));
        }
        let number = int(port, "port").unwrap_or_default();
        errors.extend(names::is_valid_port_num(number).into_iter().map(|m| Error::invalid(&path.child("port"), number, m)));
        one_of(&mut errors, text(port, "protocol"), &["SCTP", "TCP", "UDP"], &path.child("protocol"));
        errors.extend(validate_target_port(port.get("targetPort"), &path.child("targetPort")));
        if let Some(protocol) = text_if_set(port, "appProtocol") {
            invalid_each(&mut errors, &path.child("appProtocol"), protocol, names::is_qualified_name(protocol));
        }
    }
    errors
}

fn validate_target_port(port: Option<&Value>, path: &Path<'_>) -> ErrorList {
    match port {
        Some(Value::String(name)) => names::is_valid_port_name(name).into_iter().map(|m| Error::invalid(path, name.as_str(), m)).collect(),
        other => {
            let number = other.and_then(Value::as_i64).unwrap_or_default();
            names::is_valid_port_num(number).into_iter().map(|m| Error::invalid(path, number, m)).collect()
        }
    }
}

fn validate_affinity(spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let affinity = text(spec, "sessionAffinity");
    one_of(&mut errors, affinity, &["ClientIP", "None"], &path.child("sessionAffinity"));
    let path = path.child("sessionAffinityConfig");
    let client_path = path.child("clientIP");
    let timeout_path = client_path.child("timeoutSeconds");
    let config = field(spec, "sessionAffinityConfig");
    let needed = "when session affinity type is ClientIP";
    match affinity {
        "ClientIP" => match (config, config.and_then(|c| field(c, "clientIP"))) {
            (None, _) => errors.push(Error::required(&path, needed)),
            (_, None) => errors.push(Error::required(&client_path, needed)),
            (_, Some(client)) => match int(client, "timeoutSeconds") {
                None => errors.push(Error::required(&timeout_path, needed)),
                Some(n) if (1..=AFFINITY_SECONDS_MAX).contains(&n) => {}
                Some(n) => {
                    let detail = format!("must be greater than 0 and less than {AFFINITY_SECONDS_MAX}");
                    errors.push(Error::invalid(&timeout_path, n, detail));
                }
            },
        },
        "None" if config.is_some() => errors.push(Error::forbidden(&path, "must not be set when session affinity is None")),
        _ => {}
    }
    errors
}

fn validate_external_ips(spec: &Value, before: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let known: Vec<&str> = before.map_or(&[][..], |b| items(b, "externalIPs")).iter().filter_map(Value::as_str).collect();
    for (i, address) in items(spec, "externalIPs").iter().filter_map(Value::as_str).enumerate() {
        let mut wrong = ErrorList::new();
        validate_ip_unless_known(&mut wrong, address, &known, &path.index(i));
        if wrong.is_empty() {
            wrong = validate_endpoint_ip(address, &path.index(i));
        }
        errors.extend(wrong);
    }
    errors
}

/// Ports must differ in number or protocol, on the cluster's addresses and on nodes.
fn validate_port_numbers(spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let ports: Vec<(&str, i64, i64)> = items(spec, "ports")
        .iter()
        .map(|p| (text(p, "protocol"), int(p, "port").unwrap_or_default(), int(p, "nodePort").unwrap_or_default()))
        .collect();
    if text(spec, "type") == "ClusterIP" {
        for (i, _) in ports.iter().enumerate().filter(|(_, (_, _, node_port))| *node_port != 0) {
            errors.push(Error::forbidden(&path.index(i).child("nodePort"), "may not be used when `type` is 'ClusterIP'"));
        }
    }
    for (i, (protocol, _, node_port)) in ports.iter().enumerate().filter(|(_, (_, _, node_port))| *node_port != 0) {
        if ports.iter().take(i).any(|earlier| (earlier.0, earlier.2) == (*protocol, *node_port)) {
            errors.push(Error::duplicate(&path.index(i).child("nodePort"), *node_port));
        }
    }
    for (i, (protocol, port, _)) in ports.iter().enumerate() {
        if ports.iter().take(i).any(|earlier| (earlier.0, earlier.1) == (*protocol, *port)) {
            let mut error = Error::duplicate(&path.index(i), "");
            let printed =
                format!(r#"{{"Name":"","Protocol":{},"AppProtocol":null,"Port":{port},"TargetPort":0,"NodePort":0}}"#, json!(protocol));
            error.bad_value = Some(printed);
            errors.push(error);
        }
    }
    errors
}

fn validate_source_ranges(object: &Value, old: Option<&Value>) -> ErrorList {
    let mut errors = ErrorList::new();
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let balanced = text(spec, "type") == "LoadBalancer";
    let ranges = |spec: &Value| -> Vec<String> {
        items(spec, "loadBalancerSourceRanges").iter().filter_map(|r| r.as_str().map(|r| r.trim().to_owned())).collect()
    };
    let annotation = |object| at(object, &["metadata", "annotations", SOURCE_RANGES]).and_then(Value::as_str);
    if !ranges(spec).is_empty() {
        let path = Path::new("spec");
        let path = path.child("LoadBalancerSourceRanges");
        if !balanced {
            errors.push(Error::forbidden(&path, ONLY_LOAD_BALANCER));
        }
        let known = old.and_then(|old| old.get("spec")).map_or_else(Vec::new, ranges);
        for (i, range) in ranges(spec).iter().enumerate().filter(|(_, range)| !known.contains(range)) {
            invalid_each(&mut errors, &path.index(i), range, ip::is_valid_cidr_for_legacy_field(range));
        }
    } else if let Some(value) = annotation(object) {
        let metadata = Path::new("metadata");
        let annotations = metadata.child("annotations");
        let path = annotations.key(SOURCE_RANGES);
        if !balanced {
            errors.push(Error::forbidden(&path, ONLY_LOAD_BALANCER));
        }
        if old.is_none_or(|old| annotation(old) != Some(value)) && !value.trim().is_empty() {
            for range in value.trim().split(',').map(str::trim) {
                invalid_each(&mut errors, &path, range, ip::is_valid_cidr_for_legacy_field(range));
            }
        }
    }
    errors
}

fn validate_load_balancer_class(spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    match text_if_set(spec, "loadBalancerClass") {
        Some(class) if text(spec, "type") == "LoadBalancer" => invalid_each(&mut errors, path, class, names::is_qualified_name(class)),
        Some(_) => errors.push(Error::forbidden(path, ONLY_LOAD_BALANCER)),
        None => {}
    }
    errors
}

fn validate_traffic_policies(spec: &Value, path: &Path<'_>) -> ErrorList {
    const POLICIES: &[&str] = &["Cluster", "Local"];
    const DISTRIBUTIONS: &[&str] = &["PreferClose", "PreferSameZone", "PreferSameNode"];
    let mut errors = ErrorList::new();
    let (external, external_path) = (text(spec, "externalTrafficPolicy"), path.child("externalTrafficPolicy"));
    if is_externally_accessible(spec) {
        one_of(&mut errors, external, POLICIES, &external_path);
    } else if !external.is_empty() {
        errors.push(Error::invalid(&external_path, external, "may only be set for externally-accessible services"));
    }
    let (port, port_path) = (int(spec, "healthCheckNodePort").unwrap_or_default(), path.child("healthCheckNodePort"));
    match (needs_health_check(spec), port) {
        (true, 0) => errors.push(Error::required(&port_path, "")),
        (true, port) => errors.extend(names::is_valid_port_num(port).into_iter().map(|m| Error::invalid(&port_path, port, m))),
        (false, 0) => {}
        (false, port) => {
            let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            errors.push(Error::invalid(&port_path, port, detail));
        }
    }
    let internal_path = path.child("internalTrafficPolicy");
    match text_if_set(spec, "internalTrafficPolicy") {
        None if matches!(text(spec, "type"), "NodePort" | "LoadBalancer" | "ClusterIP") => errors.push(Error::required(&internal_path, "")),
        Some(policy) if !POLICIES.contains(&policy) => errors.push(Error::not_supported(&internal_path, policy, POLICIES)),
        _ => {}
    }
    if let Some(distribution) = text_if_set(spec, "trafficDistribution").filter(|d| !DISTRIBUTIONS.contains(d)) {
        errors.push(Error::not_supported(&path.child("trafficDistribution"), distribution, DISTRIBUTIONS));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Strategy, testing::texts};

    fn errors(spec: Value) -> Vec<String> {
        let mut object = json!({"metadata": {"name": "web"}, "spec": spec});
        crate::service::Service.default(&mut object);
        texts(&validate(&object, None))
    }

    #[test]
    fn a_service_has_ports_unless_it_is_headless_or_a_name() {
        assert_eq!(errors(json!({})), ["spec.ports: Required value"]);
        assert!(errors(json!({"clusterIP": "None", "clusterIPs": ["None"]})).is_empty());
        assert_eq!(errors(json!({"type": "ExternalName"})), ["spec.externalName: Required value"]);
    }

    #[test]
    fn ports_are_named_and_unique_when_there_are_several() {
        assert_eq!(
            errors(json!({"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "a"}, {"port": 0}]})),
            [
                "spec.ports[1].name: Duplicate value: \"a\"",
                "spec.ports[2].name: Required value",
                "spec.ports[2].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ports[2].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
                r#"spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}"#
            ]
        );
    }

    #[test]
    fn load_balancer_fields_belong_to_load_balancers() {
        assert_eq!(
            errors(json!({"ports": [{"port": 80}], "loadBalancerSourceRanges": ["10.0.0.0/8"], "allocateLoadBalancerNodePorts": true})),
            [
                "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
                "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'"
            ]
        );
    }

    #[test]
    fn an_ingress_address_has_a_mode() {
        let new =
            json!({"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"ipMode": "VIP"}]}}});
        assert_eq!(
            texts(&validate_load_balancer_status(&new, &json!({}))),
            [
                "status.loadBalancer.ingress[0].ipMode: Required value: must be specified when `ip` is set",
                "status.loadBalancer.ingress[1].ipMode: Forbidden: may not be specified when `ip` is not set"
            ]
        );
    }
}
