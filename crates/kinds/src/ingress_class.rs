//! IngressClass: which controller serves Ingresses.

use crate::{
    Column, Context, Row, Strategy, Traits, declarative,
    object_meta::immutable,
    table, update,
    value::{at, at_mut, field, has, set, set_default, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};

/// The strategy of IngressClass.
#[derive(Debug)]
pub struct IngressClass;

const DEFAULT_ANNOTATION: &str = "ingressclass.kubernetes.io/is-default-class";
const MAX_CONTROLLER_BYTES: usize = 250;
const SCOPES: &[&str] = &["Cluster", "Namespace"];
const HTTP_PATH: &str = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+";

impl Strategy for IngressClass {
    fn traits(&self) -> Traits {
        Traits { name_on_update: true, ..Traits::DEFAULT }
    }

    fn default(&self, class: &mut Value) {
        if let Some(parameters) = at_mut(class, &["spec", "parameters"]) {
            set_default(parameters, "scope", "Cluster");
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, class: &mut Value) {
        set(&mut class["metadata"], "generation", 1);
    }

    fn validate(&self, _: &Context<'_>, class: &Value) -> ErrorList {
        validate(class)
    }

    fn prepare_for_update(&self, _: &Context<'_>, new: &mut Value, old: &Value) {
        update::raise_generation_if_changed(new, old, &["spec"]);
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let spec = Path::new("spec");
        let controller = |v| at(v, &["spec", "controller"]).cloned().unwrap_or_else(|| "".into());
        let mut errors: ErrorList =
            immutable(Some(&controller(new)), Some(&controller(old)), &spec.child("controller")).into_iter().collect();
        errors.extend(validate(new));
        errors
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, class: &Value, now_millis: i64, _: bool) -> Row {
        let spec = field(class, "spec").unwrap_or(&Value::Null);
        let meta = field(class, "metadata").unwrap_or(&Value::Null);
        let is_default = field(meta, "annotations").is_some_and(|a| text(a, DEFAULT_ANNOTATION) == "true");
        let parameters = field(spec, "parameters").map(|p| match text_if_set(p, "apiGroup") {
            Some(group) => format!("{}.{group}/{}", text(p, "kind"), text(p, "name")),
            None => format!("{}/{}", text(p, "kind"), text(p, "name")),
        });
        Row::of(vec![
            json!(format!("{}{}", text(meta, "name"), if is_default { " (default)" } else { "" })),
            json!(text(spec, "controller")),
            json!(parameters.unwrap_or_else(|| table::NONE.to_owned())),
            table::age(class, now_millis),
        ])
    }
}

fn validate(class: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let (spec, path) = (field(class, "spec").unwrap_or(&Value::Null), Path::new("spec"));
    let (controller, controller_path) = (text(spec, "controller"), path.child("controller"));
    if controller.len() > MAX_CONTROLLER_BYTES {
        errors.push(Error::too_long(&controller_path, MAX_CONTROLLER_BYTES));
    }
    domain_prefixed_path(&mut errors, controller, &controller_path);
    if let Some(parameters) = field(spec, "parameters") {
        validate_parameters(&mut errors, parameters, &path.child("parameters"));
    }
    errors
}

/// A path below a domain, such as `acme.io/foo`.
pub fn domain_prefixed_path(errors: &mut ErrorList, value: &str, path: &Path<'_>) {
    if value.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    let Some((domain, rest)) = value.split_once('/').filter(|(domain, rest)| !domain.is_empty() && !rest.is_empty()) else {
        errors.push(Error::invalid(path, value, "must be a domain-prefixed path (such as \"acme.io/foo\")"));
        return;
    };
    invalid_each(errors, path, domain, names::is_dns1123_subdomain(domain));
    if !rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b)) {
        errors.push(Error::invalid(path, rest, names::regex_error("Invalid path", HTTP_PATH, &[])));
    }
}

fn validate_parameters(errors: &mut ErrorList, parameters: &Value, path: &Path<'_>) {
    if let Some(group) = text_if_set(parameters, "apiGroup") {
        invalid_each(errors, &path.child("apiGroup"), group, names::is_dns1123_subdomain(group));
    }
    for key in ["kind", "name"] {
        let value = text(parameters, key);
        invalid_each(errors, &path.child(key), value, names::is_valid_path_segment_name(value));
    }
    let namespace = path.child("namespace");
    match text_if_set(parameters, "scope") {
        None => errors.push(Error::required(&path.child("scope"), "")),
        Some("Namespace") => match text_if_set(parameters, "namespace") {
            None => errors.push(Error::required(&namespace, "`parameters.scope` is set to 'Namespace'")),
            Some(value) => invalid_each(errors, &namespace, value, names::is_dns1123_label(value)),
        },
        Some("Cluster") => {
            if has(parameters, "namespace") {
                errors.push(Error::forbidden(&namespace, "`parameters.scope` is set to 'Cluster'"));
            }
        }
        Some(other) => errors.push(Error::not_supported(&path.child("scope"), other, SCOPES)),
    }
    for key in ["kind", "name"] {
        declarative::required(errors, parameters, key, path);
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Controller", "string", "", 0, "Controller that is responsible for handling this class"),
    Column::new("Parameters", "string", "", 0, "A reference to a resource with additional parameters"),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn parameters_stand_in_a_namespace_or_in_none() {
        let class = |parameters: Value| json!({"spec": {"controller": "a.io/b", "parameters": parameters}});
        assert_eq!(
            texts(&validate(&class(json!({"kind": "K", "name": "n", "scope": "Namespace"})))),
            ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"]
        );
        assert_eq!(
            texts(&validate(&class(json!({"name": "n", "scope": "Cluster", "namespace": "x"})))),
            ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'", "spec.parameters.kind: Required value"]
        );
    }
}
