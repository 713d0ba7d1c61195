//! A device in a ResourceSlice.

use crate::{
    declarative::{self, Findings},
    device_allocation::validate_binding_conditions,
    device_capacity,
    device_claim::too_many,
    device_name, device_toleration,
    label_selector::ValuesOf,
    node_selector,
    value::{entries, field, flag_if_set, has, items, map, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;
use std::collections::BTreeSet;

const MAX_ATTRIBUTES_AND_CAPACITIES: usize = 32;
const MAX_ATTRIBUTE_VALUES: usize = 48;
const MAX_VALUE_BYTES: usize = 64;
const MAX_TAINTS: usize = 16;
const MAX_CONSUMPTIONS: usize = 2;
const MAX_COUNTERS: usize = 32;
const LISTS: &[&str] = &["bools", "ints", "strings", "versions"];
/// What an attribute's value can be, in the order in which upstream tells it.
const VALUES: &[&str] = &["int", "bool", "string", "version", "ints", "bools", "strings", "versions"];
const ONE_NODE_FIELD: &str = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec";

/// Everything wrong with a device. `per_device` says that devices choose their nodes; `old` is the stored device.
pub fn validate(found: &mut Findings, device: &Value, old: Option<&Value>, per_device: bool, path: &Path<'_>) {
    let name = text(device, "name");
    invalid_each(&mut found.errors, &path.child("name"), name, names::is_dns1123_label(name));
    validate_counts(&mut found.errors, device, path);
    let attributes = path.child("attributes");
    for (key, attribute) in entries(device, "attributes") {
        device_name::qualified(&mut found.errors, key, &attributes);
        validate_attribute(found, attribute, &attributes.key(&shortened(key)));
    }
    let changed = |key| old.is_none_or(|old| declarative::changed(device, old, key));
    if changed("capacity") {
        let path = path.child("capacity");
        for (key, capacity) in entries(device, "capacity") {
            device_name::qualified(&mut found.errors, key, &path);
            device_capacity::validate(&mut found.errors, device, capacity, &path.key(&shortened(key)));
        }
    }
    validate_consumption(found, device, &path.child("consumesCounters"));
    let taints = path.child("taints");
    if changed("taints") && !too_many(&mut found.errors, items(device, "taints"), MAX_TAINTS, &taints) {
        for (i, taint) in items(device, "taints").iter().enumerate() {
            device_toleration::validate_taint(found, taint, true, &taints.index(i));
        }
    }
    validate_nodes(&mut found.errors, device, per_device, path);
    validate_binding_conditions(found, device, path);
    device_capacity::validate_node_resources(&mut found.errors, device, &path.child("nodeAllocatableResources"));
}

/// A long key with its middle left out.
fn shortened(key: &str) -> String {
    const MAX: usize = device_name::MAX_DOMAIN + 1 + device_name::MAX_ID;
    if key.len() <= MAX {
        return key.to_owned();
    }
    let kept = MAX - "...".len();
    let head = key.get(..kept.div_ceil(2)).unwrap_or_default();
    let tail = key.get(key.len() - kept / 2..).unwrap_or_default();
    format!("{head}...{tail}")
}

fn validate_counts(errors: &mut ErrorList, device: &Value, path: &Path<'_>) {
    let count = |key| map(device, key).map_or(0, serde_json::Map::len);
    let total = count("attributes") + count("capacity");
    if total > MAX_ATTRIBUTES_AND_CAPACITIES {
        let why = format!("the total number of attributes and capacities must not exceed {MAX_ATTRIBUTES_AND_CAPACITIES}");
        errors.push(Error::invalid(path, total, why));
    }
    let values = |(_, attribute)| LISTS.iter().map(|key| items(attribute, key).len()).sum::<usize>().max(1);
    let total: usize = entries(device, "attributes").map(values).sum();
    if total > MAX_ATTRIBUTE_VALUES {
        errors.push(Error::invalid(path, total, format!("the total number of attribute values must not exceed {MAX_ATTRIBUTE_VALUES}")));
    }
}

fn validate_attribute(found: &mut Findings, attribute: &Value, path: &Path<'_>) {
    if let Some(value) = text_if_set(attribute, "string")
        && value.len() > MAX_VALUE_BYTES
    {
        found.errors.push(Error::too_long(&path.child("string"), MAX_VALUE_BYTES));
    }
    if let Some(version) = text_if_set(attribute, "version") {
        validate_version(&mut found.errors, version, &path.child("version"));
    }
    for key in LISTS.iter().filter(|key| has(attribute, key) && items(attribute, key).is_empty()) {
        found.errors.push(Error::invalid(&path.child(key), Vec::<Value>::new(), "must not be empty if specified"));
    }
    for (i, version) in items(attribute, "versions").iter().filter_map(Value::as_str).enumerate() {
        validate_version(&mut found.errors, version, &path.child("versions").index(i));
    }
    let set: Vec<&str> = VALUES.iter().copied().filter(|key| has(attribute, key)).collect();
    let all = VALUES.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    match set.len() {
        0 => found.declared.push(Error::invalid(path, "", format!("must specify one of: {all}"))),
        1 => {}
        _ => found.declared.push(Error::invalid(path, format!("{{{}}}", set.join(", ")), format!("must specify exactly one of: {all}"))),
    }
    for (i, value) in items(attribute, "strings").iter().filter_map(Value::as_str).enumerate().filter(|(_, v)| v.len() > MAX_VALUE_BYTES) {
        let _ = value;
        found.declared.push(Error::too_long(&path.child("strings").index(i), MAX_VALUE_BYTES));
    }
}

fn validate_version(errors: &mut ErrorList, version: &str, path: &Path<'_>) {
    if !is_semantic_version(version) {
        errors.push(Error::invalid(path, version, "must be a string compatible with semver.org spec 2.0.0"));
    }
    if version.len() > MAX_VALUE_BYTES {
        errors.push(Error::too_long(path, MAX_VALUE_BYTES));
    }
}

fn is_semantic_version(text: &str) -> bool {
    let word = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let number = |s: &str| !s.is_empty() && digits(s) && (s == "0" || !s.starts_with('0'));
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    core.split('.').count() == 3
        && core.split('.').all(number)
        && pre.is_none_or(|pre| pre.split('.').all(|s| word(s) && (!digits(s) || number(s))))
        && build.is_none_or(|build| build.split('.').all(word))
}

fn validate_consumption(found: &mut Findings, device: &Value, path: &Path<'_>) {
    let list = items(device, "consumesCounters");
    if too_many(&mut found.declared, list, MAX_CONSUMPTIONS, path) {
        return;
    }
    let mut seen = BTreeSet::new();
    for (i, consumption) in list.iter().enumerate() {
        if !seen.insert(text(consumption, "counterSet")) {
            let printed = crate::go_struct::in_order(consumption, &["counterSet", "counters", "compatibilityGroups"]);
            found.declared.push(Error::duplicate_printed(&path.index(i), printed));
        }
    }
    for (i, consumption) in list.iter().enumerate() {
        let path = path.index(i);
        label(&mut found.declared, text(consumption, "counterSet"), &path.child("counterSet"));
        validate_counters(found, consumption, &path.child("counters"));
    }
}

/// A set of counters that devices share.
pub fn validate_counter_set(found: &mut Findings, set: &Value, path: &Path<'_>) {
    label(&mut found.declared, text(set, "name"), &path.child("name"));
    validate_counters(found, set, &path.child("counters"));
}

fn label(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    match name {
        "" => errors.push(Error::required(path, "")),
        name => invalid_each(errors, path, name, names::is_dns1123_label(name)),
    }
}

fn validate_counters(found: &mut Findings, holder: &Value, path: &Path<'_>) {
    let count = map(holder, "counters").map_or(0, serde_json::Map::len);
    if count == 0 {
        found.declared.push(Error::required(path, ""));
    } else if count > MAX_COUNTERS {
        found.errors.push(Error::too_many(path, count, MAX_COUNTERS));
    }
    for (name, _) in entries(holder, "counters") {
        invalid_each(&mut found.declared, path, name, names::is_dns1123_label(name));
    }
}

fn validate_nodes(errors: &mut ErrorList, device: &Value, per_device: bool, path: &Path<'_>) {
    if !per_device {
        if ["nodeName", "nodeSelector", "allNodes"].iter().any(|key| has(device, key)) {
            let why = "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
            errors.push(Error::invalid(path, Value::Null, why));
        }
        return;
    }
    let mut set = Vec::new();
    match text_if_set(device, "nodeName") {
        None => {}
        Some("") => errors.push(Error::invalid(&path.child("nodeName"), "", "must not be empty")),
        Some(name) => {
            set.push("`nodeName`");
            invalid_each(errors, &path.child("nodeName"), name, names::is_dns1123_subdomain(name));
        }
    }
    if let Some(selector) = field(device, "nodeSelector") {
        set.push("`nodeSelector`");
        errors.extend(node_selector::validate(selector, &path.child("nodeSelector"), ValuesOf::All));
    }
    match flag_if_set(device, "allNodes") {
        None => {}
        Some(true) => set.push("`allNodes`"),
        Some(false) => errors.push(Error::invalid(&path.child("allNodes"), false, "must be either unset or set to true")),
    }
    match set.len() {
        0 => errors.push(Error::required(path, ONE_NODE_FIELD)),
        1 => {}
        _ => errors.push(Error::invalid(path, format!("{{{}}}", set.join(", ")), ONE_NODE_FIELD)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_semantic() {
        for version in ["1.2.3", "0.0.0-alpha.1+build.5", "1.0.0--x"] {
            assert!(is_semantic_version(version), "{version}");
        }
        for version in ["1.2", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "v1.2.3"] {
            assert!(!is_semantic_version(version), "{version}");
        }
    }

    #[test]
    fn a_long_key_is_told_without_its_middle() {
        let key = "a".repeat(200);
        assert_eq!(shortened(&key).len(), 96);
        assert_eq!(shortened("short"), "short");
    }
}
