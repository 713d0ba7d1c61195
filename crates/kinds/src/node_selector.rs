//! `v1.NodeSelector`: which nodes something can be used on.

use crate::{
    go_struct::{self, GoField, GoType},
    label_selector::ValuesOf,
    node_label,
    value::{items, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

/// A term as Go prints it.
pub const TERM: &[GoField] = &[
    go_struct::field("MatchExpressions", "matchExpressions", GoType::List(REQUIREMENT)),
    go_struct::field("MatchFields", "matchFields", GoType::List(REQUIREMENT)),
];

const REQUIREMENT: &[GoField] =
    &[go_struct::text("Key", "key"), go_struct::text("Operator", "operator"), go_struct::nullable("Values", "values")];

/// Everything wrong with a node selector.
pub fn validate(selector: &Value, path: &Path<'_>, values: ValuesOf) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = path.child("nodeSelectorTerms");
    let terms = items(selector, "nodeSelectorTerms");
    if terms.is_empty() {
        errors.push(Error::required(&path, "must have at least one node selector term"));
    }
    for (i, term) in terms.iter().enumerate() {
        validate_term(&mut errors, term, &path.index(i), values);
    }
    errors
}

/// Everything wrong with one of its terms.
pub fn validate_term(errors: &mut ErrorList, term: &Value, path: &Path<'_>, values: ValuesOf) {
    let expressions = path.child("matchExpressions");
    for (i, requirement) in items(term, "matchExpressions").iter().enumerate() {
        validate_requirement(errors, requirement, &expressions.index(i), values);
    }
    let fields = path.child("matchFields");
    for (i, requirement) in items(term, "matchFields").iter().enumerate() {
        validate_field(errors, requirement, &fields.index(i));
    }
}

/// Whether a stored selector has a label value that is invalid by today's rules.
pub fn has_invalid_value(selector: &Value) -> bool {
    let values = |term| items(term, "matchExpressions").iter().flat_map(|r| items(r, "values")).filter_map(Value::as_str);
    items(selector, "nodeSelectorTerms").iter().flat_map(values).any(|v| !names::is_valid_label_value(v).is_empty())
}

/// Warnings for terms that select by replaced labels.
pub fn warnings(selector: &Value, path: &Path<'_>) -> Vec<String> {
    let path = path.child("nodeSelectorTerms");
    let warn = |(i, term)| node_label::expression_warnings(term, &path.index(i));
    items(selector, "nodeSelectorTerms").iter().enumerate().flat_map(warn).collect()
}

fn validate_requirement(errors: &mut ErrorList, requirement: &Value, path: &Path<'_>, checked: ValuesOf) {
    let values = items(requirement, "values");
    let values_path = path.child("values");
    match text(requirement, "operator") {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(Error::required(&values_path, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.push(Error::forbidden(&values_path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        "Gt" | "Lt" if values.len() != 1 => {
            errors.push(Error::required(&values_path, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        other => errors.push(Error::invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    let key = text(requirement, "key");
    invalid_each(errors, &path.child("key"), key, names::is_qualified_name(key));
    if checked == ValuesOf::All {
        for (i, value) in values.iter().filter_map(Value::as_str).enumerate() {
            invalid_each(errors, &values_path.index(i), value, names::is_valid_label_value(value));
        }
    }
}

fn validate_field(errors: &mut ErrorList, requirement: &Value, path: &Path<'_>) {
    let values = items(requirement, "values");
    match text(requirement, "operator") {
        "In" | "NotIn" if values.len() != 1 => {
            let why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.push(Error::required(&path.child("values"), why));
        }
        "In" | "NotIn" => {}
        other => errors.push(Error::invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
    match text(requirement, "key") {
        "metadata.name" => {
            for (i, name) in values.iter().filter_map(Value::as_str).enumerate() {
                invalid_each(errors, &path.child("values").index(i), name, names::is_dns1123_subdomain(name));
            }
        }
        other => errors.push(Error::invalid(&path.child("key"), other, "not a valid field selector key")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn fields_are_selected_by_name_only() {
        let selector = json!({"nodeSelectorTerms": [{"matchFields": [{"key": "spec.x", "operator": "In", "values": ["a"]}],
            "matchExpressions": [{"key": "a", "operator": "Gt", "values": []}]}]});
        assert_eq!(
            texts(&validate(&selector, &Path::new("required"), ValuesOf::All)),
            [
                "required.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
                "required.nodeSelectorTerms[0].matchFields[0].key: Invalid value: \"spec.x\": not a valid field selector key",
            ]
        );
    }
}
