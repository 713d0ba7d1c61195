//! What a HorizontalPodAutoscaler scales by: metrics of `autoscaling/v2` and how they are shown.

use crate::{
    horizontal_pod_autoscaler::{GroupRule, api_version_error, validate_reference},
    pod_spec::validate_container_resource_name,
    resource_quantity, table,
    value::{at, field, has, int, items, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};

/// Types of metrics and the fields of their sources, in the order of their types.
pub const SOURCES: &[(&str, &str)] = &[
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

/// Sources in the order in which upstream looks for them.
const CHECKED: [&str; 5] = ["object", "external", "pods", "resource", "containerResource"];
const TYPES: &[&str] = &["ContainerResource", "External", "Object", "Pods", "Resource"];
/// How many metrics a cell shows.
const SHOWN: usize = 2;

/// The metric of an autoscaler that names none.
pub fn default_cpu() -> Value {
    json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}})
}

/// Everything wrong with the metrics of a spec.
pub fn validate(spec: &Value, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let described = |metric: &Value| at(metric, &["object", "describedObject"]).map(|object| text(object, "apiVersion").to_owned());
    let malformed = |version: String| api_version_error(&version, GroupRule::Optional).is_some();
    let stored = old.map_or(&[][..], |old| items(old, "metrics"));
    let rule = if stored.iter().filter_map(described).any(malformed) { GroupRule::Any } else { GroupRule::Optional };
    let metrics = items(spec, "metrics");
    for (i, metric) in metrics.iter().enumerate() {
        errors.extend(validate_metric(metric, rule, &path.index(i)));
    }
    if int(spec, "minReplicas") == Some(0) && !metrics.iter().any(|m| matches!(text(m, "type"), "Object" | "External")) {
        errors.push(Error::forbidden(path, "must specify at least one Object or External metric to support scaling to zero replicas"));
    }
    errors
}

fn validate_metric(metric: &Value, rule: GroupRule, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let kind = text(metric, "type");
    if kind.is_empty() {
        errors.push(Error::required(&path.child("type"), "must specify a metric source type"));
    }
    if !TYPES.contains(&kind) {
        errors.push(Error::not_supported(&path.child("type"), kind, TYPES));
    }
    let present: Vec<&str> = CHECKED.into_iter().filter(|key| has(metric, key)).collect();
    if let Some(first) = present.first()
        && let Some(source) = field(metric, first)
    {
        errors.extend(validate_source(source, first, rule, &path.child(first)));
    }
    let expected = SOURCES.iter().find(|(of, _)| *of == kind).map(|(_, key)| *key);
    if let Some(key) = expected.filter(|key| !present.contains(key)) {
        errors.push(Error::required(&path.child(key), "must populate information for the given metric source"));
    }
    if present.len() != 1 {
        let others = present.iter().filter(|key| Some(**key) != expected);
        errors.extend(others.map(|key| Error::forbidden(&path.child(key), "must populate the given metric source only")));
    }
    errors
}

fn validate_source(source: &Value, kind: &str, rule: GroupRule, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if kind == "object" {
        let object = field(source, "describedObject").unwrap_or(&Value::Null);
        errors.extend(validate_reference(object, rule, &path.child("describedObject")));
    }
    if matches!(kind, "object" | "external" | "pods") {
        let metric_path = path.child("metric");
        let path = metric_path.child("name");
        match field(source, "metric").map_or("", |metric| text(metric, "name")) {
            "" => errors.push(Error::required(&path, "must specify a metric name")),
            name => invalid_each(&mut errors, &path, name, names::is_valid_path_segment_name(name)),
        }
    } else {
        errors.extend(validate_resource(source, kind, path));
    }
    let target = field(source, "target").unwrap_or(&Value::Null);
    let path = path.child("target");
    errors.extend(validate_target(target, &path));
    let set = |key| has(target, key);
    let (value, average, utilization) = (set("value"), set("averageValue"), set("averageUtilization"));
    let mut require = |missing: bool, key: &str, why: &str| {
        if missing {
            errors.push(Error::required(&path.child(key), why));
        }
    };
    match kind {
        "object" => require(!value && !average, "averageValue", "must set either a target value or averageValue"),
        "external" => {
            require(!value && !average, "averageValue", "must set either a target value for metric or a per-pod target");
            if value && average {
                errors.push(Error::forbidden(&path.child("value"), "may not set both a target value for metric and a per-pod target"));
            }
        }
        "pods" => require(!average, "averageValue", "must specify a positive target averageValue"),
        _ => {
            let why = "must set either a target raw value or a target utilization";
            require(!utilization && !average, "averageUtilization", why);
            if utilization && average {
                let why = "may not set both a target raw value and a target utilization";
                errors.push(Error::forbidden(&path.child("averageValue"), why));
            }
        }
    }
    errors
}

fn validate_resource(source: &Value, kind: &str, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let name = text(source, "name");
    if name.is_empty() {
        errors.push(Error::required(&path.child("name"), "must specify a resource name"));
    }
    if kind == "containerResource" {
        if !name.is_empty() {
            validate_container_resource_name(&mut errors, name, &path.child("name"));
        }
        match text(source, "container") {
            "" => errors.push(Error::required(&path.child("container"), "must specify a container")),
            container => invalid_each(&mut errors, &path.child("container"), container, names::is_dns1123_label(container)),
        }
    }
    errors
}

fn validate_target(target: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let kind = text(target, "type");
    if kind.is_empty() {
        errors.push(Error::required(&path.child("type"), "must specify a metric target type"));
    }
    if !matches!(kind, "Utilization" | "Value" | "AverageValue") {
        errors.push(Error::invalid(&path.child("type"), kind, "must be either Utilization, Value, or AverageValue"));
    }
    for key in ["value", "averageValue"] {
        if let Some(amount) = field(target, key).filter(|amount| resource_quantity::read(Some(amount)).sign() <= 0) {
            errors.push(Error::invalid(&path.child(key), amount.clone(), "must be positive"));
        }
    }
    if let Some(n) = int(target, "averageUtilization").filter(|n| *n < 1) {
        errors.push(Error::invalid(&path.child("averageUtilization"), n, "must be greater than 0"));
    }
    errors
}

/// The cell that shows current and wanted values.
pub fn cell(object: &Value) -> String {
    let metrics = at(object, &["spec"]).map_or(&[][..], |spec| items(spec, "metrics"));
    let current = at(object, &["status"]).map_or(&[][..], |status| items(status, "currentMetrics"));
    if metrics.is_empty() {
        return table::NONE.to_owned();
    }
    let cells = metrics.iter().enumerate().map(|(i, metric)| one_cell(metric, current.get(i).unwrap_or(&Value::Null)));
    let shown = cells.take(SHOWN).collect::<Vec<_>>().join(", ");
    if metrics.len() > SHOWN { format!("{shown} + {} more...", metrics.len() - SHOWN) } else { shown }
}

fn one_cell(metric: &Value, status: &Value) -> String {
    let Some((kind, key)) = SOURCES.iter().find(|(kind, _)| *kind == text(metric, "type")) else { return "<unknown type>".to_owned() };
    let source = field(metric, key).unwrap_or(&Value::Null);
    let target = field(source, "target").unwrap_or(&Value::Null);
    let current = at(status, &[key, "current"]);
    let amount = |of: Option<&Value>, key| of.and_then(|of| field(of, key)).and_then(Value::as_str).map(str::to_owned);
    let now = |key| amount(current, key).unwrap_or_else(|| table::UNKNOWN.to_owned());
    let wanted = |key| amount(Some(target), key).unwrap_or_default();
    let average = has(target, "averageValue");
    match (*kind, average) {
        ("Pods", _) => format!("{}/{}", now("averageValue"), wanted("averageValue")),
        ("External" | "Object", true) => format!("{}/{} (avg)", now("averageValue"), wanted("averageValue")),
        ("External" | "Object", false) => format!("{}/{}", now("value"), wanted("value")),
        (_, true) => format!("{}: {}/{}", text(source, "name"), now("averageValue"), wanted("averageValue")),
        (_, false) => {
            let percent = |of: Option<&Value>| of.and_then(|of| int(of, "averageUtilization")).map(|n| format!("{n}%"));
            let now = percent(current).unwrap_or_else(|| table::UNKNOWN.to_owned());
            let wanted = percent(Some(target)).unwrap_or_else(|| "<auto>".to_owned());
            format!("{}: {now}/{wanted}", text(source, "name"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn a_metric_has_the_source_of_its_type_and_no_other() {
        let metric =
            json!({"type": "Resource", "pods": {"metric": {"name": "m"}, "target": {"type": "AverageValue", "averageValue": "1"}}});
        assert_eq!(
            texts(&validate_metric(&metric, GroupRule::Optional, &Path::new("m"))),
            ["m.resource: Required value: must populate information for the given metric source"]
        );
    }

    #[test]
    fn scaling_to_zero_needs_a_metric_that_lives_without_pods() {
        let spec = json!({"minReplicas": 0, "metrics": [default_cpu()]});
        assert_eq!(
            texts(&validate(&spec, None, &Path::new("metrics"))),
            ["metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas"]
        );
    }

    #[test]
    fn cells_show_two_metrics() {
        let object = json!({
            "spec": {"metrics": [default_cpu(), {"type": "Pods", "pods": {"target": {"averageValue": "5"}}}, default_cpu()]},
            "status": {"currentMetrics": [{"resource": {"current": {"averageUtilization": 40}}}]},
        });
        assert_eq!(cell(&object), "cpu: 40%/80%, <unknown>/5 + 1 more...");
    }
}
