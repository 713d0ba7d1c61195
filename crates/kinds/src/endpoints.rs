//! Endpoints: addresses that are not local to anything.

use crate::{
    Column, Context, Row, Strategy, Traits, table,
    update::same,
    value::{at, has, int, items, items_mut, set_default_nonzero, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    ip, names,
};
use serde_json::Value;
use std::net::IpAddr;

/// How many addresses a cell shows.
const SHOWN: usize = 3;
const LISTS: [&str; 2] = ["addresses", "notReadyAddresses"];

/// The strategy of Endpoints.
#[derive(Debug)]
pub struct Endpoints;

impl Strategy for Endpoints {
    fn traits(&self) -> Traits {
        Traits {
            create_on_update: true,
            deprecation_warning: Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
            name_on_update: true,
            ..Traits::DEFAULT
        }
    }

    fn default(&self, object: &mut Value) {
        for subset in items_mut(object, "subsets") {
            items_mut(subset, "ports").iter_mut().for_each(|port| set_default_nonzero(port, "protocol", "TCP"));
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let path = Path::new("subsets");
        items(object, "subsets").iter().enumerate().flat_map(|(i, subset)| validate_subset(subset, &path.index(i))).collect()
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        // Older servers stored what is refused today: it may stay.
        if same(new.get("subsets"), old.get("subsets")) { ErrorList::new() } else { self.validate(cx, new) }
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        warnings(object)
    }

    fn warnings_on_update(&self, _: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        warnings(new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        Row::of(vec![table::name(object), endpoints_cell(object).into(), table::age(object, now_millis)])
    }
}

/// Wrong if nothing outside the host (or link) can reach the address.
pub fn validate_endpoint_ip(address: &str, path: &Path<'_>) -> ErrorList {
    let Some(ip) = ip::parse_sloppy(address) else { return vec![Error::invalid(path, address, "must be a valid IP address")] };
    let (link_local, link_local_multicast) = match ip {
        IpAddr::V4(v4) => (v4.is_link_local(), matches!(v4.octets(), [224, 0, 0, _])),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), matches!(v6.octets(), [0xff, second, ..] if second & 0x0f == 2)),
    };
    [
        (ip.is_unspecified(), format!("may not be unspecified ({address})")),
        (ip.is_loopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()),
        (link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()),
        (link_local_multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()),
    ]
    .into_iter()
    .filter(|(wrong, _)| *wrong)
    .map(|(_, why)| Error::invalid(path, address, why))
    .collect()
}

fn validate_subset(subset: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if LISTS.iter().all(|list| items(subset, list).is_empty()) {
        errors.push(Error::required(path, "must specify `addresses` or `notReadyAddresses`"));
    }
    for list in LISTS {
        let path = path.child(list);
        for (i, address) in items(subset, list).iter().enumerate() {
            errors.extend(validate_address(address, &path.index(i)));
        }
    }
    let ports = items(subset, "ports");
    let path = path.child("ports");
    for (i, port) in ports.iter().enumerate() {
        errors.extend(validate_port(port, ports.len() > 1, &path.index(i)));
    }
    errors
}

fn validate_address(address: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (ip, host) = (text(address, "ip"), text(address, "hostname"));
    invalid_each(&mut errors, &path.child("ip"), ip, ip::is_valid_ip_for_legacy_field(ip));
    if !host.is_empty() {
        invalid_each(&mut errors, &path.child("hostname"), host, names::is_dns1123_label(host));
    }
    if let Some(node) = text_if_set(address, "nodeName") {
        invalid_each(&mut errors, &path.child("nodeName"), node, names::is_dns1123_subdomain(node));
    }
    errors.extend(validate_endpoint_ip(ip, &path.child("ip")));
    errors
}

fn validate_port(port: &Value, name_needed: bool, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let name = text(port, "name");
    if !name.is_empty() {
        invalid_each(&mut errors, &path.child("name"), name, names::is_dns1123_label(name));
    } else if name_needed {
        errors.push(Error::required(&path.child("name"), ""));
    }
    let number = int(port, "port").unwrap_or_default();
    errors.extend(names::is_valid_port_num(number).into_iter().map(|m| Error::invalid(&path.child("port"), number, m)));
    match text(port, "protocol") {
        "SCTP" | "TCP" | "UDP" => {}
        "" => errors.push(Error::required(&path.child("protocol"), "")),
        other => errors.push(Error::not_supported(&path.child("protocol"), other, &["SCTP", "TCP", "UDP"])),
    }
    if let Some(protocol) = text_if_set(port, "appProtocol") {
        invalid_each(&mut errors, &path.child("appProtocol"), protocol, names::is_qualified_name(protocol));
    }
    errors
}

fn warnings(object: &Value) -> Vec<String> {
    let manager = at(object, &["metadata", "labels", "endpoints.kubernetes.io/managed-by"]).and_then(Value::as_str);
    if manager == Some("endpoint-controller") {
        return Vec::new();
    }
    let path = Path::new("subsets");
    let mut warnings = Vec::new();
    for (i, subset) in items(object, "subsets").iter().enumerate() {
        for list in LISTS {
            for (j, address) in items(subset, list).iter().enumerate() {
                let at_subset = path.index(i);
                let field = at_subset.child(list).index(j).child("ip").to_string();
                warnings.extend(ip::warning_for_ip(&field, text(address, "ip")));
            }
        }
    }
    warnings
}

fn endpoints_cell(object: &Value) -> String {
    let subsets = items(object, "subsets");
    if subsets.is_empty() {
        return table::NONE.to_owned();
    }
    let mut all = Vec::new();
    for subset in subsets {
        let addresses: Vec<&str> = items(subset, "addresses").iter().map(|a| text(a, "ip")).collect();
        if has(subset, "ports") && !items(subset, "ports").is_empty() {
            for port in items(subset, "ports") {
                let number = int(port, "port").unwrap_or_default();
                all.extend(addresses.iter().map(|ip| if ip.contains(':') { format!("[{ip}]:{number}") } else { format!("{ip}:{number}") }));
            }
        } else {
            all.extend(addresses.iter().map(|ip| (*ip).to_owned()));
        }
    }
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(",");
    if all.len() > SHOWN { format!("{shown} + {} more...", all.len() - SHOWN) } else { shown }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Endpoints",
        "string",
        "",
        0,
        "The set of all endpoints is the union of all subsets. Addresses are placed into subsets according to the IPs they share. A single address with multiple ports, some of which are ready and some of which are not (because they come from different containers) will result in the address being displayed in different subsets for the different ports. No address will appear in both Addresses and NotReadyAddresses in the same subset. Sets of addresses and ports that comprise a service.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn addresses_are_reachable_from_elsewhere() {
        for (address, why) in [
            ("127.0.0.1", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
            ("169.254.1.1", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
            ("0.0.0.0", "may not be unspecified (0.0.0.0)"),
            ("224.0.0.1", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
        ] {
            assert_eq!(texts(&validate_endpoint_ip(address, &Path::new("ip"))), [format!("ip: Invalid value: \"{address}\": {why}")]);
        }
        assert!(validate_endpoint_ip("10.0.0.1", &Path::new("ip")).is_empty());
    }

    #[test]
    fn a_subset_has_addresses_and_named_ports() {
        let object = json!({"subsets": [{"ports": [{"port": 80, "protocol": "TCP"}, {"port": 0, "name": "a", "protocol": "X"}]}]});
        assert_eq!(
            texts(&Endpoints.validate(&Context::example(), &object)),
            [
                "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`",
                "subsets[0].ports[0].name: Required value",
                "subsets[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "subsets[0].ports[1].protocol: Unsupported value: \"X\": supported values: \"SCTP\", \"TCP\", \"UDP\""
            ]
        );
    }

    #[test]
    fn a_cell_shows_three_addresses() {
        let addresses: Vec<Value> = (1..=4).map(|i| json!({"ip": format!("10.0.0.{i}")})).collect();
        let object = json!({"subsets": [{"addresses": addresses, "ports": [{"port": 80}]}]});
        assert_eq!(endpoints_cell(&object), "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...");
        assert_eq!(endpoints_cell(&json!({})), "<none>");
    }
}
