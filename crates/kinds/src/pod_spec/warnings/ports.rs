//! Warnings for ports that several containers, or one container twice, define.

use crate::{
    pod_spec::visit_containers,
    value::{int, items, text},
};
use minkapi_schema::field::{Path, quoted};
use serde_json::Value;
use std::collections::BTreeMap;

/// A port and where it was defined.
struct Defined {
    path: String,
    host_ip: String,
    host_port: i64,
}

/// Warns of equal, overlapping and ambiguous ports, then of equal names.
pub fn warn(out: &mut Vec<String>, spec: &Value, path: &Path<'_>) {
    let mut defined: BTreeMap<(i64, String), Vec<Defined>> = BTreeMap::new();
    visit_containers(spec, path, |container, container_path| {
        let ports = container_path.child("ports");
        for (i, port) in items(container, "ports").iter().enumerate() {
            let number = |key| int(port, key).unwrap_or_default();
            let (own_ip, own_port) = (text(port, "hostIP"), number("hostPort"));
            let at_index = ports.index(i);
            if !own_ip.is_empty() && own_port == 0 {
                let (name, protocol) = (text(port, "name"), text(port, "protocol"));
                let container_port = number("containerPort");
                out.push(format!(
                    "{at_index}: hostIP set without hostPort: {{Name:{name} HostPort:0 ContainerPort:{container_port} Protocol:{protocol} HostIP:{own_ip}}}"
                ));
            }
            let others = defined.entry((number("containerPort"), text(port, "protocol").to_owned())).or_default();
            for other in others.iter() {
                let what = if own_ip == other.host_ip && own_port == other.host_port {
                    "duplicate"
                } else if own_port == 0 || other.host_port == 0 {
                    "overlapping"
                } else if own_port == other.host_port && own_ip.is_empty() != other.host_ip.is_empty() {
                    "dangerously ambiguous"
                } else {
                    continue;
                };
                out.push(format!("{at_index}: {what} port definition with {}", other.path));
            }
            others.push(Defined { path: at_index.to_string(), host_ip: own_ip.to_owned(), host_port: own_port });
        }
    });
    let mut named: BTreeMap<String, String> = BTreeMap::new();
    visit_containers(spec, path, |container, container_path| {
        let ports = container_path.child("ports");
        for (i, port) in items(container, "ports").iter().enumerate() {
            let name = text(port, "name");
            if name.is_empty() {
                continue;
            }
            let own = ports.index(i).to_string();
            match named.get(name) {
                Some(other) => out.push(format!(
                    "{own}: duplicate port name {} with {other}, services and probes that select ports by name will use {other}",
                    quoted(name)
                )),
                None => {
                    named.insert(name.to_owned(), own);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_port_of_two_containers_is_told_of_at_the_second() {
        let port = json!([{"containerPort": 80, "protocol": "TCP", "name": "web"}]);
        let mut out = Vec::new();
        warn(&mut out, &json!({"containers": [{"ports": port}, {"ports": port}]}), &Path::new("spec"));
        assert_eq!(
            out,
            [
                "spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]",
                "spec.containers[1].ports[0]: duplicate port name \"web\" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]",
            ]
        );
    }
}
