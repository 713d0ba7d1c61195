//! The quality of service that a pod's resources earn it.

use crate::{
    pod_spec::{self, ResourceList},
    value::{entries, field, items},
};
use minkapi_schema::quantity::Quantity;
use serde_json::Value;

const GUARANTEED: &str = "Guaranteed";
const BURSTABLE: &str = "Burstable";
const BEST_EFFORT: &str = "BestEffort";

/// The class of a pod with this spec.
pub fn class(spec: &Value) -> &'static str {
    if let Some(own) = field(spec, "resources").filter(|own| has_pod_level(own)) {
        return class_of(&pod_spec::resource_list(own, "requests"), &pod_spec::resource_list(own, "limits"));
    }
    let containers = ["initContainers", "containers"].iter().flat_map(|list| items(spec, list));
    let classes = containers.map(|c| class_of(&pod_spec::container_resources(c, "requests"), &pod_spec::container_resources(c, "limits")));
    agreed(classes).unwrap_or(BEST_EFFORT)
}

fn has_pod_level(own: &Value) -> bool {
    ["requests", "limits"].iter().flat_map(|list| entries(own, list)).any(|(name, _)| pod_spec::is_pod_level(name))
}

/// The class that all have; burstable if they differ.
fn agreed(mut classes: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let first = classes.next()?;
    Some(if first == BURSTABLE || classes.any(|class| class != first) { BURSTABLE } else { first })
}

fn class_of(requests: &ResourceList, limits: &ResourceList) -> &'static str {
    if requests.is_empty() && limits.is_empty() {
        return BEST_EFFORT;
    }
    let of = |name: &str| {
        let amount = |list: &ResourceList| list.get(name).cloned().unwrap_or(Quantity::ZERO);
        match (amount(requests), amount(limits)) {
            (request, limit) if request != limit => BURSTABLE,
            (request, _) if request.is_zero() => BEST_EFFORT,
            _ => GUARANTEED,
        }
    };
    agreed(["cpu", "memory"].into_iter().map(of)).unwrap_or(BEST_EFFORT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_class_follows_from_requests_and_limits() {
        let full = json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1Gi"}});
        let of =
            |resources: &[&Value]| class(&json!({"containers": resources.iter().map(|r| json!({"resources": r})).collect::<Vec<_>>()}));
        assert_eq!(of(&[&json!({})]), "BestEffort");
        assert_eq!(of(&[&full]), "Guaranteed");
        assert_eq!(of(&[&full, &json!({})]), "Burstable");
        assert_eq!(of(&[&json!({"requests": {"cpu": "1"}})]), "Burstable");
        assert_eq!(of(&[&json!({"limits": {"example.com/gpu": "1"}})]), "BestEffort");
    }
}
