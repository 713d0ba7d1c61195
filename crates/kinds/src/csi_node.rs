//! CSINode: the storage drivers of a node.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits, csi_driver_name,
    go_struct::{self, GoField, GoType, nullable},
    object_meta::IMMUTABLE,
    table,
    value::{at, field, int, items, set, text, unset},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The strategy of CSINode.
#[derive(Debug)]
pub struct CSINode;

const MAX_NODE_ID_BYTES: usize = 256;

/// A driver as Go prints it.
const DRIVER: &[GoField] = &[
    go_struct::text("Name", "name"),
    go_struct::text("NodeID", "nodeID"),
    nullable("TopologyKeys", "topologyKeys"),
    go_struct::field("Allocatable", "allocatable", GoType::Pointer(&[nullable("Count", "count")])),
];

impl Strategy for CSINode {
    fn traits(&self) -> Traits {
        Traits {
            unconditional_update: false,
            deleted: DeletedAnswer::Object,
            reset_fields: &[("", &[&["status"]]), ("status", &[&["metadata"], &["spec"]])],
            name_on_update: true,
            ..Traits::DEFAULT
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, node: &mut Value) {
        set(node, "status", json!({}));
    }

    fn validate(&self, _: &Context<'_>, node: &Value) -> ErrorList {
        validate_drivers(node)
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors = validate_drivers(new);
        let spec = Path::new("spec");
        for before in drivers(old) {
            for after in drivers(new).iter().filter(|d| text(d, "name") == text(before, "name")) {
                let (mut before, mut after) = (before.clone(), after.clone());
                // How many volumes fit may change.
                unset(&mut before, "allocatable");
                unset(&mut after, "allocatable");
                if go_struct::compact(&before, DRIVER) != go_struct::compact(&after, DRIVER) {
                    errors.push(Error::invalid_printed(&spec.child("drivers"), go_struct::compact(&after, DRIVER), IMMUTABLE));
                }
            }
        }
        errors
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, node: &Value, now_millis: i64, _: bool) -> Row {
        Row::of(vec![table::name(node), json!(drivers(node).len()), table::age(node, now_millis)])
    }
}

fn drivers(node: &Value) -> &[Value] {
    field(node, "spec").map_or(&[], |spec| items(spec, "drivers"))
}

fn validate_drivers(node: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    let spec = Path::new("spec");
    let path = spec.child("drivers");
    for (i, driver) in drivers(node).iter().enumerate() {
        let path = path.index(i);
        validate_driver(&mut errors, driver, &path);
        let name = text(driver, "name");
        if !seen.insert(name) {
            errors.push(Error::duplicate(&path.child("name"), name));
        }
        validate_topology_keys(&mut errors, driver, &path);
    }
    errors
}

fn validate_driver(errors: &mut ErrorList, driver: &Value, path: &Path<'_>) {
    errors.extend(csi_driver_name::validate(text(driver, "name"), &path.child("name")));
    let id = text(driver, "nodeID");
    if id.is_empty() {
        errors.push(Error::required(&path.child("nodeID"), ""));
    }
    if id.len() > MAX_NODE_ID_BYTES {
        errors.push(Error::invalid(&path.child("nodeID"), id, format!("must be {MAX_NODE_ID_BYTES} characters or less")));
    }
    if let Some(count) = at(driver, &["allocatable"]).and_then(|a| int(a, "count")).filter(|c| *c < 0) {
        errors.push(Error::invalid(&path.child("allocatable").child("count"), count, "must be greater than or equal to 0"));
    }
}

fn validate_topology_keys(errors: &mut ErrorList, driver: &Value, path: &Path<'_>) {
    let mut seen = BTreeSet::new();
    for key in items(driver, "topologyKeys").iter().filter_map(Value::as_str) {
        if key.is_empty() {
            errors.push(Error::required(path, ""));
        }
        if !seen.insert(key) {
            errors.push(Error::duplicate(path, key));
        }
        invalid_each(errors, path, key, names::is_qualified_name(key));
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Drivers", "integer", "", 0, "Drivers indicates the number of CSI drivers registered on the node"),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_driver_changes_only_in_what_it_can_hold() {
        let node =
            |id, count| json!({"spec": {"drivers": [{"name": "d", "nodeID": id, "topologyKeys": null, "allocatable": {"count": count}}]}});
        let cx = Context::example();
        assert!(CSINode.validate_update(&cx, &node("a", 2), &node("a", 1)).is_empty());
        let errors = CSINode.validate_update(&cx, &node("b", 1), &node("a", 1));
        assert_eq!(
            errors[0].to_string(),
            r#"spec.drivers: Invalid value: {"Name":"d","NodeID":"b","TopologyKeys":null,"Allocatable":null}: field is immutable"#
        );
    }
}
