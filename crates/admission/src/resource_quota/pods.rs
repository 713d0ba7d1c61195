//! Pods count with what they request and are limited to while they are not over.

use super::{
    evaluator::{Evaluator, count},
    scope::Scope,
};
use crate::{
    Attributes, Operation,
    pod_resources::{self, Counting, Side},
    resource_list::ResourceList,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const COUNT: &str = "count/pods";

const TRACKED: &[&str] = &[
    COUNT,
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
];

/// Under a quota on these every container must state them.
const DEMANDED: &[&str] = &["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

pub(super) struct Pods;

impl Evaluator for Pods {
    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        match (attributes.operation, attributes.subresource) {
            (Operation::Create, "") | (Operation::Update, "resize") => true,
            // A change of scope.
            (Operation::Update, "") => attributes.old.is_some_and(|old| has_deadline(old) != has_deadline(attributes.object)),
            _ => false,
        }
    }

    fn tracks(&self, name: &str) -> bool {
        TRACKED.contains(&name) || name.starts_with("hugepages-") || name.starts_with("requests.hugepages-") || is_extended(name)
    }

    fn constraint(&self, tracked: &[&str], pod: &Value) -> Option<String> {
        if pod_resources::has_pod_level(pod) {
            return None;
        }
        let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for container in ["containers", "initContainers"].into_iter().flat_map(|key| pod["spec"][key].as_array().into_iter().flatten()) {
            let resources = &container["resources"];
            let stated = computed(&ResourceList::read(&resources["requests"]), &ResourceList::read(&resources["limits"]));
            for name in tracked.iter().filter(|name| DEMANDED.contains(name) && stated.get(name).is_none()) {
                missing.entry(name).or_default().insert(container["name"].as_str().unwrap_or_default());
            }
        }
        let told: Vec<String> = missing
            .into_iter()
            .map(|(resource, containers)| format!("{resource} for: {}", containers.into_iter().collect::<Vec<_>>().join(",")))
            .collect();
        (!told.is_empty()).then(|| format!("must specify {}", told.join("; ")))
    }

    fn matches_scope(&self, scope: &Scope, pod: &Value) -> bool {
        match &*scope.name {
            "Terminating" => has_deadline(pod),
            "NotTerminating" => !has_deadline(pod),
            "BestEffort" => is_best_effort(pod),
            "NotBestEffort" => !is_best_effort(pod),
            "PriorityClass" => scope.matches(pod["spec"]["priorityClassName"].as_str().filter(|name| !name.is_empty())),
            "CrossNamespacePodAffinity" => looks_into_other_namespaces(&pod["spec"]["affinity"]),
            _ => false,
        }
    }

    fn usage(&self, pod: &Value) -> ResourceList {
        let mut usage = ResourceList::default();
        usage.set(COUNT, count(1));
        if matches!(pod["status"]["phase"].as_str(), Some("Failed" | "Succeeded")) {
            return usage;
        }
        let counting = Counting { status: true, overhead: true, pod_level_hugepages: true };
        let of = |side| pod_resources::of_pod(pod, side, counting);
        usage.add(&computed(&of(Side::Requests), &of(Side::Limits)));
        usage
    }
}

/// Requests and limits under the names that quotas use.
fn computed(requests: &ResourceList, limits: &ResourceList) -> ResourceList {
    let mut usage = ResourceList::default();
    usage.set("pods", count(1));
    for name in ["cpu", "memory", "ephemeral-storage"] {
        if let Some(request) = requests.get(name) {
            usage.set(name, request.clone());
            usage.set(format!("requests.{name}"), request.clone());
        }
        if let Some(limit) = limits.get(name) {
            usage.set(format!("limits.{name}"), limit.clone());
        }
    }
    for (name, request) in &requests.0 {
        if name.starts_with("hugepages-") {
            usage.set(name.clone(), request.clone());
        }
        if name.starts_with("hugepages-") || (!is_native(name) && !name.starts_with("requests.")) || name.starts_with(BY_DEVICE_CLASS) {
            usage.set(format!("requests.{name}"), request.clone());
        }
    }
    usage
}

/// Extended resources that stand for a device class.
const BY_DEVICE_CLASS: &str = "deviceclass.resource.kubernetes.io/";

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether this names requests of an extended resource.
pub(super) fn is_extended(name: &str) -> bool {
    name.strip_prefix("requests.").is_some_and(|resource| !is_native(name) || resource.starts_with(BY_DEVICE_CLASS))
}

fn has_deadline(pod: &Value) -> bool {
    pod["spec"]["activeDeadlineSeconds"].as_i64().is_some_and(|seconds| seconds >= 0)
}

fn is_best_effort(pod: &Value) -> bool {
    if let Some(class) = pod["status"]["qosClass"].as_str() {
        return class == "BestEffort";
    }
    let containers = ["containers", "initContainers"].into_iter().flat_map(|key| pod["spec"][key].as_array().into_iter().flatten());
    !containers.chain([&pod["spec"]]).any(|part| {
        let sides = ["requests", "limits"].into_iter().map(|side| ResourceList::read(&part["resources"][side]));
        sides.into_iter().any(|list| ["cpu", "memory"].iter().any(|name| list.get(name).is_some_and(|amount| amount.sign() > 0)))
    })
}

fn looks_into_other_namespaces(affinity: &Value) -> bool {
    let terms = ["podAffinity", "podAntiAffinity"].into_iter().flat_map(|key| {
        let list = |name: &str| affinity[key][name].as_array().into_iter().flatten();
        let required = list("requiredDuringSchedulingIgnoredDuringExecution");
        required.chain(list("preferredDuringSchedulingIgnoredDuringExecution").map(|weighted| &weighted["podAffinityTerm"]))
    });
    let mut terms = terms;
    terms.any(|term| term["namespaces"].as_array().is_some_and(|list| !list.is_empty()) || !term["namespaceSelector"].is_null())
}
