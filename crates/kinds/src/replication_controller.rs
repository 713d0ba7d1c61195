//! ReplicationController: selector and labels come from its template.

use crate::{
    Column, Context, GarbageCollection, NameRule, Row, SelectableField, Strategy, Traits, declarative,
    pod_spec::Options,
    pod_template, table,
    update::{bump_generation_on_spec, clear_status, keep_other_side, start_generation},
    value::{at, entries, has, is_zero, object_mut, set, set_default},
    workload::{self, number},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;
use std::borrow::Cow;

const TEMPLATE: &[&str] = &["spec", "template"];

/// The strategy of ReplicationController.
#[derive(Debug)]
pub struct ReplicationController;

impl Strategy for ReplicationController {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::Declared, garbage_collection: GarbageCollection::Orphan, ..Traits::WITH_STATUS }
    }

    fn default(&self, object: &mut Value) {
        if let Some(labels) = at(object, &["spec", "template", "metadata", "labels"]).filter(|labels| !is_zero(labels)).cloned() {
            for (parent, key) in [("spec", "selector"), ("metadata", "labels")] {
                if let Some(parent) = object_mut(object, parent)
                    && parent.get(key).is_none_or(is_zero)
                {
                    set(parent, key, labels.clone());
                }
            }
        }
        if let Some(spec) = object_mut(object, "spec") {
            set_default(spec, "replicas", 1);
        }
        workload::default_template(object, TEMPLATE);
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        clear_status(object);
        start_generation(object);
        workload::drop_disabled_template_fields(object, None, TEMPLATE);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let (mut errors, declared) = validate_spec(object, None);
        declarative::name(&mut errors, object);
        errors.extend(declared);
        errors
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        workload::name_warning(object).into_iter().chain(workload::template_warnings(object, None)).collect()
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource != "status" {
            workload::drop_disabled_template_fields(new, Some(old), TEMPLATE);
            bump_generation_on_spec(new, old);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            return validate_status(new);
        }
        let (mut errors, declared) = validate_spec(new, Some(old));
        errors.extend(declared);
        errors
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        if cx.subresource == "status" || number(new, &["metadata", "generation"]) == number(old, &["metadata", "generation"]) {
            return Vec::new();
        }
        workload::template_warnings(old, Some(new))
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        static FIELDS: &[SelectableField] =
            &[SelectableField::new("status.replicas", |object| Cow::Owned(number(object, &["status", "replicas"]).to_string()))];
        FIELDS
    }

    fn complete_zero(&self, object: &mut Value) {
        set_default(&mut object["spec"], "replicas", 0);
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let [names, images] = workload::container_cells(at(object, TEMPLATE));
        Row::of(vec![
            table::name(object),
            number(object, &["spec", "replicas"]).into(),
            number(object, &["status", "replicas"]).into(),
            number(object, &["status", "readyReplicas"]).into(),
            table::age(object, now_millis),
            names,
            images,
            table::labels(at(object, &["spec", "selector"])).into(),
        ])
    }
}

/// What is wrong with the spec, and what upstream declares on the type and so tells last.
fn validate_spec(object: &Value, old: Option<&Value>) -> (ErrorList, ErrorList) {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let mut errors = ErrorList::new();
    if entries(spec, "selector").next().is_none() {
        errors.push(Error::required(&path.child("selector"), ""));
    }
    errors.extend(validate_template(spec, old, &path.child("template")));
    let mut declared = ErrorList::new();
    if !has(spec, "replicas") {
        declared.push(Error::required(&path.child("replicas"), ""));
    }
    declared.extend(workload::validate_counts(spec, &["replicas", "minReadySeconds"], &path));
    (errors, declared)
}

fn validate_template(spec: &Value, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let Some(template) = crate::value::field(spec, "template") else { return vec![Error::required(path, "")] };
    let labels = at(template, &["metadata", "labels"]);
    let matches = entries(spec, "selector").all(|(key, value)| labels.and_then(|l| l.get(key)) == Some(value));
    let mut errors: ErrorList = workload::selector_mismatch(template, matches, path).into_iter().collect();
    let options = Options::for_template(template, old.and_then(|old| at(old, TEMPLATE)));
    errors.extend(pod_template::validate(template, path, &options));
    errors.extend(workload::validate_endless(template, path, "ReplicationController"));
    errors
}

fn validate_status(object: &Value) -> ErrorList {
    const COUNTS: &[&str] = &["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"];
    let (status, path) = (object.get("status").unwrap_or(&Value::Null), Path::new("status"));
    let mut errors = workload::validate_counts(status, COUNTS, &path);
    let bounded = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
    errors.extend(workload::validate_replica_bounds(status, &bounded, "readyReplicas", &path));
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Desired",
        "integer",
        "",
        0,
        "Replicas is the number of desired replicas. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller",
    ),
    Column::new(
        "Current",
        "integer",
        "",
        0,
        "Replicas is the most recently observed number of replicas. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller#what-is-a-replicationcontroller",
    ),
    Column::new("Ready", "integer", "", 0, "The number of ready replicas for this replication controller."),
    table::AGE,
    workload::CONTAINERS,
    workload::IMAGES,
    Column::new(
        "Selector",
        "string",
        "",
        1,
        "Selector is a label query over pods that should match the Replicas count. If Selector is empty, it is defaulted to the labels present on the Pod template. Label keys and values that must match in order to be controlled by this replication controller, if empty defaulted to labels on Pod template. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn selector_and_labels_come_from_the_template() {
        let mut object = json!({"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}});
        ReplicationController.default(&mut object);
        assert_eq!((&object["spec"]["selector"], &object["metadata"]["labels"]), (&json!({"a": "b"}), &json!({"a": "b"})));
        assert_eq!(object["spec"]["replicas"], 1);
    }

    #[test]
    fn a_template_and_a_selector_are_needed() {
        assert_eq!(
            texts(&ReplicationController.validate(&Context::example(), &json!({"spec": {"replicas": 1}}))),
            ["spec.selector: Required value", "spec.template: Required value"]
        );
    }
}
