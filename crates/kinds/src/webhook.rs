//! Webhooks of both configuration kinds.

use crate::{
    admission_rule::{
        FAILURE_POLICIES, MATCH_POLICIES, default_rules, excluded_warnings, static_suffix_warnings, validate_rule, validate_static_suffix,
    },
    label_selector::{self, ValuesOf},
    match_condition, update,
    value::{at, field, int, items, items_mut, set, set_default, text, text_if_set},
    webhook_client,
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const SIDE_EFFECTS: &[&str] = &["None", "NoneOnDryRun", "Some", "Unknown"];
const NO_SIDE_EFFECTS: &[&str] = &["None", "NoneOnDryRun"];
const REVIEW_VERSIONS: &[&str] = &["v1", "v1beta1"];
const REINVOCATION_POLICIES: &[&str] = &["IfNeeded", "Never"];

/// Which of the two kinds a configuration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookKind {
    /// MutatingWebhookConfiguration.
    Mutating,
    /// ValidatingWebhookConfiguration.
    Validating,
}

/// Fills in every webhook.
pub fn default(configuration: &mut Value, kind: WebhookKind) {
    for hook in items_mut(configuration, "webhooks") {
        set_default(hook, "failurePolicy", "Fail");
        set_default(hook, "matchPolicy", "Equivalent");
        set_default(hook, "namespaceSelector", Map::new());
        set_default(hook, "objectSelector", Map::new());
        set_default(hook, "timeoutSeconds", 10);
        if kind == WebhookKind::Mutating {
            set_default(hook, "reinvocationPolicy", "Never");
        }
        if let Some(service) = crate::value::at_mut(hook, &["clientConfig", "service"]) {
            set_default(service, "port", 443);
        }
        default_rules(hook, "rules");
    }
}

/// Sets the first generation.
pub fn prepare_for_create(configuration: &mut Value) {
    set(&mut configuration["metadata"], "generation", 1);
}

/// Counts changes of the webhooks.
pub fn prepare_for_update(new: &mut Value, old: &Value) {
    update::raise_generation_if_changed(new, old, &["webhooks"]);
}

/// Everything wrong with a new configuration.
pub fn validate(configuration: &Value, kind: WebhookKind) -> ErrorList {
    let mut errors = validate_webhooks(configuration, kind, &Leniency::default());
    validate_static_suffix(&mut errors, configuration);
    errors
}

/// Everything wrong with a changed configuration: what was wrong before may stay so.
pub fn validate_update(new: &Value, old: &Value, kind: WebhookKind) -> ErrorList {
    validate_webhooks(new, kind, &Leniency::of_update(new, old))
}

/// Warnings for a new configuration.
pub fn warnings_on_create(configuration: &Value) -> Vec<String> {
    let webhooks = Path::new("webhooks");
    let warn = |(i, hook)| excluded_warnings(items(hook, "rules"), &webhooks.index(i).child("rules"));
    items(configuration, "webhooks").iter().enumerate().flat_map(warn).collect()
}

/// Warnings for a changed configuration.
pub fn warnings_on_update(new: &Value) -> Vec<String> {
    let mut warnings = static_suffix_warnings(new);
    warnings.extend(warnings_on_create(new));
    warnings
}

/// What an update lets pass because the stored configuration has it.
#[derive(Debug, Default)]
struct Leniency<'a> {
    side_effects: bool,
    review_versions: bool,
    same_names: bool,
    label_values: bool,
    conditions: bool,
    stored_expressions: Vec<&'a str>,
}

impl<'a> Leniency<'a> {
    fn of_update(new: &Value, old: &'a Value) -> Self {
        let (hooks, new_hooks) = (items(old, "webhooks"), items(new, "webhooks"));
        let selectors = |hook: &'a Value| ["namespaceSelector", "objectSelector"].into_iter().filter_map(move |key| field(hook, key));
        let names: BTreeSet<&str> = hooks.iter().map(|h| text(h, "name")).collect();
        let knows_no_version = |hook: &Value| {
            let versions = items(hook, "admissionReviewVersions");
            !versions.is_empty() && !versions.iter().filter_map(Value::as_str).any(|v| REVIEW_VERSIONS.contains(&v))
        };
        Self {
            side_effects: hooks.iter().any(|h| !NO_SIDE_EFFECTS.contains(&text(h, "sideEffects"))),
            review_versions: hooks.iter().any(knows_no_version),
            same_names: names.len() < hooks.len(),
            label_values: hooks.iter().flat_map(selectors).any(|s| !label_selector::validate(Some(s), &Path::ROOT).is_empty()),
            conditions: hooks.len() == new_hooks.len() && hooks.iter().map(conditions).eq(new_hooks.iter().map(conditions)),
            stored_expressions: hooks.iter().flat_map(conditions).map(|c| text(c, "expression")).collect(),
        }
    }
}

fn conditions(hook: &Value) -> &[Value] {
    items(hook, "matchConditions")
}

fn validate_webhooks(configuration: &Value, kind: WebhookKind, leniency: &Leniency<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut names = BTreeSet::new();
    let webhooks = Path::new("webhooks");
    for (i, hook) in items(configuration, "webhooks").iter().enumerate() {
        let path = webhooks.index(i);
        validate_webhook(&mut errors, hook, kind, leniency, &path);
        validate_review_versions(&mut errors, hook, leniency, &path.child("admissionReviewVersions"));
        let name = text(hook, "name");
        if !name.is_empty() && !names.insert(name) && !leniency.same_names {
            errors.push(Error::duplicate(&path.child("name"), name));
        }
    }
    errors
}

fn validate_webhook(errors: &mut ErrorList, hook: &Value, kind: WebhookKind, leniency: &Leniency<'_>, path: &Path<'_>) {
    fully_qualified_name(errors, text(hook, "name"), &path.child("name"));
    for (i, rule) in items(hook, "rules").iter().enumerate() {
        validate_rule(errors, rule, &path.child("rules").index(i));
    }
    supported(errors, hook, "failurePolicy", FAILURE_POLICIES, path);
    supported(errors, hook, "matchPolicy", MATCH_POLICIES, path);
    let side_effects = if leniency.side_effects { SIDE_EFFECTS } else { NO_SIDE_EFFECTS };
    if text_if_set(hook, "sideEffects").is_none() {
        errors.push(Error::required(&path.child("sideEffects"), format!("must specify one of {}", side_effects.join(", "))));
    }
    supported(errors, hook, "sideEffects", side_effects, path);
    if let Some(seconds) = int(hook, "timeoutSeconds").filter(|s| !(1..=30).contains(s)) {
        errors.push(Error::invalid(&path.child("timeoutSeconds"), seconds, "the timeout value must be between 1 and 30 seconds"));
    }
    let values = if leniency.label_values { ValuesOf::None } else { ValuesOf::All };
    for key in ["namespaceSelector", "objectSelector"] {
        errors.extend(label_selector::validate_with(field(hook, key), &path.child(key), values));
    }
    if kind == WebhookKind::Mutating {
        supported(errors, hook, "reinvocationPolicy", REINVOCATION_POLICIES, path);
    }
    let client = path.child("clientConfig");
    match (at(hook, &["clientConfig", "url"]), at(hook, &["clientConfig", "service"])) {
        (Some(url), None) => webhook_client::validate_url(errors, url.as_str().unwrap_or_default(), &client.child("url")),
        (None, Some(service)) => webhook_client::validate_service(errors, service, &client.child("service")),
        _ => errors.push(Error::required(&client, "exactly one of url or service is required")),
    }
    if !leniency.conditions {
        match_condition::validate_all(errors, conditions(hook), false, &leniency.stored_expressions, &path.child("matchConditions"));
    }
}

fn supported(errors: &mut ErrorList, hook: &Value, key: &str, supported: &[&str], path: &Path<'_>) {
    if let Some(value) = text_if_set(hook, key).filter(|v| !supported.contains(v)) {
        errors.push(Error::not_supported(&path.child(key), value, supported));
    }
}

/// A domain name of three labels or more.
fn fully_qualified_name(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    if name.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    let wrong = names::is_dns1123_subdomain(name);
    if !wrong.is_empty() {
        errors.push(Error::invalid(path, name, wrong.join(",")));
    } else if name.split('.').count() < 3 {
        errors.push(Error::invalid(path, name, "should be a domain with at least three segments separated by dots"));
    }
}

fn validate_review_versions(errors: &mut ErrorList, hook: &Value, leniency: &Leniency<'_>, path: &Path<'_>) {
    let versions = items(hook, "admissionReviewVersions");
    if versions.is_empty() {
        errors.push(Error::required(path, format!("must specify one of {}", REVIEW_VERSIONS.join(", "))));
        return;
    }
    let mut seen = BTreeSet::new();
    for (i, version) in versions.iter().filter_map(Value::as_str).enumerate() {
        if !seen.insert(version) {
            errors.push(Error::invalid(&path.index(i), version, "duplicate version"));
            continue;
        }
        invalid_each(errors, &path.index(i), version, names::is_dns1035_label(version));
    }
    if !leniency.review_versions && !seen.iter().any(|v| REVIEW_VERSIONS.contains(v)) {
        let why = format!("must include at least one of {}", REVIEW_VERSIONS.join(", "));
        errors.push(Error::invalid(path, versions.to_vec(), why));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    fn configuration(hook: Value) -> Value {
        let mut configuration = json!({"metadata": {"name": "a"}, "webhooks": [hook]});
        default(&mut configuration, WebhookKind::Validating);
        configuration
    }

    #[test]
    fn a_webhook_says_what_it_does_and_speaks() {
        let hook = json!({"name": "a.b.c", "clientConfig": {"url": "https://a"}});
        assert_eq!(
            texts(&validate(&configuration(hook), WebhookKind::Validating)),
            [
                "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun",
                "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1",
            ]
        );
    }

    #[test]
    fn what_was_wrong_may_stay_wrong() {
        let hook = json!({"name": "a.b.c", "clientConfig": {"url": "https://a"}, "sideEffects": "Some", "admissionReviewVersions": ["v2"]});
        let old = configuration(hook);
        assert_eq!(validate(&old, WebhookKind::Validating).len(), 2);
        assert!(validate_update(&old, &old, WebhookKind::Validating).is_empty());
    }
}
