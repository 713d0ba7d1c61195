//! PriorityClass: values are immutable, system classes are reserved.

use crate::{
    Column, Context, Row, Strategy, table,
    update::{immutable, start_generation},
    value::{at, flag, int, set_default, text, text_if_set},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

const SYSTEM_PREFIX: &str = "system-";
const HIGHEST_USER_DEFINABLE: i64 = 1_000_000_000;

/// The classes that Kubernetes itself defines.
const SYSTEM_CLASSES: [(&str, i64); 2] = [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

/// The strategy of PriorityClass.
#[derive(Debug)]
pub struct PriorityClass;

impl Strategy for PriorityClass {
    fn default(&self, object: &mut Value) {
        set_default(object, "preemptionPolicy", "PreemptLowerPriority");
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        start_generation(object);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let name = at(object, &["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
        let value = int(object, "value").unwrap_or_default();
        if name.starts_with(SYSTEM_PREFIX) {
            if let Some(why) = not_a_system_class(name, value, flag(object, "globalDefault")) {
                let text = format!("priority class names with '{SYSTEM_PREFIX}' prefix are reserved for system use only. error: {why}");
                errors.push(Error::forbidden(&Path::new("metadata").child("name"), text));
            }
        } else if value > HIGHEST_USER_DEFINABLE {
            let text = format!("maximum allowed value of a user defined priority is {HIGHEST_USER_DEFINABLE}");
            errors.push(Error::forbidden(&Path::new("value"), text));
        }
        errors.extend(preemption_policy_errors(text_if_set(object, "preemptionPolicy")));
        errors
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        if int(new, "value").unwrap_or_default() != int(old, "value").unwrap_or_default() {
            errors.push(Error::forbidden(&Path::new("value"), "may not be changed in an update."));
        }
        errors.extend(immutable(new.get("preemptionPolicy"), old.get("preemptionPolicy"), &Path::new("preemptionPolicy")));
        errors
    }

    fn protected(&self, name: &str) -> Option<&'static str> {
        let system = SYSTEM_CLASSES.iter().any(|(class, _)| *class == name);
        system.then_some("this is a system priority class and cannot be deleted")
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        Row::of(vec![
            table::name(object),
            int(object, "value").unwrap_or_default().into(),
            flag(object, "globalDefault").into(),
            table::age(object, now_millis),
            text(object, "preemptionPolicy").into(),
        ])
    }
}

fn preemption_policy_errors(policy: Option<&str>) -> Option<Error> {
    let path = Path::new("preemptionPolicy");
    match policy? {
        "PreemptLowerPriority" | "Never" => None,
        "" => Some(Error::required(&path, "")),
        other => Some(Error::not_supported(&path, other, &["PreemptLowerPriority", "Never"])),
    }
}

fn not_a_system_class(name: &str, value: i64, global_default: bool) -> Option<String> {
    let Some((_, known)) = SYSTEM_CLASSES.iter().find(|(known, _)| *known == name) else {
        return Some(format!("{name} is not a known system priority class"));
    };
    if *known != value {
        Some(format!("value of {name} PriorityClass must be {known}"))
    } else if global_default {
        Some(format!("globalDefault of {name} PriorityClass must be false"))
    } else {
        None
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Value",
        "integer",
        "",
        0,
        "value represents the integer value of this priority class. This is the actual priority that pods receive when they have the name of this class in their pod spec.",
    ),
    Column::new(
        "Global-Default",
        "boolean",
        "",
        0,
        "globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class. Only one PriorityClass can be marked as `globalDefault`. However, if more than one PriorityClasses exists with their `globalDefault` field set to true, the smallest value of such global default PriorityClasses will be used as the default priority.",
    ),
    table::AGE,
    Column::new(
        "PreemptionPolicy",
        "string",
        "",
        0,
        "preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn validate(object: Value) -> Vec<String> {
        PriorityClass.validate(&Context::example(), &object).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn users_have_a_highest_value() {
        assert_eq!(
            validate(json!({"metadata": {"name": "a"}, "value": 1_000_000_001})),
            ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]
        );
        assert!(validate(json!({"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000})).is_empty());
    }

    #[test]
    fn system_names_are_reserved() {
        assert_eq!(
            validate(json!({"metadata": {"name": "system-mine"}, "value": 1})),
            [
                "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class"
            ]
        );
    }

    #[test]
    fn value_and_policy_stay() {
        let old = json!({"value": 1, "preemptionPolicy": "Never"});
        let errors = PriorityClass.validate_update(&Context::example(), &json!({"value": 2, "preemptionPolicy": "Never"}), &old);
        assert_eq!(errors[0].to_string(), "value: Forbidden: may not be changed in an update.");
    }
}
