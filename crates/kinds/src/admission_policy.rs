//! What validating and mutating admission policies have in common, and their bindings.

use crate::{
    admission_rule::{FAILURE_POLICIES, validate_match_resources},
    expression::{self, Expression, Role},
    label_selector, match_condition, table,
    value::{entries, field, has, items, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};

/// The spec of a policy or binding.
pub fn spec(object: &Value) -> &Value {
    field(object, "spec").unwrap_or(&Value::Null)
}

/// The variables of a policy: names and expressions.
pub fn variables(spec: &Value) -> Vec<(&str, &str)> {
    items(spec, "variables").iter().map(|v| (text(v, "name"), text(v, "expression"))).collect()
}

/// The expressions of the items of a list, so that an update can tell stored ones.
pub fn expressions<'a>(spec: &'a Value, list: &str, key: &str) -> Vec<&'a str> {
    items(spec, list).iter().map(|item| text(item, key)).collect()
}

/// The part of a policy's spec before what it does: failure policy, parameters, constraints, conditions, variables.
pub fn validate_head(
    errors: &mut ErrorList,
    spec: &Value,
    old: Option<&Value>,
    path: &Path<'_>,
    constraints: impl Fn(&mut ErrorList, &Value, &Path<'_>),
) {
    match text_if_set(spec, "failurePolicy") {
        None => errors.push(Error::required(&path.child("failurePolicy"), "")),
        Some(policy) if !FAILURE_POLICIES.contains(&policy) => {
            errors.push(Error::not_supported(&path.child("failurePolicy"), policy, FAILURE_POLICIES));
        }
        Some(_) => {}
    }
    if let Some(kind) = field(spec, "paramKind") {
        validate_param_kind(errors, kind, &path.child("paramKind"));
    }
    let match_path = path.child("matchConstraints");
    match field(spec, "matchConstraints") {
        None => errors.push(Error::required(&match_path, "")),
        Some(resources) => {
            validate_match_resources(errors, resources, &match_path);
            if items(resources, "resourceRules").is_empty() {
                errors.push(Error::required(&match_path.child("resourceRules"), ""));
            }
            constraints(errors, resources, &match_path);
        }
    }
    let unchanged = old.is_some_and(|old| ["paramKind", "matchConditions"].iter().all(|key| !crate::declarative::changed(spec, old, key)));
    let params = has(spec, "paramKind");
    if !unchanged {
        let stored = old.map(|old| expressions(old, "matchConditions", "expression")).unwrap_or_default();
        match_condition::validate_all(errors, items(spec, "matchConditions"), params, &stored, &path.child("matchConditions"));
    }
    validate_variables(errors, spec, params, &path.child("variables"));
}

fn validate_variables(errors: &mut ErrorList, spec: &Value, params: bool, path: &Path<'_>) {
    let all = variables(spec);
    for (i, (name, text)) in all.iter().enumerate() {
        let path = path.index(i);
        if name.trim().is_empty() {
            errors.push(Error::required(&path.child("name"), "name is not specified"));
        } else if !expression::is_identifier(name) {
            errors.push(Error::invalid(&path.child("name"), *name, "must be a valid CEL identifier"));
        }
        if text.trim().is_empty() {
            errors.push(Error::required(&path.child("expression"), "expression is not specified"));
        } else {
            let earlier = all.get(..i).unwrap_or_default();
            let expression = Expression { text, role: Role::Variable, params, variables: earlier, stored: false };
            expression::check(errors, &expression, &path.child("expression"));
        }
    }
}

fn validate_param_kind(errors: &mut ErrorList, kind: &Value, path: &Path<'_>) {
    let version_path = path.child("apiVersion");
    let given = text(kind, "apiVersion");
    let parts: Vec<&str> = given.split('/').collect();
    match parts.as_slice() {
        [""] => errors.push(Error::required(&version_path, "")),
        ["", ""] => errors.push(Error::invalid(&version_path, given, "version must be specified")),
        [version] => validate_version(errors, given, "", version, &version_path),
        [group, version] => validate_version(errors, given, group, version, &version_path),
        _ => errors.push(Error::invalid(&version_path, given, format!("unexpected GroupVersion string: {given}"))),
    }
    let name = text(kind, "kind");
    let wrong = names::is_dns1035_label(&name.to_lowercase());
    if name.is_empty() {
        errors.push(Error::required(&path.child("kind"), ""));
    } else if !wrong.is_empty() {
        let why = format!("may have mixed case, but should otherwise match: {}", wrong.join(","));
        errors.push(Error::invalid(&path.child("kind"), name, why));
    }
}

fn validate_version(errors: &mut ErrorList, given: &str, group: &str, version: &str, path: &Path<'_>) {
    let wrong = names::is_dns1123_subdomain(group);
    if !group.is_empty() && !wrong.is_empty() {
        errors.push(Error::invalid(path, group, wrong.join(",")));
    }
    let wrong = names::is_dns1035_label(version);
    if version.is_empty() {
        errors.push(Error::invalid(path, given, "version must be specified"));
    } else if !wrong.is_empty() {
        errors.push(Error::invalid(path, version, wrong.join(",")));
    }
}

/// The part of a binding's spec that both kinds have. What is wrong with a missing policy name is told by the kind.
pub fn validate_binding(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let policy = text(spec, "policyName");
    if !policy.is_empty() {
        invalid_each(errors, &path.child("policyName"), policy, names::is_dns1123_subdomain(policy));
    }
    if let Some(reference) = field(spec, "paramRef") {
        validate_param_ref(errors, reference, &path.child("paramRef"));
    }
    if let Some(resources) = field(spec, "matchResources") {
        validate_match_resources(errors, resources, &path.child("matchResources"));
    }
}

fn validate_param_ref(errors: &mut ErrorList, reference: &Value, path: &Path<'_>) {
    const EXCLUSIVE: &str = "name and selector are mutually exclusive";
    const ACTIONS: &[&str] = &["Deny", "Allow"];
    let (name, selector) = (text(reference, "name"), field(reference, "selector"));
    if !name.is_empty() {
        invalid_each(errors, &path.child("name"), name, names::is_valid_path_segment_name(name));
        if selector.is_some() {
            errors.push(Error::forbidden(&path.child("name"), EXCLUSIVE));
        }
    }
    if selector.is_some() {
        errors.extend(label_selector::validate(selector, &path.child("selector")));
        if !name.is_empty() {
            errors.push(Error::forbidden(&path.child("selector"), EXCLUSIVE));
        }
    }
    if name.is_empty() && selector.is_none() {
        errors.push(Error::required(path, "one of name or selector must be specified"));
    }
    match text(reference, "parameterNotFoundAction") {
        "" => errors.push(Error::required(&path.child("parameterNotFoundAction"), "")),
        action if !ACTIONS.contains(&action) => {
            errors.push(Error::not_supported(&path.child("parameterNotFoundAction"), action, ACTIONS));
        }
        _ => {}
    }
}

/// The cell of a policy's parameter kind.
pub fn param_kind_cell(spec: &Value) -> Value {
    match field(spec, "paramKind") {
        Some(kind) => json!(format!("{}/{}", text(kind, "apiVersion"), text(kind, "kind"))),
        None => json!(table::UNSET),
    }
}

/// The cell of a binding's parameters.
pub fn param_ref_cell(spec: &Value) -> Value {
    let Some(reference) = field(spec, "paramRef") else { return json!(table::UNSET) };
    match (text(reference, "name"), text(reference, "namespace"), field(reference, "selector")) {
        ("", _, Some(selector)) => json!(printed_selector(selector)),
        ("", _, None) => json!(table::UNSET),
        (name, "", _) => json!(format!("*/{name}")),
        (name, namespace, _) => json!(format!("{namespace}/{name}")),
    }
}

/// A label selector as Go's generated `String` prints it.
fn printed_selector(selector: &Value) -> String {
    let labels: String = entries(selector, "matchLabels").map(|(k, v)| format!("{k}: {},", v.as_str().unwrap_or_default())).collect();
    let requirement = |r: &Value| {
        let values = items(r, "values").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
        format!("LabelSelectorRequirement{{Key:{},Operator:{},Values:[{values}],}},", text(r, "key"), text(r, "operator"))
    };
    let expressions: String = items(selector, "matchExpressions").iter().map(requirement).collect();
    format!("&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn parameters_are_one_object_or_those_of_a_selector() {
        let check = |reference: Value| {
            let mut errors = ErrorList::new();
            validate_param_ref(&mut errors, &reference, &Path::new("p"));
            texts(&errors)
        };
        assert_eq!(check(json!({"parameterNotFoundAction": "Deny"})), ["p: Required value: one of name or selector must be specified"]);
        assert_eq!(
            check(json!({"name": "a", "selector": {}})),
            [
                "p.name: Forbidden: name and selector are mutually exclusive",
                "p.selector: Forbidden: name and selector are mutually exclusive",
                "p.parameterNotFoundAction: Required value",
            ]
        );
    }

    #[test]
    fn a_selector_of_parameters_prints_as_in_go() {
        let spec = json!({"paramRef": {"selector": {"matchLabels": {"a": "b"}}}});
        assert_eq!(
            param_ref_cell(&spec),
            "&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}"
        );
    }
}
