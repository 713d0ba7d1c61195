//! Resource lists: quantities by resource name, and sums of them.

use crate::value::{entries, field, field_mut, items, map};
use minkapi_schema::quantity::{Quantity, from_json};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Scale of a thousandth, the smallest unit that resource lists keep.
const MILLI: i32 = -3;

/// A resource list taken apart.
pub type ResourceList = BTreeMap<String, Quantity>;

/// Rounds the quantities of `limits` and `requests` up to whole milli units.
pub fn round(requirements: &mut Value) {
    round_list(requirements, "limits");
    round_list(requirements, "requests");
}

/// Rounds the quantities of the resource list at `key` up to whole milli units.
pub fn round_list(holder: &mut Value, key: &str) {
    let Some(Value::Object(list)) = field_mut(holder, key) else { return };
    for value in list.values_mut() {
        if !may_be_finer_than_milli(value) {
            continue;
        }
        if let Ok(mut quantity) = from_json(value) {
            quantity.round_up(MILLI);
            let text = quantity.to_string();
            if value.as_str() != Some(&text) {
                *value = text.into();
            }
        }
    }
}

/// Most quantities (`250m`, `2Gi`, `1`) can be told to be coarse enough without parsing them.
fn may_be_finer_than_milli(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return true };
    text.contains(['.', 'n', 'u', 'e', 'E'])
}

/// The quantity at `key` if it is set.
pub fn quantity(holder: &Value, key: &str) -> Option<Quantity> {
    field(holder, key).and_then(|v| from_json(v).ok())
}

/// The resource list at `key`; empty when unset.
pub fn list(holder: &Value, key: &str) -> ResourceList {
    entries(holder, key).filter_map(|(name, value)| Some((name.to_owned(), from_json(value).ok()?))).collect()
}

/// The list `key` of a container's `resources`.
pub fn of_container(container: &Value, key: &str) -> ResourceList {
    field(container, "resources").map(|r| list(r, key)).unwrap_or_default()
}

/// Back to JSON.
pub fn to_json(list: &ResourceList) -> Value {
    list.iter().map(|(name, quantity)| (name.clone(), Value::from(quantity.to_string()))).collect::<Map<_, _>>().into()
}

fn add(sum: &mut ResourceList, more: &ResourceList) {
    for (name, quantity) in more {
        sum.entry(name.clone()).and_modify(|q| q.add(quantity)).or_insert_with(|| quantity.clone());
    }
}

fn raise(sum: &mut ResourceList, least: &ResourceList) {
    for (name, quantity) in least {
        match sum.get_mut(name) {
            Some(q) if *q >= *quantity => {}
            Some(q) => *q = quantity.clone(),
            None => {
                sum.insert(name.clone(), quantity.clone());
            }
        }
    }
}

/// What all containers of a pod need together (`limits` or `requests`): the sum over containers and sidecars, or what an
/// init container needs beside the sidecars before it, if that is more.
pub fn aggregate(spec: &Value, key: &str) -> ResourceList {
    let mut sum = ResourceList::new();
    for container in items(spec, "containers") {
        add(&mut sum, &of_container(container, key));
    }
    let (mut sidecars, mut peak) = (ResourceList::new(), ResourceList::new());
    for container in items(spec, "initContainers") {
        let own = of_container(container, key);
        if super::restart_policy::is_sidecar(container) {
            add(&mut sum, &own);
            add(&mut sidecars, &own);
            raise(&mut peak, &sidecars);
        } else {
            let mut beside = own;
            add(&mut beside, &sidecars);
            raise(&mut peak, &beside);
        }
    }
    raise(&mut sum, &peak);
    sum
}

/// Whether `name` may be limited for a pod as a whole.
pub fn is_pod_level(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_page(name)
}

/// `hugepages-2Mi` and the like.
pub fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Names without a domain and those of kubernetes.io.
pub fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether limits may exceed requests.
pub fn is_overcommit_allowed(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

/// A resource that a device plugin offers: it has a domain of its own.
pub fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && minkapi_schema::names::is_qualified_name(&format!("requests.{name}")).is_empty()
}

/// Whether amounts must be whole numbers.
pub fn is_integer(name: &str) -> bool {
    const COUNTED: &[&str] = &[
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    ];
    COUNTED.contains(&name) || is_extended(name)
}

/// Names without a domain that Kubernetes knows, for containers, quotas and limit ranges.
pub fn is_standard(name: &str) -> bool {
    const STANDARD: &[&str] = &[
        "cpu",
        "memory",
        "ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "storage",
        "requests.storage",
        "services.nodeports",
        "services.loadbalancers",
    ];
    STANDARD.contains(&name) || is_huge_page(name) || name.starts_with("requests.hugepages-")
}

/// Whether a container or pod asks for anything at all.
pub fn is_set(requirements: &Value) -> bool {
    ["limits", "requests"].iter().any(|key| map(requirements, key).is_some_and(|m| !m.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn less_than_a_milli_is_rounded_up() {
        let mut r = json!({"limits": {"cpu": "0.0001", "memory": "1Gi"}, "requests": {"cpu": "100u"}});
        round(&mut r);
        assert_eq!(r, json!({"limits": {"cpu": "1m", "memory": "1Gi"}, "requests": {"cpu": "1m"}}));
    }

    #[test]
    fn an_init_container_counts_only_beyond_the_rest() {
        let container = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu}}});
        let sum = |init: Value| {
            aggregate(&json!({"containers": [container("1"), container("1")], "initContainers": init}), "requests")["cpu"].to_string()
        };
        assert_eq!(sum(json!([container("1500m")])), "2");
        assert_eq!(sum(json!([container("3")])), "3");
        let mut sidecar = container("1");
        sidecar["restartPolicy"] = "Always".into();
        assert_eq!(sum(json!([sidecar, container("2500m")])), "3500m");
    }
}
