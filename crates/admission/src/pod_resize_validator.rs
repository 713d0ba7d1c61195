//! A pod is resized on Linux nodes only, and not past what its node has.

use crate::{
    Attributes, Cluster, Operation, Plugin,
    pod_resources::{self, Counting, Side},
    resource_list::ResourceList,
};
use minkapi_object::{Object, Status, StatusCause};
use minkapi_schema::quantity::Quantity;
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct PodResizeValidator;

impl Plugin for PodResizeValidator {
    fn name(&self) -> &'static str {
        "PodResizeValidator"
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let (Operation::Update, Some(old)) = (attributes.operation, attributes.old) else { return Ok(()) };
        if !attributes.is_resource("", "pods") || attributes.subresource != "resize" {
            return Ok(());
        }
        let pod = &*attributes.object;
        let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
        // The generation tells whether the spec changed.
        if node.is_empty() || pod["metadata"]["generation"] == old["metadata"]["generation"] {
            return Ok(());
        }
        let Some(found) = cluster.get("nodes", "", node) else {
            return Err(attributes.forbidden(format!("node {} not found", minkapi_schema::field::quoted(node))));
        };
        let refused = |why: String, reason: &str| {
            let cause = StatusCause { reason: reason.to_owned(), ..StatusCause::default() };
            Err(attributes.forbidden(why).with_causes(vec![cause]))
        };
        if let Some(why) = not_linux(&found) {
            return refused(why, "UnsupportedPlatform");
        }
        match too_large(pod, &found.to_value()) {
            Some(why) => refused(why, "NodeCapacity"),
            None => Ok(()),
        }
    }
}

fn not_linux(node: &Object) -> Option<String> {
    let system = node.head().labels.get("kubernetes.io/os").filter(|os| *os != "linux")?;
    Some(format!("pod resize is only supported on linux nodes, node {:?} is {system:?}", &*node.head().name))
}

fn too_large(pod: &Value, node: &Value) -> Option<String> {
    let allocatable = ResourceList::read(&node["status"]["allocatable"]);
    let counting = Counting { overhead: true, pod_level_hugepages: true, ..Counting::default() };
    let requests = pod_resources::of_pod(pod, Side::Requests, counting);
    let exceeded: Vec<String> = ["cpu", "memory"]
        .into_iter()
        .filter_map(|resource| {
            let amount = |list: &ResourceList| list.get(resource).cloned().unwrap_or(Quantity::ZERO);
            let number = |amount: &Quantity| if resource == "cpu" { amount.milli_value() } else { amount.value() };
            let (requested, available) = (amount(&requests), amount(&allocatable));
            let told = || format!("{resource}, requested: {}, allocatable: {}", number(&requested), number(&available));
            (requested > available).then(told)
        })
        .collect();
    (!exceeded.is_empty()).then(|| format!("node didn't have enough allocatable resources: {}", exceeded.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::json;

    fn resize(node: Value) -> Result<(), Status> {
        let pod = |cpu: &str, generation: i64| {
            json!({
                "metadata": {"name": "web", "namespace": "x", "generation": generation},
                "spec": {"nodeName": "n", "containers": [{"resources": {"requests": {"cpu": cpu}}}]}
            })
        };
        let mut request = Request::create("", "v1", "Pod", pod("3", 2));
        request.operation = Operation::Update;
        request.subresource = "resize".to_owned();
        request.old = Some(pod("1", 1));
        request.validate(&PodResizeValidator, &FakeCluster::with("nodes", node))
    }

    #[test]
    fn a_resize_must_fit_the_node() {
        resize(json!({"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "4"}}})).unwrap();
        let status = resize(json!({"metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "2"}}})).unwrap_err();
        assert_eq!(
            status.message,
            "pods \"web\" is forbidden: node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000"
        );
        assert_eq!(status.details.unwrap().causes[0].reason, "NodeCapacity");
    }

    #[test]
    fn other_systems_than_linux_do_not_resize() {
        let node = json!({"metadata": {"name": "n", "labels": {"kubernetes.io/os": "windows"}}});
        assert!(resize(node).unwrap_err().message.ends_with("only supported on linux nodes, node \"n\" is \"windows\""));
    }
}
