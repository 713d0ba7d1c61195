//! MutatingAdmissionPolicy: requests are changed by CEL expressions.

use crate::{
    Column, Context, Row, Strategy, Traits,
    admission_policy::{param_kind_cell, spec, validate_head, variables},
    admission_rule::{default_match_resources, static_suffix_warnings, validate_mutating_operations, validate_static_suffix},
    expression::{self, Expression, Role},
    table, update,
    value::{at, field, has, items, object_mut, set, set_default, text},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};

/// The strategy of MutatingAdmissionPolicy.
#[derive(Debug)]
pub struct MutatingAdmissionPolicy;

const REINVOCATION_POLICIES: &[&str] = &["IfNeeded", "Never"];
const PATCH_TYPES: &[&str] = &["ApplyConfiguration", "JSONPatch"];

impl Strategy for MutatingAdmissionPolicy {
    fn traits(&self) -> Traits {
        Traits { unconditional_update: false, checks_finalizers: false, name_on_update: true, ..Traits::DEFAULT }
    }

    fn default(&self, policy: &mut Value) {
        let Some(spec) = object_mut(policy, "spec") else { return };
        set_default(spec, "failurePolicy", "Fail");
        default_match_resources(spec, "matchConstraints");
    }

    fn prepare_for_create(&self, _: &Context<'_>, policy: &mut Value) {
        set(&mut policy["metadata"], "generation", 1);
    }

    fn validate(&self, _: &Context<'_>, policy: &Value) -> ErrorList {
        let mut errors = validate(policy, None);
        validate_static_suffix(&mut errors, policy);
        errors
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        update::raise_generation_if_changed(new, old, &["spec"]);
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        validate(new, Some(old))
    }

    fn warnings_on_update(&self, _: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        static_suffix_warnings(new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, policy: &Value, now_millis: i64, _: bool) -> Row {
        let spec = spec(policy);
        let count = items(spec, "mutations").len();
        Row::of(vec![table::name(policy), json!(count), param_kind_cell(spec), table::age(policy, now_millis)])
    }
}

fn validate(policy: &Value, old: Option<&Value>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (policy_spec, path) = (spec(policy), Path::new("spec"));
    validate_head(&mut errors, policy_spec, old.map(spec), &path, validate_mutating_operations);
    let mutations = items(policy_spec, "mutations");
    if mutations.is_empty() {
        errors.push(Error::required(&path.child("mutations"), "mutations must contain at least one item"));
    }
    let variables = variables(policy_spec);
    let stored: Vec<&str> = old.map(|old| items(spec(old), "mutations").iter().map(apply_expression).collect()).unwrap_or_default();
    let scope = Expression { text: "", role: Role::JsonPatch, params: has(policy_spec, "paramKind"), variables: &variables, stored: false };
    for (i, mutation) in mutations.iter().enumerate() {
        validate_mutation(&mut errors, mutation, &scope, &stored, &path.child("mutations").index(i));
    }
    match text(policy_spec, "reinvocationPolicy") {
        "" => errors.push(Error::required(&path.child("reinvocationPolicy"), "")),
        policy if !REINVOCATION_POLICIES.contains(&policy) => {
            errors.push(Error::not_supported(&path.child("reinvocationPolicy"), policy, REINVOCATION_POLICIES));
        }
        _ => {}
    }
    errors
}

fn apply_expression(mutation: &Value) -> &str {
    at(mutation, &["applyConfiguration"]).map_or("", |c| text(c, "expression"))
}

fn validate_mutation(errors: &mut ErrorList, mutation: &Value, scope: &Expression<'_>, stored: &[&str], path: &Path<'_>) {
    let (own, other, role) = match text(mutation, "patchType") {
        "" => {
            errors.push(Error::required(&path.child("patchType"), ""));
            return;
        }
        "JSONPatch" => ("jsonPatch", "applyConfiguration", Role::JsonPatch),
        "ApplyConfiguration" => ("applyConfiguration", "jsonPatch", Role::ApplyConfiguration),
        unknown => {
            errors.push(Error::not_supported(&path.child("patchType"), unknown, PATCH_TYPES));
            return;
        }
    };
    let kind = text(mutation, "patchType");
    match field(mutation, own) {
        None => errors.push(Error::required(&path.child(own), format!("must be specified when patchType is {kind}"))),
        Some(patch) => {
            let path = path.child(own);
            let trimmed = text(patch, "expression").trim();
            if trimmed.is_empty() {
                errors.push(Error::required(&path.child("expression"), ""));
            } else {
                let stored = stored.contains(&text(patch, "expression"));
                expression::check(errors, &Expression { text: trimmed, role, stored, ..*scope }, &path.child("expression"));
            }
        }
    }
    if has(mutation, other) {
        errors.push(Error::invalid(&path.child(other), format!("{{{other}}}"), format!("must not be specified when patchType is {kind}")));
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Mutations", "integer", "", 0, "Mutation indicates the number of mutations rules defined in this configuration"),
    Column::new("ParamKind", "string", "", 0, "ParamKind specifies the kind of resources used to parameterize this policy"),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn a_mutation_has_the_patch_of_its_type() {
        let scope = Expression { text: "", role: Role::JsonPatch, params: false, variables: &[], stored: false };
        let mut errors = ErrorList::new();
        let mutation = json!({"patchType": "JSONPatch", "applyConfiguration": {"expression": "Object{}"}});
        validate_mutation(&mut errors, &mutation, &scope, &[], &Path::new("m"));
        assert_eq!(
            texts(&errors),
            [
                "m.jsonPatch: Required value: must be specified when patchType is JSONPatch",
                "m.applyConfiguration: Invalid value: \"{applyConfiguration}\": must not be specified when patchType is JSONPatch",
            ]
        );
    }
}
