//! Node: what is special about it.

use crate::{
    Column, Context, Row, SelectableField, Strategy, Traits, pod_spec, table,
    update::restore,
    value::{at, at_mut, entries, field, field_mut, flag, has, int, items, set, text, unset},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each, quoted},
    ip, names,
};
use serde_json::{Value, json};
use std::{borrow::Cow, collections::BTreeSet};

/// The strategy of Node.
#[derive(Debug)]
pub struct Node;

const METADATA: Path<'static> = Path::new("metadata");
const SPEC: Path<'static> = Path::new("spec");
const STATUS: Path<'static> = Path::new("status");

impl Strategy for Node {
    fn traits(&self) -> Traits {
        Traits { stays_canonical: true, name_on_update: true, ..Traits::WITH_STATUS }
    }

    fn default(&self, node: &mut Value) {
        if let Some(spec) = field_mut(node, "spec") {
            agree_on_pod_cidr(spec);
        }
        let Some(status) = field_mut(node, "status") else { return };
        if !has(status, "allocatable")
            && let Some(capacity) = field(status, "capacity").cloned()
        {
            set(status, "allocatable", capacity);
        }
        for list in ["capacity", "allocatable"] {
            pod_spec::round_resources(status, list);
        }
    }

    /// Nodes come with their status: who adds one usually is the node.
    fn prepare_for_create(&self, _: &Context<'_>, node: &mut Value) {
        for place in [&["spec"], &["status"]] {
            if let Some(holder) = at_mut(node, place) {
                unset(holder, if place == &["spec"] { "configSource" } else { "config" });
            }
        }
        drop_preemption_policy(node, None);
    }

    fn validate(&self, _: &Context<'_>, node: &Value) -> ErrorList {
        validate(node)
    }

    fn warnings_on_create(&self, _: &Context<'_>, node: &Value) -> Vec<String> {
        warnings(node)
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        if cx.subresource == "status" {
            restore(new, old, &["spec"]);
            if at(old, &["status", "config"]).is_none()
                && let Some(status) = field_mut(new, "status")
            {
                unset(status, "config");
            }
            const USER_NAMESPACE: &[&str] = &["status", "nodeInfo", "runningInUserNamespace"];
            if at(old, USER_NAMESPACE).is_none()
                && let Some(info) = at_mut(new, &["status", "nodeInfo"])
            {
                unset(info, "runningInUserNamespace");
            }
            return;
        }
        restore(new, old, &["status"]);
        if at(old, &["spec", "configSource"]).is_none()
            && let Some(spec) = field_mut(new, "spec")
        {
            unset(spec, "configSource");
        }
        drop_preemption_policy(new, Some(old));
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors = if cx.subresource == "status" { ErrorList::new() } else { validate(new) };
        validate_change(&mut errors, new, old);
        errors
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        if cx.subresource == "status" { Vec::new() } else { warnings(new) }
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        const FIELDS: &[SelectableField] = &[SelectableField::new("spec.unschedulable", |node| {
            Cow::Borrowed(if flag(spec(node), "unschedulable") { "true" } else { "false" })
        })];
        FIELDS
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, node: &Value, now_millis: i64, _: bool) -> Row {
        let status = status(node);
        let info = |key: &str| match at(status, &["nodeInfo", key]).and_then(Value::as_str).unwrap_or_default() {
            "" => table::UNKNOWN.to_owned(),
            text => text.to_owned(),
        };
        let architecture = at(status, &["nodeInfo", "architecture"]).and_then(Value::as_str).unwrap_or_default();
        let kernel = match architecture {
            "" => info("kernelVersion"),
            architecture => format!("{} ({architecture})", info("kernelVersion")),
        };
        let kubelet = at(status, &["nodeInfo", "kubeletVersion"]).cloned().unwrap_or_else(|| json!(""));
        Row::of(vec![
            table::name(node),
            json!(readiness(node)),
            json!(roles(node)),
            table::age(node, now_millis),
            kubelet,
            json!(address(status, "InternalIP")),
            json!(address(status, "ExternalIP")),
            json!(info("osImage")),
            json!(kernel),
            json!(info("containerRuntimeVersion")),
        ])
    }
}

const ADDRESSES: &str = "List of addresses reachable to the node. Queried from cloud provider, if available. More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as mergeable, but the merge key is not sufficiently unique, which can cause data corruption when it is merged. Callers should instead use a full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can change during the lifetime of a Node. However, there are some exceptions where this may not be possible, such as Pods that inherit a Node's address in its own status or consumers of the downward API (status.hostIP).";

const COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Status", "string", "", 0, "The status of the node"),
    Column::new("Roles", "string", "", 0, "The roles of the node"),
    table::AGE,
    Column::new("Version", "string", "", 0, "Kubelet Version reported by the node."),
    Column::new("Internal-IP", "string", "", 1, ADDRESSES),
    Column::new("External-IP", "string", "", 1, ADDRESSES),
    Column::new("OS-Image", "string", "", 1, "OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy))."),
    Column::new("Kernel-Version", "string", "", 1, "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64)."),
    Column::new(
        "Container-Runtime",
        "string",
        "",
        1,
        "ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).",
    ),
];

fn spec(node: &Value) -> &Value {
    field(node, "spec").unwrap_or(&Value::Null)
}

fn status(node: &Value) -> &Value {
    field(node, "status").unwrap_or(&Value::Null)
}

fn readiness(node: &Value) -> String {
    let ready = items(status(node), "conditions").iter().rfind(|c| text(c, "type") == "Ready");
    let state = match ready.map(|c| text(c, "status")) {
        None => "Unknown",
        Some("True") => "Ready",
        Some(_) => "NotReady",
    };
    if flag(spec(node), "unschedulable") { format!("{state},SchedulingDisabled") } else { state.to_owned() }
}

fn roles(node: &Value) -> String {
    let labels = field(node, "metadata").into_iter().flat_map(|m| entries(m, "labels"));
    let role = |(key, value): (&'_ str, &'_ Value)| match key.strip_prefix("node-role.kubernetes.io/") {
        Some(role) => Some(role.to_owned()),
        None if key == "kubernetes.io/role" => value.as_str().map(str::to_owned),
        None => None,
    };
    let roles: BTreeSet<String> = labels.filter_map(role).filter(|role| !role.is_empty()).collect();
    if roles.is_empty() { table::NONE.to_owned() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
}

fn address<'a>(status: &'a Value, kind: &str) -> &'a str {
    items(status, "addresses").iter().find(|a| text(a, "type") == kind).map_or(table::NONE, |a| text(a, "address"))
}

/// `podCIDR` is the first of `podCIDRs`, and wins where they differ.
fn agree_on_pod_cidr(spec: &mut Value) {
    let single = text(spec, "podCIDR").to_owned();
    let first = items(spec, "podCIDRs").first().and_then(Value::as_str).map(str::to_owned);
    match first {
        Some(first) if single.is_empty() => set(spec, "podCIDR", first),
        Some(first) if first == single => {}
        None if single.is_empty() => {}
        _ => set(spec, "podCIDRs", json!([single])),
    }
}

/// Belongs to a feature that is off by default.
fn drop_preemption_policy(node: &mut Value, old: Option<&Value>) {
    const KEY: &str = "podPreemptionPolicy";
    if !old.is_some_and(|old| has(spec(old), KEY))
        && let Some(spec) = field_mut(node, "spec")
    {
        unset(spec, KEY);
    }
}

fn validate(node: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    validate_annotations(&mut errors, node);
    validate_taints(&mut errors, items(spec(node), "taints"), &METADATA.child("taints"));
    validate_resources(&mut errors, node);
    if let Some(capacity) = at(status(node), &["nodeInfo", "swap"]).and_then(|s| int(s, "capacity")).filter(|c| *c <= 0) {
        let path = METADATA.child("nodeSwapStatus");
        errors.push(Error::invalid(&path.child("capacity"), capacity, "must be greater than zero"));
    }
    validate_declared_features(&mut errors, node);
    validate_pod_cidrs(&mut errors, items(spec(node), "podCIDRs"));
    errors
}

/// Taints and nodes to avoid, from before they had fields.
fn validate_annotations(errors: &mut ErrorList, node: &Value) {
    const TAINTS: &str = "scheduler.alpha.kubernetes.io/taints";
    let path = METADATA.child("annotations");
    let written = at(node, &["metadata", "annotations", TAINTS]).and_then(Value::as_str).filter(|w| !w.is_empty());
    if let Some(written) = written {
        match serde_json::from_str::<Vec<Value>>(written) {
            Ok(taints) => validate_taints(errors, &taints, &path.child(TAINTS)),
            Err(e) => errors.push(Error::invalid(&path, TAINTS, e.to_string())),
        }
    }
}

fn validate_taints(errors: &mut ErrorList, taints: &[Value], path: &Path<'_>) {
    let mut seen = BTreeSet::new();
    for (i, taint) in taints.iter().enumerate() {
        let at_index = path.index(i);
        let (key, value, effect) = (text(taint, "key"), text(taint, "value"), text(taint, "effect"));
        invalid_each(errors, &at_index.child("key"), key, names::is_qualified_name(key));
        let messages = names::is_valid_label_value(value);
        if !messages.is_empty() {
            errors.push(Error::invalid(&at_index.child("value"), value, messages.join(";")));
        }
        if effect.is_empty() {
            errors.push(Error::required(&at_index.child("effect"), ""));
        } else {
            pod_spec::validate_effect(errors, effect, &at_index.child("effect"));
        }
        if !seen.insert((effect, key)) {
            errors.push(duplicate_taint(taint, &at_index));
        }
    }
}

fn duplicate_taint(taint: &Value, path: &Path<'_>) -> Error {
    let added = field(taint, "timeAdded").map_or_else(|| "null".to_owned(), Value::to_string);
    let [key, value, effect] = ["key", "value", "effect"].map(|k| quoted(text(taint, k)));
    let mut error = Error::duplicate(path, "");
    error.bad_value = Some(format!("{{\"Key\":{key},\"Value\":{value},\"Effect\":{effect},\"TimeAdded\":{added}}}"));
    "taints must be unique by key and effect pair".clone_into(&mut error.detail);
    error
}

fn validate_resources(errors: &mut ErrorList, node: &Value) {
    for list in ["capacity", "allocatable"] {
        let path = STATUS.child(list);
        for (name, quantity) in pod_spec::resource_list(status(node), list) {
            pod_spec::validate_resource_quantity(errors, &name, &quantity, &path.child(&name));
        }
    }
}

fn validate_declared_features(errors: &mut ErrorList, node: &Value) {
    const FORM: &str = "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes";
    let path = STATUS.child("declaredFeatures");
    let mut before: Option<&str> = None;
    for (i, feature) in items(status(node), "declaredFeatures").iter().filter_map(Value::as_str).enumerate() {
        let at_index = path.index(i);
        match before {
            Some(before) if before == feature => errors.push(Error::duplicate(&at_index, feature)),
            Some(before) if before > feature => errors.push(Error::invalid(&at_index, feature, "list must be sorted alphabetically")),
            _ => {}
        }
        before = Some(feature);
        let name = quoted(feature);
        if feature.len() > 253 {
            errors.push(Error::invalid(&at_index, feature, format!("invalid feature name {name}: must be no more than 253 characters")));
        } else if !is_feature_name(feature) {
            errors.push(Error::invalid(&at_index, feature, format!("invalid feature name {name}: {FORM}")));
        }
    }
}

fn is_feature_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name
            .split('/')
            .all(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn validate_pod_cidrs(errors: &mut ErrorList, blocks: &[Value]) {
    let path = SPEC.child("podCIDRs");
    let texts: Vec<&str> = blocks.iter().filter_map(Value::as_str).collect();
    for (i, block) in texts.iter().enumerate() {
        invalid_each(errors, &path.index(i), block, ip::is_valid_cidr_for_legacy_field(block));
    }
    if texts.len() < 2 {
        return;
    }
    let parsed: Vec<_> = texts.iter().filter_map(|t| ip::parse_cidr_sloppy(t)).collect();
    if let Some((at, bad)) = texts.iter().enumerate().find(|(_, t)| ip::parse_cidr_sloppy(t).is_none()) {
        let why =
            format!("invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[{at}]: <nil> (invalid CIDR address: {bad})");
        errors.push(Error::internal(&path, why));
    }
    let dual = parsed.len() == texts.len() && parsed.iter().any(|(a, _)| a.is_ipv4()) && parsed.iter().any(|(a, _)| a.is_ipv6());
    if !dual || texts.len() > 2 {
        errors.push(Error::invalid(&path, blocks.to_vec(), "may specify no more than one CIDR for each IP family"));
    }
}

/// C-04-33: what a node is given once stays.
fn validate_change(errors: &mut ErrorList, new: &Value, old: &Value) {
    validate_annotations(errors, new);
    validate_resources(errors, new);
    validate_declared_features(errors, new);
    duplicate_addresses(errors, new);
    pod_cidrs_stay(errors, new, old);
    let provider = |node| text(spec(node), "providerID").to_owned();
    if !provider(old).is_empty() && provider(new) != provider(old) {
        let what = if provider(new).is_empty() { "cleared" } else { "modified" };
        errors.push(Error::invalid(&SPEC.child("providerID"), Value::Null, format!("field cannot be {what} once set")));
    }
    validate_taints(errors, items(spec(new), "taints"), &METADATA.child("taints"));
    if text(spec(new), "externalID") != text(spec(old), "externalID") {
        errors.push(Error::forbidden(&SPEC.child("externalID"), "may not be updated"));
    }
}

fn duplicate_addresses(errors: &mut ErrorList, node: &Value) {
    let path = STATUS.child("addresses");
    let mut seen = BTreeSet::new();
    for (i, address) in items(status(node), "addresses").iter().enumerate() {
        let (kind, value) = (text(address, "type"), text(address, "address"));
        if !seen.insert((kind, value)) {
            let mut error = Error::duplicate(&path.index(i), "");
            error.bad_value = Some(format!("{{\"Type\":{},\"Address\":{}}}", quoted(kind), quoted(value)));
            errors.push(error);
        }
    }
}

fn pod_cidrs_stay(errors: &mut ErrorList, new: &Value, old: &Value) {
    let (new, old) = (items(spec(new), "podCIDRs"), items(spec(old), "podCIDRs"));
    if old.is_empty() {
        return;
    }
    let changed = if new.len() == old.len() { new.iter().zip(old).filter(|(n, o)| n != o).count() } else { 1 };
    for _ in 0..changed {
        let detail = "node updates may not change podCIDR except from \"\" to valid";
        errors.push(Error::forbidden(&SPEC.child("podCIDRs"), detail));
    }
}

fn warnings(node: &Value) -> Vec<String> {
    let spec = spec(node);
    let mut warnings = Vec::new();
    if has(spec, "configSource") {
        warnings.push("spec.configSource: the feature is removed".to_owned());
    }
    if !text(spec, "externalID").is_empty() {
        warnings.push("spec.externalID: this field is deprecated, and is unused by Kubernetes".to_owned());
    }
    for (i, block) in items(spec, "podCIDRs").iter().filter_map(Value::as_str).enumerate() {
        warnings.extend(ip::warnings_for_cidr(&format!("spec.podCIDRs[{i}]"), block));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn what_is_allocatable_is_the_capacity_unless_told() {
        let mut node = json!({"spec": {"podCIDR": "10.0.0.0/24"}, "status": {"capacity": {"cpu": "4"}}});
        Node.default(&mut node);
        assert_eq!(node["status"]["allocatable"], json!({"cpu": "4"}));
        assert_eq!(node["spec"]["podCIDRs"], json!(["10.0.0.0/24"]));
    }

    #[test]
    fn a_taint_is_unique_by_key_and_effect() {
        let taint = json!({"key": "a", "effect": "NoSchedule"});
        let errors = validate(&json!({"spec": {"taints": [taint, taint]}}));
        assert_eq!(
            texts(&errors),
            [
                "metadata.taints[1]: Duplicate value: {\"Key\":\"a\",\"Value\":\"\",\"Effect\":\"NoSchedule\",\"TimeAdded\":null}: taints must be unique by key and effect pair"
            ]
        );
    }

    #[test]
    fn the_provider_stays() {
        let node = |id: &str| json!({"spec": {"providerID": id}});
        let mut errors = ErrorList::new();
        validate_change(&mut errors, &node("b"), &node("a"));
        assert_eq!(texts(&errors), ["spec.providerID: Invalid value: null: field cannot be modified once set"]);
    }

    #[test]
    fn a_cordoned_node_says_so() {
        let node = json!({"metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}}, "spec": {"unschedulable": true},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        assert_eq!((readiness(&node), roles(&node)), ("Ready,SchedulingDisabled".to_owned(), "control-plane".to_owned()));
    }
}
