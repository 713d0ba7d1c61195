//! ResourceSlice: devices of one driver.

use crate::{
    Column, Context, DeletedAnswer, Row, SelectableField, Strategy, Traits, csi_driver_name,
    declarative::Findings,
    device,
    device_allocation::validate_skipped_operations,
    device_claim::too_many,
    device_name, device_toleration, go_struct,
    label_selector::ValuesOf,
    node_selector,
    object_meta::immutable,
    table, update,
    value::{at, at_mut, field, field_mut, flag, flag_if_set, has, int, items, items_mut, map, set, text, text_if_set, unset},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};
use std::{borrow::Cow, collections::BTreeSet};

/// The strategy of ResourceSlice.
#[derive(Debug)]
pub struct ResourceSlice;

const MAX_DEVICES: usize = 128;
const MAX_ADVANCED_DEVICES: usize = 64;
const MAX_COUNTER_SETS: usize = 8;
const ONE_NODE_FIELD: &str = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
const ATTRIBUTE_LISTS: &[&str] = &["bools", "ints", "strings", "versions"];

static SELECTABLE: [SelectableField; 3] = [
    SelectableField::new("spec.nodeName", |v| Cow::Borrowed(text(spec(v), "nodeName"))),
    SelectableField::new("spec.driver", |v| Cow::Borrowed(text(spec(v), "driver"))),
    SelectableField::new("spec.pool.name", |v| Cow::Borrowed(pool_name(v))),
];

impl Strategy for ResourceSlice {
    fn traits(&self) -> Traits {
        Traits { deleted: DeletedAnswer::Object, ..Traits::DEFAULT }
    }

    fn prepare_for_create(&self, cx: &Context<'_>, slice: &mut Value) {
        set(&mut slice["metadata"], "generation", 1);
        drop_disabled(slice, None);
        stamp_taints(slice, cx.now);
    }

    fn validate(&self, _: &Context<'_>, slice: &Value) -> ErrorList {
        validate(slice, None)
    }

    fn warnings_on_create(&self, _: &Context<'_>, slice: &Value) -> Vec<String> {
        let driver = text(spec(slice), "driver");
        if driver == driver.to_lowercase() {
            Vec::new()
        } else {
            vec![format!("spec.driver: driver names should be lowercase; \"{driver}\" contains uppercase characters")]
        }
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        stamp_taints(new, cx.now);
        update::raise_generation_if_changed(new, old, &["spec"]);
        drop_disabled(new, Some(old));
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        validate(new, Some(old))
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        self.warnings_on_create(cx, new)
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        &SELECTABLE
    }

    fn field_label<'a>(&self, api_version: &str, kind: &str, label: &'a str) -> Result<&'a str, String> {
        if label == "metadata.name" || SELECTABLE.iter().any(|f| f.label == label) {
            return Ok(label);
        }
        Err(format!("field label not supported for {api_version}, Kind={kind}: {label}"))
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, slice: &Value, now_millis: i64, _: bool) -> Row {
        let spec = spec(slice);
        Row::of(vec![
            table::name(slice),
            json!(text(spec, "nodeName")),
            json!(text(spec, "driver")),
            json!(pool_name(slice)),
            table::age(slice, now_millis),
        ])
    }
}

fn spec(slice: &Value) -> &Value {
    field(slice, "spec").unwrap_or(&Value::Null)
}

fn pool_name(slice: &Value) -> &str {
    field(spec(slice), "pool").map_or("", |pool| text(pool, "name"))
}

fn devices(slice: &Value) -> &[Value] {
    items(spec(slice), "devices")
}

/// Notes when taints were added that do not say so.
fn stamp_taints(slice: &mut Value, now: &str) {
    let Some(spec) = field_mut(slice, "spec") else { return };
    for device in items_mut(spec, "devices") {
        for taint in items_mut(device, "taints") {
            device_toleration::stamp(taint, now);
        }
    }
}

/// Drops what is behind gates that are off, unless the stored slice has it.
fn drop_disabled(slice: &mut Value, old: Option<&Value>) {
    let in_use = |used: fn(&Value) -> bool| old.is_some_and(|old| devices(old).iter().any(used));
    let groups = in_use(|d| items(d, "consumesCounters").iter().any(|c| !items(c, "compatibilityGroups").is_empty()));
    let resources = in_use(|d| map(d, "nodeAllocatableResources").is_some_and(|m| !m.is_empty()));
    let lists = in_use(has_list_attributes);
    let old_has = |key: &str| old.is_some_and(|old| has(spec(old), key));
    let (partition, skipped) = (old_has("partitionTypeAttribute"), old_has("skipNodeOperations"));
    let Some(spec) = at_mut(slice, &["spec"]) else { return };
    for (key, kept) in [("partitionTypeAttribute", partition), ("skipNodeOperations", skipped)] {
        if !kept {
            unset(spec, key);
        }
    }
    for device in items_mut(spec, "devices") {
        if !resources {
            unset(device, "nodeAllocatableResources");
        }
        for consumption in items_mut(device, "consumesCounters").iter_mut().filter(|_| !groups) {
            unset(consumption, "compatibilityGroups");
        }
        let attributes = field_mut(device, "attributes").and_then(Value::as_object_mut).filter(|_| !lists);
        for attribute in attributes.into_iter().flat_map(|map| map.values_mut()) {
            for key in ATTRIBUTE_LISTS {
                unset(attribute, key);
            }
        }
    }
}

fn has_list_attributes(device: &Value) -> bool {
    crate::value::entries(device, "attributes").any(|(_, a)| ATTRIBUTE_LISTS.iter().any(|key| has(a, key)))
}

fn validate(slice: &Value, old: Option<&Value>) -> ErrorList {
    let mut found = Findings::default();
    let (slice_spec, path) = (spec(slice), Path::new("spec"));
    found.errors.extend(csi_driver_name::validate(text(slice_spec, "driver"), &path.child("driver")));
    validate_pool(&mut found.errors, slice_spec, &path.child("pool"));
    if let Some(old) = old {
        let pool = path.child("pool");
        found.errors.extend(immutable(at(slice_spec, &["pool", "name"]), at(spec(old), &["pool", "name"]), &pool.child("name")));
        for key in ["driver", "nodeName"] {
            found.errors.extend(immutable(field(slice_spec, key), field(spec(old), key), &path.child(key)));
        }
    }
    validate_nodes(&mut found.errors, slice_spec, &path);
    if has(slice_spec, "sharedCounters") && has(slice_spec, "devices") {
        found.errors.push(Error::invalid(&path, "", "only one of `sharedCounters` or `devices` is allowed"));
    }
    validate_devices(&mut found, slice, old, &path.child("devices"));
    let (sets, sets_path) = (items(slice_spec, "sharedCounters"), path.child("sharedCounters"));
    if !too_many(&mut found.declared, sets, MAX_COUNTER_SETS, &sets_path) {
        let mut seen = BTreeSet::new();
        for (i, set) in sets.iter().enumerate().filter(|(_, s)| !seen.insert(text(s, "name"))) {
            let printed = go_struct::in_order(set, &["name", "counters"]);
            found.declared.push(Error::duplicate_printed(&sets_path.index(i), printed));
        }
        for (i, set) in sets.iter().enumerate() {
            device::validate_counter_set(&mut found, set, &sets_path.index(i));
        }
    }
    validate_skipped_operations(&mut found, slice_spec, &path);
    found.into_list()
}

fn validate_pool(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let pool = field(spec, "pool").unwrap_or(&Value::Null);
    device_name::pool(errors, text(pool, "name"), &path.child("name"));
    let (count, generation) = (int(pool, "resourceSliceCount").unwrap_or_default(), int(pool, "generation").unwrap_or_default());
    if count <= 0 {
        errors.push(Error::invalid(&path.child("resourceSliceCount"), count, "must be greater than zero"));
    }
    if generation < 0 {
        errors.push(Error::invalid(&path.child("generation"), generation, "must be greater than or equal to zero"));
    }
}

fn validate_nodes(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let mut chosen = Vec::new();
    match text_if_set(spec, "nodeName") {
        None => {}
        Some("") => errors.push(Error::invalid(&path.child("nodeName"), "", "must be either unset or set to a non-empty string")),
        Some(name) => {
            chosen.push("`nodeName`");
            invalid_each(errors, &path.child("nodeName"), name, names::is_dns1123_subdomain(name));
        }
    }
    if let Some(selector) = field(spec, "nodeSelector") {
        chosen.push("`nodeSelector`");
        let path = path.child("nodeSelector");
        errors.extend(node_selector::validate(selector, &path, ValuesOf::All));
        let terms = items(selector, "nodeSelectorTerms");
        if terms.len() != 1 {
            let printed =
                if has(selector, "nodeSelectorTerms") { go_struct::compact_list(terms, node_selector::TERM) } else { "null".to_owned() };
            let why = "must have exactly one node selector term";
            errors.push(Error::invalid_printed(&path.child("nodeSelectorTerms"), printed, why));
        }
    }
    for (key, name) in [("allNodes", "`allNodes`"), ("perDeviceNodeSelection", "`perDeviceNodeSelection`")] {
        match flag_if_set(spec, key) {
            None => {}
            Some(true) => chosen.push(name),
            Some(false) => errors.push(Error::invalid(&path.child(key), false, "must be either unset or set to true")),
        }
    }
    match chosen.len() {
        0 => errors.push(Error::required(path, ONE_NODE_FIELD)),
        1 => {}
        _ => {
            let why = format!("{ONE_NODE_FIELD}, but multiple fields are set");
            errors.push(Error::invalid(path, format!("{{{}}}", chosen.join(", ")), why));
        }
    }
}

fn validate_devices(found: &mut Findings, slice: &Value, old: Option<&Value>, path: &Path<'_>) {
    let list = devices(slice);
    let advanced = |d: &Value| !items(d, "taints").is_empty() || !items(d, "consumesCounters").is_empty() || has_list_attributes(d);
    let max = if list.iter().any(advanced) { MAX_ADVANCED_DEVICES } else { MAX_DEVICES };
    if too_many(&mut found.errors, list, max, path) {
        return;
    }
    let per_device = flag(spec(slice), "perDeviceNodeSelection");
    for (i, one) in list.iter().enumerate() {
        let before = old.and_then(|old| devices(old).iter().find(|d| text(d, "name") == text(one, "name")));
        device::validate(found, one, before, per_device, &path.index(i));
    }
    let mut seen = BTreeSet::new();
    for (i, one) in list.iter().enumerate().filter(|(_, d)| !seen.insert(text(d, "name"))) {
        found.errors.push(Error::duplicate(&path.index(i), text(one, "name")));
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Node",
        "string",
        "",
        0,
        "NodeName identifies the node which provides the resources in this pool. A field selector can be used to list only ResourceSlice objects belonging to a certain node.\n\nThis field can be used to limit access from nodes to ResourceSlices with the same node name. It also indicates to autoscalers that adding new nodes of the same type as some old node might also make new resources available.\n\nExactly one of NodeName, NodeSelector, AllNodes, and PerDeviceNodeSelection must be set. This field is immutable.",
    ),
    Column::new(
        "Driver",
        "string",
        "",
        0,
        "Driver identifies the DRA driver providing the capacity information. A field selector can be used to list only ResourceSlice objects with a certain driver name.\n\nMust be a DNS subdomain and should end with a DNS domain owned by the vendor of the driver. It should use only lower case characters. This field is immutable.",
    ),
    Column::new(
        "Pool",
        "string",
        "",
        0,
        "Name is used to identify the pool. For node-local devices, this is often the node name, but this is not required. A field selector can be used to list only ResourceSlice objects belonging to a certain pool.\n\nIt must not be longer than 253 characters and must consist of one or more DNS sub-domains separated by slashes. This field is immutable.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn slice(extra: Value) -> Value {
        let mut slice = json!({"metadata": {"name": "a"}, "spec": {"driver": "d.x", "pool": {"name": "p", "resourceSliceCount": 1}}});
        if let (Some(spec), Value::Object(extra)) = (slice["spec"].as_object_mut(), extra) {
            spec.extend(extra);
        }
        slice
    }

    #[test]
    fn a_slice_says_where_its_devices_are() {
        assert_eq!(texts(&validate(&slice(json!({})), None)), [format!("spec: Required value: {ONE_NODE_FIELD}")]);
        assert_eq!(
            texts(&validate(&slice(json!({"nodeName": "n", "allNodes": true})), None)),
            [format!("spec: Invalid value: \"{{`nodeName`, `allNodes`}}\": {ONE_NODE_FIELD}, but multiple fields are set")]
        );
    }

    #[test]
    fn unknown_selectors_are_refused_with_the_version() {
        assert_eq!(
            ResourceSlice.field_label("resource.k8s.io/v1", "ResourceSlice", "metadata.namespace"),
            Err("field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: metadata.namespace".to_owned())
        );
    }

    #[test]
    fn attributes_have_one_value() {
        let device = json!({"name": "d", "attributes": {"x/y": {"int": 1, "bool": true}}});
        let errors = validate(&slice(json!({"nodeName": "n", "devices": [device]})), None);
        assert_eq!(
            texts(&errors),
            [
                "spec.devices[0].attributes[x/y]: Invalid value: \"{int, bool}\": must specify exactly one of: `int`, `bool`, `string`, `version`, `ints`, `bools`, `strings`, `versions`"
            ]
        );
    }
}
