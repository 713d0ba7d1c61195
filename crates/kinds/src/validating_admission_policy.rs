//! ValidatingAdmissionPolicy: requests are refused by CEL expressions.

use crate::{
    Column, Context, Row, Strategy, Traits,
    admission_policy::{expressions, param_kind_cell, spec, validate_head, variables},
    admission_rule::{default_match_resources, static_suffix_warnings, validate_static_suffix},
    condition,
    expression::{self, Expression, Role},
    table, update,
    value::{field, has, items, object_mut, set, set_default, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The strategy of ValidatingAdmissionPolicy.
#[derive(Debug)]
pub struct ValidatingAdmissionPolicy;

const REASONS: &[&str] = &["Forbidden", "Invalid", "RequestEntityTooLarge"];
const MAX_AUDIT_ANNOTATIONS: usize = 20;
const MAX_VALUE_EXPRESSION_BYTES: usize = 5 * 1024;

impl Strategy for ValidatingAdmissionPolicy {
    fn traits(&self) -> Traits {
        Traits {
            unconditional_update: false,
            checks_finalizers: false,
            reset_fields: &[("", &[&["status"]]), ("status", &[&["spec"], &["metadata"]])],
            name_on_update: true,
            ..Traits::DEFAULT
        }
    }

    fn default(&self, policy: &mut Value) {
        let Some(spec) = object_mut(policy, "spec") else { return };
        set_default(spec, "failurePolicy", "Fail");
        default_match_resources(spec, "matchConstraints");
    }

    fn prepare_for_create(&self, _: &Context<'_>, policy: &mut Value) {
        set(policy, "status", json!({}));
        set(&mut policy["metadata"], "generation", 1);
    }

    fn validate(&self, _: &Context<'_>, policy: &Value) -> ErrorList {
        let mut errors = validate(policy, None);
        validate_static_suffix(&mut errors, policy);
        errors
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        update::keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource.is_empty() {
            update::raise_generation_if_changed(new, old, &["spec"]);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" { validate_status(new) } else { validate(new, Some(old)) }
    }

    fn warnings_on_update(&self, _: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        static_suffix_warnings(new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, policy: &Value, now_millis: i64, _: bool) -> Row {
        let spec = spec(policy);
        let count = items(spec, "validations").len();
        Row::of(vec![table::name(policy), json!(count), param_kind_cell(spec), table::age(policy, now_millis)])
    }
}

/// What the expressions of a policy share.
struct Scope<'a> {
    params: bool,
    variables: Vec<(&'a str, &'a str)>,
    old: &'a Value,
}

impl Scope<'_> {
    fn check(&self, errors: &mut ErrorList, text: &str, role: Role, stored_in: (&str, &str), path: &Path<'_>) {
        let stored = expressions(self.old, stored_in.0, stored_in.1).contains(&text);
        expression::check(errors, &Expression { text, role, params: self.params, variables: &self.variables, stored }, path);
    }
}

fn validate(policy: &Value, old: Option<&Value>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (policy_spec, path) = (spec(policy), Path::new("spec"));
    validate_head(&mut errors, policy_spec, old.map(spec), &path, |_, _, _| {});
    let scope = Scope { params: has(policy_spec, "paramKind"), variables: variables(policy_spec), old: old.map_or(&Value::Null, spec) };
    let (validations, annotations) = (items(policy_spec, "validations"), items(policy_spec, "auditAnnotations"));
    if validations.is_empty() && annotations.is_empty() {
        for key in ["validations", "auditAnnotations"] {
            errors.push(Error::required(&path.child(key), "validations or auditAnnotations must contain at least one item"));
        }
        return errors;
    }
    for (i, validation) in validations.iter().enumerate() {
        validate_validation(&mut errors, validation, &scope, &path.child("validations").index(i));
    }
    let path = path.child("auditAnnotations");
    if annotations.len() > MAX_AUDIT_ANNOTATIONS {
        let why = format!("must not have more than {MAX_AUDIT_ANNOTATIONS} auditAnnotations");
        errors.push(Error::invalid(&path, annotations.to_vec(), why));
    }
    let name = field(policy, "metadata").map_or("", |m| text(m, "name"));
    let mut keys = BTreeSet::new();
    for (i, annotation) in annotations.iter().enumerate() {
        let path = path.index(i);
        validate_annotation(&mut errors, annotation, name, &scope, &path);
        let key = text(annotation, "key");
        if !keys.insert(key) {
            errors.push(Error::duplicate(&path.child("key"), key));
        }
    }
    errors
}

fn validate_validation(errors: &mut ErrorList, validation: &Value, scope: &Scope<'_>, path: &Path<'_>) {
    const BLANK: &str = "must be non-empty if specified";
    match text(validation, "expression") {
        blank if blank.trim().is_empty() => errors.push(Error::required(&path.child("expression"), "expression is not specified")),
        text => scope.check(errors, text, Role::Validation, ("validations", "expression"), &path.child("expression")),
    }
    let message_path = path.child("messageExpression");
    match text(validation, "messageExpression") {
        "" => {}
        blank if blank.trim().is_empty() => errors.push(Error::invalid(&message_path, blank, BLANK)),
        text => scope.check(errors, text, Role::Message, ("validations", "messageExpression"), &message_path),
    }
    let message = text(validation, "message");
    if !message.is_empty() && message.trim().is_empty() {
        errors.push(Error::invalid(&path.child("message"), message, BLANK));
    } else if message.trim().contains(['\n', '\r']) {
        errors.push(Error::invalid(&path.child("message"), message, "must not contain line breaks"));
    }
    if let Some(reason) = text_if_set(validation, "reason").filter(|r| !REASONS.contains(r)) {
        errors.push(Error::not_supported(&path.child("reason"), reason, REASONS));
    }
}

fn validate_annotation(errors: &mut ErrorList, annotation: &Value, policy: &str, scope: &Scope<'_>, path: &Path<'_>) {
    let key = text(annotation, "key");
    if policy.is_empty() {
        errors.push(Error::invalid(&path.child("key"), key, "requires metadata.name be non-empty"));
    } else {
        let qualified = format!("{policy}/{key}");
        invalid_each(errors, &path.child("key"), &qualified, names::is_qualified_name(&qualified));
    }
    let path = path.child("valueExpression");
    match text(annotation, "valueExpression").trim() {
        "" => errors.push(Error::required(&path, "valueExpression is not specified")),
        long if long.len() > MAX_VALUE_EXPRESSION_BYTES => {
            errors.push(Error::required(&path, format!("must not exceed {MAX_VALUE_EXPRESSION_BYTES} bytes in length")));
        }
        text => scope.check(errors, text, Role::AuditAnnotation, ("auditAnnotations", "valueExpression"), &path),
    }
}

fn validate_status(policy: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let status = field(policy, "status").unwrap_or(&Value::Null);
    let status_path = Path::new("status");
    let checking = status_path.child("typeChecking");
    let path = checking.child("expressionWarnings");
    let warnings = field(status, "typeChecking").map_or(&[][..], |c| items(c, "expressionWarnings"));
    for (i, warning) in warnings.iter().enumerate() {
        let path = path.index(i);
        for key in ["warning", "fieldRef"] {
            if text(warning, key).trim().is_empty() {
                errors.push(Error::required(&path.child(key), ""));
            }
        }
    }
    errors.extend(condition::validate_all(items(status, "conditions"), &status_path.child("conditions")));
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Validations", "integer", "", 0, "Validations indicates the number of validation rules defined in this configuration"),
    Column::new("ParamKind", "string", "", 0, "ParamKind specifies the kind of resources used to parameterize this policy"),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn a_policy_does_something() {
        let mut policy = json!({"metadata": {"name": "a"}, "spec": {"matchConstraints": {"resourceRules": [
            {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}]}}});
        ValidatingAdmissionPolicy.default(&mut policy);
        assert_eq!(
            texts(&validate(&policy, None)),
            [
                "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
                "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
            ]
        );
    }

    #[test]
    fn messages_are_one_line() {
        let mut errors = ErrorList::new();
        let scope = Scope { params: false, variables: Vec::new(), old: &Value::Null };
        validate_validation(&mut errors, &json!({"expression": "true", "message": "a\nb", "reason": "Gone"}), &scope, &Path::new("v"));
        assert_eq!(
            texts(&errors),
            [
                "v.message: Invalid value: \"a\\nb\": must not contain line breaks",
                "v.reason: Unsupported value: \"Gone\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\"",
            ]
        );
    }
}
