//! Which requests a webhook or an admission policy looks at: operations, resources and selectors.

use crate::{
    label_selector,
    value::{field, items, items_mut, object_mut, set_default, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Match policies that there are, sorted.
pub const MATCH_POLICIES: &[&str] = &["Equivalent", "Exact"];

/// Failure policies that there are, sorted.
pub const FAILURE_POLICIES: &[&str] = &["Fail", "Ignore"];

const OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const MUTATING_OPERATIONS: &[&str] = &["*", "CONNECT", "CREATE", "UPDATE"];
const SCOPES: &[&str] = &["*", "Cluster", "Namespaced"];

/// The scope of every rule in the list at `key`.
pub fn default_rules(holder: &mut Value, key: &str) {
    for rule in items_mut(holder, key) {
        set_default(rule, "scope", "*");
    }
}

/// What `matchConstraints` and `matchResources` are by default, where they are set.
pub fn default_match_resources(spec: &mut Value, key: &str) {
    if field(spec, key).is_none() {
        return;
    }
    let Some(resources) = object_mut(spec, key) else { return };
    set_default(resources, "matchPolicy", "Equivalent");
    for selector in ["namespaceSelector", "objectSelector"] {
        set_default(resources, selector, Map::new());
    }
    for rules in ["resourceRules", "excludeResourceRules"] {
        default_rules(resources, rules);
    }
}

/// Everything wrong with `matchConstraints` or `matchResources`.
pub fn validate_match_resources(errors: &mut ErrorList, resources: &Value, path: &Path<'_>) {
    match text_if_set(resources, "matchPolicy") {
        None => errors.push(Error::required(&path.child("matchPolicy"), "")),
        Some(policy) if !MATCH_POLICIES.contains(&policy) => {
            errors.push(Error::not_supported(&path.child("matchPolicy"), policy, MATCH_POLICIES));
        }
        Some(_) => {}
    }
    for key in ["namespaceSelector", "objectSelector"] {
        match field(resources, key) {
            None => errors.push(Error::required(&path.child(key), "")),
            selector => errors.extend(label_selector::validate(selector, &path.child(key))),
        }
    }
    for key in ["resourceRules", "excludeResourceRules"] {
        let path = path.child(key);
        for (i, rule) in items(resources, key).iter().enumerate() {
            let path = path.index(i);
            validate_names(errors, rule, &path.child("resourceNames"));
            validate_rule(errors, rule, &path);
        }
    }
}

/// A mutating policy has nothing to do with deletions.
pub fn validate_mutating_operations(errors: &mut ErrorList, resources: &Value, path: &Path<'_>) {
    let rules = path.child("resourceRules");
    for operation in items(resources, "resourceRules").iter().flat_map(|r| strings(r, "operations")) {
        if !MUTATING_OPERATIONS.contains(&operation) {
            errors.push(Error::not_supported(&rules.child("operations"), operation, MUTATING_OPERATIONS));
        }
    }
}

fn strings<'a>(holder: &'a Value, key: &str) -> Vec<&'a str> {
    items(holder, key).iter().filter_map(Value::as_str).collect()
}

fn validate_names(errors: &mut ErrorList, rule: &Value, path: &Path<'_>) {
    let mut seen = BTreeSet::new();
    for (i, name) in strings(rule, "resourceNames").into_iter().enumerate() {
        invalid_each(errors, &path.index(i), name, names::is_valid_path_segment_name(name));
        if !seen.insert(name) {
            errors.push(Error::duplicate(&path.index(i), name));
        }
    }
}

/// Everything wrong with one rule.
pub fn validate_rule(errors: &mut ErrorList, rule: &Value, path: &Path<'_>) {
    let operations = strings(rule, "operations");
    let operations_path = path.child("operations");
    not_empty_nor_wild(errors, rule, "operations", "operations", path);
    for (i, operation) in operations.iter().enumerate().filter(|(_, o)| !OPERATIONS.contains(o)) {
        errors.push(Error::not_supported(&operations_path.index(i), *operation, OPERATIONS));
    }
    not_empty_nor_wild(errors, rule, "apiGroups", "API groups", path);
    not_empty_nor_wild(errors, rule, "apiVersions", "API versions", path);
    let versions = path.child("apiVersions");
    for (i, _) in strings(rule, "apiVersions").iter().enumerate().filter(|(_, v)| v.is_empty()) {
        errors.push(Error::required(&versions.index(i), ""));
    }
    validate_resources(errors, rule, &path.child("resources"));
    if let Some(scope) = text_if_set(rule, "scope").filter(|s| !SCOPES.contains(s)) {
        errors.push(Error::not_supported(&path.child("scope"), scope, SCOPES));
    }
}

fn not_empty_nor_wild(errors: &mut ErrorList, rule: &Value, key: &str, what: &str, path: &Path<'_>) {
    let list = items(rule, key);
    if list.is_empty() {
        errors.push(Error::required(&path.child(key), ""));
    }
    if list.len() > 1 && list.iter().any(|v| v == "*") {
        errors.push(Error::invalid(&path.child(key), list.to_vec(), format!("if '*' is present, must not specify other {what}")));
    }
}

fn validate_resources(errors: &mut ErrorList, rule: &Value, path: &Path<'_>) {
    let resources = strings(rule, "resources");
    if resources.is_empty() {
        errors.push(Error::required(path, ""));
    }
    let (mut all_subresources, mut in_all_resources) = (BTreeSet::new(), BTreeSet::new());
    let mut plain = false;
    for (i, resource) in resources.iter().enumerate() {
        if resource.is_empty() {
            errors.push(Error::required(&path.index(i), ""));
            continue;
        }
        let Some((name, subresource)) = resource.split_once('/') else {
            plain = *resource != "*";
            continue;
        };
        if all_subresources.contains(name) {
            let why = format!("if '{name}/*' is present, must not specify {resource}");
            errors.push(Error::invalid(&path.index(i), *resource, why));
        }
        if in_all_resources.contains(subresource) {
            let why = format!("if '*/{subresource}' is present, must not specify {resource}");
            errors.push(Error::invalid(&path.index(i), *resource, why));
        }
        if subresource == "*" {
            all_subresources.insert(name);
        }
        if name == "*" {
            in_all_resources.insert(subresource);
        }
    }
    let all = items(rule, "resources").to_vec();
    if resources.len() > 1 && resources.contains(&"*/*") {
        errors.push(Error::invalid(path, all.clone(), "if '*/*' is present, must not specify other resources"));
    }
    if resources.contains(&"*") && plain {
        errors.push(Error::invalid(path, all, "if '*' is present, must not specify other resources without subresources"));
    }
}

/// Reviews, which admission never sees.
const EXCLUDED: &[(&str, &str)] = &[
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authentication.k8s.io", "tokenreviews"),
    ("authorization.k8s.io", "localsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authorization.k8s.io", "subjectaccessreviews"),
];

/// Warnings for rules that name resources which webhooks never see.
pub fn excluded_warnings(rules: &[Value], path: &Path<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        let (groups, resources) = (strings(rule, "apiGroups"), strings(rule, "resources"));
        if groups.contains(&"*") || resources.contains(&"*") {
            continue;
        }
        let mut named = Vec::new();
        for pair in groups.iter().flat_map(|g| resources.iter().map(move |r| (*g, *r))) {
            if EXCLUDED.contains(&pair) && !named.contains(&pair) {
                named.push(pair);
            }
        }
        for (group, resource) in named {
            let rule = path.index(i);
            warnings.push(format!("{rule}: {resource}.{group} is excluded from admission webhooks; this rule will have no effect"));
        }
    }
    warnings
}

/// Names with this end are for policies and webhooks from the server's own files.
const STATIC_SUFFIX: &str = ".static.k8s.io";

fn static_name(object: &Value) -> Option<(&str, String)> {
    let name = field(object, "metadata").map_or("", |m| text(m, "name"));
    let why = || {
        format!(
            "names ending with \"{STATIC_SUFFIX}\" are reserved for static manifest-based configurations and cannot be managed via the API"
        )
    };
    name.ends_with(STATIC_SUFFIX).then(|| (name, why()))
}

/// A new object may not have a reserved name.
pub fn validate_static_suffix(errors: &mut ErrorList, object: &Value) {
    if let Some((name, why)) = static_name(object) {
        let metadata = Path::new("metadata");
        errors.push(Error::invalid(&metadata.child("name"), name, why));
    }
}

/// An old object with a reserved name is warned of.
pub fn static_suffix_warnings(object: &Value) -> Vec<String> {
    static_name(object).map(|(_, why)| format!("metadata.name: {why}")).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    fn check(rule: Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate_rule(&mut errors, &rule, &Path::new("r"));
        texts(&errors)
    }

    #[test]
    fn wildcards_stand_alone() {
        let rule = json!({"operations": ["*", "CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods", "*"]});
        assert_eq!(check(rule), ["r.operations: Invalid value: [\"*\",\"CREATE\"]: if '*' is present, must not specify other operations"]);
        let rule = json!({"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods/*", "pods/status"]});
        assert_eq!(check(rule), ["r.resources[1]: Invalid value: \"pods/status\": if 'pods/*' is present, must not specify pods/status"]);
    }

    #[test]
    fn a_rule_says_everything() {
        assert_eq!(
            check(json!({"scope": "Galaxy"})),
            [
                "r.operations: Required value",
                "r.apiGroups: Required value",
                "r.apiVersions: Required value",
                "r.resources: Required value",
                "r.scope: Unsupported value: \"Galaxy\": supported values: \"*\", \"Cluster\", \"Namespaced\"",
            ]
        );
    }

    #[test]
    fn a_rule_for_reviews_is_warned_of() {
        let rules = [json!({"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"]})];
        assert_eq!(
            excluded_warnings(&rules, &Path::new("rules")),
            ["rules[0]: subjectaccessreviews.authorization.k8s.io is excluded from admission webhooks; this rule will have no effect"]
        );
    }
}
