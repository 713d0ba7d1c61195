//! SubjectAccessReview, and its relatives for oneself and for one namespace: may somebody do something? The answer is not
//! made here.

use crate::{
    Context, NameRule, Strategy, Traits, go_struct,
    label_selector::{self, ValuesOf},
    value::{field, is_zero, items, text},
};
use minkapi_object::OBJECT_META_FIELDS;
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};

/// The strategy of SubjectAccessReview, SelfSubjectAccessReview and LocalSubjectAccessReview.
#[derive(Debug)]
pub struct SubjectAccessReview;

impl Strategy for SubjectAccessReview {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::PathSegment, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, review: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let kind = text(review, "kind");
        let (spec, path) = (field(review, "spec").unwrap_or(&Value::Null), Path::new("spec"));
        let (resource, other) = (field(spec, "resourceAttributes"), field(spec, "nonResourceAttributes"));
        if resource.is_some() == other.is_some() {
            let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            errors.push(Error::invalid(&path, printed(other), why));
        }
        if kind != "SelfSubjectAccessReview" && text(spec, "user").is_empty() && items(spec, "groups").is_empty() {
            errors.push(Error::invalid(&path.child("user"), "", "at least one of user or group must be specified"));
        }
        let resource_path = path.child("resourceAttributes");
        for (key, check) in SELECTORS {
            if let Some(selector) = resource.and_then(|r| field(r, key)) {
                validate_selector(&mut errors, selector, *check, &resource_path.child(key));
            }
        }
        let local = kind == "LocalSubjectAccessReview";
        validate_metadata(&mut errors, review, local);
        if local {
            let namespace = field(review, "metadata").map_or("", |m| text(m, "namespace"));
            if let Some(asked) = resource.map(|r| text(r, "namespace")).filter(|n| *n != namespace) {
                errors.push(Error::invalid(&resource_path.child("namespace"), asked, "must match metadata.namespace"));
            }
            if other.is_some() {
                errors.push(Error::invalid(&path.child("nonResourceAttributes"), printed(other), "disallowed on this kind of request"));
            }
        }
        errors
    }
}

fn printed(attributes: Option<&Value>) -> Value {
    attributes.map_or(Value::Null, |a| json!({"Path": text(a, "path"), "Verb": text(a, "verb")}))
}

/// A review has no metadata, but for the namespace of a local one. What tracking wrote is not the client's.
fn validate_metadata(errors: &mut ErrorList, review: &Value, local: bool) {
    let Some(metadata) = field(review, "metadata").and_then(Value::as_object) else { return };
    let said = |(key, value): (&String, &Value)| key != "managedFields" && !is_zero(value) && !(local && key == "namespace");
    if metadata.iter().any(said) {
        let why = if local { "must be empty except for namespace" } else { "must be empty" };
        let printed = go_struct::in_order(&Value::Object(metadata.clone()), &OBJECT_META_FIELDS);
        errors.push(Error::invalid_printed(&Path::new("metadata"), printed, why));
    }
}

/// A check of one requirement.
type Check = fn(&mut ErrorList, &Value, &Path<'_>);

const SELECTORS: &[(&str, Check)] = &[
    ("fieldSelector", field_requirement),
    ("labelSelector", |errors, requirement, path| label_selector::any_requirement(errors, requirement, path, ValuesOf::All)),
];

fn validate_selector(errors: &mut ErrorList, selector: &Value, check: Check, path: &Path<'_>) {
    let (raw, requirements) = (text(selector, "rawSelector"), items(selector, "requirements"));
    if !raw.is_empty() && !requirements.is_empty() {
        errors.push(Error::invalid(&path.child("rawSelector"), raw, "may not specified at the same time as requirements"));
    }
    if raw.is_empty() && requirements.is_empty() {
        let why = format!("when {path} is specified, requirements or rawSelector is required");
        errors.push(Error::required(&path.child("requirements"), why));
    }
    let path = path.child("requirements");
    for (i, requirement) in requirements.iter().enumerate() {
        check(errors, requirement, &path.index(i));
    }
}

/// Operators that are not known pass: whoever answers may know them.
fn field_requirement(errors: &mut ErrorList, requirement: &Value, path: &Path<'_>) {
    if text(requirement, "key").is_empty() {
        errors.push(Error::required(&path.child("key"), "must be specified"));
    }
    let values = items(requirement, "values");
    match text(requirement, "operator") {
        "In" | "NotIn" if values.is_empty() => {
            errors.push(Error::required(&path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            errors.push(Error::forbidden(&path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn check(review: Value) -> Vec<String> {
        texts(&SubjectAccessReview.validate(&Context::example(), &review))
    }

    #[test]
    fn a_review_asks_of_one_thing_for_somebody() {
        assert_eq!(
            check(json!({"kind": "SubjectAccessReview", "metadata": {"name": "x"}, "spec": {}})),
            [
                "spec: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
                "spec.user: Invalid value: \"\": at least one of user or group must be specified",
                "metadata: Invalid value: {\"name\":\"x\"}: must be empty",
            ]
        );
    }

    #[test]
    fn a_local_review_stays_in_its_namespace() {
        let review = json!({"kind": "LocalSubjectAccessReview", "metadata": {"namespace": "a"},
            "spec": {"user": "u", "resourceAttributes": {"namespace": "b"}}});
        assert_eq!(check(review), ["spec.resourceAttributes.namespace: Invalid value: \"b\": must match metadata.namespace"]);
    }

    #[test]
    fn selectors_come_raw_or_as_requirements() {
        let review = json!({"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": {"fieldSelector": {}}}});
        assert_eq!(
            check(review),
            [
                "spec.resourceAttributes.fieldSelector.requirements: Required value: when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required"
            ]
        );
    }
}
