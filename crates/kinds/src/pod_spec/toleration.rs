//! Tolerations, and the effects of taints that they share with nodes.

use super::Options;
use crate::value::{int, items, text};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each, quoted},
    names,
};
use serde_json::Value;

const EFFECTS: &[&str] = &["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// Checks a list of tolerations; RuntimeClasses have them too.
pub fn validate(errors: &mut ErrorList, tolerations: &[Value], path: &Path<'_>, options: &Options) {
    for (i, toleration) in tolerations.iter().enumerate() {
        validate_one(errors, toleration, &path.index(i), options);
    }
}

fn validate_one(errors: &mut ErrorList, toleration: &Value, path: &Path<'_>, options: &Options) {
    let (key, operator) = (text(toleration, "key"), text(toleration, "operator"));
    let (value, effect) = (text(toleration, "value"), text(toleration, "effect"));
    if !key.is_empty() {
        invalid_each(errors, &path.child("key"), key, names::is_qualified_name(key));
    }
    if key.is_empty() && operator != "Exists" {
        let detail = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        errors.push(Error::invalid(&path.child("operator"), operator, detail));
    }
    if int(toleration, "tolerationSeconds").is_some() && effect != "NoExecute" {
        errors.push(Error::invalid(&path.child("effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    match operator {
        "" | "Equal" => {
            let messages = names::is_valid_label_value(value);
            if !messages.is_empty() {
                errors.push(Error::invalid(&path.child("operator"), value, messages.join(";")));
            }
        }
        "Exists" if !value.is_empty() => {
            errors.push(Error::invalid(&path.child("operator"), value, "value must be empty when `operator` is 'Exists'"));
        }
        "Exists" => {}
        "Lt" | "Gt" if options.comparing_tolerations => compared_value(errors, value, &path.child("value")),
        "Lt" | "Gt" => errors.push(Error::not_supported(&path.child("operator"), operator, &["Equal", "Exists", "Lt", "Gt"])),
        other => errors.push(Error::not_supported(&path.child("operator"), other, &["Equal", "Exists"])),
    }
    if !effect.is_empty() {
        validate_effect(errors, effect, &path.child("effect"));
    }
}

fn compared_value(errors: &mut ErrorList, value: &str, path: &Path<'_>) {
    invalid_each(errors, path, value, names::is_decimal_integer(value));
    if value.parse::<i64>().is_err() {
        let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
        let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let problem = if number { "value out of range" } else { "invalid syntax" };
        errors.push(Error::invalid(path, value, format!("strconv.ParseInt: parsing {}: {problem}", quoted(value))));
    }
}

/// Checks the effect of a taint that is given.
pub fn validate_effect(errors: &mut ErrorList, effect: &str, path: &Path<'_>) {
    if !EFFECTS.contains(&effect) {
        errors.push(Error::not_supported(path, effect, EFFECTS));
    }
}

/// Tolerations of a pod may be added, and how long the old ones last may change.
pub fn validate_only_added(errors: &mut ErrorList, new: &Value, old: &Value, path: &Path<'_>, options: &Options) {
    let new = items(new, "tolerations");
    let kept = |old: &Value| new.iter().any(|n| ["key", "operator", "value", "effect"].iter().all(|key| text(n, key) == text(old, key)));
    if items(old, "tolerations").iter().all(kept) {
        validate(errors, new, path, options);
    } else {
        errors.push(Error::forbidden(path, "existing toleration can not be modified except its tolerationSeconds"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(toleration: Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate(&mut errors, &[toleration], &Path::new("tolerations"), &Options::default());
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_exists_may_go_without_a_key() {
        assert!(texts(json!({"operator": "Exists"})).is_empty());
        assert_eq!(
            texts(json!({"operator": "Equal"})),
            [
                "tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means \"match all values and all keys\""
            ]
        );
    }

    #[test]
    fn comparing_operators_are_off_by_default() {
        assert_eq!(
            texts(json!({"key": "a", "operator": "Gt", "value": "1"})),
            ["tolerations[0].operator: Unsupported value: \"Gt\": supported values: \"Equal\", \"Exists\", \"Lt\", \"Gt\""]
        );
    }

    #[test]
    fn an_old_toleration_may_change_its_seconds_only() {
        let old = json!({"tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute"}]});
        let check = |new: Value| {
            let mut errors = ErrorList::new();
            validate_only_added(&mut errors, &json!({"tolerations": new}), &old, &Path::new("t"), &Options::default());
            errors.len()
        };
        assert_eq!(check(json!([{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}])), 0);
        assert_eq!(check(json!([])), 1);
    }
}
