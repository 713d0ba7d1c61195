//! ReplicaSet: a selector, a template, a number of pods.

use crate::{
    Column, Context, Row, Strategy, Traits, label_selector, table,
    update::{bump_generation_on_spec, clear_status, keep_other_side, start_generation},
    value::{at, object_mut, set_default},
    workload::{self, number},
};
use minkapi_schema::field::{ErrorList, Path};
use serde_json::Value;

const TEMPLATE: &[&str] = &["spec", "template"];

/// The strategy of ReplicaSet.
#[derive(Debug)]
pub struct ReplicaSet;

impl Strategy for ReplicaSet {
    fn traits(&self) -> Traits {
        Traits::WITH_STATUS
    }

    fn default(&self, object: &mut Value) {
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
        validate_spec(object, None)
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
        let spec = Path::new("spec");
        let mut errors = validate_spec(new, Some(old));
        let selector = |object| at(object, &["spec", "selector"]);
        errors.extend(label_selector::immutable(selector(new), selector(old), &spec.child("selector")));
        errors
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        if cx.subresource == "status" || number(new, &["metadata", "generation"]) == number(old, &["metadata", "generation"]) {
            return Vec::new();
        }
        workload::template_warnings(new, Some(old))
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
            label_selector::format(at(object, &["spec", "selector"])).into(),
        ])
    }
}

fn validate_spec(object: &Value, old: Option<&Value>) -> ErrorList {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let mut errors = workload::validate_counts(spec, &["replicas", "minReadySeconds"], &path);
    errors.extend(workload::validate_selector(spec, &path, "deployment"));
    errors.extend(workload::validate_replicated_template(spec, old.and_then(|old| old.get("spec")), &path));
    errors
}

fn validate_status(object: &Value) -> ErrorList {
    const COUNTS: &[&str] =
        &["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration", "terminatingReplicas"];
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
        "Replicas is the number of desired pods. This is a pointer to distinguish between explicit zero and unspecified. Defaults to 1. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
    ),
    Column::new(
        "Current",
        "integer",
        "",
        0,
        "Replicas is the most recently observed number of non-terminating pods. More info: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset",
    ),
    Column::new("Ready", "integer", "", 0, "The number of non-terminating pods targeted by this ReplicaSet with a Ready Condition."),
    table::AGE,
    workload::CONTAINERS,
    workload::IMAGES,
    Column::new(
        "Selector",
        "string",
        "",
        1,
        "Selector is a label query over pods that should match the replica count. Label keys and values that must match in order to be controlled by this replica set. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn one_pod_is_the_default() {
        let mut object = json!({});
        ReplicaSet.default(&mut object);
        assert_eq!(object, json!({"spec": {"replicas": 1}}));
    }

    #[test]
    fn the_spec_counts_generations_and_the_status_does_not() {
        let old = json!({"metadata": {"generation": 3}, "spec": {"replicas": 1}, "status": {"replicas": 0}});
        let mut new = json!({"metadata": {"generation": 3}, "spec": {"replicas": 2}, "status": {"replicas": 5}});
        ReplicaSet.prepare_for_update(&Context::example(), &mut new, &old);
        assert_eq!(new, json!({"metadata": {"generation": 4}, "spec": {"replicas": 2}, "status": {"replicas": 0}}));
    }

    #[test]
    fn a_status_counts_no_more_than_its_replicas() {
        let new = json!({"status": {"replicas": 1, "readyReplicas": 2}});
        let cx = Context { subresource: "status", ..Context::example() };
        assert_eq!(
            texts(&ReplicaSet.validate_update(&cx, &new, &json!({}))),
            ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"]
        );
    }
}
