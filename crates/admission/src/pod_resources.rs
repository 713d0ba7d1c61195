//! What a pod requests and is limited to, all its containers together.

use crate::resource_list::ResourceList;
use serde_json::Value;

/// Which half of `resources` is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Requests,
    Limits,
}

impl Side {
    const fn key(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Limits => "limits",
        }
    }
}

/// What of the pod counts beside its spec.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counting {
    /// What the kubelet reports that containers have, while a resize is under way.
    pub status: bool,
    /// The overhead of the pod's runtime class.
    pub overhead: bool,
    /// Whether pod-level hugepages replace those of containers, as cpu and memory do.
    pub pod_level_hugepages: bool,
}

/// The amounts that a pod needs: those of its containers, or those of the one init container that needs most beside the
/// restartable ones before it; replaced by those that the pod states for itself.
pub(crate) fn of_pod(pod: &Value, side: Side, counting: Counting) -> ResourceList {
    let spec = &pod["spec"];
    let mut total = if counting.status { with_status(pod, side) } else { sum(pod, &|container, _| declared(container, side)) };
    let pod_level = ResourceList::read(&spec["resources"][side.key()]);
    for (name, amount) in pod_level.0 {
        if matches!(&*name, "cpu" | "memory") || (counting.pod_level_hugepages && name.starts_with("hugepages-")) {
            total.set(name, amount);
        }
    }
    if counting.overhead {
        let overhead = ResourceList::read(&spec["overhead"]);
        total.add(&match side {
            Side::Requests => overhead,
            Side::Limits => overhead.only(|name| total.get(name).is_some_and(|limit| !limit.is_zero())),
        });
    }
    total
}

/// Whether a pod states cpu, memory or hugepages for itself.
pub(crate) fn has_pod_level(pod: &Value) -> bool {
    let resources = &pod["spec"]["resources"];
    let names = ["requests", "limits"].into_iter().filter_map(|key| resources[key].as_object()).flat_map(|list| list.keys());
    names.into_iter().any(|name| matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-"))
}

fn declared(container: &Value, side: Side) -> ResourceList {
    ResourceList::read(&container["resources"][side.key()])
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The greatest of what containers ask for, were granted and have.
fn with_status(pod: &Value, side: Side) -> ResourceList {
    let infeasible =
        list(&pod["status"], "conditions").iter().find(|c| c["type"] == "PodResizePending").is_some_and(|c| c["reason"] == "Infeasible");
    let spec = |container: &Value| if infeasible { ResourceList::default() } else { declared(container, side) };
    let granted = |container: &Value, status: &Value| match &status["allocatedResources"] {
        Value::Object(_) if side == Side::Requests => ResourceList::read(&status["allocatedResources"]),
        _ => spec(container),
    };
    let actual = |container: &Value, status: &Value| match &status["resources"][side.key()] {
        Value::Null => granted(container, status),
        reported => ResourceList::read(reported),
    };
    let mut total = sum(pod, &actual);
    if side == Side::Requests {
        total.raise_to(&sum(pod, &granted));
    }
    if !infeasible {
        total.raise_to(&sum(pod, &|container, _| declared(container, side)));
    }
    total
}

fn sum(pod: &Value, of: &dyn Fn(&Value, &Value) -> ResourceList) -> ResourceList {
    let spec = &pod["spec"];
    let status = |container: &Value| {
        let mut statuses = list(&pod["status"], "containerStatuses").iter().chain(list(&pod["status"], "initContainerStatuses"));
        statuses.find(|s| s["name"] == container["name"]).unwrap_or(&Value::Null)
    };
    let mut total = ResourceList::default();
    for container in list(spec, "containers") {
        total.add(&of(container, status(container)));
    }
    let (mut restartable, mut greatest) = (ResourceList::default(), ResourceList::default());
    for container in list(spec, "initContainers") {
        let mut own = of(container, status(container));
        if container["restartPolicy"] == "Always" {
            total.add(&own);
            restartable.add(&own);
            greatest.raise_to(&restartable);
        } else {
            own.add(&restartable);
            greatest.raise_to(&own);
        }
    }
    total.raise_to(&greatest);
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn container(cpu: &str) -> Value {
        json!({"name": "c", "resources": {"requests": {"cpu": cpu}}})
    }

    fn cpu(pod: &Value, counting: Counting) -> String {
        of_pod(pod, Side::Requests, counting).get("cpu").unwrap().to_string()
    }

    #[test]
    fn containers_add_up_and_init_containers_need_room_beside_sidecars() {
        let mut sidecar = container("1");
        sidecar["restartPolicy"] = "Always".into();
        let pod = json!({"spec": {"containers": [container("1"), container("2")], "initContainers": [sidecar, container("5")]}});
        assert_eq!(cpu(&pod, Counting::default()), "6");
    }

    #[test]
    fn what_the_pod_states_for_itself_counts_instead() {
        let pod = json!({"spec": {"containers": [container("1")], "resources": {"requests": {"cpu": "3"}}, "overhead": {"cpu": "1"}}});
        assert_eq!(cpu(&pod, Counting::default()), "3");
        assert_eq!(cpu(&pod, Counting { overhead: true, ..Counting::default() }), "4");
        assert!(has_pod_level(&pod));
    }

    #[test]
    fn a_container_that_still_has_more_than_it_asks_for_counts_with_that() {
        let mut pod = json!({
            "spec": {"containers": [container("1")]},
            "status": {"containerStatuses": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]}
        });
        assert_eq!(cpu(&pod, Counting { status: true, ..Counting::default() }), "2");
        assert_eq!(cpu(&pod, Counting::default()), "1");
        pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "9".into();
        pod["status"]["conditions"] = json!([{"type": "PodResizePending", "reason": "Infeasible"}]);
        assert_eq!(cpu(&pod, Counting { status: true, ..Counting::default() }), "2");
    }
}
