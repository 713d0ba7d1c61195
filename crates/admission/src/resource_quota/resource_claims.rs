//! Resource claims count one each, and per device class with the devices that they may get.

use super::{
    evaluator::{Evaluator, count},
    pods::{Pods, is_extended},
};
use crate::{Attributes, Cluster, Operation, resource_list::ResourceList};
use serde_json::Value;

const COUNT: &str = "count/resourceclaims.resource.k8s.io";
const PER_CLASS: &str = ".deviceclass.resource.k8s.io/devices";
const IMPLICIT: &str = "requests.deviceclass.resource.kubernetes.io/";

/// A claim of made for a pod's extended resources, which the pod itself is charged with.
const EXTENDED: &str = "resource.kubernetes.io/extended-resource-claim";

/// Devices that a claim can get at most.
const MAX_DEVICES: i64 = 32;

pub(super) struct ResourceClaims<'a> {
    cluster: &'a dyn Cluster,
    /// Device classes with an extended resource, and its name.
    extended: Vec<(String, String)>,
}

impl<'a> ResourceClaims<'a> {
    pub fn new(cluster: &'a dyn Cluster) -> Self {
        let classes = cluster.list("deviceclasses.resource.k8s.io", None);
        let extended = classes.iter().filter_map(|class| {
            let resource = class.to_value()["spec"]["extendedResourceName"].as_str()?.to_owned();
            Some((class.head().name.to_string(), resource))
        });
        Self { cluster, extended: extended.collect() }
    }

    /// What the pod that a claim was made for is charged with.
    fn usage_of_pod(&self, claim: &Value) -> ResourceList {
        let meta = &claim["metadata"];
        if meta["annotations"][EXTENDED] != "true" {
            return ResourceList::default();
        }
        let owners = meta["ownerReferences"].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        owners
            .iter()
            .find(|owner| owner["controller"] == true && owner["kind"] == "Pod" && owner["apiVersion"] == "v1")
            .and_then(|owner| self.cluster.get("pods", &text(&meta["namespace"]), &text(&owner["name"])).map(|pod| (owner, pod.to_value())))
            .filter(|(owner, pod)| {
                let known = &pod["status"]["extendedResourceClaimStatus"]["resourceClaimName"];
                pod["metadata"]["uid"] == owner["uid"] && (known.is_null() || *known == meta["name"])
            })
            .map_or_else(ResourceList::default, |(_, pod)| Pods.usage(&pod))
    }
}

impl Evaluator for ResourceClaims<'_> {
    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.subresource.is_empty() && matches!(attributes.operation, Operation::Create | Operation::Update)
    }

    fn tracks(&self, name: &str) -> bool {
        let implicit = name.strip_prefix(IMPLICIT).is_some_and(|class| self.extended.iter().any(|(known, _)| known == class));
        let resource = name.strip_prefix("requests.").filter(|_| is_extended(name));
        let extended = resource.is_some_and(|resource| self.extended.iter().any(|(_, known)| known == resource));
        name == COUNT || name.ends_with(PER_CLASS) || implicit || extended
    }

    fn usage(&self, claim: &Value) -> ResourceList {
        let mut usage = ResourceList::default();
        usage.set(COUNT, count(1));
        let requests = claim["spec"]["devices"]["requests"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut classes = ResourceList::default();
        for request in requests {
            let alternatives = request["firstAvailable"].as_array().map(Vec::as_slice).unwrap_or_default();
            let exact = std::slice::from_ref(&request["exactly"]);
            let mut greatest = ResourceList::default();
            for part in if alternatives.is_empty() { exact } else { alternatives } {
                greatest.raise_to(&devices(part));
            }
            classes.add(&greatest);
        }
        let pod = self.usage_of_pod(claim);
        for (class, amount) in &classes.0 {
            let class_name = class.trim_end_matches(PER_CLASS);
            let by_resource =
                self.extended.iter().find(|(known, _)| known == class_name).map(|(_, resource)| format!("requests.{resource}"));
            for name in [Some(format!("{IMPLICIT}{class_name}")), by_resource].into_iter().flatten() {
                let mut left = amount.clone();
                if let Some(charged) = pod.get(&name) {
                    left.sub(charged);
                }
                if left.sign() > 0 {
                    usage.set(name, left);
                }
            }
        }
        usage.add(&classes);
        usage
    }
}

/// The devices that one request may get, under the name of their class.
fn devices(request: &Value) -> ResourceList {
    let mut usage = ResourceList::default();
    let Some(class) = request["deviceClassName"].as_str() else { return usage };
    let number = match request["allocationMode"].as_str() {
        Some("ExactCount") => request["count"].as_i64().unwrap_or(0),
        Some("All") => MAX_DEVICES,
        _ => 0,
    };
    usage.set(format!("{class}{PER_CLASS}"), count(number));
    usage
}
