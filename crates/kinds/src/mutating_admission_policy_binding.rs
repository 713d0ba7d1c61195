//! MutatingAdmissionPolicyBinding: where a mutating policy holds, and with which parameters.

use crate::{
    Column, Context, Row, Strategy, Traits,
    admission_policy::{param_ref_cell, spec, validate_binding},
    admission_rule::{default_match_resources, static_suffix_warnings, validate_mutating_operations, validate_static_suffix},
    table, update,
    value::{field, object_mut, set, text},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};

/// The strategy of MutatingAdmissionPolicyBinding.
#[derive(Debug)]
pub struct MutatingAdmissionPolicyBinding;

impl Strategy for MutatingAdmissionPolicyBinding {
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
        let mut errors = validate(spec(binding));
        validate_static_suffix(&mut errors, binding);
        errors
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        update::raise_generation_if_changed(new, old, &["spec"]);
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, _: &Value) -> ErrorList {
        validate(spec(new))
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

fn validate(spec: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("spec");
    if text(spec, "policyName").is_empty() {
        errors.push(Error::required(&path.child("policyName"), ""));
    }
    validate_binding(&mut errors, spec, &path);
    if let Some(resources) = field(spec, "matchResources") {
        validate_mutating_operations(&mut errors, resources, &path.child("matchResources"));
    }
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("PolicyName", "string", "", 0, "PolicyName indicates the policy definition which the policy binding binded to"),
    Column::new("ParamRef", "string", "", 0, "ParamRef indicates the param resource which sets the configuration param"),
    table::AGE,
];
