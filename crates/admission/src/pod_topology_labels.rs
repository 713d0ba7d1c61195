//! Pods carry the zone and region of their node (C-09-05).

use crate::{Attributes, Cluster, Operation, Plugin};
use minkapi_object::Status;

const LABELS: &[&str] = &["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

#[derive(Debug)]
pub(crate) struct PodTopologyLabels;

impl Plugin for PodTopologyLabels {
    fn name(&self) -> &'static str {
        "PodTopologyLabels"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if attributes.operation != Operation::Create || !attributes.is_resource("", "pods") {
            return Ok(());
        }
        let node = match attributes.subresource {
            "" => &attributes.object["spec"]["nodeName"],
            // Labels of a binding are copied to its pod.
            "binding" if attributes.object["target"]["kind"] == "Node" => &attributes.object["target"]["name"],
            _ => return Ok(()),
        };
        let Some(node) = node.as_str().filter(|name| !name.is_empty()).and_then(|name| cluster.get("nodes", "", name)) else {
            return Ok(());
        };
        for label in LABELS {
            if let Some(value) = node.head().labels.get(label) {
                attributes.object["metadata"]["labels"][*label] = value.into();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::json;

    #[test]
    fn bindings_and_pods_with_a_node_get_its_zone_and_region_only() {
        let labels = json!({"topology.kubernetes.io/zone": "z", "other": "o"});
        let cluster = FakeCluster::with("nodes", json!({"metadata": {"name": "n", "labels": labels}}));
        let pod = json!({"metadata": {"name": "web", "namespace": "x"}, "spec": {"nodeName": "n"}});
        let mut request = Request::create("", "v1", "Pod", pod);
        request.admit(&PodTopologyLabels, &cluster).unwrap();
        assert_eq!(request.object["metadata"]["labels"], json!({"topology.kubernetes.io/zone": "z"}));
        let binding = json!({"metadata": {"name": "web", "namespace": "x"}, "target": {"kind": "Node", "name": "n"}});
        let mut request = Request::create("", "v1", "Pod", binding);
        request.subresource = "binding".to_owned();
        request.admit(&PodTopologyLabels, &cluster).unwrap();
        assert_eq!(request.object["metadata"]["labels"], json!({"topology.kubernetes.io/zone": "z"}));
    }
}
