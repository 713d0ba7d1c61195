//! Pods get the priority of their class, and there is one default class at most (C-03-42).

use crate::{Attributes, Cluster, Operation, Plugin};
use minkapi_object::Status;
use serde::Deserialize;

const CLASSES: &str = "priorityclasses.scheduling.k8s.io";

#[derive(Debug)]
pub(crate) struct Priority;

/// What pods take from a class.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Class {
    name: String,
    value: i64,
    preemption_policy: Option<String>,
}

impl Plugin for Priority {
    fn name(&self) -> &'static str {
        "Priority"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if !attributes.is("", "pods") {
            return Ok(());
        }
        match attributes.operation {
            Operation::Create => set_priority(attributes, cluster),
            Operation::Update => {
                keep_priority(attributes);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let writes = matches!(attributes.operation, Operation::Create | Operation::Update);
        if !writes || !attributes.is("scheduling.k8s.io", "priorityclasses") || attributes.object["globalDefault"] != true {
            return Ok(());
        }
        let Some(default) = default_class(cluster) else { return Ok(()) };
        if attributes.operation == Operation::Update && attributes.object["metadata"]["name"] == *default.name {
            return Ok(());
        }
        Err(attributes.forbidden(format!("PriorityClass {} is already marked as default. Only one default can exist", default.name)))
    }
}

fn set_priority(attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
    let spec = &attributes.object["spec"];
    let class = match spec["priorityClassName"].as_str().unwrap_or_default() {
        "" => default_class(cluster).unwrap_or_else(|| Class {
            name: String::new(),
            value: 0,
            preemption_policy: Some("PreemptLowerPriority".to_owned()),
        }),
        name => match cluster.get(CLASSES, "", name) {
            Some(class) => read(class.bytes()),
            None => return Err(attributes.forbidden(format!("no PriorityClass with name {name} was found"))),
        },
    };
    if let Some(given) = spec["priority"].as_i64().filter(|given| *given != class.value) {
        return Err(attributes.forbidden(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {} from the given PriorityClass name",
            class.value
        )));
    }
    if let (Some(computed), Some(given)) = (&class.preemption_policy, spec["preemptionPolicy"].as_str())
        && computed != given
    {
        return Err(attributes.forbidden(format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission controller computed {computed} from the given PriorityClass name"
        )));
    }
    let spec = &mut attributes.object["spec"];
    if !class.name.is_empty() {
        spec["priorityClassName"] = class.name.into();
    }
    spec["priority"] = class.value.into();
    if let Some(policy) = class.preemption_policy {
        spec["preemptionPolicy"] = policy.into();
    }
    Ok(())
}

/// An update by a client that knows nothing of priorities keeps them.
fn keep_priority(attributes: &mut Attributes<'_>) {
    let Some(old) = attributes.old else { return };
    for field in ["priority", "preemptionPolicy"] {
        let before = &old["spec"][field];
        if attributes.object["spec"][field].is_null() && !before.is_null() {
            attributes.object["spec"][field] = before.clone();
        }
    }
}

/// The class for pods that name none: the lowest one if there are several.
fn default_class(cluster: &dyn Cluster) -> Option<Class> {
    let marked = memchr::memmem::Finder::new(b"\"globalDefault\":true");
    let classes = cluster.list(CLASSES, None);
    // Every pod without a class comes by here: other classes are not parsed.
    let defaults = classes.iter().filter(|class| marked.find(class.bytes()).is_some()).map(|class| read(class.bytes()));
    defaults.min_by_key(|class| class.value)
}

fn read(bytes: &[u8]) -> Class {
    #[derive(Default, Deserialize)]
    struct Metadata {
        #[serde(default)]
        name: String,
    }
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct PriorityClass {
        #[serde(default)]
        metadata: Metadata,
        #[serde(default)]
        value: i64,
        preemption_policy: Option<String>,
    }
    let class: PriorityClass = serde_json::from_slice(bytes).unwrap_or_default();
    Class { name: class.metadata.name, value: class.value, preemption_policy: class.preemption_policy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::{Value, json};

    fn class(name: &str, value: i64, default: bool) -> Value {
        json!({"metadata": {"name": name}, "value": value, "globalDefault": default, "preemptionPolicy": "Never"})
    }

    fn pod(spec: Value) -> Request {
        Request::create("", "v1", "Pod", json!({"metadata": {"name": "web", "namespace": "x"}, "spec": spec}))
    }

    #[test]
    fn a_pod_gets_the_value_and_policy_of_its_class() {
        let cluster = FakeCluster::with(CLASSES, class("high", 1000, false));
        let mut request = pod(json!({"priorityClassName": "high"}));
        request.admit(&Priority, &cluster).unwrap();
        assert_eq!(request.object["spec"], json!({"priorityClassName": "high", "priority": 1000, "preemptionPolicy": "Never"}));
    }

    #[test]
    fn without_a_class_it_is_that_of_the_default_class_or_zero() {
        let mut request = pod(json!({}));
        request.admit(&Priority, &FakeCluster::default()).unwrap();
        assert_eq!(request.object["spec"], json!({"priority": 0, "preemptionPolicy": "PreemptLowerPriority"}));
        let cluster = FakeCluster::with(CLASSES, class("high", 1000, true)).and(CLASSES, class("low", 10, true));
        let mut request = pod(json!({}));
        request.admit(&Priority, &cluster).unwrap();
        assert_eq!(request.object["spec"]["priorityClassName"], "low");
    }

    #[test]
    fn another_value_than_that_of_the_class_is_refused() {
        let cluster = FakeCluster::with(CLASSES, class("high", 1000, false));
        let status = pod(json!({"priorityClassName": "high", "priority": 7})).admit(&Priority, &cluster).unwrap_err();
        assert_eq!(
            status.message,
            "pods \"web\" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name"
        );
        let status = pod(json!({"priorityClassName": "none"})).admit(&Priority, &cluster).unwrap_err();
        assert_eq!(status.message, "pods \"web\" is forbidden: no PriorityClass with name none was found");
    }

    #[test]
    fn an_update_without_priority_keeps_it() {
        let mut request = pod(json!({}));
        request.operation = Operation::Update;
        request.old = Some(json!({"spec": {"priority": 5}}));
        request.admit(&Priority, &FakeCluster::default()).unwrap();
        assert_eq!(request.object["spec"], json!({"priority": 5}));
    }

    #[test]
    fn a_second_default_class_is_refused_but_the_default_class_may_be_changed() {
        let cluster = FakeCluster::with(CLASSES, class("first", 1, true));
        let mut second = Request::create("scheduling.k8s.io", "v1", "PriorityClass", class("second", 2, true));
        assert!(second.validate(&Priority, &cluster).is_err());
        let mut same = Request::create("scheduling.k8s.io", "v1", "PriorityClass", class("first", 2, true));
        same.operation = Operation::Update;
        same.validate(&Priority, &cluster).unwrap();
    }
}
