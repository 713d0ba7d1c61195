//! DaemonSet: the generation of its template is kept in an annotation.

use crate::{
    Column, Context, Row, Strategy, Traits,
    go_struct::{self, GoField, GoType},
    label_selector,
    pod_spec::Options,
    pod_template,
    rolling_update::{amount, validate_int_or_percent, validate_not_more_than_100_percent},
    table,
    update::{bump_generation_on_spec, clear_status, keep_other_side, same, start_generation},
    value::{at, field, object_mut, set, set_default, set_default_nonzero, text},
    workload::{self, number},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};

const TEMPLATE: &[&str] = &["spec", "template"];

/// Where apps/v1 shows the template's generation, a field of older versions.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// The strategy of DaemonSet.
#[derive(Debug)]
pub struct DaemonSet;

impl Strategy for DaemonSet {
    fn traits(&self) -> Traits {
        Traits { hidden_annotation: Some(TEMPLATE_GENERATION), ..Traits::WITH_STATUS }
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = object_mut(object, "spec") else { return };
        set_default(spec, "revisionHistoryLimit", 10);
        if let Some(strategy) = object_mut(spec, "updateStrategy") {
            set_default_nonzero(strategy, "type", "RollingUpdate");
            if text(strategy, "type") == "RollingUpdate"
                && let Some(rolling) = object_mut(strategy, "rollingUpdate")
            {
                set_default(rolling, "maxUnavailable", 1);
                set_default(rolling, "maxSurge", 0);
            }
        }
        workload::default_template(object, TEMPLATE);
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        clear_status(object);
        start_generation(object);
        let generation = template_generation(object).max(1);
        set_template_generation(object, generation);
        workload::drop_disabled_template_fields(object, None, TEMPLATE);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        validate_spec(object, None)
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        workload::template_warnings(object, None)
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource == "status" {
            set_template_generation(new, template_generation(old));
            return;
        }
        workload::drop_disabled_template_fields(new, Some(old), TEMPLATE);
        let changed = !same(at(new, TEMPLATE), at(old, TEMPLATE));
        set_template_generation(new, template_generation(old).saturating_add(i64::from(changed)));
        bump_generation_on_spec(new, old);
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            return validate_status(new, old);
        }
        let spec = Path::new("spec");
        let selector = |object| at(object, &["spec", "selector"]);
        let mut errors: ErrorList = label_selector::immutable(selector(new), selector(old), &spec.child("selector")).into_iter().collect();
        errors.extend(validate_spec(new, Some(old)));
        errors
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        if cx.subresource == "status" || template_generation(new) == template_generation(old) {
            return Vec::new();
        }
        workload::template_warnings(new, Some(old))
    }

    fn tracked(&self, _: &Context<'_>, object: &Value) -> Option<Value> {
        // The annotation is a field of the internal type, which is always converted back.
        let mut tracked = object.clone();
        set_template_generation(&mut tracked, template_generation(object));
        Some(tracked)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let [names, images] = workload::container_cells(at(object, TEMPLATE));
        let count = |key| Value::from(number(object, &["status", key]));
        Row::of(vec![
            table::name(object),
            count("desiredNumberScheduled"),
            count("currentNumberScheduled"),
            count("numberReady"),
            count("updatedNumberScheduled"),
            count("numberAvailable"),
            table::labels(at(object, &["spec", "template", "spec", "nodeSelector"])).into(),
            table::age(object, now_millis),
            names,
            images,
            label_selector::format(at(object, &["spec", "selector"])).into(),
        ])
    }
}

fn template_generation(object: &Value) -> i64 {
    let annotation = at(object, &["metadata", "annotations", TEMPLATE_GENERATION]).and_then(Value::as_str);
    annotation.and_then(|text| text.parse().ok()).unwrap_or_default()
}

fn set_template_generation(object: &mut Value, generation: i64) {
    if let Some(meta) = object_mut(object, "metadata")
        && let Some(annotations) = object_mut(meta, "annotations")
    {
        set(annotations, TEMPLATE_GENERATION, generation.to_string());
    }
}

fn validate_spec(object: &Value, old: Option<&Value>) -> ErrorList {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let selector = field(spec, "selector");
    let selector_path = path.child("selector");
    let mut errors = match old {
        Some(old) => label_selector::validate_update(selector, at(old, &["spec", "selector"]), &selector_path),
        None => label_selector::validate(selector, &selector_path),
    };
    let template = spec.get("template").unwrap_or(&Value::Null);
    let template_path = path.child("template");
    let matches = label_selector::matches(selector, at(template, &["metadata", "labels"])).unwrap_or(true);
    errors.extend(workload::selector_mismatch(template, matches, &template_path));
    errors.extend(selector.and_then(|selector| workload::empty_selector(selector, &selector_path, "daemonset")));
    let options = Options::for_template(template, old.and_then(|old| at(old, TEMPLATE)));
    errors.extend(pod_template::validate(template, &template_path, &options));
    errors.extend(workload::validate_endless(template, &template_path, "DaemonSet"));
    errors.extend(workload::validate_counts(spec, &["minReadySeconds"], &path));
    errors.extend(validate_update_strategy(spec.get("updateStrategy").unwrap_or(&Value::Null), &path.child("updateStrategy")));
    errors.extend(workload::validate_counts(spec, &["revisionHistoryLimit"], &path));
    errors
}

const UPDATE_STRATEGY: &[GoField] = &[
    go_struct::text("Type", "type"),
    go_struct::field(
        "RollingUpdate",
        "rollingUpdate",
        GoType::Pointer(&[go_struct::number("MaxUnavailable", "maxUnavailable"), go_struct::number("MaxSurge", "maxSurge")]),
    ),
];

fn validate_update_strategy(strategy: &Value, path: &Path<'_>) -> ErrorList {
    let rolling_path = path.child("rollingUpdate");
    match (text(strategy, "type"), field(strategy, "rollingUpdate")) {
        ("OnDelete", _) => ErrorList::new(),
        ("RollingUpdate", None) => vec![Error::required(&rolling_path, "")],
        ("RollingUpdate", Some(rolling)) => validate_rolling_update(rolling, &rolling_path),
        _ => {
            let mut error = Error::not_supported(path, "", &["RollingUpdate", "OnDelete"]);
            error.bad_value = Some(go_struct::compact(strategy, UPDATE_STRATEGY));
            vec![error]
        }
    }
}

fn validate_rolling_update(rolling: &Value, path: &Path<'_>) -> ErrorList {
    let fields = ["maxUnavailable", "maxSurge"].map(|key| (rolling.get(key), path.child(key)));
    let mut errors = ErrorList::new();
    fields.iter().for_each(|(value, path)| errors.extend(validate_int_or_percent(*value, path)));
    fields.iter().for_each(|(value, path)| errors.extend(validate_not_more_than_100_percent(*value, path)));
    let [(unavailable, unavailable_path), (surge, surge_path)] = &fields;
    match (amount(*unavailable) != 0, amount(*surge) != 0) {
        (true, true) => {
            let surge = surge.cloned().unwrap_or_else(|| json!(0));
            errors.push(Error::invalid(surge_path, surge, "may not be set when maxUnavailable is non-zero"));
        }
        (false, false) => errors.push(Error::required(unavailable_path, "cannot be 0 when maxSurge is 0")),
        _ => {}
    }
    errors
}

fn validate_status(new: &Value, old: &Value) -> ErrorList {
    const COUNTS: &[&str] = &[
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount",
    ];
    let mut errors = workload::validate_counts(new.get("status").unwrap_or(&Value::Null), COUNTS, &Path::new("status"));
    errors.extend(workload::decremented_collision_count(new, old));
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Desired",
        "integer",
        "",
        0,
        "The total number of nodes that should be running the daemon pod (including nodes correctly running the daemon pod). More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",
    ),
    Column::new(
        "Current",
        "integer",
        "",
        0,
        "The number of nodes that are running at least 1 daemon pod and are supposed to run the daemon pod. More info: https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/",
    ),
    Column::new(
        "Ready",
        "integer",
        "",
        0,
        "numberReady is the number of nodes that should be running the daemon pod and have one or more of the daemon pod running with a Ready Condition.",
    ),
    Column::new("Up-to-date", "integer", "", 0, "The total number of nodes that are running updated daemon pod"),
    Column::new(
        "Available",
        "integer",
        "",
        0,
        "The number of nodes that should be running the daemon pod and have one or more of the daemon pod running and available (ready for at least spec.minReadySeconds)",
    ),
    Column::new(
        "Node Selector",
        "string",
        "",
        0,
        "NodeSelector is a selector which must be true for the pod to fit on a node. Selector which must match a node's labels for the pod to be scheduled on that node. More info: https://kubernetes.io/docs/concepts/configuration/assign-pod-node/",
    ),
    table::AGE,
    workload::CONTAINERS,
    workload::IMAGES,
    Column::new(
        "Selector",
        "string",
        "",
        1,
        "A label query over pods that are managed by the daemon set. Must match in order to be controlled. It must match the pod template's labels. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn daemon_set() -> Value {
        let mut object = json!({
            "metadata": {"name": "agent"},
            "spec": {
                "selector": {"matchLabels": {"app": "agent"}},
                "template": {"metadata": {"labels": {"app": "agent"}}, "spec": {"containers": [{"name": "a", "image": "x"}]}},
            },
        });
        DaemonSet.default(&mut object);
        DaemonSet.prepare_for_create(&Context::example(), &mut object);
        object
    }

    #[test]
    fn a_changed_template_gets_the_next_generation_in_its_annotation() {
        let old = daemon_set();
        assert_eq!(old["metadata"]["annotations"][TEMPLATE_GENERATION], "1");
        let mut new = old.clone();
        new["metadata"]["annotations"] = json!({});
        new["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
        DaemonSet.prepare_for_update(&Context::example(), &mut new, &old);
        assert_eq!(new["metadata"]["annotations"][TEMPLATE_GENERATION], "2");
        assert_eq!(new["metadata"]["generation"], 2);
    }

    #[test]
    fn without_a_selector_only_the_labels_are_wrong() {
        let mut object = daemon_set();
        object["spec"]["selector"] = Value::Null;
        assert_eq!(
            texts(&DaemonSet.validate(&Context::example(), &object)),
            [r#"spec.template.metadata.labels: Invalid value: {"app":"agent"}: `selector` does not match template `labels`"#]
        );
    }

    #[test]
    fn pods_surge_or_are_unavailable() {
        let check = |unavailable, surge| {
            texts(&validate_rolling_update(&json!({"maxUnavailable": unavailable, "maxSurge": surge}), &Path::new("r")))
        };
        assert_eq!(check(1, 1), ["r.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"]);
        assert_eq!(check(0, 0), ["r.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"]);
        assert!(check(0, 1).is_empty());
    }
}
