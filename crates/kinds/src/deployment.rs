//! Deployment: rolling updates, and a generation that counts annotations too.

use crate::{
    Column, Context, Row, Strategy, Traits,
    go_struct::{self, GoField, GoType},
    label_selector,
    object_meta::non_negative,
    rolling_update::{amount, validate_int_or_percent, validate_not_more_than_100_percent},
    table,
    update::{clear_status, keep_other_side, next_generation, same, start_generation},
    value::{at, int, object_mut, set_default, set_default_nonzero, text},
    workload::{self, number},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};

const TEMPLATE: &[&str] = &["spec", "template"];

/// The strategy of Deployment.
#[derive(Debug)]
pub struct Deployment;

impl Strategy for Deployment {
    fn traits(&self) -> Traits {
        Traits { reset_fields: &[("", &[&["status"]]), ("status", &[&["spec"], &["metadata", "labels"]])], ..Traits::DEFAULT }
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = object_mut(object, "spec") else { return };
        set_default(spec, "replicas", 1);
        set_default(spec, "revisionHistoryLimit", 10);
        set_default(spec, "progressDeadlineSeconds", 600);
        if let Some(strategy) = object_mut(spec, "strategy") {
            set_default_nonzero(strategy, "type", "RollingUpdate");
            if text(strategy, "type") == "RollingUpdate"
                && let Some(rolling) = object_mut(strategy, "rollingUpdate")
            {
                set_default(rolling, "maxUnavailable", "25%");
                set_default(rolling, "maxSurge", "25%");
            }
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
        if cx.subresource == "status" {
            return;
        }
        workload::drop_disabled_template_fields(new, Some(old), TEMPLATE);
        // C-04-30: annotations are copied to replica sets, so that they are part of the desired state.
        let annotations = |object| at(object, &["metadata", "annotations"]);
        if !same(new.get("spec"), old.get("spec")) || !same(annotations(new), annotations(old)) {
            next_generation(new, old);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            return validate_status(new, old);
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
        let selector = match label_selector::format(at(object, &["spec", "selector"])) {
            none if none == table::NONE => String::new(),
            error if error == "<error>" => "<invalid>".to_owned(),
            selector => selector,
        };
        let ready = format!("{}/{}", number(object, &["status", "readyReplicas"]), number(object, &["spec", "replicas"]));
        Row::of(vec![
            table::name(object),
            ready.into(),
            number(object, &["status", "updatedReplicas"]).into(),
            number(object, &["status", "availableReplicas"]).into(),
            table::age(object, now_millis),
            names,
            images,
            selector.into(),
        ])
    }
}

fn validate_spec(object: &Value, old: Option<&Value>) -> ErrorList {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let mut errors = workload::validate_counts(spec, &["replicas"], &path);
    errors.extend(workload::validate_selector(spec, &path, "deployment"));
    errors.extend(workload::validate_replicated_template(spec, old.and_then(|old| old.get("spec")), &path));
    errors.extend(validate_strategy(spec.get("strategy").unwrap_or(&Value::Null), &path.child("strategy")));
    errors.extend(workload::validate_counts(spec, &["minReadySeconds", "revisionHistoryLimit"], &path));
    if let Some(deadline) = int(spec, "progressDeadlineSeconds") {
        let path = path.child("progressDeadlineSeconds");
        errors.extend(non_negative(deadline, &path));
        if deadline <= int(spec, "minReadySeconds").unwrap_or_default() {
            errors.push(Error::invalid(&path, deadline, "must be greater than minReadySeconds"));
        }
    }
    errors
}

const STRATEGY: &[GoField] = &[
    go_struct::text("Type", "type"),
    go_struct::field(
        "RollingUpdate",
        "rollingUpdate",
        GoType::Pointer(&[go_struct::number("MaxUnavailable", "maxUnavailable"), go_struct::number("MaxSurge", "maxSurge")]),
    ),
];

fn validate_strategy(strategy: &Value, path: &Path<'_>) -> ErrorList {
    let rolling_path = path.child("rollingUpdate");
    match (text(strategy, "type"), crate::value::field(strategy, "rollingUpdate")) {
        ("Recreate", None) => ErrorList::new(),
        ("Recreate", Some(_)) => {
            vec![Error::forbidden(&rolling_path, "may not be specified when strategy `type` is 'Recreate'")]
        }
        ("RollingUpdate", None) => vec![Error::required(&rolling_path, "this should be defaulted and never be nil")],
        ("RollingUpdate", Some(rolling)) => validate_rolling_update(rolling, &rolling_path),
        _ => {
            let mut error = Error::not_supported(path, "", &["Recreate", "RollingUpdate"]);
            error.bad_value = Some(go_struct::compact(strategy, STRATEGY));
            vec![error]
        }
    }
}

fn validate_rolling_update(rolling: &Value, path: &Path<'_>) -> ErrorList {
    let (unavailable, surge) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
    let mut errors = validate_int_or_percent(unavailable, &path.child("maxUnavailable"));
    errors.extend(validate_int_or_percent(surge, &path.child("maxSurge")));
    if amount(unavailable) == 0 && amount(surge) == 0 {
        let value = unavailable.cloned().unwrap_or_else(|| json!(0));
        errors.push(Error::invalid(&path.child("maxUnavailable"), value, "may not be 0 when `maxSurge` is 0"));
    }
    errors.extend(validate_not_more_than_100_percent(unavailable, &path.child("maxUnavailable")));
    errors
}

fn validate_status(new: &Value, old: &Value) -> ErrorList {
    const COUNTS: &[&str] = &[
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount",
    ];
    let (status, path) = (new.get("status").unwrap_or(&Value::Null), Path::new("status"));
    let mut errors = workload::validate_counts(status, COUNTS, &path);
    let bounded = ["updatedReplicas", "readyReplicas", "availableReplicas"];
    errors.extend(workload::validate_replica_bounds(status, &bounded, "readyReplicas", &path));
    errors.extend(workload::decremented_collision_count(new, old));
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Ready", "string", "", 0, "Number of the pod with ready state"),
    Column::new(
        "Up-to-date",
        "string",
        "",
        0,
        "Total number of non-terminating pods targeted by this deployment that have the desired template spec.",
    ),
    Column::new(
        "Available",
        "string",
        "",
        0,
        "Total number of available non-terminating pods (ready for at least minReadySeconds) targeted by this deployment.",
    ),
    table::AGE,
    workload::CONTAINERS,
    workload::IMAGES,
    Column::new(
        "Selector",
        "string",
        "",
        1,
        "Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected by this deployment. It must match the pod template's labels.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn deployment() -> Value {
        let mut object = json!({
            "metadata": {"name": "web", "generation": 1, "annotations": {}},
            "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"restartPolicy": "Always", "containers": [
                    {"name": "a", "image": "x"}]}},
            },
        });
        Deployment.default(&mut object);
        object
    }

    #[test]
    fn defaults_roll_a_quarter_at_a_time() {
        let object = deployment();
        assert_eq!(
            object["spec"]["strategy"],
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}})
        );
        assert_eq!((&object["spec"]["replicas"], &object["spec"]["progressDeadlineSeconds"]), (&json!(1), &json!(600)));
    }

    #[test]
    fn annotations_count_as_desired_state() {
        let old = deployment();
        let mut new = old.clone();
        Deployment.prepare_for_update(&Context::example(), &mut new, &old);
        assert_eq!(new["metadata"]["generation"], 1);
        new["metadata"]["annotations"]["a"] = json!("b");
        Deployment.prepare_for_update(&Context::example(), &mut new, &old);
        assert_eq!(new["metadata"]["generation"], 2);
    }

    #[test]
    fn a_status_write_keeps_spec_and_labels() {
        let old = deployment();
        let mut new = old.clone();
        new["spec"]["replicas"] = json!(9);
        new["metadata"]["labels"] = json!({"a": "b"});
        new["status"] = json!({"replicas": 1});
        Deployment.prepare_for_update(&Context { subresource: "status", ..Context::example() }, &mut new, &old);
        assert_eq!((&new["spec"], new["metadata"].get("labels"), &new["status"]), (&old["spec"], None, &json!({"replicas": 1})));
    }

    #[test]
    fn the_template_must_carry_the_selected_labels() {
        let mut object = deployment();
        object["spec"]["template"]["metadata"]["labels"] = json!({"app": "other"});
        assert_eq!(
            texts(&Deployment.validate(&Context::example(), &object)),
            [r#"spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`"#]
        );
    }

    #[test]
    fn an_unknown_strategy_is_shown_as_go_has_it() {
        let mut object = deployment();
        object["spec"]["strategy"] = json!({"type": "Blue"});
        assert_eq!(
            texts(&Deployment.validate(&Context::example(), &object)),
            [r#"spec.strategy: Unsupported value: {"Type":"Blue","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate""#]
        );
    }

    #[test]
    fn progress_takes_longer_than_readiness() {
        let mut object = deployment();
        object["spec"]["minReadySeconds"] = json!(600);
        assert_eq!(
            texts(&Deployment.validate(&Context::example(), &object)),
            ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"]
        );
    }
}
