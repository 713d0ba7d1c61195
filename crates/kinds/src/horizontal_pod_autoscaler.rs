//! HorizontalPodAutoscaler: rules and cells of `autoscaling/v2`, in which it is stored. The older version is converted.

use crate::{
    Column, Context, Row, Strategy, Traits, horizontal_pod_autoscaler_metrics as metrics, horizontal_pod_autoscaler_v1 as v1,
    object_meta::non_negative,
    resource_quantity, table,
    update::{bump_generation_on_spec, clear_status, keep_other_side, start_generation},
    value::{at, field, field_mut, int, items, object_mut, set, set_default, text, text_if_set},
    workload::{number, validate_counts},
};
use minkapi_object::Status;
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names,
};
use serde_json::{Value, json};
use std::borrow::Cow;

const STABILIZATION_MAX: i64 = 3600;
const PERIOD_MAX: i64 = 1800;

/// The strategy of HorizontalPodAutoscaler.
#[derive(Debug)]
pub struct HorizontalPodAutoscaler;

impl Strategy for HorizontalPodAutoscaler {
    fn traits(&self) -> Traits {
        Traits::WITH_STATUS
    }

    fn default(&self, object: &mut Value) {
        let older = is_v1(object);
        let Some(spec) = object_mut(object, "spec") else { return };
        set_default(spec, "minReplicas", 1);
        if older {
            return;
        }
        if items(spec, "metrics").is_empty() {
            set(spec, "metrics", json!([metrics::default_cpu()]));
        }
        if let Some(behavior) = field_mut(spec, "behavior") {
            default_rules(
                behavior,
                "scaleUp",
                &json!({"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
                {"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]}),
            );
            default_rules(
                behavior,
                "scaleDown",
                &json!({"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}),
            );
        }
        if let Some(annotations) = field_mut(object, "metadata").and_then(|meta| field_mut(meta, "annotations")) {
            v1::drop_annotations(annotations);
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        as_v2(object, |object| {
            clear_status(object);
            start_generation(object);
        });
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        validate_spec(&in_v2(object), None)
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        let old = in_v2(old);
        as_v2(new, |new| {
            keep_other_side(self.traits(), cx.subresource, new, &old);
            if cx.subresource != "status" {
                bump_generation_on_spec(new, &old);
            }
        });
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let new = in_v2(new);
        if cx.subresource == "status" { validate_status(&new) } else { validate_spec(&new, Some(&in_v2(old))) }
    }

    fn to_storage(&self, api_version: &str, object: Value) -> Result<Value, Status> {
        Ok(if api_version == v1::API_VERSION { v1::to_v2(object) } else { object })
    }

    fn from_storage(&self, api_version: &str, object: Value) -> Result<Value, Status> {
        Ok(if api_version == v1::API_VERSION { v1::from_v2(object) } else { object })
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let object = in_v2(object);
        let target = at(&object, &["spec", "scaleTargetRef"]).unwrap_or(&Value::Null);
        let reference = format!("{}/{}", text(target, "kind"), text(target, "name"));
        let min = at(&object, &["spec", "minReplicas"]).map_or_else(|| table::UNSET.to_owned(), ToString::to_string);
        Row::of(vec![
            table::name(&object),
            reference.into(),
            metrics::cell(&object).into(),
            min.into(),
            number(&object, &["spec", "maxReplicas"]).into(),
            number(&object, &["status", "currentReplicas"]).into(),
            table::age(&object, now_millis),
        ])
    }
}

fn is_v1(object: &Value) -> bool {
    text(object, "apiVersion") == v1::API_VERSION
}

fn in_v2(object: &Value) -> Cow<'_, Value> {
    if is_v1(object) { Cow::Owned(v1::to_v2(object.clone())) } else { Cow::Borrowed(object) }
}

fn as_v2(object: &mut Value, change: impl FnOnce(&mut Value)) {
    if is_v1(object) {
        let mut converted = v1::to_v2(object.take());
        change(&mut converted);
        *object = v1::from_v2(converted);
    } else {
        change(object);
    }
}

fn default_rules(behavior: &mut Value, key: &str, defaults: &Value) {
    let Some(rules) = object_mut(behavior, key) else { return };
    for (key, default) in defaults.as_object().into_iter().flatten() {
        set_default(rules, key, default.clone());
    }
}

fn validate_spec(object: &Value, old: Option<&Value>) -> ErrorList {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let max_path = path.child("maxReplicas");
    let (min, max) = (int(spec, "minReplicas"), int(spec, "maxReplicas").unwrap_or_default());
    let mut errors = ErrorList::new();
    if min.is_some_and(|min| max < min) {
        errors.push(Error::invalid(&max_path, max, "must be greater than or equal to `minReplicas`"));
    }
    let target = field(spec, "scaleTargetRef").unwrap_or(&Value::Null);
    errors.extend(validate_reference(target, group_rule(target, old), &path.child("scaleTargetRef")));
    errors.extend(metrics::validate(spec, old.and_then(|old| old.get("spec")), &path.child("metrics")));
    if let Some(behavior) = field(spec, "behavior") {
        let path = path.child("behavior");
        for key in ["scaleUp", "scaleDown"] {
            errors.extend(field(behavior, key).map_or_else(ErrorList::new, |rules| validate_rules(rules, &path.child(key))));
        }
    }
    // Upstream declares these on the type and so tells them last.
    errors.extend(min.and_then(|min| non_negative(min, &path.child("minReplicas"))));
    match max {
        0 => errors.push(Error::required(&max_path, "")),
        max if max < 0 => errors.push(Error::invalid(&max_path, max, "must be greater than or equal to 1")),
        _ => {}
    }
    errors
}

/// What an `apiVersion` that refers to another object must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupRule {
    /// It must name a group.
    Needed,
    /// It may be of the core group.
    Optional,
    /// It is stored already, whatever it is.
    Any,
}

fn group_rule(target: &Value, old: Option<&Value>) -> GroupRule {
    let stored = old.and_then(|old| at(old, &["spec", "scaleTargetRef"]));
    if stored.is_some_and(|stored| ["apiVersion", "kind"].iter().all(|key| text(stored, key) == text(target, key))) {
        GroupRule::Any
    } else if text(target, "kind") == "ReplicationController" {
        GroupRule::Optional
    } else {
        GroupRule::Needed
    }
}

/// Everything wrong with a CrossVersionObjectReference.
pub fn validate_reference(reference: &Value, rule: GroupRule, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for key in ["kind", "name"] {
        let (value, path) = (text(reference, key), path.child(key));
        if value.is_empty() {
            errors.push(Error::required(&path, ""));
        }
        errors.extend(names::is_valid_path_segment_name(value).into_iter().map(|m| Error::invalid(&path, value, m)));
    }
    let version = text(reference, "apiVersion");
    if let Some(why) = api_version_error(version, rule) {
        errors.push(Error::invalid(&path.child("apiVersion"), version, why));
    }
    errors
}

/// What is wrong with the `apiVersion` of a reference.
pub fn api_version_error(version: &str, rule: GroupRule) -> Option<String> {
    match version.matches('/').count() {
        _ if rule == GroupRule::Any => None,
        0 => (rule == GroupRule::Needed).then(|| "apiVersion must specify API group".to_owned()),
        1 => (rule == GroupRule::Needed && version.starts_with('/')).then(|| "apiVersion must specify API group".to_owned()),
        _ => Some(format!("unexpected GroupVersion string: {version}")),
    }
}

fn validate_rules(rules: &Value, path: &Path<'_>) -> ErrorList {
    const SELECT_POLICIES: &[&str] = &["Disabled", "Max", "Min"];
    let mut errors = ErrorList::new();
    let window_path = path.child("stabilizationWindowSeconds");
    match int(rules, "stabilizationWindowSeconds") {
        Some(n) if n < 0 => errors.push(Error::invalid(&window_path, n, "must be greater than or equal to zero")),
        Some(n) if n > STABILIZATION_MAX => {
            errors.push(Error::invalid(&window_path, n, format!("must be less than or equal to {STABILIZATION_MAX}")));
        }
        _ => {}
    }
    if let Some(policy) = text_if_set(rules, "selectPolicy").filter(|policy| !SELECT_POLICIES.contains(policy)) {
        errors.push(Error::not_supported(&path.child("selectPolicy"), policy, SELECT_POLICIES));
    }
    let policies_path = path.child("policies");
    let policies = items(rules, "policies");
    if policies.is_empty() {
        errors.push(Error::required(&policies_path, "must specify at least one Policy"));
    }
    for (i, policy) in policies.iter().enumerate() {
        errors.extend(validate_policy(policy, &policies_path.index(i)));
    }
    if let Some(tolerance) = field(rules, "tolerance") {
        errors.extend(resource_quantity::non_negative(tolerance, &path.child("tolerance")));
    }
    errors
}

fn validate_policy(policy: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let kind = text(policy, "type");
    if !matches!(kind, "Pods" | "Percent") {
        errors.push(Error::not_supported(&path.child("type"), kind, &["Percent", "Pods"]));
    }
    for key in ["value", "periodSeconds"] {
        let n = int(policy, key).unwrap_or_default();
        if n <= 0 {
            errors.push(Error::invalid(&path.child(key), n, "must be greater than zero"));
        }
    }
    if let Some(n) = int(policy, "periodSeconds").filter(|n| *n > PERIOD_MAX) {
        errors.push(Error::invalid(&path.child("periodSeconds"), n, format!("must be less than or equal to {PERIOD_MAX}")));
    }
    errors
}

fn validate_status(object: &Value) -> ErrorList {
    let (status, path) = (object.get("status").unwrap_or(&Value::Null), Path::new("status"));
    let mut errors = ErrorList::new();
    let conditions = path.child("conditions");
    for (i, condition) in items(status, "conditions").iter().enumerate() {
        errors.extend(validate_counts(condition, &["observedGeneration"], &conditions.index(i)));
    }
    errors.extend(validate_counts(status, &["currentReplicas", "desiredReplicas"], &path));
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Reference",
        "string",
        "",
        0,
        "scaleTargetRef points to the target resource to scale, and is used to the pods for which metrics should be collected, as well as to actually change the replica count.",
    ),
    Column::new(
        "Targets",
        "string",
        "",
        0,
        "metrics contains the specifications for which to use to calculate the desired replica count (the maximum replica count across all metrics will be used).  The desired replica count is calculated multiplying the ratio between the target value and the current value by the current number of pods.  Ergo, metrics used must decrease as the pod count is increased, and vice-versa.  See the individual metric source types for more information about how each type of metric must respond. If not set, the default metric will be set to 80% average CPU utilization.",
    ),
    Column::new(
        "MinPods",
        "string",
        "",
        0,
        "minReplicas is the lower limit for the number of replicas to which the autoscaler can scale down.  It defaults to 1 pod.  minReplicas is allowed to be 0 if the alpha feature gate HPAScaleToZero is enabled and at least one Object or External metric is configured.  Scaling is active as long as at least one metric value is available.",
    ),
    Column::new(
        "MaxPods",
        "string",
        "",
        0,
        "maxReplicas is the upper limit for the number of replicas to which the autoscaler can scale up. It cannot be less that minReplicas.",
    ),
    Column::new(
        "Replicas",
        "string",
        "",
        0,
        "currentReplicas is current number of replicas of pods managed by this autoscaler, as last seen by the autoscaler.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn autoscaler(spec: Value) -> Value {
        let mut object = json!({"apiVersion": "autoscaling/v2", "spec": spec});
        object["spec"]["scaleTargetRef"] = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
        HorizontalPodAutoscaler.default(&mut object);
        object
    }

    #[test]
    fn cpu_at_80_percent_is_the_default() {
        let object = autoscaler(json!({"maxReplicas": 5}));
        assert_eq!(
            object["spec"]["metrics"],
            json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}])
        );
        assert_eq!(object["spec"]["minReplicas"], 1);
    }

    #[test]
    fn a_behavior_is_completed_both_ways() {
        let object = autoscaler(json!({"maxReplicas": 5, "behavior": {"scaleDown": {"selectPolicy": "Disabled"}}}));
        let behavior = &object["spec"]["behavior"];
        assert_eq!(behavior["scaleDown"]["policies"], json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]));
        assert_eq!((&behavior["scaleDown"]["selectPolicy"], &behavior["scaleUp"]["selectPolicy"]), (&json!("Disabled"), &json!("Max")));
    }

    #[test]
    fn a_missing_maximum_is_told_last() {
        assert_eq!(
            texts(&HorizontalPodAutoscaler.validate(&Context::example(), &autoscaler(json!({})))),
            ["spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`", "spec.maxReplicas: Required value"]
        );
    }

    #[test]
    fn a_target_is_of_a_group() {
        let mut object = autoscaler(json!({"maxReplicas": 2}));
        object["spec"]["scaleTargetRef"]["apiVersion"] = json!("v1");
        assert_eq!(
            texts(&HorizontalPodAutoscaler.validate(&Context::example(), &object)),
            ["spec.scaleTargetRef.apiVersion: Invalid value: \"v1\": apiVersion must specify API group"]
        );
        object["spec"]["scaleTargetRef"]["kind"] = json!("ReplicationController");
        assert!(HorizontalPodAutoscaler.validate(&Context::example(), &object).is_empty());
    }

    #[test]
    fn the_older_version_keeps_its_status_on_update() {
        let old = v1::from_v2(
            json!({"metadata": {"generation": 1}, "spec": {"maxReplicas": 2}, "status": {"currentReplicas": 2, "conditions": [{"type": "A"}]}}),
        );
        let mut new = old.clone();
        new["spec"]["maxReplicas"] = json!(3);
        new["status"] = json!({"currentReplicas": 9});
        HorizontalPodAutoscaler.prepare_for_update(&Context::example(), &mut new, &old);
        assert_eq!((&new["metadata"]["generation"], &new["status"]["currentReplicas"]), (&json!(2), &json!(2)));
    }
}
