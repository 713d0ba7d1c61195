//! Which addresses and node ports a Service needs, and which it gives back (C-03-47).
//!
//! Called before a Service is prepared and validated. Where addresses come from is the caller's: an [`Allocator`] hands
//! them out, and takes [`Held`] ones back when the Service goes.

use crate::{
    service::{CLUSTER_IP_NONE, needs_cluster_ip, needs_health_check, needs_node_port, node_ports},
    service_addresses::{self, family_of},
    update::same,
    value::{field, flag, int, items, items_mut, object_mut, set, text, text_if_set, unset},
};
use minkapi_object::Status;
use minkapi_schema::field::{Error, ErrorList, Path, invalid};
use serde_json::{Value, json};

/// What an allocation of an address that is in use says.
pub const IP_IN_USE: &str = "provided IP is already allocated";

/// What an allocation of an address outside the ranges says.
pub const IP_OUT_OF_RANGE: &str = "the provided network does not match the current range";

/// What an allocation of a port that is in use says.
pub const PORT_IN_USE: &str = "provided port is already allocated";

/// Hands out addresses and ports. Errors are texts such as [`IP_IN_USE`].
pub trait Allocator {
    /// The families with a range, the default one first.
    fn families(&self) -> &[&'static str];

    /// Takes this address.
    fn take_ip(&mut self, family: &str, ip: &str) -> Result<(), String>;

    /// Takes any free address; None when there is none.
    fn next_ip(&mut self, family: &str) -> Option<String>;

    /// Takes this port.
    fn take_port(&mut self, port: i64) -> Result<(), String>;

    /// Takes any free port; None when there is none.
    fn next_port(&mut self) -> Option<i64>;
}

/// A Service without address families (one that was created through its status, whose addresses nobody looked after) as it is read:
/// with those of its addresses. None where nothing is missing.
pub fn default_on_read(service: &Value) -> Option<Value> {
    let spec = service.get("spec")?;
    if !needs_cluster_ip(spec) || !items(spec, "ipFamilies").is_empty() {
        return None;
    }
    let (families, policy) = match (text(spec, "clusterIP") == CLUSTER_IP_NONE, field(spec, "selector").is_some()) {
        // Nothing is known of the endpoints, so either family is assumed.
        (true, false) => (vec!["IPv4", "IPv6"], "RequireDualStack"),
        (true, true) => (vec!["IPv4"], "SingleStack"),
        (false, _) => {
            let families: Vec<_> = cluster_ips(spec).iter().map(|ip| family_of(ip)).collect();
            let policy = if families.len() > 1 { "RequireDualStack" } else { "SingleStack" };
            (families, policy)
        }
    };
    let mut service = service.clone();
    let spec = object_mut(&mut service, "spec")?;
    set(spec, "ipFamilies", json!(families));
    set(spec, "ipFamilyPolicy", policy);
    Some(service)
}

/// What a Service holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Its cluster IPs.
    pub ips: Vec<String>,
    /// Its node ports, the one for health checks among them.
    pub ports: Vec<i64>,
}

impl Held {
    /// What this Service holds.
    pub fn by(service: &Value) -> Self {
        let spec = service.get("spec").unwrap_or(&Value::Null);
        let mut ports = node_ports(spec);
        if needs_health_check(spec) {
            ports.extend(int(spec, "healthCheckNodePort").filter(|n| *n > 0));
        }
        let ips = if needs_cluster_ip(spec) { cluster_ips(spec) } else { Vec::new() };
        Self { ips: ips.into_iter().filter(|ip| ip != CLUSTER_IP_NONE && !ip.is_empty()).collect(), ports }
    }
}

/// Fills in families, cluster IPs and node ports of a new Service.
///
/// # Errors
/// 422 where the Service asks for what it cannot have, 500 when there is nothing left.
pub fn allocate_on_create(service: &mut Value, from: &mut dyn Allocator) -> Result<(), Status> {
    let name = name(service);
    let Some(spec) = object_mut(service, "spec") else { return Ok(()) };
    if cluster_ips(spec).is_empty() && !text(spec, "clusterIP").is_empty() {
        let ip = text(spec, "clusterIP").to_owned();
        set(spec, "clusterIPs", vec![ip]);
    }
    init_families(spec, None, from.families()).map_err(|errors| invalid("", "Service", &name, &errors))?;
    allocate_cluster_ips(spec, &name, from)?;
    if needs_node_port(spec) {
        allocate_node_ports(spec, &name, from)?;
    }
    if needs_health_check(spec) {
        allocate_health_check_port(spec, from)?;
    }
    Ok(())
}

/// Keeps what a changed Service has, and fills in what it needs in addition. What it no longer holds is the difference
/// of [`Held::by`] before and after.
///
/// # Errors
/// As [`allocate_on_create`].
pub fn allocate_on_update(new: &mut Value, old: &Value, from: &mut dyn Allocator) -> Result<(), Status> {
    let name = name(new);
    let before = old.get("spec").unwrap_or(&Value::Null);
    let Some(spec) = object_mut(new, "spec") else { return Ok(()) };
    keep_allocated_values(spec, before);
    normalize_cluster_ips(spec, before);
    init_families(spec, Some(before), from.families()).map_err(|errors| invalid("", "Service", &name, &errors))?;
    update_cluster_ips(spec, before, &name, from)?;
    if needs_node_port(spec) {
        update_node_ports(spec, before, &name, from)?;
    }
    if needs_health_check(spec) && !needs_health_check(before) {
        allocate_health_check_port(spec, from)?;
    }
    Ok(())
}

fn name(service: &Value) -> String {
    service.get("metadata").map_or("", |meta| text(meta, "name")).to_owned()
}

fn cluster_ips(spec: &Value) -> Vec<String> {
    items(spec, "clusterIPs").iter().filter_map(|ip| ip.as_str().map(str::to_owned)).collect()
}

fn families(spec: &Value) -> Vec<String> {
    items(spec, "ipFamilies").iter().filter_map(|family| family.as_str().map(str::to_owned)).collect()
}

fn other_family(family: &str) -> &'static str {
    if family == "IPv4" { "IPv6" } else { "IPv4" }
}

/// An update by a client that knows nothing of allocated values keeps them.
fn keep_allocated_values(spec: &mut Value, before: &Value) {
    if needs_cluster_ip(before) && needs_cluster_ip(spec) {
        if text(spec, "clusterIP").is_empty() && !text(before, "clusterIP").is_empty() {
            set(spec, "clusterIP", text(before, "clusterIP"));
        }
        if cluster_ips(spec).is_empty() && !cluster_ips(before).is_empty() {
            set(spec, "clusterIPs", cluster_ips(before));
        }
    }
    if needs_node_port(before) && needs_node_port(spec) {
        let (had, named) = (node_ports(before), node_ports(spec));
        let ports = items(before, "ports");
        for port in items_mut(spec, "ports").iter_mut().filter(|port| int(port, "nodePort").unwrap_or_default() == 0) {
            let known = ports.iter().rev().find(|p| text(p, "name") == text(port, "name")).and_then(|p| int(p, "nodePort"));
            if let Some(known) = known.filter(|n| *n != 0 && !(had.contains(n) && named.contains(n))) {
                set(port, "nodePort", known);
            }
        }
    }
    if needs_health_check(before) && needs_health_check(spec) && int(spec, "healthCheckNodePort").unwrap_or_default() == 0 {
        crate::update::restore(spec, before, &["healthCheckNodePort"]);
    }
}

/// A client that knows only one of `clusterIP` and `clusterIPs` changes both.
fn normalize_cluster_ips(spec: &mut Value, before: &Value) {
    let (primary, old_primary) = (text(spec, "clusterIP").to_owned(), text(before, "clusterIP"));
    let (ips, old_ips) = (cluster_ips(spec), cluster_ips(before));
    if !old_ips.is_empty() && ips.is_empty() && primary == old_primary {
        set(spec, "clusterIPs", old_ips);
    } else if primary != old_primary && ips == old_ips {
        if !old_primary.is_empty() && primary.is_empty() {
            unset(spec, "clusterIPs");
        } else {
            set(spec, "clusterIPs", vec![primary]);
        }
    }
}

/// Whether nothing about the addresses of a service that prefers both families has changed.
fn is_settled_dual_stack(spec: &Value, before: Option<&Value>) -> bool {
    let prefers = |policy: Option<&str>| policy == Some("PreferDualStack");
    before.is_some_and(|before| {
        text(spec, "type") == text(before, "type")
            && matches!(text(spec, "type"), "ClusterIP" | "NodePort" | "LoadBalancer")
            && prefers(text_if_set(spec, "ipFamilyPolicy"))
            && text_if_set(before, "ipFamilyPolicy").is_none_or(|policy| prefers(Some(policy)))
            && same(spec.get("clusterIPs"), before.get("clusterIPs"))
            && same(spec.get("ipFamilies"), before.get("ipFamilies"))
    })
}

fn init_families(spec: &mut Value, before: Option<&Value>, configured: &[&str]) -> Result<(), ErrorList> {
    if !needs_cluster_ip(spec) || is_settled_dual_stack(spec, before) {
        return Ok(());
    }
    let selectorless_headless = text(spec, "clusterIP") == CLUSTER_IP_NONE && field(spec, "selector").is_none_or(crate::value::is_zero);
    if text_if_set(spec, "ipFamilyPolicy").is_none() {
        let kept = before.and_then(|before| text_if_set(before, "ipFamilyPolicy"));
        let default = if selectorless_headless { "RequireDualStack" } else { "SingleStack" };
        set(spec, "ipFamilyPolicy", kept.unwrap_or(default));
    }
    let errors = service_addresses::validate(spec, before);
    if !errors.is_empty() {
        return Err(errors);
    }
    let errors = fit_to_policy(spec, before, configured);
    if !errors.is_empty() {
        return Err(errors);
    }
    let default = configured.first().copied().unwrap_or("IPv4");
    let single = text(spec, "ipFamilyPolicy") == "SingleStack";
    let mut list = families(spec);
    if !selectorless_headless {
        let errors = unavailable_families(spec, configured);
        if !errors.is_empty() {
            return Err(errors);
        }
    }
    if list.is_empty() {
        list.push(default.to_owned());
    }
    if let [only] = list.as_slice()
        && !single
        && (selectorless_headless || configured.len() > 1)
    {
        let other = other_family(only).to_owned();
        list.push(other);
    }
    set(spec, "ipFamilies", list);
    Ok(())
}

/// Makes lists as long as the policy says, and families out of the addresses that were asked for.
fn fit_to_policy(spec: &mut Value, before: Option<&Value>, configured: &[&str]) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("spec");
    let policy = text(spec, "ipFamilyPolicy").to_owned();
    let policy_path = path.child("ipFamilyPolicy");
    let single = policy == "SingleStack";
    let lists = [("clusterIPs", "cluster IP", "cluster IPs"), ("ipFamilies", "IP family", "IP families")];
    if let Some(before) = before {
        for (key, one, _) in lists {
            let (now, old) = (items(spec, key).len(), items(before, key).len());
            if single && now > 1 && same(spec.get(key), before.get(key)) {
                let first: Vec<Value> = items(spec, key).iter().take(1).cloned().collect();
                set(spec, key, first);
            } else if !single && now > 0 && now < old {
                let detail = format!("must be 'SingleStack' to release the secondary {one}");
                errors.push(Error::invalid(&policy_path, policy.as_str(), detail));
            }
        }
    }
    if single {
        for (key, _, many) in lists {
            if items(spec, key).len() == 2 {
                let detail = format!("must be 'RequireDualStack' or 'PreferDualStack' when multiple {many} are specified");
                errors.push(Error::invalid(&policy_path, policy.as_str(), detail));
            }
        }
    }
    let ips = cluster_ips(spec);
    let mut list = families(spec);
    for (i, ip) in ips.iter().enumerate().take_while(|(_, ip)| *ip != CLUSTER_IP_NONE).filter(|(i, _)| *i >= families(spec).len()) {
        let family = family_of(ip);
        if configured.contains(&family) {
            list.push(family.to_owned());
        } else {
            let detail = format!("{family} is not configured on this cluster");
            errors.push(Error::invalid(&path.child("clusterIPs").index(i), json!(ips), detail));
        }
    }
    if !list.is_empty() {
        set(spec, "ipFamilies", list);
    }
    errors
}

fn unavailable_families(spec: &Value, configured: &[&str]) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("spec");
    if text(spec, "ipFamilyPolicy") == "RequireDualStack" && configured.len() < 2 {
        let detail = "this cluster is not configured for dual-stack services";
        errors.push(Error::invalid(&path.child("ipFamilyPolicy"), "RequireDualStack", detail));
    }
    for (i, family) in families(spec).iter().enumerate().filter(|(_, family)| !configured.contains(&family.as_str())) {
        errors.push(Error::invalid(&path.child("ipFamilies").index(i), family.as_str(), "not configured on this cluster"));
    }
    errors
}

fn allocate_cluster_ips(spec: &mut Value, name: &str, from: &mut dyn Allocator) -> Result<(), Status> {
    let mut ips = cluster_ips(spec);
    if !needs_cluster_ip(spec) || ips.first().is_some_and(|ip| ip == CLUSTER_IP_NONE) {
        return Ok(());
    }
    for (i, family) in families(spec).iter().enumerate() {
        if ips.len() <= i {
            ips.push(String::new());
        }
        allocate_ip(&mut ips, i, family, name, from)?;
    }
    if let Some(first) = ips.first() {
        set(spec, "clusterIP", first.as_str());
        set(spec, "clusterIPs", ips);
    }
    Ok(())
}

fn allocate_ip(ips: &mut [String], i: usize, family: &str, name: &str, from: &mut dyn Allocator) -> Result<(), Status> {
    let printed = json!(ips);
    let Some(ip) = ips.get_mut(i) else { return Ok(()) };
    if ip.is_empty() {
        let full = || Status::internal(format!("failed to allocate a serviceIP for Service \"{name}\": range is full"));
        *ip = from.next_ip(family).ok_or_else(full)?;
        return Ok(());
    }
    from.take_ip(family, ip).map_err(|why| {
        let spec = Path::new("spec");
        let error = Error::invalid(&spec.child("clusterIPs"), printed, format!("failed to allocate IP {ip}: {why}"));
        invalid("", "Service", name, &[error])
    })
}

fn update_cluster_ips(spec: &mut Value, before: &Value, name: &str, from: &mut dyn Allocator) -> Result<(), Status> {
    if is_settled_dual_stack(spec, Some(before)) {
        return Ok(());
    }
    if !needs_cluster_ip(before) && needs_cluster_ip(spec) {
        return allocate_cluster_ips(spec, name, from);
    }
    let upgraded = families(before).len() == 1 && families(spec).len() == 2;
    if !upgraded || cluster_ips(before).first().is_some_and(|ip| ip == CLUSTER_IP_NONE) {
        return Ok(());
    }
    let mut ips = cluster_ips(spec);
    if ips.len() < 2 {
        ips.push(String::new());
    }
    if let Some(family) = families(spec).get(1) {
        allocate_ip(&mut ips, 1, family, name, from)?;
    }
    set(spec, "clusterIPs", ips);
    Ok(())
}

fn wants_node_ports(spec: &Value) -> bool {
    text(spec, "type") == "NodePort" || flag(spec, "allocateLoadBalancerNodePorts")
}

fn take_port(number: i64, index: usize, name: &str, from: &mut dyn Allocator) -> Result<i64, Status> {
    from.take_port(number).map_err(|why| {
        let spec = Path::new("spec");
        let ports = spec.child("ports");
        invalid("", "Service", name, &[Error::invalid(&ports.index(index).child("nodePort"), number, why)])
    })?;
    Ok(number)
}

fn next_port(from: &mut dyn Allocator) -> Result<i64, Status> {
    from.next_port().ok_or_else(|| Status::internal("failed to allocate a nodePort: range is full"))
}

/// Ports of the same number (TCP and UDP) share a node port.
fn allocate_node_ports(spec: &mut Value, name: &str, from: &mut dyn Allocator) -> Result<(), Status> {
    let wanted = wants_node_ports(spec);
    let requested: Vec<(i64, i64)> = items(spec, "ports")
        .iter()
        .filter_map(|p| Some((int(p, "port").unwrap_or_default(), int(p, "nodePort").filter(|n| *n != 0)?)))
        .collect();
    let mut taken: Vec<(i64, i64)> = Vec::new();
    for (i, port) in items_mut(spec, "ports").iter_mut().enumerate() {
        let number = int(port, "port").unwrap_or_default();
        let asked = int(port, "nodePort").unwrap_or_default();
        if asked == 0 && !wanted {
            continue;
        }
        let shared = taken.iter().find(|(port, _)| *port == number).map(|(_, node_port)| *node_port);
        let node_port = match shared {
            Some(shared) if asked == 0 || asked == shared => shared,
            Some(_) => take_port(asked, i, name, from)?,
            None => {
                let node_port = match requested.iter().find(|(port, _)| *port == number) {
                    Some((_, node_port)) => take_port(*node_port, i, name, from)?,
                    None => next_port(from)?,
                };
                taken.push((number, node_port));
                node_port
            }
        };
        set(port, "nodePort", node_port);
    }
    Ok(())
}

fn update_node_ports(spec: &mut Value, before: &Value, name: &str, from: &mut dyn Allocator) -> Result<(), Status> {
    let wanted = wants_node_ports(spec);
    let had = node_ports(before);
    let mut taken: Vec<i64> = Vec::new();
    let mut seen: Vec<(String, i64)> = Vec::new();
    for (i, port) in items_mut(spec, "ports").iter_mut().enumerate() {
        let mut number = int(port, "nodePort").unwrap_or_default();
        if number == 0 {
            if !wanted {
                continue;
            }
            number = next_port(from)?;
            set(port, "nodePort", number);
        } else if !had.contains(&number) && !taken.contains(&number) {
            taken.push(take_port(number, i, name, from)?);
        }
        let key = (text(port, "protocol").to_owned(), number);
        if seen.contains(&key) {
            return Err(Status::unclassified(format!("duplicate nodePort: {{{} {}}}", key.0, key.1)));
        }
        seen.push(key);
    }
    Ok(())
}

fn allocate_health_check_port(spec: &mut Value, from: &mut dyn Allocator) -> Result<(), Status> {
    match int(spec, "healthCheckNodePort").filter(|n| *n != 0) {
        Some(port) => {
            from.take_port(port).map_err(|why| Status::internal(format!("failed to allocate requested HealthCheck NodePort {port}: {why}")))
        }
        None => {
            let port = from.next_port().ok_or_else(|| Status::internal("failed to allocate a HealthCheck NodePort 0: range is full"))?;
            set(spec, "healthCheckNodePort", port);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
