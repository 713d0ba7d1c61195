//! What of a pod may change once it is made.

use super::{METADATA, SPEC, has, metadata, pod_spec_of, validate_metadata_and_spec};
use crate::{
    go_struct,
    pod_spec::{self, MIRROR_POD, Options},
    unified_diff::unified_diff,
    update::{restore, same},
    value::{at, entries, field, field_mut, int, items, items_mut, set, text, unset},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MUTABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
    `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
const REQUIRED_NODES: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// Everything wrong with the change of a pod.
pub fn validate(new: &Value, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let options = Options::for_pod(Some(old));
    validate_metadata_and_spec(&mut errors, new, &options);
    validate_annotations(&mut errors, new, old, &options);
    let (new, old) = (pod_spec_of(new), pod_spec_of(old));
    for list in ["containers", "initContainers"] {
        if !validate_containers(&mut errors, items(new, list), items(old, list), &SPEC.child(list)) {
            return errors;
        }
    }
    if !validate_deadline(&mut errors, new, old) {
        return errors;
    }
    pod_spec::validate_only_added_tolerations(&mut errors, new, old, &SPEC.child("tolerations"), &options);
    validate_only_deleted_gates(&mut errors, new, old);
    if same(Some(new), Some(old)) {
        return errors;
    }
    let mut rest = new.clone();
    forgive(&mut rest, old);
    if !items(old, "schedulingGates").is_empty() {
        forgive_while_gated(&mut errors, &mut rest, old);
    }
    if !same(Some(&rest), Some(old)) {
        let print = |spec| go_struct::indented(spec, pod_spec::POD_SPEC);
        let diff = unified_diff(&print(old), &print(&rest));
        errors.push(Error::forbidden(&SPEC, format!("{MUTABLE}\n{diff}")));
    }
    errors
}

/// Checks annotations, and what of them may change.
pub fn validate_annotations(errors: &mut ErrorList, new: &Value, old: &Value, options: &Options) {
    let path = METADATA.child("annotations");
    pod_spec::validate_annotations_update(errors, metadata(new), metadata(old), &path);
    pod_spec::validate_annotations(errors, metadata(new), pod_spec_of(new), &path, options);
}

/// False where nothing else can be compared.
fn validate_containers(errors: &mut ErrorList, new: &[Value], old: &[Value], path: &Path<'_>) -> bool {
    if new.len() != old.len() {
        errors.push(Error::forbidden(path, "pod updates may not add or remove containers"));
        return false;
    }
    for (i, container) in new.iter().enumerate() {
        if text(container, "image").is_empty() {
            errors.push(Error::required(&path.index(i).child("image"), ""));
        }
        pod_spec::image_padding(errors, container, &path.index(i));
    }
    true
}

/// A deadline may be set, and may come closer.
fn validate_deadline(errors: &mut ErrorList, new: &Value, old: &Value) -> bool {
    let path = SPEC.child("activeDeadlineSeconds");
    let longest = i64::from(i32::MAX);
    let (after, before) = (int(new, "activeDeadlineSeconds"), int(old, "activeDeadlineSeconds"));
    match (after, before) {
        (Some(seconds), _) if !(0..=longest).contains(&seconds) => {
            errors.push(Error::invalid(&path, seconds, names::inclusive_range_error(0, longest)));
            false
        }
        (Some(seconds), Some(before)) if before < seconds => {
            errors.push(Error::invalid(&path, seconds, "must be less than or equal to previous value"));
            false
        }
        (None, Some(_)) => {
            errors.push(Error::invalid(&path, Value::Null, "must not update from a positive integer to nil value"));
            true
        }
        _ => true,
    }
}

fn validate_only_deleted_gates(errors: &mut ErrorList, new: &Value, old: &Value) {
    let before = items(old, "schedulingGates");
    let path = SPEC.child("schedulingGates");
    let added: BTreeMap<&str, usize> = items(new, "schedulingGates").iter().enumerate().map(|(i, gate)| (text(gate, "name"), i)).collect();
    for (name, i) in added.into_iter().filter(|(name, _)| !before.iter().any(|gate| text(gate, "name") == *name)) {
        let detail = format!("only deletion is allowed, but found new scheduling gate '{name}'");
        errors.push(Error::forbidden(&path.index(i).child("name"), detail));
    }
}

/// Takes back what may change, so that the rest can be compared.
fn forgive(spec: &mut Value, old: &Value) {
    for list in ["containers", "initContainers"] {
        for (container, before) in items_mut(spec, list).iter_mut().zip(items(old, list)) {
            restore(container, before, &["image"]);
        }
    }
    for key in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        restore(spec, old, &[key]);
    }
    let grace = "terminationGracePeriodSeconds";
    if int(old, grace).is_some_and(|s| s < 0) && int(spec, grace) == Some(1) {
        restore(spec, old, &[grace]);
    }
}

/// Where a gated pod may run can still be narrowed.
fn forgive_while_gated(errors: &mut ErrorList, spec: &mut Value, old: &Value) {
    if !same(spec.get("nodeSelector"), old.get("nodeSelector")) {
        let kept = entries(old, "nodeSelector").all(|(key, value)| at(spec, &["nodeSelector", key]) == Some(value));
        if !kept {
            let selector = field(spec, "nodeSelector").cloned().unwrap_or_default();
            let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
            errors.push(Error::invalid(&SPEC.child("nodeSelector"), selector, detail));
        }
        restore(spec, old, &["nodeSelector"]);
    }
    let node_affinity = ["affinity", "nodeAffinity"];
    let before = at(old, &node_affinity);
    if same(at(spec, &node_affinity), before) {
        return;
    }
    validate_node_affinity(errors, at(spec, &node_affinity), before);
    let others = |affinity: &Value| has(affinity, "podAffinity") || has(affinity, "podAntiAffinity");
    match (field(spec, "affinity").map(others), before) {
        (None, Some(before)) => set(spec, "affinity", json!({"nodeAffinity": before})),
        (Some(false), _) if !has(old, "affinity") => unset(spec, "affinity"),
        (Some(_), _) => {
            if let Some(affinity) = field_mut(spec, "affinity") {
                match before {
                    Some(before) => set(affinity, "nodeAffinity", before.clone()),
                    None => unset(affinity, "nodeAffinity"),
                }
            }
        }
        (None, None) => {}
    }
}

/// Requirements may be added to the terms there are.
fn validate_node_affinity(errors: &mut ErrorList, new: Option<&Value>, old: Option<&Value>) {
    let Some(required) = old.and_then(|o| field(o, REQUIRED_NODES)) else { return };
    let (affinity, terms) = (SPEC.child("affinity"), "nodeSelectorTerms");
    let nodes = affinity.child("nodeAffinity");
    let path = nodes.child(REQUIRED_NODES);
    let path = path.child(terms);
    let before = items(required, terms);
    let after = new.and_then(|n| field(n, REQUIRED_NODES)).map(|r| items(r, terms)).unwrap_or_default();
    if !before.is_empty() && before.len() != after.len() {
        let printed = if after.is_empty() { "null".to_owned() } else { go_struct::compact_list(after, pod_spec::NODE_SELECTOR_TERM) };
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        errors.push(Error::invalid_printed(&path, printed, detail));
        return;
    }
    for (i, (after, before)) in after.iter().zip(before).enumerate() {
        if !has_only_additions(after, before) {
            let printed = go_struct::compact(after, pod_spec::NODE_SELECTOR_TERM);
            errors.push(Error::invalid_printed(&path.index(i), printed, "only additions are allowed (no mutations or deletions)"));
        }
    }
}

fn has_only_additions(new: &Value, old: &Value) -> bool {
    let lists = ["matchExpressions", "matchFields"];
    let starts_alike = |list: &&str| {
        let (new, old) = (items(new, list), items(old, list));
        new.get(..old.len()).is_some_and(|start| start == old)
    };
    let was_empty = lists.iter().all(|list| items(old, list).is_empty());
    let is_empty = lists.iter().all(|list| items(new, list).is_empty());
    // A term without requirements matches nothing: adding some would widen it.
    if was_empty { is_empty } else { lists.iter().all(starts_alike) }
}

/// Ephemeral containers may be added only.
pub fn validate_ephemeral_containers(new: &Value, old: &Value) -> ErrorList {
    if is_mirror(old) {
        return vec![Error::forbidden(&Path::new(""), "static pods do not support ephemeral containers")];
    }
    let mut errors = ErrorList::new();
    let options = Options::for_pod(Some(old));
    validate_metadata_and_spec(&mut errors, new, &options);
    validate_annotations(&mut errors, new, old, &options);
    let path = SPEC.child("ephemeralContainers");
    let list = "ephemeralContainers";
    for before in items(pod_spec_of(old), list) {
        let name = text(before, "name");
        let quoted = minkapi_schema::field::quoted(name);
        match items(pod_spec_of(new), list).iter().rfind(|c| text(c, "name") == name) {
            None => errors.push(Error::forbidden(&path, format!("existing ephemeral containers {quoted} may not be removed\n"))),
            Some(after) if !same(Some(after), Some(before)) => {
                let print = |container| go_struct::indented(container, pod_spec::EPHEMERAL_CONTAINER);
                let diff = unified_diff(&print(before), &print(after));
                errors.push(Error::forbidden(&path, format!("existing ephemeral containers {quoted} may not be changed\n{diff}")));
            }
            Some(_) => {}
        }
    }
    errors
}

/// Whether the kubelet made the pod from a file.
pub fn is_mirror(pod: &Value) -> bool {
    field(metadata(pod), "annotations").is_some_and(|a| has(a, MIRROR_POD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Strategy, pod::Pod, testing::texts};

    fn pod(spec: Value) -> Value {
        let mut pod = json!({"metadata": {"name": "web", "namespace": "ns"}, "spec": spec});
        Pod.default(&mut pod);
        pod
    }

    fn containers() -> Value {
        json!([{"name": "a", "image": "a:1", "resources": {}}])
    }

    #[test]
    fn images_may_change_and_deadlines_come_closer() {
        let old = pod(json!({"containers": containers(), "activeDeadlineSeconds": 10}));
        let mut new = old.clone();
        new["spec"]["containers"][0]["image"] = "a:2".into();
        new["spec"]["activeDeadlineSeconds"] = 5.into();
        assert!(validate(&new, &old).is_empty());
        new["spec"]["activeDeadlineSeconds"] = 15.into();
        assert_eq!(
            texts(&validate(&new, &old)),
            ["spec.activeDeadlineSeconds: Invalid value: 15: must be less than or equal to previous value"]
        );
    }

    #[test]
    fn the_rest_is_told_as_a_diff() {
        let old = pod(json!({"containers": containers()}));
        let mut new = old.clone();
        new["spec"]["terminationGracePeriodSeconds"] = 60.into();
        let expected = format!(
            "{MUTABLE}\n@@ -36,7 +36,7 @@\n  ],\n  \"EphemeralContainers\": null,\n  \"RestartPolicy\": \"Always\",\n- \"TerminationGracePeriodSeconds\": 30,\n+ \"TerminationGracePeriodSeconds\": 60,\n  \"ActiveDeadlineSeconds\": null,\n  \"DNSPolicy\": \"ClusterFirst\",\n  \"NodeSelector\": null,\n"
        );
        assert_eq!(validate(&new, &old)[0].detail, expected);
    }

    #[test]
    fn a_gated_pod_may_be_told_more_of_where_to_run() {
        let old = pod(json!({"containers": containers(), "schedulingGates": [{"name": "g"}], "nodeSelector": {"a": "1"}}));
        let mut new = old.clone();
        new["spec"]["nodeSelector"]["b"] = "2".into();
        new["spec"]["affinity"] =
            json!({"nodeAffinity": {REQUIRED_NODES: {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}});
        assert_eq!(texts(&validate(&new, &old)), [""; 0]);
        new["spec"]["nodeSelector"] = json!({"b": "2"});
        assert!(texts(&validate(&new, &old))[0].contains("only additions to spec.nodeSelector are allowed"));
    }
}
