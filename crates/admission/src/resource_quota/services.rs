//! Services count one each, with their node ports and load balancers.

use super::evaluator::{Evaluator, count};
use crate::{Attributes, Operation, resource_list::ResourceList};
use serde_json::Value;

const TRACKED: &[&str] = &["count/services", "services", "services.nodeports", "services.loadbalancers"];

pub(super) struct Services;

impl Evaluator for Services {
    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.subresource.is_empty() && matches!(attributes.operation, Operation::Create | Operation::Update)
    }

    fn tracks(&self, name: &str) -> bool {
        TRACKED.contains(&name)
    }

    fn usage(&self, service: &Value) -> ResourceList {
        let spec = &service["spec"];
        let ports = spec["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
        let load_balancer = spec["type"] == "LoadBalancer";
        // Node ports are not there yet: what counts is whether the ports will get some.
        let node_ports = match spec["type"].as_str() {
            Some("LoadBalancer") if spec["allocateLoadBalancerNodePorts"] == false => {
                ports.iter().filter(|port| port["nodePort"].as_i64().unwrap_or(0) != 0).count()
            }
            Some("LoadBalancer" | "NodePort") => ports.len(),
            _ => 0,
        };
        let mut usage = ResourceList::default();
        usage.set("count/services", count(1));
        usage.set("services", count(1));
        usage.set("services.loadbalancers", count(i64::from(load_balancer)));
        usage.set("services.nodeports", count(i64::try_from(node_ports).unwrap_or(i64::MAX)));
        usage
    }
}
