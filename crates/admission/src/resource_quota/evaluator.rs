//! What objects of a resource count for.

use super::{
    persistent_volume_claims::PersistentVolumeClaims, pods::Pods, resource_claims::ResourceClaims, scope::Scope, services::Services,
};
use crate::{Attributes, Cluster, Operation, resource_list::ResourceList};
use minkapi_registry::Resource;
use minkapi_schema::quantity::{Format, Quantity};
use serde_json::Value;

/// How one resource is counted.
pub(super) trait Evaluator {
    /// Whether a request can change usage.
    fn handles(&self, attributes: &Attributes<'_>) -> bool;

    /// Whether objects count for this resource of a quota.
    fn tracks(&self, name: &str) -> bool;

    /// Why an object cannot be counted under a quota on these resources.
    fn constraint(&self, tracked: &[&str], object: &Value) -> Option<String> {
        let _ = (tracked, object);
        None
    }

    /// Whether an object is in a scope.
    fn matches_scope(&self, scope: &Scope, object: &Value) -> bool {
        let _ = (scope, object);
        false
    }

    /// What an object counts.
    fn usage(&self, object: &Value) -> ResourceList;
}

/// The evaluator of a resource.
pub(super) fn of<'a>(resource: &Resource, cluster: &'a dyn Cluster) -> Box<dyn Evaluator + 'a> {
    match (&*resource.group, &*resource.plural) {
        ("", "pods") => Box::new(Pods),
        ("", "services") => Box::new(Services),
        ("", "persistentvolumeclaims") => Box::new(PersistentVolumeClaims),
        ("resource.k8s.io", "resourceclaims") => Box::new(ResourceClaims::new(cluster)),
        (group, plural) => Box::new(Count::of(group, plural)),
    }
}

/// A number without unit.
pub(super) const fn count(n: i64) -> Quantity {
    Quantity::new(n, Format::DecimalSi)
}

/// Objects that count one each.
struct Count {
    names: Vec<String>,
}

impl Count {
    fn of(group: &str, plural: &str) -> Self {
        let mut names = vec![if group.is_empty() { format!("count/{plural}") } else { format!("count/{plural}.{group}") }];
        // Names from before every resource could be counted.
        if group.is_empty() && matches!(plural, "configmaps" | "resourcequotas" | "replicationcontrollers" | "secrets") {
            names.push(plural.to_owned());
        }
        Self { names }
    }
}

impl Evaluator for Count {
    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        attributes.operation == Operation::Create && attributes.subresource.is_empty()
    }

    fn tracks(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    fn usage(&self, _: &Value) -> ResourceList {
        ResourceList(self.names.iter().map(|name| (name.clone(), count(1))).collect())
    }
}
