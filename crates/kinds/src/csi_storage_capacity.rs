//! CSIStorageCapacity: how much room a storage class has on some nodes.

use crate::{
    Context, Strategy, Traits, label_selector, node_label,
    object_meta::IMMUTABLE,
    value::{field, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// The strategy of CSIStorageCapacity. It has the default columns: its store has no printer in kube-apiserver (C-05-45).
#[derive(Debug)]
pub struct CSIStorageCapacity;

impl Strategy for CSIStorageCapacity {
    fn traits(&self) -> Traits {
        Traits { unconditional_update: false, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, capacity: &Value) -> ErrorList {
        validate(capacity, None)
    }

    fn warnings_on_create(&self, _: &Context<'_>, capacity: &Value) -> Vec<String> {
        field(capacity, "nodeTopology").map(|s| node_label::selector_warnings(s, &Path::new("nodeTopology"))).unwrap_or_default()
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors = validate(new, Some(old));
        if field(new, "nodeTopology") != field(old, "nodeTopology") {
            let value = new.get("nodeTopology").cloned().unwrap_or_default();
            errors.push(Error::invalid(&Path::new("nodeTopology"), value, IMMUTABLE));
        }
        if text(new, "storageClassName") != text(old, "storageClassName") {
            errors.push(Error::invalid(&Path::new("storageClassName"), text(new, "storageClassName"), IMMUTABLE));
        }
        errors
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        self.warnings_on_create(cx, new)
    }
}

fn validate(capacity: &Value, old: Option<&Value>) -> ErrorList {
    let topology = field(capacity, "nodeTopology");
    let old_topology = old.and_then(|old| field(old, "nodeTopology"));
    let mut errors = label_selector::validate_update(topology, old_topology, &Path::new("nodeTopology"));
    let class = text(capacity, "storageClassName");
    invalid_each(&mut errors, &Path::new("storageClassName"), class, names::is_dns1123_subdomain(class));
    if let Some(size) = field(capacity, "capacity") {
        errors.extend(crate::resource_quantity::non_negative(size, &Path::new("capacity")));
    }
    errors
}
