//! New nodes are not ready until a controller says so (C-03-45).

use crate::{Attributes, Cluster, Plugin};
use minkapi_object::Status;
use serde_json::json;

#[derive(Debug)]
pub(crate) struct TaintNodesByCondition;

impl Plugin for TaintNodesByCondition {
    fn name(&self) -> &'static str {
        "TaintNodesByCondition"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, _: &dyn Cluster) -> Result<(), Status> {
        if !attributes.creates("", "nodes") {
            return Ok(());
        }
        let taint = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
        let taints = &mut attributes.object["spec"]["taints"];
        let mut list = taints.as_array().cloned().unwrap_or_default();
        if !list.iter().any(|t| t["key"] == taint["key"] && t["effect"] == taint["effect"]) {
            list.push(taint);
        }
        *taints = list.into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};

    #[test]
    fn a_new_node_gets_the_taint_once() {
        for spec in [json!({}), json!({"taints": [{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]})] {
            let mut request = Request::create("", "v1", "Node", json!({"metadata": {"name": "n"}, "spec": spec}));
            request.admit(&TaintNodesByCondition, &FakeCluster::default()).unwrap();
            assert_eq!(request.object["spec"]["taints"], json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]));
        }
    }
}
