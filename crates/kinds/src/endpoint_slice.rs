//! EndpointSlice: addresses of one type, whose generation counts everything but metadata, and labels.

use crate::{
    Column, Context, Row, Strategy, Traits,
    endpoints::validate_endpoint_ip,
    object_meta::validate_labels,
    table,
    update::{IMMUTABLE, next_generation, same, start_generation},
    value::{at, field, int, items, items_mut, map, set_default, text, text_if_set, unset},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    ip, names,
};
use serde_json::Value;

const ADDRESS_TYPES: &[&str] = &["FQDN", "IPv4", "IPv6"];
const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
const MAX_ENDPOINTS: usize = 1000;
const MAX_ADDRESSES: usize = 100;
const MAX_PORTS: usize = 20000;
const MAX_HINTS: usize = 8;
const MAX_TOPOLOGY: usize = 16;
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
/// How many values a cell shows.
const SHOWN: usize = 3;

/// The strategy of EndpointSlice.
#[derive(Debug)]
pub struct EndpointSlice;

impl Strategy for EndpointSlice {
    fn traits(&self) -> Traits {
        Traits { name_on_update: true, ..Traits::DEFAULT }
    }

    fn default(&self, object: &mut Value) {
        for port in items_mut(object, "ports") {
            set_default(port, "name", "");
            set_default(port, "protocol", "TCP");
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        start_generation(object);
        drop_topology(object);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let mut errors = validate_ports(items(object, "ports"), &Path::new("ports"));
        errors.extend(validate_endpoints(object));
        errors.extend(declared_errors(object));
        errors
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        let labels = |object| at(object, &["metadata", "labels"]);
        let unchanged = ["addressType", "endpoints", "ports"].iter().all(|key| same(new.get(*key), old.get(*key)));
        if !unchanged || !same(labels(new), labels(old)) {
            next_generation(new, old);
        }
        if !same(new.get("endpoints"), old.get("endpoints")) {
            drop_topology(new);
        }
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors = validate_ports(items(new, "ports"), &Path::new("ports"));
        if !same(new.get("endpoints"), old.get("endpoints")) {
            errors.extend(validate_endpoints(new));
        }
        errors.extend(declared_errors(new));
        if text(new, "addressType") != text(old, "addressType") {
            errors.push(Error::invalid(&Path::new("addressType"), Value::Null, IMMUTABLE));
        }
        errors
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        let deprecated = (text(object, "addressType") == "FQDN").then(|| "spec.addressType: FQDN endpoints are deprecated".to_owned());
        deprecated.into_iter().chain(address_warnings(object)).collect()
    }

    fn warnings_on_update(&self, _: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        address_warnings(new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let ports = items(object, "ports").iter().map(|port| match int(port, "port") {
            Some(number) => number.to_string(),
            None => text_if_set(port, "name").unwrap_or("*").to_owned(),
        });
        let addresses = items(object, "endpoints").iter().flat_map(|e| items(e, "addresses")).filter_map(|a| a.as_str().map(str::to_owned));
        Row::of(vec![
            table::name(object),
            text(object, "addressType").into(),
            first_few(ports).into(),
            first_few(addresses).into(),
            table::age(object, now_millis),
        ])
    }
}

fn first_few(values: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = values.collect();
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(",");
    match all.len() {
        n if n > SHOWN => format!("{shown} + {} more...", n - SHOWN),
        _ if shown.is_empty() => table::UNSET.to_owned(),
        _ => shown,
    }
}

/// Topology labels belong to an older version; this one has node and zone.
fn drop_topology(object: &mut Value) {
    items_mut(object, "endpoints").iter_mut().for_each(|endpoint| unset(endpoint, "deprecatedTopology"));
}

fn validate_ports(ports: &[Value], path: &Path<'_>) -> ErrorList {
    if ports.len() > MAX_PORTS {
        return vec![Error::too_many(path, ports.len(), MAX_PORTS)];
    }
    let mut errors = ErrorList::new();
    let mut seen = Vec::new();
    for (i, port) in ports.iter().enumerate() {
        let path = path.index(i);
        let name = text(port, "name");
        if !name.is_empty() {
            invalid_each(&mut errors, &path.child("name"), name, names::is_dns1123_label(name));
        }
        if seen.contains(&name) {
            errors.push(Error::duplicate(&path.child("name"), name));
        }
        seen.push(name);
        match text_if_set(port, "protocol") {
            None => errors.push(Error::required(&path.child("protocol"), "")),
            Some(protocol) if !PROTOCOLS.contains(&protocol) => {
                errors.push(Error::not_supported(&path.child("protocol"), protocol, PROTOCOLS));
            }
            Some(_) => {}
        }
        if let Some(protocol) = text_if_set(port, "appProtocol") {
            invalid_each(&mut errors, &path.child("appProtocol"), protocol, names::is_qualified_name(protocol));
        }
    }
    errors
}

fn validate_endpoints(object: &Value) -> ErrorList {
    let (endpoints, path) = (items(object, "endpoints"), Path::new("endpoints"));
    if endpoints.len() > MAX_ENDPOINTS {
        return vec![Error::too_many(&path, endpoints.len(), MAX_ENDPOINTS)];
    }
    let kind = text(object, "addressType");
    endpoints.iter().enumerate().flat_map(|(i, endpoint)| validate_endpoint(endpoint, kind, &path.index(i))).collect()
}

fn validate_endpoint(endpoint: &Value, kind: &str, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let addresses = path.child("addresses");
    for (i, address) in items(endpoint, "addresses").iter().filter_map(Value::as_str).enumerate() {
        errors.extend(validate_address(address, kind, &addresses, i));
    }
    if let Some(node) = text_if_set(endpoint, "nodeName") {
        invalid_each(&mut errors, &path.child("nodeName"), node, names::is_dns1123_subdomain(node));
    }
    let topology = path.child("deprecatedTopology");
    let labels = map(endpoint, "deprecatedTopology").map_or(0, serde_json::Map::len);
    if labels > MAX_TOPOLOGY {
        errors.push(Error::too_many(&topology, labels, MAX_TOPOLOGY));
    }
    errors.extend(validate_labels(endpoint.get("deprecatedTopology"), &topology));
    if let Some(host) = text_if_set(endpoint, "hostname") {
        invalid_each(&mut errors, &path.child("hostname"), host, names::is_dns1123_label(host));
    }
    if let Some(hints) = field(endpoint, "hints") {
        errors.extend(validate_hints(hints, &path.child("hints")));
    }
    errors
}

fn validate_address(address: &str, kind: &str, list: &Path<'_>, i: usize) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = list.index(i);
    let (messages, fits) = match kind {
        "IPv4" => (ip::is_valid_ip_for_legacy_field(address), ip::parse_sloppy(address).is_some_and(|ip| ip.is_ipv4())),
        "IPv6" => (ip::is_valid_ip(address), ip::parse_sloppy(address).is_some_and(|ip| ip.is_ipv6())),
        "FQDN" => return domain_error(address, &path).into_iter().collect(),
        _ => return errors,
    };
    if !messages.is_empty() {
        invalid_each(&mut errors, &path, address, messages);
        return errors;
    }
    if !fits {
        errors.push(Error::invalid(list, address, format!("must be an {kind} address")));
    }
    errors.extend(validate_endpoint_ip(address, &path));
    errors
}

fn domain_error(name: &str, path: &Path<'_>) -> Option<Error> {
    if name.is_empty() {
        return Some(Error::required(path, ""));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let wrong = names::is_dns1123_subdomain(name);
    if !wrong.is_empty() {
        return Some(Error::invalid(path, name, wrong.join(",")));
    }
    if !name.contains('.') {
        return Some(Error::invalid(path, name, "should be a domain with at least two segments separated by dots"));
    }
    let wrong_label = |label: &&str| !names::is_dns1123_label(label).is_empty();
    let label = name.split('.').find(wrong_label)?;
    Some(Error::invalid(path, label, names::is_dns1123_label(label).join(",")))
}

fn validate_hints(hints: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for key in ["forZones", "forNodes"] {
        let rule: fn(&str) -> names::Messages = if key == "forZones" { names::is_valid_label_value } else { names::is_dns1123_subdomain };
        let (list, path) = (items(hints, key), path.child(key));
        if list.len() > MAX_HINTS {
            errors.push(Error::too_many(&path, list.len(), MAX_HINTS));
            return errors;
        }
        let given: Vec<&str> = list.iter().map(|hint| text(hint, "name")).collect();
        for (i, name) in given.iter().enumerate() {
            let at_index = path.index(i);
            let path = at_index.child("name");
            if given.iter().take(i).any(|earlier| earlier == name) {
                errors.push(Error::duplicate(&path, *name));
            }
            invalid_each(&mut errors, &path, name, rule(name));
        }
    }
    errors
}

/// What upstream declares on the type and so tells last.
fn declared_errors(object: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("addressType");
    match text(object, "addressType") {
        "" => errors.push(Error::required(&path, "")),
        kind if !ADDRESS_TYPES.contains(&kind) => errors.push(Error::not_supported(&path, kind, ADDRESS_TYPES)),
        _ => {}
    }
    let path = Path::new("endpoints");
    for (i, endpoint) in items(object, "endpoints").iter().enumerate() {
        let at_index = path.index(i);
        let path = at_index.child("addresses");
        match items(endpoint, "addresses").len() {
            0 => errors.push(Error::required(&path, "")),
            n if n > MAX_ADDRESSES => errors.push(Error::too_many(&path, n, MAX_ADDRESSES)),
            _ => {}
        }
    }
    errors
}

fn address_warnings(object: &Value) -> Vec<String> {
    let manager = at(object, &["metadata", "labels", MANAGED_BY]).and_then(Value::as_str);
    if matches!(manager, Some("endpointslice-controller.k8s.io" | "endpointslicemirroring-controller.k8s.io")) {
        return Vec::new();
    }
    let path = Path::new("endpoints");
    let mut warnings = Vec::new();
    for (i, endpoint) in items(object, "endpoints").iter().enumerate() {
        let at_endpoint = path.index(i);
        let list = at_endpoint.child("addresses");
        for (j, address) in items(endpoint, "addresses").iter().filter_map(Value::as_str).enumerate() {
            warnings.extend(ip::warning_for_ip(&list.index(j).to_string(), address));
        }
    }
    warnings
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "AddressType",
        "string",
        "",
        0,
        "addressType specifies the type of address carried by this EndpointSlice. All addresses in this slice must be the same type. This field is immutable after creation. The following address types are currently supported: * IPv4: Represents an IPv4 Address. * IPv6: Represents an IPv6 Address. * FQDN: Represents a Fully Qualified Domain Name. (Deprecated) The EndpointSlice controller only generates, and kube-proxy only processes, slices of addressType \"IPv4\" and \"IPv6\". No semantics are defined for the \"FQDN\" type.",
    ),
    Column::new(
        "Ports",
        "string",
        "",
        0,
        "ports specifies the list of network ports exposed by each endpoint in this slice. Each port must have a unique name. Each slice may include a maximum of 100 ports. Services always have at least 1 port, so EndpointSlices generated by the EndpointSlice controller will likewise always have at least 1 port. EndpointSlices used for other purposes may have an empty ports list.",
    ),
    Column::new(
        "Endpoints",
        "string",
        "",
        0,
        "endpoints is a list of unique endpoints in this slice. Each slice may include a maximum of 1000 endpoints.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn declared_rules_are_told_last() {
        let object = json!({"addressType": "IPv4", "endpoints": [{"addresses": ["fd00::1"]}, {"addresses": []}]});
        assert_eq!(
            texts(&EndpointSlice.validate(&Context::example(), &object)),
            ["endpoints[0].addresses: Invalid value: \"fd00::1\": must be an IPv4 address", "endpoints[1].addresses: Required value"]
        );
    }

    #[test]
    fn the_address_type_stays() {
        let object = |kind: &str| json!({"addressType": kind});
        assert_eq!(
            texts(&EndpointSlice.validate_update(&Context::example(), &object("IPv6"), &object("IPv4"))),
            ["addressType: Invalid value: null: field is immutable"]
        );
    }

    #[test]
    fn labels_count_as_a_change_and_annotations_do_not() {
        let old = json!({"metadata": {"generation": 1}});
        let mut new = json!({"metadata": {"generation": 1, "annotations": {"a": "b"}}});
        EndpointSlice.prepare_for_update(&Context::example(), &mut new, &old);
        assert_eq!(new["metadata"]["generation"], 1);
        new["metadata"]["labels"] = json!({"a": "b"});
        EndpointSlice.prepare_for_update(&Context::example(), &mut new, &old);
        assert_eq!(new["metadata"]["generation"], 2);
    }

    #[test]
    fn cells_show_three_values() {
        let object = json!({"endpoints": [{"addresses": ["a", "b"]}, {"addresses": ["c", "d"]}], "ports": [{"port": 80}, {}]});
        let cells = EndpointSlice.row(&object, 0, true).cells;
        assert_eq!((&cells[2], &cells[3]), (&json!("80,*"), &json!("a,b,c + 1 more...")));
    }
}
