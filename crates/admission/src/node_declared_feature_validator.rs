//! A change of a running pod needs a node that says it can make it.

use crate::{Attributes, Cluster, Operation, Plugin, resource_list::ResourceList};
use minkapi_object::Status;
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct NodeDeclaredFeatureValidator;

/// Tells from the new pod and the old one whether a change needs a feature.
type Needs = fn(&Value, &Value) -> bool;

/// The features that changes may need, by name.
const FEATURES: &[(&str, Needs)] = &[
    ("InPlacePodLevelResourcesVerticalScaling", resizes_the_pod),
    ("InPlacePodVerticalScalingInitContainers", resizes_init_containers),
    ("InPlacePodVerticalScalingMemoryBackedVolumes", resizes_memory_volumes),
];

impl Plugin for NodeDeclaredFeatureValidator {
    fn name(&self) -> &'static str {
        "NodeDeclaredFeatureValidator"
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let (Operation::Update, Some(old)) = (attributes.operation, attributes.old) else { return Ok(()) };
        if !attributes.is_resource("", "pods") || !matches!(attributes.subresource, "" | "resize") {
            return Ok(());
        }
        let pod = &*attributes.object;
        let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
        // The generation tells whether the spec changed.
        if node.is_empty() || pod["metadata"]["generation"] == old["metadata"]["generation"] {
            return Ok(());
        }
        let needed: Vec<&str> = FEATURES.iter().filter(|(_, needs)| needs(pod, old)).map(|(name, _)| *name).collect();
        if needed.is_empty() {
            return Ok(());
        }
        let Some(found) = cluster.get("nodes", "", node) else {
            return Err(attributes.forbidden(format!("node {} not found", minkapi_schema::field::quoted(node))));
        };
        let declared = found.to_value()["status"]["declaredFeatures"].take();
        let has = |feature: &str| declared.as_array().is_some_and(|list| list.iter().any(|f| f == feature));
        let missing: Vec<&str> = needed.into_iter().filter(|feature| !has(feature)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(attributes.forbidden(format!(
            "pod update requires features {} which are not available on node {}",
            missing.join(", "),
            minkapi_schema::field::quoted(node)
        )))
    }
}

fn items<'a>(pod: &'a Value, key: &str) -> &'a [Value] {
    pod["spec"][key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether requests and limits are the same amounts, however they are written.
fn same_resources(new: &Value, old: &Value) -> bool {
    ["requests", "limits"].into_iter().all(|side| ResourceList::read(&new[side]).0 == ResourceList::read(&old[side]).0)
}

fn resizes_the_pod(new: &Value, old: &Value) -> bool {
    let of = |pod: &Value| pod["spec"]["resources"].clone();
    of(new).is_null() != of(old).is_null() || !same_resources(&of(new), &of(old))
}

/// Sidecars are resized like any container.
fn resizes_init_containers(new: &Value, old: &Value) -> bool {
    let mut pairs = items(old, "initContainers").iter().zip(items(new, "initContainers"));
    pairs.any(|(old, new)| old["restartPolicy"] != "Always" && !same_resources(&new["resources"], &old["resources"]))
}

fn resizes_memory_volumes(new: &Value, old: &Value) -> bool {
    let (new, old) = (items(new, "volumes"), items(old, "volumes"));
    let size = |volume: &Value| minkapi_schema::quantity::from_json(&volume["emptyDir"]["sizeLimit"]).ok();
    new.len() == old.len()
        && new.iter().zip(old).any(|(new, old)| {
            let in_memory = new["name"] == old["name"] && new["emptyDir"]["medium"] == "Memory";
            in_memory && matches!((size(new), size(old)), (Some(new), Some(old)) if new != old)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::json;

    fn resized(of: fn(&str) -> Value, declared: Value) -> Result<(), Status> {
        let pod = |amount: &str, generation: i64| {
            let mut spec = of(amount);
            spec["nodeName"] = "n".into();
            json!({"metadata": {"name": "web", "namespace": "x", "generation": generation}, "spec": spec})
        };
        let mut request = Request::create("", "v1", "Pod", pod("2", 2));
        request.operation = Operation::Update;
        request.subresource = "resize".to_owned();
        request.old = Some(pod("1", 1));
        let node = json!({"metadata": {"name": "n"}, "status": {"declaredFeatures": declared}});
        request.validate(&NodeDeclaredFeatureValidator, &FakeCluster::with("nodes", node))
    }

    #[test]
    fn what_a_node_does_not_declare_it_is_not_asked_for() {
        let init = |cpu: &str| json!({"initContainers": [{"name": "i", "resources": {"requests": {"cpu": cpu}}}]});
        let status = resized(init, json!([])).unwrap_err();
        assert_eq!(
            status.message,
            "pods \"web\" is forbidden: pod update requires features InPlacePodVerticalScalingInitContainers which are not available on node \"n\""
        );
        resized(init, json!(["InPlacePodVerticalScalingInitContainers"])).unwrap();
    }

    #[test]
    fn pods_and_volumes_in_memory_need_features_of_their_own() {
        assert!(resized(|cpu| json!({"resources": {"requests": {"cpu": cpu}}}), json!([])).is_err());
        assert!(
            resized(|size| json!({"volumes": [{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": size}}]}), json!([])).is_err()
        );
    }

    #[test]
    fn containers_are_resized_on_any_node() {
        resized(|cpu| json!({"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}), json!([])).unwrap();
    }
}
