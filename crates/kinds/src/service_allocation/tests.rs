//! What Services take and give back.

use super::*;
use crate::Strategy;

/// Addresses and ports that count upwards.
struct Counter {
    families: Vec<&'static str>,
    ip: u8,
    port: i64,
    taken: Vec<String>,
}

impl Counter {
    fn ipv4() -> Self {
        Self { families: vec!["IPv4"], ip: 0, port: 30000, taken: Vec::new() }
    }
}

impl Allocator for Counter {
    fn families(&self) -> &[&'static str] {
        &self.families
    }

    fn take_ip(&mut self, _: &str, ip: &str) -> Result<(), String> {
        if self.taken.iter().any(|taken| taken == ip) {
            return Err(IP_IN_USE.to_owned());
        }
        self.taken.push(ip.to_owned());
        Ok(())
    }

    fn next_ip(&mut self, family: &str) -> Option<String> {
        self.ip += 1;
        Some(if family == "IPv4" { format!("10.0.0.{}", self.ip) } else { format!("fd00::{:x}", self.ip) })
    }

    fn take_port(&mut self, port: i64) -> Result<(), String> {
        if port < 30000 { Err("out of range".to_owned()) } else { Ok(()) }
    }

    fn next_port(&mut self) -> Option<i64> {
        self.port += 1;
        Some(self.port)
    }
}

fn created(spec: Value, from: &mut Counter) -> Result<Value, Status> {
    let mut object = json!({"metadata": {"name": "web"}, "spec": spec});
    crate::service::Service.default(&mut object);
    allocate_on_create(&mut object, from)?;
    Ok(object["spec"].take())
}

#[test]
fn a_service_gets_an_address_of_the_default_family() {
    let spec = created(json!({"ports": [{"port": 80}]}), &mut Counter::ipv4()).unwrap();
    assert_eq!((&spec["clusterIP"], &spec["clusterIPs"]), (&json!("10.0.0.1"), &json!(["10.0.0.1"])));
    assert_eq!((&spec["ipFamilies"], &spec["ipFamilyPolicy"]), (&json!(["IPv4"]), &json!("SingleStack")));
}

#[test]
fn a_headless_service_without_selector_names_both_families() {
    let spec = created(json!({"clusterIP": "None"}), &mut Counter::ipv4()).unwrap();
    assert_eq!((&spec["clusterIPs"], &spec["ipFamilies"]), (&json!(["None"]), &json!(["IPv4", "IPv6"])));
    assert_eq!(spec["ipFamilyPolicy"], "RequireDualStack");
    let spec = created(json!({"clusterIP": "None", "selector": {"a": "b"}}), &mut Counter::ipv4()).unwrap();
    assert_eq!((&spec["ipFamilies"], &spec["ipFamilyPolicy"]), (&json!(["IPv4"]), &json!("SingleStack")));
}

#[test]
fn a_preference_for_both_families_takes_what_there_is() {
    let spec = created(json!({"ipFamilyPolicy": "PreferDualStack"}), &mut Counter::ipv4()).unwrap();
    assert_eq!(spec["ipFamilies"], json!(["IPv4"]));
    let mut both = Counter { families: vec!["IPv4", "IPv6"], ..Counter::ipv4() };
    let spec = created(json!({"ipFamilyPolicy": "PreferDualStack"}), &mut both).unwrap();
    assert_eq!(spec["clusterIPs"], json!(["10.0.0.1", "fd00::2"]));
    let refused = created(json!({"ipFamilyPolicy": "RequireDualStack"}), &mut Counter::ipv4()).unwrap_err();
    assert!(refused.message.ends_with("this cluster is not configured for dual-stack services"));
}

#[test]
fn an_address_in_use_is_refused() {
    let mut from = Counter { taken: vec!["10.0.0.13".to_owned()], ..Counter::ipv4() };
    let refused = created(json!({"clusterIP": "10.0.0.13"}), &mut from).unwrap_err();
    assert_eq!(
        refused.message,
        "Service \"web\" is invalid: spec.clusterIPs: Invalid value: [\"10.0.0.13\"]: failed to allocate IP 10.0.0.13: provided IP is already allocated"
    );
}

#[test]
fn tcp_and_udp_of_one_port_share_a_node_port() {
    let ports = json!([{"port": 53, "name": "t"}, {"port": 53, "name": "u", "protocol": "UDP"}, {"port": 80, "name": "h"}]);
    let spec = created(json!({"type": "NodePort", "ports": ports}), &mut Counter::ipv4()).unwrap();
    assert_eq!(node_ports(&spec), [30001, 30001, 30002]);
}

#[test]
fn a_put_without_addresses_keeps_them() {
    let mut from = Counter::ipv4();
    let old = json!({"spec": created(json!({"type": "NodePort", "ports": [{"port": 80}]}), &mut from).unwrap()});
    let mut new = json!({"metadata": {"name": "web"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}});
    crate::service::Service.default(&mut new);
    allocate_on_update(&mut new, &old, &mut from).unwrap();
    assert_eq!(new["spec"], old["spec"]);
}

#[test]
fn an_external_name_that_becomes_a_service_gets_an_address() {
    let old = json!({"spec": {"type": "ExternalName", "externalName": "a.example"}});
    let mut new = json!({"metadata": {"name": "web"}, "spec": {"type": "ClusterIP", "ports": [{"port": 80}]}});
    allocate_on_update(&mut new, &old, &mut Counter::ipv4()).unwrap();
    assert_eq!(Held::by(&new), Held { ips: vec!["10.0.0.1".to_owned()], ports: Vec::new() });
    assert_eq!(Held::by(&old), Held::default());
}
