//! When a pod, a container and a resized container are restarted.

use crate::value::{field, items, text, text_if_set};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;
use std::collections::BTreeSet;

const OF_POD: &[&str] = &["Always", "OnFailure", "Never"];
const OF_CONTAINER: &[&str] = &["Always", "Never", "OnFailure"];
const ACTIONS: &[&str] = &["Restart", "RestartAllContainers"];
const OPERATORS: &[&str] = &["In", "NotIn"];
const RESIZABLE: &[&str] = &["cpu", "memory"];
const OF_RESIZE: &[&str] = &["NotRequired", "RestartContainer"];

/// Checks `restartPolicy` of a pod.
pub fn validate_pod(errors: &mut ErrorList, policy: &str, path: &Path<'_>) {
    if policy.is_empty() {
        errors.push(Error::required(path, ""));
    } else if !OF_POD.contains(&policy) {
        errors.push(Error::not_supported(path, policy, OF_POD));
    }
}

/// Checks `restartPolicy` and `restartPolicyRules` of a container.
pub fn validate_container(errors: &mut ErrorList, container: &Value, path: &Path<'_>) {
    let rules = items(container, "restartPolicyRules");
    match text_if_set(container, "restartPolicy") {
        None if rules.is_empty() => return,
        None => {
            let detail = "must specify restartPolicy when restart rules are used";
            errors.push(Error::required(&path.child("restartPolicy"), detail));
        }
        Some(policy) if !OF_CONTAINER.contains(&policy) => {
            errors.push(Error::not_supported(&path.child("restartPolicy"), policy, OF_CONTAINER));
        }
        Some(_) => {}
    }
    let list = path.child("restartPolicyRules");
    if rules.len() > 20 {
        errors.push(Error::too_many(&list, rules.len(), 20));
    }
    for (i, rule) in rules.iter().enumerate() {
        let at_index = list.index(i);
        let action = text(rule, "action");
        if !ACTIONS.contains(&action) {
            errors.push(Error::not_supported(&at_index.child("action"), action, ACTIONS));
        }
        let codes_path = at_index.child("exitCodes");
        let Some(codes) = field(rule, "exitCodes") else {
            errors.push(Error::required(&codes_path, "must be specified"));
            continue;
        };
        let operator = text(codes, "operator");
        if !OPERATORS.contains(&operator) {
            errors.push(Error::not_supported(&codes_path.child("operator"), operator, OPERATORS));
        }
        let count = items(codes, "values").len();
        if count > 255 {
            errors.push(Error::too_many(&codes_path.child("values"), count, 255));
        }
    }
}

/// As [`validate_container`] for init containers, which may not have rules alone.
pub fn validate_init_container(errors: &mut ErrorList, container: &Value, path: &Path<'_>) {
    if text_if_set(container, "restartPolicy").is_some() {
        validate_container(errors, container, path);
    } else if !items(container, "restartPolicyRules").is_empty() {
        let detail = "must specify restartPolicy when restart rules are used";
        errors.push(Error::required(&path.child("restartPolicy"), detail));
    }
}

/// Whether an init container keeps running beside the others (a sidecar).
pub fn is_sidecar(init_container: &Value) -> bool {
    text(init_container, "restartPolicy") == "Always"
}

/// Checks `resizePolicy` of a container.
pub fn validate_resize(errors: &mut ErrorList, container: &Value, pod_policy: &str, path: &Path<'_>) {
    let mut seen = BTreeSet::new();
    for (i, policy) in items(container, "resizePolicy").iter().enumerate() {
        let (resource, restart) = (text(policy, "resourceName"), text(policy, "restartPolicy"));
        if !seen.insert(resource) {
            errors.push(Error::duplicate(&path.index(i), resource));
        }
        for (value, supported) in [(resource, RESIZABLE), (restart, OF_RESIZE)] {
            if value.is_empty() {
                errors.push(Error::required(path, ""));
            } else if !supported.contains(&value) {
                errors.push(Error::not_supported(path, value, supported));
            }
        }
        if pod_policy == "Never" && restart != "NotRequired" {
            errors.push(Error::invalid(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_need_a_policy_and_exit_codes() {
        let mut errors = ErrorList::new();
        validate_container(&mut errors, &json!({"restartPolicyRules": [{"action": "Restart"}]}), &Path::new("c"));
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "c.restartPolicy: Required value: must specify restartPolicy when restart rules are used",
                "c.restartPolicyRules[0].exitCodes: Required value: must be specified",
            ]
        );
    }
}
