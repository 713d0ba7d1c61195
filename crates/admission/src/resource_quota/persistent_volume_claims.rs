//! Claims count one each and with the storage that they ask for, in all and per storage class.

use super::{
    evaluator::{Evaluator, count},
    scope::Scope,
};
use crate::{Attributes, Operation, persistent_volume_claim_resize::class_of, resource_list::ResourceList};
use serde_json::Value;

const COUNT: &str = "count/persistentvolumeclaims";
const CLAIMS: &str = "persistentvolumeclaims";
const STORAGE: &str = "requests.storage";
const BY_CLASS: &str = ".storageclass.storage.k8s.io/";

pub(super) struct PersistentVolumeClaims;

impl Evaluator for PersistentVolumeClaims {
    fn handles(&self, attributes: &Attributes<'_>) -> bool {
        match (attributes.operation, attributes.subresource) {
            (Operation::Create | Operation::Update, "") => true,
            (_, "status") => attributes.old.is_some_and(|old| {
                let allocated = |claim: &Value| claim["status"]["allocatedResources"]["storage"].clone();
                allocated(old) != allocated(attributes.object) || attribute_classes(old) != attribute_classes(attributes.object)
            }),
            _ => false,
        }
    }

    fn tracks(&self, name: &str) -> bool {
        let resource = name.split_once(BY_CLASS).map_or(name, |(_, resource)| resource);
        name == COUNT || [CLAIMS, STORAGE].contains(&resource)
    }

    fn matches_scope(&self, scope: &Scope, claim: &Value) -> bool {
        if scope.name != "VolumeAttributesClass" {
            return false;
        }
        let classes = attribute_classes(claim);
        if classes.is_empty() { scope.matches(None) } else { classes.into_iter().any(|class| scope.matches(Some(class))) }
    }

    fn usage(&self, claim: &Value) -> ResourceList {
        let mut usage = ResourceList::default();
        usage.set(COUNT, count(1));
        let class = class_of(claim);
        let mut both = |resource: &str, amount: minkapi_schema::quantity::Quantity| {
            if !class.is_empty() {
                usage.set(format!("{class}{BY_CLASS}{resource}"), amount.clone());
            }
            usage.set(resource, amount);
        };
        both(CLAIMS, count(1));
        let asked = ResourceList::read(&claim["spec"]["resources"]["requests"]);
        let allocated = ResourceList::read(&claim["status"]["allocatedResources"]);
        if let Some(asked) = asked.get("storage") {
            let mut amount = allocated.get("storage").filter(|allocated| *allocated > asked).unwrap_or(asked).clone();
            // Whole bytes.
            amount.round_up(0);
            both(STORAGE, amount);
        }
        usage
    }
}

/// The volume attributes classes that a claim has, wants or is on its way to.
fn attribute_classes(claim: &Value) -> Vec<&str> {
    let status = &claim["status"];
    let mut names: Vec<&str> = [
        &claim["spec"]["volumeAttributesClassName"],
        &status["currentVolumeAttributesClassName"],
        &status["modifyVolumeStatus"]["targetVolumeAttributesClassName"],
    ]
    .into_iter()
    .filter_map(Value::as_str)
    .filter(|name| !name.is_empty())
    .collect();
    names.sort_unstable();
    names.dedup();
    names
}
