//! The status of a ResourceClaim: allocated devices, who has reserved them, and what their drivers say.

use crate::{
    condition, csi_driver_name, declarative,
    declarative::Findings,
    device_claim::{MAX_REQUESTS, RequestNames, too_many},
    device_configuration, device_name, device_toleration,
    go_struct::{self, GoField},
    label_selector::ValuesOf,
    node_selector,
    value::{at, at_mut, field, has, items, items_mut, text, text_if_set, unset},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    ip, names,
};
use serde_json::Value;
use std::collections::BTreeSet;

const MAX_RESERVED: usize = 256;
const MAX_CONFIGURATIONS: usize = 64;
const MAX_BINDING_CONDITIONS: usize = 4;
const MAX_DEVICE_CONDITIONS: usize = 8;
const MAX_DATA_BYTES: usize = 10 * 1024;
const MAX_IPS: usize = 16;
const CONFIG_SOURCES: &[&str] = &["FromClaim", "FromClass"];
const SKIPPED_OPERATIONS: &[&str] = &["All", "NodePrepareResources", "NodeUnprepareResources"];

/// Fields of references and device statuses in the order of their Go structs.
const ORDER: &[&str] = &[
    "apiGroup",
    "resource",
    "name",
    "uid",
    "driver",
    "pool",
    "device",
    "shareID",
    "conditions",
    "data",
    "networkData",
    "interfaceName",
    "ips",
    "hardwareAddress",
];

/// What tells an allocated device from others, as Go prints it.
const ID: &[GoField] = &[
    go_struct::text("Driver", "driver"),
    go_struct::text("Pool", "pool"),
    go_struct::text("Device", "device"),
    go_struct::text("ShareID", "shareID"),
];

/// What tells an allocated device from others.
type DeviceId<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

fn id(device: &Value) -> DeviceId<'_> {
    (text(device, "driver"), text(device, "pool"), text(device, "device"), text_if_set(device, "shareID"))
}

fn results(claim: &Value) -> &[Value] {
    at(claim, &["status", "allocation", "devices"]).map_or(&[], |d| items(d, "results"))
}

/// Drops what is behind a gate that is off, and what is said of devices that are no longer allocated.
pub fn prepare_for_update(new: &mut Value, old: &Value) {
    let skips = |claim: &Value| results(claim).iter().any(|r| !items(r, "skipNodeOperations").is_empty());
    if !skips(old)
        && let Some(devices) = at_mut(new, &["status", "allocation", "devices"])
    {
        for result in items_mut(devices, "results") {
            unset(result, "skipNodeOperations");
        }
    }
    let allocated: BTreeSet<_> = results(new).iter().map(id).collect();
    let gone: BTreeSet<_> = results(old).iter().map(id).filter(|d| !allocated.contains(d)).collect();
    let kept: Vec<Value> =
        field(new, "status").map(|s| items(s, "devices").iter().filter(|d| !gone.contains(&id(d))).cloned().collect()).unwrap_or_default();
    if let Some(status) = at_mut(new, &["status"]) {
        if kept.is_empty() {
            unset(status, "devices");
        } else {
            crate::value::set(status, "devices", kept);
        }
    }
}

/// Everything wrong with a change of the status.
pub fn validate_update(new: &Value, old: &Value) -> ErrorList {
    let mut found = Findings::default();
    let path = Path::new("status");
    let (status, old_status) = (field(new, "status").unwrap_or(&Value::Null), field(old, "status").unwrap_or(&Value::Null));
    let names = RequestNames::of(field(new, "spec").unwrap_or(&Value::Null));
    let (allocation, allocation_path) = (field(status, "allocation"), path.child("allocation"));
    let mut allocated_declared = ErrorList::new();
    let mut allocated = Findings::default();
    match (allocation, field(old_status, "allocation")) {
        (Some(_), Some(_)) if declarative::changed(status, old_status, "allocation") => {
            allocated_declared.push(Error::invalid(&allocation_path, Value::Null, "field cannot be modified once set"));
        }
        (Some(allocation), None) => validate_allocation(&mut allocated, allocation, &names, &allocation_path),
        _ => {}
    }
    // Declared rules go through the fields in the order of the struct, in which the allocation stands first.
    found.declared.append(&mut allocated_declared);
    found.declared.append(&mut allocated.declared);
    validate_reservations(&mut found, status, &path.child("reservedFor"));
    validate_device_statuses(&mut found, status, results(new), &path.child("devices"));
    reserved_only_when_allocated(&mut found.errors, new, status, old_status, &path.child("reservedFor"));
    found.errors.append(&mut allocated.errors);
    found.into_list()
}

fn validate_reservations(found: &mut Findings, status: &Value, path: &Path<'_>) {
    let list = items(status, "reservedFor");
    if too_many(&mut found.declared, list, MAX_RESERVED, path) {
        return;
    }
    let mut seen = BTreeSet::new();
    for (i, consumer) in list.iter().enumerate() {
        let path = path.index(i);
        for key in ["resource", "name", "uid"] {
            if text(consumer, key).is_empty() {
                found.errors.push(Error::required(&path.child(key), ""));
            }
        }
        if !seen.insert(text(consumer, "uid")) {
            found.declared.push(Error::duplicate_printed(&path, go_struct::in_order(consumer, ORDER)));
        }
    }
}

fn reserved_only_when_allocated(errors: &mut ErrorList, claim: &Value, status: &Value, old: &Value, path: &Path<'_>) {
    let list = items(status, "reservedFor");
    if list.is_empty() {
        return;
    }
    if !has(status, "allocation") {
        errors.push(Error::forbidden(path, "may not be specified when `allocated` is not set"));
    } else if at(claim, &["metadata", "deletionTimestamp"]).is_some() && list.iter().any(|c| !items(old, "reservedFor").contains(c)) {
        let why = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set";
        errors.push(Error::forbidden(path, why));
    }
}

fn validate_allocation(found: &mut Findings, allocation: &Value, names: &RequestNames<'_>, path: &Path<'_>) {
    let devices = field(allocation, "devices").unwrap_or(&Value::Null);
    let devices_path = path.child("devices");
    let results = devices_path.child("results");
    if !too_many(&mut found.declared, items(devices, "results"), MAX_REQUESTS, &results) {
        for (i, result) in items(devices, "results").iter().enumerate() {
            validate_result(found, result, names, &results.index(i));
        }
    }
    let configurations = devices_path.child("config");
    if !too_many(&mut found.declared, items(devices, "config"), MAX_CONFIGURATIONS, &configurations) {
        for (i, configuration) in items(devices, "config").iter().enumerate() {
            let path = configurations.index(i);
            match text(configuration, "source") {
                "" => found.declared.push(Error::required(&path.child("source"), "")),
                source if !CONFIG_SOURCES.contains(&source) => {
                    found.declared.push(Error::not_supported(&path.child("source"), source, CONFIG_SOURCES));
                }
                _ => {}
            }
            names.validate_list(found, configuration, &path);
            device_configuration::validate(found, configuration, false, &path);
        }
    }
    if let Some(selector) = field(allocation, "nodeSelector") {
        found.errors.extend(node_selector::validate(selector, &path.child("nodeSelector"), ValuesOf::All));
    }
}

fn validate_result(found: &mut Findings, result: &Value, names: &RequestNames<'_>, path: &Path<'_>) {
    names.validate(&mut found.errors, text(result, "request"), &path.child("request"));
    let device = text(result, "device");
    invalid_each(&mut found.errors, &path.child("device"), device, names::is_dns1123_label(device));
    device_name::declared_driver(&mut found.declared, text(result, "driver"), &path.child("driver"));
    device_name::declared_pool(&mut found.declared, text(result, "pool"), &path.child("pool"));
    validate_binding_conditions(found, result, path);
    for (i, toleration) in items(result, "tolerations").iter().enumerate() {
        device_toleration::validate_toleration(found, toleration, &path.child("tolerations").index(i));
    }
    if let Some(share) = text_if_set(result, "shareID") {
        device_name::declared_uuid(&mut found.declared, share, &path.child("shareID"));
    }
    validate_skipped_operations(found, result, path);
}

/// What a device must wait for, and what makes it fail: both or neither.
pub fn validate_binding_conditions(found: &mut Findings, holder: &Value, path: &Path<'_>) {
    const CONDITIONS: &str = "bindingConditions";
    const FAILURES: &str = "bindingFailureConditions";
    for key in [CONDITIONS, FAILURES] {
        let (list, path) = (items(holder, key), path.child(key));
        if !too_many(&mut found.declared, list, MAX_BINDING_CONDITIONS, &path) {
            for (i, condition) in list.iter().filter_map(Value::as_str).enumerate() {
                invalid_each(&mut found.errors, &path.index(i), condition, names::is_qualified_name(condition));
            }
        }
    }
    let conditions = items(holder, CONDITIONS);
    for (key, overlapping) in [(CONDITIONS, &[][..]), (FAILURES, conditions)] {
        let path = path.child(key);
        let mut seen: Vec<&Value> = Vec::new();
        for (i, condition) in items(holder, key).iter().enumerate() {
            if seen.contains(&condition) {
                found.errors.push(Error::duplicate(&path.index(i), condition.clone()));
            }
            seen.push(condition);
            if overlapping.contains(condition) {
                let why = "bindingFailureConditions must not overlap with bindingConditions";
                found.errors.push(Error::invalid(&path.index(i), condition.clone(), why));
            }
        }
    }
    for (missing, used) in [(CONDITIONS, FAILURES), (FAILURES, CONDITIONS)] {
        if items(holder, missing).is_empty() && !items(holder, used).is_empty() {
            let value = holder.get(missing).cloned().unwrap_or_default();
            found.errors.push(Error::invalid(&path.child(missing), value, format!("{missing} are required to use {used}")));
        }
    }
}

/// What a node does not do for a device: preparing is not skipped alone.
pub fn validate_skipped_operations(found: &mut Findings, holder: &Value, path: &Path<'_>) {
    let path = path.child("skipNodeOperations");
    let skipped: Vec<&str> = items(holder, "skipNodeOperations").iter().filter_map(Value::as_str).collect();
    if skipped.contains(&"NodePrepareResources") && !skipped.contains(&"NodeUnprepareResources") && !skipped.contains(&"All") {
        let why = "NodePrepareResources cannot be skipped unless NodeUnprepareResources is also skipped";
        found.errors.push(Error::invalid(&path, items(holder, "skipNodeOperations").to_vec(), why));
    }
    let mut seen = BTreeSet::new();
    for (i, operation) in skipped.iter().enumerate().filter(|(_, o)| !seen.insert(**o)) {
        found.declared.push(Error::duplicate(&path.index(i), *operation));
    }
    for (i, operation) in skipped.iter().enumerate().filter(|(_, o)| !SKIPPED_OPERATIONS.contains(o)) {
        found.declared.push(Error::not_supported(&path.index(i), *operation, SKIPPED_OPERATIONS));
    }
}

fn validate_device_statuses(found: &mut Findings, status: &Value, results: &[Value], path: &Path<'_>) {
    let allocated: BTreeSet<_> = results.iter().map(id).collect();
    let devices = items(status, "devices");
    let mut seen = BTreeSet::new();
    for (i, device) in devices.iter().enumerate().filter(|(_, d)| !seen.insert(id(d))) {
        found.declared.push(Error::duplicate_printed(&path.index(i), go_struct::in_order(device, ORDER)));
    }
    for (i, device) in devices.iter().enumerate() {
        validate_device_status(found, device, &allocated, &path.index(i));
    }
}

fn validate_device_status(found: &mut Findings, device: &Value, allocated: &BTreeSet<DeviceId<'_>>, path: &Path<'_>) {
    found.errors.extend(csi_driver_name::validate(text(device, "driver"), &path.child("driver")));
    device_name::pool(&mut found.errors, text(device, "pool"), &path.child("pool"));
    let name = text(device, "device");
    invalid_each(&mut found.errors, &path.child("device"), name, names::is_dns1123_label(name));
    if let Some(share) = text_if_set(device, "shareID") {
        device_name::declared_uuid(&mut found.declared, share, &path.child("shareID"));
    }
    if !allocated.contains(&id(device)) {
        let printed = go_struct::compact(device, ID);
        found.errors.push(Error::invalid_printed(path, printed, "must be an allocated device in the claim"));
    }
    let conditions = items(device, "conditions");
    if conditions.len() > MAX_DEVICE_CONDITIONS {
        found.errors.push(Error::too_many(&path.child("conditions"), conditions.len(), MAX_DEVICE_CONDITIONS));
    }
    found.errors.extend(condition::validate_all(conditions, &path.child("conditions")));
    if let Some(data) = field(device, "data") {
        device_configuration::object(&mut found.errors, Some(data), Some(MAX_DATA_BYTES), &path.child("data"));
    }
    if let Some(network) = field(device, "networkData") {
        validate_network(found, network, &path.child("networkData"));
    }
}

fn validate_network(found: &mut Findings, network: &Value, path: &Path<'_>) {
    for (key, max) in [("interfaceName", 256), ("hardwareAddress", 128)] {
        if text(network, key).len() > max {
            found.declared.push(Error::too_long(&path.child(key), max));
        }
    }
    let (addresses, path) = (items(network, "ips"), path.child("ips"));
    if too_many(&mut found.declared, addresses, MAX_IPS, &path) {
        return;
    }
    let mut seen = BTreeSet::new();
    for (i, address) in addresses.iter().filter_map(Value::as_str).enumerate() {
        invalid_each(&mut found.errors, &path.index(i), address, ip::is_valid_interface_address(address));
        if !seen.insert(address) {
            found.declared.push(Error::duplicate(&path.index(i), address));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn what_is_said_of_a_device_goes_with_its_allocation() {
        let device = json!({"driver": "d", "pool": "p", "device": "x"});
        let old = json!({"status": {"allocation": {"devices": {"results": [device]}}, "devices": [device]}});
        let mut new = json!({"status": {"devices": [device]}});
        prepare_for_update(&mut new, &old);
        assert_eq!(new, json!({"status": {}}));
    }

    #[test]
    fn nobody_reserves_what_is_not_allocated() {
        let new = json!({"status": {"reservedFor": [{"resource": "pods", "name": "a", "uid": "1"}]}});
        assert_eq!(
            texts(&validate_update(&new, &json!({}))),
            ["status.reservedFor: Forbidden: may not be specified when `allocated` is not set"]
        );
    }
}
