//! Which containers may run again after they have ended.

use crate::value::{at, field, has, int, items, text, text_if_set};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

const FORBIDDEN: &str = "may not be transitioned to non-terminated state";

/// Checks that ended containers of `containers` stay so unless they are restarted.
pub fn validate_transitions(errors: &mut ErrorList, new: &[Value], old: &[Value], spec: &Value, containers: &str, path: &Path<'_>) {
    if all_could_restart(spec) {
        return;
    }
    for (i, before) in old.iter().enumerate() {
        let Some(ended) = at(before, &["state", "terminated"]) else { continue };
        let name = text(before, "name");
        let runs_again = new.iter().find(|s| text(s, "name") == name && at(s, &["state", "terminated"]).is_none());
        if runs_again.is_none() {
            continue;
        }
        let exit_code = int(ended, "exitCode").unwrap_or_default();
        let container = items(spec, containers).iter().find(|c| text(c, "name") == name);
        if !container.is_some_and(|c| should_restart(c, spec, exit_code)) {
            errors.push(Error::forbidden(&path.index(i).child("state"), FORBIDDEN));
        }
    }
}

/// Ephemeral containers never run again.
pub fn validate_ephemeral(errors: &mut ErrorList, new: &[Value], old: &[Value], path: &Path<'_>) {
    for (i, before) in old.iter().enumerate().filter(|(_, s)| at(s, &["state", "terminated"]).is_some()) {
        for _ in new.iter().filter(|s| text(s, "name") == text(before, "name") && at(s, &["state", "terminated"]).is_none()) {
            errors.push(Error::forbidden(&path.index(i).child("state"), FORBIDDEN));
        }
    }
}

fn all_could_restart(spec: &Value) -> bool {
    let rules = ["initContainers", "containers"].iter().flat_map(|list| items(spec, list)).flat_map(|c| items(c, "restartPolicyRules"));
    rules.into_iter().any(|rule| text(rule, "action") == "RestartAllContainers")
}

fn should_restart(container: &Value, spec: &Value, exit_code: i64) -> bool {
    let by_policy = |policy: &str| match policy {
        "OnFailure" => exit_code != 0,
        "Never" => false,
        _ => true,
    };
    let Some(own) = text_if_set(container, "restartPolicy") else { return by_policy(text(spec, "restartPolicy")) };
    items(container, "restartPolicyRules").iter().any(|rule| matches_exit_code(rule, exit_code)) || by_policy(own)
}

fn matches_exit_code(rule: &Value, exit_code: i64) -> bool {
    let Some(codes) = field(rule, "exitCodes") else { return false };
    let listed = has(codes, "values") && items(codes, "values").iter().any(|code| code.as_i64() == Some(exit_code));
    match text(codes, "operator") {
        "In" => listed,
        "NotIn" => !listed,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_container_that_never_restarts_stays_ended() {
        let old = [json!({"name": "a", "state": {"terminated": {"exitCode": 1}}})];
        let new = [json!({"name": "a", "state": {"running": {}}})];
        let count = |policy: &str| {
            let mut errors = ErrorList::new();
            let spec = json!({"restartPolicy": policy, "containers": [{"name": "a"}]});
            validate_transitions(&mut errors, &new, &old, &spec, "containers", &Path::new("s"));
            errors.len()
        };
        assert_eq!((count("Never"), count("OnFailure"), count("Always")), (1, 0, 0));
    }
}
