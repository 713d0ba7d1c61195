//! ValidatingAdmissionPolicyBinding: where a policy holds, with which parameters, and what a violation does.

use crate::{
    Column, Context, Row, Strategy, Traits,
    admission_policy::{param_ref_cell, spec, validate_binding},
    admission_rule::{default_match_resources, static_suffix_warnings, validate_static_suffix},
    declarative, table, update,
    value::{items, object_mut, set, text},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The strategy of ValidatingAdmissionPolicyBinding.
#[derive(Debug)]
pub struct ValidatingAdmissionPolicyBinding;

const ACTIONS: &[&str] = &["Audit", "Deny", "Warn"];

impl Strategy for ValidatingAdmissionPolicyBinding {
    fn traits(&self) -> Traits {
        Traits { unconditional_update: false, checks_finalizers: false, name_on_update: true, ..Traits::DEFAULT }
    }

    fn default(&self, binding: &mut Value) {
        if let Some(spec) = object_mut(binding, "spec") {
            default_match_resources(spec, "matchResources");
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, binding: &mut Value) {
        set(&mut binding["metadata"], "generation", 1);
    }

    fn validate(&self, _: &Context<'_>, binding: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        validate(&mut errors, spec(binding));
        validate_static_suffix(&mut errors, binding);
        declared(&mut errors, spec(binding));
        errors
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        update::raise_generation_if_changed(new, old, &["spec"]);
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, _: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        validate(&mut errors, spec(new));
        declared(&mut errors, spec(new));
        errors
    }

    fn warnings_on_update(&self, _: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        static_suffix_warnings(new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, binding: &Value, now_millis: i64, _: bool) -> Row {
        let spec = spec(binding);
        Row::of(vec![table::name(binding), json!(text(spec, "policyName")), param_ref_cell(spec), table::age(binding, now_millis)])
    }
}

fn validate(errors: &mut ErrorList, spec: &Value) {
    let spec_path = Path::new("spec");
    validate_binding(errors, spec, &spec_path);
    let path = spec_path.child("validationActions");
    let actions = items(spec, "validationActions");
    let mut seen = BTreeSet::new();
    for (i, action) in actions.iter().filter_map(Value::as_str).enumerate() {
        if !ACTIONS.contains(&action) {
            errors.push(Error::not_supported(&path.index(i), action, ACTIONS));
        }
        if !seen.insert(action) {
            errors.push(Error::duplicate(&path.index(i), action));
        }
    }
    if seen.contains("Deny") && seen.contains("Warn") {
        let why = "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)";
        errors.push(Error::invalid(&path, actions.to_vec(), why));
    }
}

fn declared(errors: &mut ErrorList, spec: &Value) {
    for key in ["policyName", "validationActions"] {
        declarative::required(errors, spec, key, &Path::new("spec"));
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("PolicyName", "string", "", 0, "PolicyName indicates the policy definition which the policy binding binded to"),
    Column::new("ParamRef", "string", "", 0, "ParamRef indicates the param resource which sets the configuration param"),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn an_action_stands_once_and_deny_not_beside_warn() {
        let binding = json!({"spec": {"policyName": "p", "validationActions": ["Deny", "Shout", "Deny"]}});
        assert_eq!(
            texts(&ValidatingAdmissionPolicyBinding.validate(&Context::example(), &binding)),
            [
                "spec.validationActions[1]: Unsupported value: \"Shout\": supported values: \"Audit\", \"Deny\", \"Warn\"",
                "spec.validationActions[2]: Duplicate value: \"Deny\"",
            ]
        );
    }
}
