//! `metav1.LabelSelector` as a field of an object: its rules, and how it prints.

use crate::{
    update::{IMMUTABLE, same},
    value::{entries, field, has, is_zero, items, map, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// Everything wrong with a label selector; nothing is wrong with an absent one.
pub fn validate(selector: Option<&Value>, path: &Path<'_>) -> ErrorList {
    validate_with(selector, path, ValuesOf::All)
}

/// Which requirements must have valid label values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValuesOf {
    /// All of them.
    All,
    /// None: the stored object has an invalid value already, so that an update may keep it.
    None,
}

/// As [`validate`], for an update of an object whose selector is `old`: once stored, invalid values may stay.
pub fn validate_update(selector: Option<&Value>, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let kept = !validate(old, path).is_empty();
    validate_with(selector, path, if kept { ValuesOf::None } else { ValuesOf::All })
}

/// As [`validate`], with the choice which values to check.
pub fn validate_with(selector: Option<&Value>, path: &Path<'_>, values: ValuesOf) -> ErrorList {
    let Some(selector) = selector else { return ErrorList::new() };
    let mut errors = ErrorList::new();
    let labels = path.child("matchLabels");
    for (key, value) in entries(selector, "matchLabels") {
        invalid_each(&mut errors, &labels, key, names::is_qualified_name(key));
        let value = value.as_str().unwrap_or_default();
        invalid_each(&mut errors, &labels, value, names::is_valid_label_value(value));
    }
    let expressions = path.child("matchExpressions");
    for (i, requirement) in items(selector, "matchExpressions").iter().enumerate() {
        requirement_errors(&mut errors, requirement, &expressions.index(i), values);
    }
    errors
}

/// Everything wrong with one requirement, whose operator may be any.
pub fn any_requirement(errors: &mut ErrorList, requirement: &Value, path: &Path<'_>, checked: ValuesOf) {
    let before = errors.len();
    requirement_errors(errors, requirement, path, checked);
    let operator = path.child("operator").to_string();
    if let Some(at) = errors.iter().skip(before).position(|e| e.field == operator) {
        errors.remove(before + at);
    }
}

fn requirement_errors(errors: &mut ErrorList, requirement: &Value, path: &Path<'_>, checked: ValuesOf) {
    let values = items(requirement, "values");
    match text(requirement, "operator") {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(Error::required(&path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.push(Error::forbidden(&path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.push(Error::invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    let key = text(requirement, "key");
    invalid_each(errors, &path.child("key"), key, names::is_qualified_name(key));
    if checked == ValuesOf::All {
        for (i, value) in values.iter().enumerate() {
            let value = value.as_str().unwrap_or_default();
            invalid_each(errors, &path.child("values").index(i), value, names::is_valid_label_value(value));
        }
    }
}

/// Whether the selector has neither labels nor expressions (and so matches everything).
pub fn is_empty(selector: &Value) -> bool {
    map(selector, "matchLabels").is_none_or(|m| m.is_empty()) && items(selector, "matchExpressions").is_empty()
}

/// Whether the selector selects something with these labels: an absent one selects nothing, an empty one everything.
/// None when it is malformed.
pub fn matches(selector: Option<&Value>, labels: Option<&Value>) -> Option<bool> {
    let Some(selector) = selector else { return Some(false) };
    if !validate(Some(selector), &Path::ROOT).is_empty() {
        return None;
    }
    let label = |key: &str| labels.and_then(|l| l.get(key));
    let all_equal = entries(selector, "matchLabels").all(|(key, value)| label(key) == Some(value));
    let all_met = items(selector, "matchExpressions").iter().all(|requirement| {
        let found = label(text(requirement, "key"));
        let listed = found.is_some_and(|value| items(requirement, "values").contains(value));
        match text(requirement, "operator") {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => found.is_some(),
            _ => found.is_none(),
        }
    });
    Some(all_equal && all_met)
}

/// The selector as errors show it: JSON with labels before expressions.
pub fn printed(selector: Option<&Value>) -> String {
    let Some(selector) = selector else { return "null".to_owned() };
    let part = |key| field(selector, key).filter(|v| !is_zero(v)).map(|v| format!("\"{key}\":{v}"));
    let parts: Vec<String> = ["matchLabels", "matchExpressions"].into_iter().filter_map(part).collect();
    format!("{{{}}}", parts.join(","))
}

/// `field is immutable` where the selectors differ.
pub fn immutable(new: Option<&Value>, old: Option<&Value>, path: &Path<'_>) -> Option<Error> {
    (!same(new, old)).then(|| Error::invalid_printed(path, printed(new), IMMUTABLE))
}

/// As `metav1.FormatLabelSelector` prints it: `<none>` when it matches everything, `<error>` when it is malformed.
pub fn format(selector: Option<&Value>) -> String {
    let Some(selector) = selector.filter(|s| !is_empty(s)) else { return "<none>".to_owned() };
    let mut parts: Vec<(&str, String)> =
        entries(selector, "matchLabels").map(|(key, value)| (key, format!("{key}={}", value.as_str().unwrap_or_default()))).collect();
    for requirement in items(selector, "matchExpressions") {
        let key = text(requirement, "key");
        let mut values: Vec<&str> = items(requirement, "values").iter().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        parts.push(match text(requirement, "operator") {
            "In" => (key, format!("{key} in ({values})")),
            "NotIn" => (key, format!("{key} notin ({values})")),
            "Exists" if !has(requirement, "values") => (key, key.to_owned()),
            "DoesNotExist" if !has(requirement, "values") => (key, format!("!{key}")),
            _ => return "<error>".to_owned(),
        });
    }
    parts.sort_by(|a, b| a.0.cmp(b.0));
    parts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(selector: Value) -> Vec<String> {
        validate(Some(&selector), &Path::new("selector")).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_operator_has_its_number_of_values() {
        let errors = texts(json!({"matchExpressions": [
            {"key": "a", "operator": "In"},
            {"key": "b", "operator": "Exists", "values": ["x"]},
            {"key": "c", "operator": "Near", "values": ["x"]},
        ]}));
        assert_eq!(
            errors,
            [
                "selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
                "selector.matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                "selector.matchExpressions[2].operator: Invalid value: \"Near\": not a valid selector operator",
            ]
        );
    }

    #[test]
    fn an_invalid_value_may_stay_once_it_is_stored() {
        let bad = json!({"matchExpressions": [{"key": "a", "operator": "In", "values": ["-x"]}]});
        let path = Path::new("selector");
        assert!(validate_update(Some(&bad), Some(&bad), &path).is_empty());
        assert_eq!(validate_update(Some(&bad), None, &path).len(), 1);
    }

    #[test]
    fn labels_and_expressions_must_all_match() {
        let selector = json!({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["2"]}]});
        let select = |labels| matches(Some(&selector), Some(&labels));
        assert_eq!(select(json!({"a": "1"})), Some(true));
        assert_eq!(select(json!({"a": "1", "b": "2"})), Some(false));
        assert_eq!(matches(None, None), Some(false));
        assert_eq!(matches(Some(&json!({})), None), Some(true));
        assert_eq!(matches(Some(&json!({"matchLabels": {"-": ""}})), None), None);
    }

    #[test]
    fn errors_show_labels_before_expressions() {
        let selector = json!({"matchExpressions": [{"key": "b", "operator": "Exists"}], "matchLabels": {"a": "1"}});
        assert_eq!(printed(Some(&selector)), r#"{"matchLabels":{"a":"1"},"matchExpressions":[{"key":"b","operator":"Exists"}]}"#);
        assert_eq!(printed(Some(&json!({}))), "{}");
    }

    #[test]
    fn a_selector_prints_sorted_by_key() {
        let selector = json!({"matchLabels": {"z": "1"}, "matchExpressions": [
            {"key": "b", "operator": "In", "values": ["y", "x"]}, {"key": "a", "operator": "DoesNotExist"}]});
        assert_eq!(format(Some(&selector)), "!a,b in (x,y),z=1");
        assert_eq!(format(Some(&json!({}))), "<none>");
    }
}
