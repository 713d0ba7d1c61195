//! Pods get the overhead, node selector and tolerations of their runtime class (C-03-44).

use crate::{Attributes, Cluster, Plugin, resource_list::ResourceList, toleration};
use minkapi_object::Status;
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct RuntimeClass;

impl Plugin for RuntimeClass {
    fn name(&self) -> &'static str {
        "RuntimeClass"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let Some(class) = class_of(attributes, cluster)? else { return Ok(()) };
        set_overhead(attributes, &class)?;
        set_scheduling(attributes, &class)
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if !attributes.creates("", "pods") {
            return Ok(());
        }
        let class = class_of(attributes, cluster)?.unwrap_or_default();
        let overhead = &attributes.object["spec"]["overhead"];
        if class["overhead"].is_null() {
            return match overhead {
                Value::Null => Ok(()),
                _ => Err(attributes.forbidden("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")),
            };
        }
        if same_amounts(&class["overhead"]["podFixed"], overhead) { Ok(()) } else { Err(other_overhead(attributes)) }
    }
}

/// The class that a new pod names.
fn class_of(attributes: &Attributes<'_>, cluster: &dyn Cluster) -> Result<Option<Value>, Status> {
    let Some(name) = attributes.object["spec"]["runtimeClassName"].as_str().filter(|_| attributes.creates("", "pods")) else {
        return Ok(None);
    };
    match cluster.get("runtimeclasses.node.k8s.io", "", name) {
        Some(class) => Ok(Some(class.to_value())),
        None => {
            let quoted = minkapi_schema::field::quoted(name);
            Err(attributes.forbidden(format!("pod rejected: RuntimeClass {quoted} not found")))
        }
    }
}

fn other_overhead(attributes: &Attributes<'_>) -> Status {
    attributes.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
}

fn same_amounts(a: &Value, b: &Value) -> bool {
    let (a, b) = (ResourceList::read(a), ResourceList::read(b));
    a.0.len() == b.0.len() && a.0.iter().all(|(name, amount)| b.get(name).is_some_and(|other| amount == other))
}

fn set_overhead(attributes: &mut Attributes<'_>, class: &Value) -> Result<(), Status> {
    if class["overhead"].is_null() {
        return Ok(());
    }
    let fixed = &class["overhead"]["podFixed"];
    let own = &attributes.object["spec"]["overhead"];
    if own.as_object().is_some_and(|o| !o.is_empty()) && !same_amounts(own, fixed) {
        return Err(other_overhead(attributes));
    }
    if !fixed.is_null() {
        attributes.object["spec"]["overhead"] = fixed.clone();
    }
    Ok(())
}

fn set_scheduling(attributes: &mut Attributes<'_>, class: &Value) -> Result<(), Status> {
    let scheduling = &class["scheduling"];
    for (key, value) in scheduling["nodeSelector"].as_object().into_iter().flatten() {
        let own = &attributes.object["spec"]["nodeSelector"][key.as_str()];
        if !own.is_null() && own != value {
            let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
            return Err(attributes.forbidden(format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {}; pod.spec.nodeSelector[{key}] = {}",
                text(value),
                text(own)
            )));
        }
        attributes.object["spec"]["nodeSelector"][key.as_str()] = value.clone();
    }
    if let Some(added) = scheduling["tolerations"].as_array() {
        let tolerations = &mut attributes.object["spec"]["tolerations"];
        let own = tolerations.as_array().map(Vec::as_slice).unwrap_or_default();
        *tolerations = toleration::merge(own, added).into();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::json;

    fn cluster() -> FakeCluster {
        let class = json!({
            "metadata": {"name": "kata"},
            "overhead": {"podFixed": {"cpu": "1"}},
            "scheduling": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "t", "operator": "Exists"}]}
        });
        FakeCluster::with("runtimeclasses.node.k8s.io", class)
    }

    fn pod(spec: Value) -> Request {
        Request::create("", "v1", "Pod", json!({"metadata": {"name": "web", "namespace": "x"}, "spec": spec}))
    }

    #[test]
    fn a_pod_gets_what_its_class_says() {
        let mut request = pod(json!({"runtimeClassName": "kata", "overhead": {"cpu": "1000m"}}));
        request.admit(&RuntimeClass, &cluster()).unwrap();
        let spec = &request.object["spec"];
        assert_eq!((&spec["overhead"], &spec["nodeSelector"]), (&json!({"cpu": "1"}), &json!({"a": "b"})));
        assert_eq!(spec["tolerations"], json!([{"key": "t", "operator": "Exists"}]));
        request.validate(&RuntimeClass, &cluster()).unwrap();
    }

    #[test]
    fn an_unknown_class_a_conflict_and_overhead_without_class_are_refused() {
        let refused = |spec: Value| pod(spec).admit(&RuntimeClass, &cluster()).unwrap_err().message;
        assert!(refused(json!({"runtimeClassName": "none"})).ends_with("pod rejected: RuntimeClass \"none\" not found"));
        assert!(refused(json!({"runtimeClassName": "kata", "overhead": {"cpu": "2"}})).contains("doesn't match"));
        assert!(refused(json!({"runtimeClassName": "kata", "nodeSelector": {"a": "c"}})).contains("pod.spec.nodeSelector[a] = c"));
        let status = pod(json!({"overhead": {"cpu": "1"}})).validate(&RuntimeClass, &cluster()).unwrap_err();
        assert!(status.message.contains("set without corresponding RuntimeClass"));
    }
}
