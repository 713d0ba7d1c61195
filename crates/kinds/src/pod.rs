//! Pod: what is special about it.

mod app_armor;
mod label_keys;
mod qos;
mod resize;
mod restart;
mod row;
mod status;
mod update;

use crate::{
    Column, Context, DeletedAnswer, Row, SelectableField, Strategy, Traits,
    pod_spec::{self, Options},
    update::{bump_generation_on_spec, default_field_label, keep_client_metadata, restore, start_generation},
    value::{at, entries, field, field_mut, flag, has, int, items, items_mut, object_mut, set, set_default, text, unset},
};
use minkapi_object::Outline;
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    ip, names,
};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The strategy of Pod.
#[derive(Debug)]
pub struct Pod;

const SPEC: Path<'static> = Path::new("spec");
const METADATA: Path<'static> = Path::new("metadata");

impl Strategy for Pod {
    fn traits(&self) -> Traits {
        const STATUS: &[&[&str]] = &[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]];
        Traits {
            deleted: DeletedAnswer::Object,
            stays_canonical: true,
            reset_fields: &[("", &[&["status"]]), ("status", STATUS)],
            name_on_update: true,
            ..Traits::DEFAULT
        }
    }

    fn default(&self, pod: &mut Value) {
        if let Some(spec) = object_mut(pod, "spec") {
            default_pod_only(spec);
            pod_spec::default(spec);
        }
        if let Some(status) = field_mut(pod, "status") {
            default_status(status);
        }
    }

    fn prepare_for_create(&self, cx: &Context<'_>, pod: &mut Value) {
        start_generation(pod);
        set(pod, "status", json!({"phase": "Pending"}));
        pod_spec::drop_disabled(pod, None);
        if at(pod, &["spec"]).is_some_and(|spec| !items(spec, "schedulingGates").is_empty()) {
            set_gated(pod, cx.now);
        }
        label_keys::merge(pod);
        app_armor::copy_annotations(pod);
        if let Some(spec) = field_mut(pod, "spec") {
            pod_spec::default_pod_level_resources(spec);
        }
        let class = qos::class(pod_spec_of(pod));
        if let Some(status) = field_mut(pod, "status") {
            set(status, "qosClass", class);
        }
    }

    fn validate(&self, _: &Context<'_>, pod: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let (metadata, spec) = (metadata(pod), pod_spec_of(pod));
        validate_metadata_and_spec(&mut errors, pod, &Options::for_pod(None));
        if !items(spec, "ephemeralContainers").is_empty() {
            errors.push(Error::forbidden(&SPEC.child("ephemeralContainers"), "cannot be set on create"));
        }
        if !text(spec, "nodeName").is_empty() && !items(spec, "schedulingGates").is_empty() {
            errors.push(Error::forbidden(&SPEC.child("nodeName"), "cannot be set until all schedulingGates have been cleared"));
        }
        pod_spec::validate_annotations_and_fields(&mut errors, metadata, spec, &SPEC);
        errors
    }

    fn warnings_on_create(&self, _: &Context<'_>, pod: &Value) -> Vec<String> {
        let mut warnings = app_armor::warnings(pod);
        let messages = names::is_dns1123_label(text(metadata(pod), "name"));
        if !messages.is_empty() {
            let advice = "this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
            warnings.push(format!("metadata.name: {advice}: [{}]", messages.join(" ")));
        }
        warnings.extend(pod_spec::warnings(pod, false, &Path::ROOT));
        warnings
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        match cx.subresource {
            "status" => status::prepare(new, old),
            "ephemeralcontainers" => {
                let containers = at(new, &["spec", "ephemeralContainers"]).cloned();
                restore(new, old, &["spec"]);
                restore(new, old, &["status"]);
                keep_client_metadata(new, old);
                if let Some(spec) = field_mut(new, "spec") {
                    match containers {
                        Some(containers) => set(spec, "ephemeralContainers", containers),
                        None => unset(spec, "ephemeralContainers"),
                    }
                }
            }
            "resize" => resize::prepare(new, old),
            _ => {
                restore(new, old, &["status"]);
                keep_pod_level_resources(new, old);
            }
        }
        pod_spec::drop_disabled(new, Some(old));
        pod_spec::drop_disabled_status(new, Some(old));
        if cx.subresource == "status" {
            return;
        }
        bump_generation_on_spec(new, old);
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        match cx.subresource {
            "status" => status::validate(new, old),
            "ephemeralcontainers" => update::validate_ephemeral_containers(new, old),
            "resize" => resize::validate(new, old),
            _ => update::validate(new, old),
        }
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        let status = field(new, "status").filter(|_| cx.subresource == "status").unwrap_or(&Value::Null);
        let mut warnings = Vec::new();
        for list in ["podIPs", "hostIPs"] {
            for (i, address) in items(status, list).iter().enumerate() {
                warnings.extend(ip::warning_for_ip(&format!("status.{list}[{i}].ip"), text(address, "ip")));
            }
        }
        warnings
    }

    /// C-08-20: pods that run nowhere, or no more, are gone at once.
    fn grace_period(&self, pod: &Value, requested: Option<i64>) -> Option<i64> {
        let spec = pod_spec_of(pod);
        let phase = at(pod, &["status", "phase"]).and_then(Value::as_str).unwrap_or_default();
        if text(spec, "nodeName").is_empty() || matches!(phase, "Succeeded" | "Failed") {
            return Some(0);
        }
        let seconds = requested.or_else(|| int(spec, "terminationGracePeriodSeconds")).unwrap_or_default();
        Some(if seconds < 0 { 1 } else { seconds })
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        FIELDS
    }

    fn field_label<'a>(&self, _: &str, kind: &str, label: &'a str) -> Result<&'a str, String> {
        // What clients of long ago called it.
        if label == "spec.host" { Ok("spec.nodeName") } else { default_field_label(FIELDS, kind, label) }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(row::COLUMNS)
    }

    fn row_outline(&self) -> Outline {
        row::OUTLINE
    }

    fn row(&self, pod: &Value, now_millis: i64, _: bool) -> Row {
        row::row(pod, now_millis)
    }
}

/// C-05-32. Upstream accepts `status.podIPs` and knows no value for it.
const FIELDS: &[SelectableField] = &[
    SelectableField::new("spec.nodeName", |pod| Cow::Borrowed(text(pod_spec_of(pod), "nodeName"))),
    SelectableField::new("spec.restartPolicy", |pod| Cow::Borrowed(text(pod_spec_of(pod), "restartPolicy"))),
    SelectableField::new("spec.schedulerName", |pod| Cow::Borrowed(text(pod_spec_of(pod), "schedulerName"))),
    SelectableField::new("spec.serviceAccountName", |pod| Cow::Borrowed(text(pod_spec_of(pod), "serviceAccountName"))),
    SelectableField::new("spec.hostNetwork", |pod| Cow::Borrowed(if flag(pod_spec_of(pod), "hostNetwork") { "true" } else { "false" })),
    SelectableField::new("status.phase", |pod| Cow::Borrowed(status_text(pod, "phase"))),
    SelectableField::new("status.podIP", |pod| {
        let first = field(pod, "status").and_then(|s| items(s, "podIPs").first());
        Cow::Borrowed(first.map(|address| text(address, "ip")).unwrap_or_default())
    }),
    SelectableField::new("status.podIPs", |_| Cow::Borrowed("")),
    SelectableField::new("status.nominatedNodeName", |pod| Cow::Borrowed(status_text(pod, "nominatedNodeName"))),
];

fn status_text<'a>(pod: &'a Value, key: &str) -> &'a str {
    field(pod, "status").map(|status| text(status, key)).unwrap_or_default()
}

fn metadata(pod: &Value) -> &Value {
    field(pod, "metadata").unwrap_or(&Value::Null)
}

fn pod_spec_of(pod: &Value) -> &Value {
    field(pod, "spec").unwrap_or(&Value::Null)
}

/// Defaults that pods have and templates have not.
fn default_pod_only(spec: &mut Value) {
    if int(spec, "terminationGracePeriodSeconds").is_some_and(|s| s < 0) {
        set(spec, "terminationGracePeriodSeconds", 1);
    }
    let host_network = flag(spec, "hostNetwork");
    for list in ["containers", "initContainers"] {
        for container in items_mut(spec, list) {
            if let Some(own) = field_mut(container, "resources") {
                requests_from_limits(own);
            }
            if host_network {
                host_ports(container);
            }
        }
    }
    set_default(spec, "enableServiceLinks", true);
}

fn requests_from_limits(resources: &mut Value) {
    let missing: Vec<(String, Value)> = entries(resources, "limits")
        .filter(|(name, _)| field(resources, "requests").is_none_or(|r| !has(r, name)))
        .map(|(name, limit)| (name.to_owned(), limit.clone()))
        .collect();
    if missing.is_empty() {
        return;
    }
    if let Some(requests) = object_mut(resources, "requests") {
        for (name, limit) in missing {
            set(requests, &name, limit);
        }
    }
}

fn host_ports(container: &mut Value) {
    for port in items_mut(container, "ports") {
        let number = int(port, "containerPort").unwrap_or_default();
        if int(port, "hostPort").unwrap_or_default() == 0 && number != 0 {
            set(port, "hostPort", number);
        }
    }
}

/// `podIP` is the first of `podIPs`, and wins where they differ.
fn default_status(status: &mut Value) {
    let single = text(status, "podIP").to_owned();
    let first = items(status, "podIPs").first().map(|address| text(address, "ip").to_owned());
    match first {
        Some(first) if single.is_empty() => set(status, "podIP", first),
        Some(first) if first == single => {}
        None if single.is_empty() => {}
        _ => set(status, "podIPs", json!([{"ip": single}])),
    }
    for list in ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] {
        for container in items_mut(status, list) {
            round(container);
        }
    }
    round(status);
}

fn round(holder: &mut Value) {
    pod_spec::round_resources(holder, "allocatedResources");
    if let Some(own) = field_mut(holder, "resources") {
        for list in ["limits", "requests"] {
            pod_spec::round_resources(own, list);
        }
    }
}

fn set_gated(pod: &mut Value, now: &str) {
    let condition = json!({
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": null,
        "lastTransitionTime": now,
        "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
    });
    if let Some(status) = field_mut(pod, "status") {
        set(status, "conditions", vec![condition]);
    }
}

/// Clients that know no resources of the pod as a whole do not take them away.
fn keep_pod_level_resources(new: &mut Value, old: &Value) {
    if at(new, &["spec", "resources"]).is_none() && at(old, &["spec", "resources"]).is_some() {
        restore(new, old, &["spec", "resources"]);
    }
}

/// Everything wrong with a pod's spec and annotations.
fn validate_metadata_and_spec(errors: &mut ErrorList, pod: &Value, options: &Options) {
    let (metadata, spec) = (metadata(pod), pod_spec_of(pod));
    pod_spec::validate_annotations(errors, metadata, spec, &METADATA.child("annotations"), options);
    pod_spec::validate(errors, spec, Some(metadata), &SPEC, options);
    if text(spec, "serviceAccountName").is_empty() {
        tokens_without_account(errors, spec);
    }
    if let Some(seconds) = int(spec, "terminationGracePeriodSeconds").filter(|s| *s < 0) {
        errors.push(Error::invalid(&SPEC.child("terminationGracePeriodSeconds"), seconds, "must be greater than or equal to 0"));
    }
    for list in ["containers", "initContainers"] {
        pod_spec::validate_image_padding(errors, spec, list, &SPEC.child(list));
    }
}

fn tokens_without_account(errors: &mut ErrorList, spec: &Value) {
    let volumes = SPEC.child("volumes");
    for (i, volume) in items(spec, "volumes").iter().enumerate() {
        let Some(projected) = field(volume, "projected") else { continue };
        let at_index = volumes.index(i);
        let path = at_index.child("projected");
        let sources = path.child("sources");
        for (j, _) in items(projected, "sources").iter().enumerate().filter(|(_, s)| has(s, "serviceAccountToken")) {
            let detail = "must not be specified when serviceAccountName is not set";
            errors.push(Error::forbidden(&sources.index(j).child("serviceAccountToken"), detail));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn pod(spec: Value) -> Value {
        let mut pod = json!({"metadata": {"name": "web", "namespace": "ns"}, "spec": spec});
        Pod.default(&mut pod);
        pod
    }

    #[test]
    fn requests_follow_limits_in_pods() {
        let pod = pod(json!({"containers": [{"name": "a", "image": "a", "resources": {"limits": {"cpu": "1"}}}]}));
        assert_eq!(pod["spec"]["containers"][0]["resources"]["requests"], json!({"cpu": "1"}));
        assert_eq!(pod["spec"]["enableServiceLinks"], true);
    }

    #[test]
    fn a_new_pod_is_pending_whatever_the_client_says() {
        let mut pod =
            pod(json!({"schedulingGates": [{"name": "example.com/a"}], "containers": [{"name": "a", "image": "a", "resources": {}}]}));
        pod["status"] = json!({"phase": "Running"});
        Pod.prepare_for_create(&Context::example(), &mut pod);
        assert_eq!(pod["status"]["phase"], "Pending");
        assert_eq!(pod["status"]["qosClass"], "BestEffort");
        assert_eq!(pod["status"]["conditions"][0]["reason"], "SchedulingGated");
        assert_eq!(pod["metadata"]["generation"], 1);
    }

    #[test]
    fn only_a_pod_on_a_node_dies_slowly() {
        let mut pod = pod(json!({"containers": []}));
        assert_eq!(Pod.grace_period(&pod, Some(60)), Some(0));
        pod["spec"]["nodeName"] = "n".into();
        assert_eq!(Pod.grace_period(&pod, None), Some(30));
        assert_eq!(Pod.grace_period(&pod, Some(60)), Some(60));
        pod["status"] = json!({"phase": "Failed"});
        assert_eq!(Pod.grace_period(&pod, None), Some(0));
    }

    #[test]
    fn a_gated_pod_has_no_node() {
        let pod = pod(json!({"nodeName": "n", "schedulingGates": [{"name": "a"}], "containers": [{"name": "a", "image": "a"}]}));
        let errors = Pod.validate(&Context::example(), &pod);
        assert_eq!(texts(&errors), ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"]);
    }
}
