//! `autoscaling/v1` autoscalers in terms of stored ones: what that version has no fields for stands in annotations.

use crate::{
    go_struct::{self, GoField, GoType},
    horizontal_pod_autoscaler_metrics::{SOURCES, default_cpu},
    label_selector,
    value::{at, field, has, int, is_zero, items, object_mut, set, set_default, text, unset},
};
use serde_json::{Map, Value, json};

/// The older version.
pub const API_VERSION: &str = "autoscaling/v1";
const STORED_VERSION: &str = "autoscaling/v2";

const METRICS: &str = "autoscaling.alpha.kubernetes.io/metrics";
const CURRENT_METRICS: &str = "autoscaling.alpha.kubernetes.io/current-metrics";
const BEHAVIOR: &str = "autoscaling.alpha.kubernetes.io/behavior";
const CONDITIONS: &str = "autoscaling.alpha.kubernetes.io/conditions";
const ANNOTATIONS: [&str; 6] = [
    METRICS,
    CURRENT_METRICS,
    BEHAVIOR,
    CONDITIONS,
    "autoscaling.alpha.kubernetes.io/scale-down-tolerance",
    "autoscaling.alpha.kubernetes.io/scale-up-tolerance",
];

/// A field of a metric in the older version, in the order of its struct, and where it stands in the newer one.
type FieldMap = &'static [(&'static str, &'static [&'static str])];

/// Fields of each source: of the spec, and of the status.
fn fields(source: &str) -> (FieldMap, FieldMap) {
    match source {
        "object" => (
            &[
                ("target", &["describedObject"]),
                ("metricName", &["metric", "name"]),
                ("targetValue", &["target", "value"]),
                ("selector", &["metric", "selector"]),
                ("averageValue", &["target", "averageValue"]),
            ],
            &[
                ("target", &["describedObject"]),
                ("metricName", &["metric", "name"]),
                ("currentValue", &["current", "value"]),
                ("selector", &["metric", "selector"]),
                ("averageValue", &["current", "averageValue"]),
            ],
        ),
        "pods" => (
            &[
                ("metricName", &["metric", "name"]),
                ("targetAverageValue", &["target", "averageValue"]),
                ("selector", &["metric", "selector"]),
            ],
            &[
                ("metricName", &["metric", "name"]),
                ("currentAverageValue", &["current", "averageValue"]),
                ("selector", &["metric", "selector"]),
            ],
        ),
        "resource" => (
            &[
                ("name", &["name"]),
                ("targetAverageUtilization", &["target", "averageUtilization"]),
                ("targetAverageValue", &["target", "averageValue"]),
            ],
            &[
                ("name", &["name"]),
                ("currentAverageUtilization", &["current", "averageUtilization"]),
                ("currentAverageValue", &["current", "averageValue"]),
            ],
        ),
        "containerResource" => (
            &[
                ("name", &["name"]),
                ("targetAverageUtilization", &["target", "averageUtilization"]),
                ("targetAverageValue", &["target", "averageValue"]),
                ("container", &["container"]),
            ],
            &[
                ("name", &["name"]),
                ("currentAverageUtilization", &["current", "averageUtilization"]),
                ("currentAverageValue", &["current", "averageValue"]),
                ("container", &["container"]),
            ],
        ),
        _ => (
            &[
                ("metricName", &["metric", "name"]),
                ("metricSelector", &["metric", "selector"]),
                ("targetValue", &["target", "value"]),
                ("targetAverageValue", &["target", "averageValue"]),
            ],
            &[
                ("metricName", &["metric", "name"]),
                ("metricSelector", &["metric", "selector"]),
                ("currentValue", &["current", "value"]),
                ("currentAverageValue", &["current", "averageValue"]),
            ],
        ),
    }
}

/// Fields that the older version always writes, as a zero quantity if need be.
fn always_written(source: &str, key: &str) -> bool {
    matches!(
        (source, key),
        ("object", "targetValue" | "currentValue")
            | ("pods", "targetAverageValue" | "currentAverageValue")
            | ("resource" | "containerResource", "currentAverageValue")
            | ("external", "currentValue")
    )
}

/// Takes away the annotations that only the older version has.
pub fn drop_annotations(annotations: &mut Value) {
    ANNOTATIONS.iter().for_each(|key| unset(annotations, key));
}

/// The autoscaler in the stored version. Annotations that cannot be read are dropped.
pub fn to_v2(mut object: Value) -> Value {
    set(&mut object, "apiVersion", STORED_VERSION);
    let annotation = |key: &str| {
        let text = at(&object, &["metadata", "annotations", key])?.as_str()?;
        serde_json::from_str::<Value>(text).ok()
    };
    let list = |key: &str| annotation(key).and_then(|v| v.as_array().cloned());
    let (others, current, conditions) = (list(METRICS), list(CURRENT_METRICS), list(CONDITIONS));
    let behavior = annotation(BEHAVIOR).map(with_json_names);
    if let Some(annotations) = crate::value::at_mut(&mut object, &["metadata", "annotations"]) {
        drop_annotations(annotations);
    }
    if let Some(spec) = object_mut(&mut object, "spec") {
        let mut metrics: Vec<Value> = others.unwrap_or_default().iter().map(|metric| metric_to_v2(metric, false)).collect();
        if let Some(percent) = int(spec, "targetCPUUtilizationPercentage") {
            metrics.push(cpu_metric(percent));
        }
        if metrics.is_empty() {
            metrics.push(default_cpu());
        }
        unset(spec, "targetCPUUtilizationPercentage");
        set(spec, "metrics", metrics);
        if let Some(behavior) = behavior.filter(|b| !is_zero(b)) {
            set(spec, "behavior", behavior);
        }
    }
    if let Some(status) = object_mut(&mut object, "status") {
        let percent = int(status, "currentCPUUtilizationPercentage");
        unset(status, "currentCPUUtilizationPercentage");
        let cpu = percent.map(|n| vec![json!({"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": n}}})]);
        let current = current.map(|list| list.iter().map(|metric| metric_to_v2(metric, true)).collect());
        if let Some(metrics) = current.or(cpu) {
            set(status, "currentMetrics", metrics);
        }
        if let Some(conditions) = conditions {
            set(status, "conditions", conditions);
        }
    }
    object
}

/// A stored autoscaler in the older version.
pub fn from_v2(mut object: Value) -> Value {
    set(&mut object, "apiVersion", API_VERSION);
    let spec = object.get("spec").cloned().unwrap_or_default();
    let status = object.get("status").cloned().unwrap_or_default();
    let mut annotations: Vec<(&str, String)> = Vec::new();
    let others: Vec<String> =
        items(&spec, "metrics").iter().filter(|m| cpu_percentage(m).is_none()).map(|m| metric_text(m, false)).collect();
    if !others.is_empty() {
        annotations.push((METRICS, format!("[{}]", others.join(","))));
    }
    let current: Vec<String> = items(&status, "currentMetrics").iter().map(|m| metric_text(m, true)).collect();
    if !current.is_empty() {
        annotations.push((CURRENT_METRICS, format!("[{}]", current.join(","))));
    }
    if let Some(behavior) = field(&spec, "behavior") {
        annotations.push((BEHAVIOR, go_struct::compact(behavior, BEHAVIOR_FIELDS)));
    }
    let conditions: Vec<String> = items(&status, "conditions").iter().map(condition_text).collect();
    if !conditions.is_empty() {
        annotations.push((CONDITIONS, format!("[{}]", conditions.join(","))));
    }
    if !annotations.is_empty()
        && let Some(target) = object_mut(&mut object, "metadata").and_then(|meta| object_mut(meta, "annotations"))
    {
        annotations.into_iter().for_each(|(key, text)| set(target, key, text));
    }
    if let Some(target) = object_mut(&mut object, "spec") {
        unset(target, "metrics");
        unset(target, "behavior");
        if let Some(percent) = items(&spec, "metrics").iter().find_map(cpu_percentage) {
            set(target, "targetCPUUtilizationPercentage", percent);
        }
    }
    if let Some(target) = object_mut(&mut object, "status") {
        unset(target, "currentMetrics");
        unset(target, "conditions");
        set_default(target, "currentReplicas", 0);
        set_default(target, "desiredReplicas", 0);
        let cpu = |metric: &Value| {
            let source = field(metric, "resource").filter(|r| text(metric, "type") == "Resource" && text(r, "name") == "cpu")?;
            int(field(source, "current")?, "averageUtilization")
        };
        if let Some(percent) = items(&status, "currentMetrics").iter().filter_map(cpu).next_back() {
            set(target, "currentCPUUtilizationPercentage", percent);
        }
    }
    object
}

fn cpu_metric(percent: i64) -> Value {
    json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": percent}}})
}

fn cpu_percentage(metric: &Value) -> Option<i64> {
    let source = field(metric, "resource").filter(|r| text(metric, "type") == "Resource" && text(r, "name") == "cpu")?;
    int(field(source, "target")?, "averageUtilization")
}

/// A metric as JSON of the older version.
fn metric_text(metric: &Value, current: bool) -> String {
    let mut parts = vec![format!("\"type\":{}", Value::from(text(metric, "type")))];
    for source in ["object", "pods", "resource", "containerResource", "external"] {
        let Some(value) = field(metric, source) else { continue };
        let (spec, status) = fields(source);
        let members: Vec<String> = (if current { status } else { spec })
            .iter()
            .filter_map(|(key, path)| {
                let printed = match at(value, path) {
                    Some(v) if *key == "target" => reference_text(v),
                    Some(v) if key.to_lowercase().ends_with("selector") => label_selector::printed(Some(v)),
                    Some(v) => v.to_string(),
                    None => always_written(source, key).then(|| "\"0\"".to_owned())?,
                };
                Some(format!("\"{key}\":{printed}"))
            })
            .collect();
        parts.push(format!("\"{source}\":{{{}}}", members.join(",")));
    }
    format!("{{{}}}", parts.join(","))
}

fn reference_text(reference: &Value) -> String {
    ordered(reference, &["kind", "name", "apiVersion"])
}

fn condition_text(condition: &Value) -> String {
    let mut condition = condition.clone();
    set_default(&mut condition, "lastTransitionTime", Value::Null);
    let mut parts = Vec::new();
    for key in ["type", "status", "lastTransitionTime", "reason", "message", "observedGeneration"] {
        if let Some(value) = condition.get(key).filter(|v| key == "lastTransitionTime" || !is_zero(v)) {
            parts.push(format!("\"{key}\":{value}"));
        }
    }
    format!("{{{}}}", parts.join(","))
}

fn ordered(value: &Value, keys: &[&str]) -> String {
    let parts: Vec<String> = keys.iter().filter_map(|key| field(value, key).map(|v| format!("\"{key}\":{v}"))).collect();
    format!("{{{}}}", parts.join(","))
}

fn metric_to_v2(metric: &Value, current: bool) -> Value {
    let mut converted = json!({"type": text(metric, "type")});
    for (_, source) in SOURCES {
        let Some(value) = field(metric, source) else { continue };
        let (spec, status) = fields(source);
        let mut target = json!({});
        for (key, path) in if current { status } else { spec } {
            if let Some(v) = field(value, key) {
                put(&mut target, path, v.clone());
            }
        }
        if !current {
            let kind = target_type(source, &target);
            if *source == "object" && kind == "AverageValue" && at(&target, &["target", "value"]).and_then(Value::as_str) == Some("0") {
                crate::update::restore(&mut target, &Value::Null, &["target", "value"]);
            }
            put(&mut target, &["target", "type"], kind.into());
        }
        set(&mut converted, source, target);
    }
    converted
}

fn target_type(source: &str, converted: &Value) -> &'static str {
    let has = |key| at(converted, &["target"]).is_some_and(|target| has(target, key));
    match source {
        "resource" | "containerResource" if has("averageUtilization") => "Utilization",
        "object" if !has("averageValue") => "Value",
        "external" if has("value") => "Value",
        _ => "AverageValue",
    }
}

fn put(value: &mut Value, path: &[&str], leaf: Value) {
    match path {
        [] => {}
        [last] => set(value, last, leaf),
        [first, rest @ ..] => {
            if let Some(inner) = object_mut(value, first) {
                put(inner, rest, leaf);
            }
        }
    }
}

/// Go's names of fields (`ScaleUp`) as JSON has them (`scaleUp`), without those that are unset.
fn with_json_names(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let rename = |key: String| {
                let mut letters = key.chars();
                letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
            };
            map.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (rename(k), with_json_names(v))).collect::<Map<_, _>>().into()
        }
        Value::Array(list) => list.into_iter().map(with_json_names).collect(),
        other => other,
    }
}

const RULES: &[GoField] = &[
    go_struct::nullable("StabilizationWindowSeconds", "stabilizationWindowSeconds"),
    go_struct::nullable("SelectPolicy", "selectPolicy"),
    go_struct::field(
        "Policies",
        "policies",
        GoType::List(&[
            go_struct::text("Type", "type"),
            go_struct::number("Value", "value"),
            go_struct::number("PeriodSeconds", "periodSeconds"),
        ]),
    ),
    go_struct::nullable("Tolerance", "tolerance"),
];
const BEHAVIOR_FIELDS: &[GoField] =
    &[go_struct::field("ScaleUp", "scaleUp", GoType::Pointer(RULES)), go_struct::field("ScaleDown", "scaleDown", GoType::Pointer(RULES))];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_older_version_cannot_say_goes_through_annotations() {
        let stored = json!({
            "apiVersion": "autoscaling/v2",
            "metadata": {"name": "two", "annotations": {}},
            "spec": {
                "maxReplicas": 5,
                "metrics": [
                    {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
                    {"type": "Object", "object": {"describedObject": {"kind": "Service", "name": "s"}, "metric": {"name": "hits"},
                        "target": {"type": "Value", "value": "10"}}},
                    {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}},
                ],
                "behavior": {"scaleDown": {"selectPolicy": "Disabled", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}},
            },
            "status": {"currentReplicas": 1, "desiredReplicas": 1},
        });
        let older = from_v2(stored.clone());
        assert_eq!(older["spec"], json!({"maxReplicas": 5, "targetCPUUtilizationPercentage": 60}));
        assert_eq!(
            older["metadata"]["annotations"],
            json!({
                "autoscaling.alpha.kubernetes.io/behavior": r#"{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":"Disabled","Policies":[{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":null}}"#,
                "autoscaling.alpha.kubernetes.io/metrics": r#"[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}},{"type":"Object","object":{"target":{"kind":"Service","name":"s"},"metricName":"hits","targetValue":"10"}}]"#,
            })
        );
        assert_eq!(to_v2(older), stored);
    }

    #[test]
    fn without_metrics_cpu_is_wanted_at_80_percent() {
        let object = to_v2(json!({"apiVersion": "autoscaling/v1", "spec": {"maxReplicas": 2}}));
        assert_eq!(object["spec"]["metrics"], json!([default_cpu()]));
    }
}
