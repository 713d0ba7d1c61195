//! The flow schemas and priority levels that every server has, whose specs never differ from what the server makes them.

use crate::{
    go_struct::{self, GoField, GoType, field, nullable, number, text},
    value,
};
use minkapi_schema::field::{Error, Path};
use serde_json::{Value, json};

const NAMED: &[GoField] = &[text("Name", "name")];

const FLOW_SCHEMA: &[GoField] = &[
    field("PriorityLevelConfiguration", "priorityLevelConfiguration", GoType::Struct(NAMED)),
    number("MatchingPrecedence", "matchingPrecedence"),
    field("DistinguisherMethod", "distinguisherMethod", GoType::Pointer(&[text("Type", "type")])),
    field("Rules", "rules", GoType::List(RULE)),
];

const RULE: &[GoField] = &[
    field("Subjects", "subjects", GoType::List(SUBJECT)),
    field("ResourceRules", "resourceRules", GoType::List(RESOURCE_RULE)),
    field(
        "NonResourceRules",
        "nonResourceRules",
        GoType::List(&[nullable("Verbs", "verbs"), nullable("NonResourceURLs", "nonResourceURLs")]),
    ),
];

const SUBJECT: &[GoField] = &[
    text("Kind", "kind"),
    field("User", "user", GoType::Pointer(NAMED)),
    field("Group", "group", GoType::Pointer(NAMED)),
    field("ServiceAccount", "serviceAccount", GoType::Pointer(&[text("Namespace", "namespace"), text("Name", "name")])),
];

const RESOURCE_RULE: &[GoField] = &[
    nullable("Verbs", "verbs"),
    nullable("APIGroups", "apiGroups"),
    nullable("Resources", "resources"),
    field("ClusterScope", "clusterScope", GoType::Plain("false")),
    nullable("Namespaces", "namespaces"),
];

const PRIORITY_LEVEL: &[GoField] = &[
    text("Type", "type"),
    field("Limited", "limited", GoType::Pointer(LIMITED)),
    field(
        "Exempt",
        "exempt",
        GoType::Pointer(&[
            nullable("NominalConcurrencyShares", "nominalConcurrencyShares"),
            nullable("LendablePercent", "lendablePercent"),
        ]),
    ),
];

const LIMITED: &[GoField] = &[
    number("NominalConcurrencyShares", "nominalConcurrencyShares"),
    field("LimitResponse", "limitResponse", GoType::Struct(&[text("Type", "type"), field("Queuing", "queuing", GoType::Pointer(QUEUING))])),
    nullable("LendablePercent", "lendablePercent"),
    nullable("BorrowingLimitPercent", "borrowingLimitPercent"),
];

const QUEUING: &[GoField] = &[number("Queues", "queues"), number("HandSize", "handSize"), number("QueueLengthLimit", "queueLengthLimit")];

/// What is wrong with the spec of the flow schema of this name, should it be a mandatory one.
pub fn flow_schema_error(name: &str, spec: &Value, path: &Path<'_>) -> Option<Error> {
    let have = go_struct::compact(spec, FLOW_SCHEMA);
    if have == go_struct::compact(&flow_schema(name)?, FLOW_SCHEMA) {
        return None;
    }
    Some(Error::invalid_printed(path, have, format!("spec of '{name}' must equal the fixed value")))
}

/// What is wrong with the spec of the priority level of this name, should it be a mandatory one.
pub fn priority_level_error(name: &str, spec: &Value, path: &Path<'_>) -> Option<Error> {
    let wanted = priority_level(name)?;
    let mut compared = spec.clone();
    let mut except = "";
    if name == "exempt" {
        // The shares of the exempt level are the administrator's to choose.
        value::set(&mut compared, "exempt", wanted["exempt"].clone());
        except = " except the 'spec.exempt' field";
    }
    if go_struct::compact(&compared, PRIORITY_LEVEL) == go_struct::compact(&wanted, PRIORITY_LEVEL) {
        return None;
    }
    let why = format!("spec of '{name}'{except} must equal the fixed value");
    Some(Error::invalid_printed(path, go_struct::compact(spec, PRIORITY_LEVEL), why))
}

/// The spec of a mandatory flow schema.
fn flow_schema(name: &str) -> Option<Value> {
    let (precedence, groups, method) = match name {
        "exempt" => (1, &["system:masters"][..], Value::Null),
        "catch-all" => (10_000, &["system:unauthenticated", "system:authenticated"][..], json!({"type": "ByUser"})),
        _ => return None,
    };
    let subjects: Vec<_> = groups.iter().map(|group| json!({"kind": "Group", "group": {"name": group}})).collect();
    let any = ["*"];
    Some(json!({
        "priorityLevelConfiguration": {"name": name},
        "matchingPrecedence": precedence,
        "distinguisherMethod": method,
        "rules": [{
            "subjects": subjects,
            "resourceRules": [{"verbs": any, "apiGroups": any, "resources": any, "clusterScope": true, "namespaces": any}],
            "nonResourceRules": [{"verbs": any, "nonResourceURLs": any}],
        }],
    }))
}

/// The spec of a mandatory priority level.
fn priority_level(name: &str) -> Option<Value> {
    match name {
        "exempt" => Some(json!({"type": "Exempt", "exempt": {"nominalConcurrencyShares": 0, "lendablePercent": 0}})),
        "catch-all" => Some(json!({
            "type": "Limited",
            "limited": {"nominalConcurrencyShares": 5, "limitResponse": {"type": "Reject"}, "lendablePercent": 0},
        })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specs_the_server_makes_are_right() {
        let path = Path::new("spec");
        for name in ["exempt", "catch-all"] {
            assert_eq!(flow_schema_error(name, &flow_schema(name).unwrap_or_default(), &path), None);
            assert_eq!(priority_level_error(name, &priority_level(name).unwrap_or_default(), &path), None);
        }
        assert_eq!(flow_schema_error("other", &Value::Null, &path), None);
        assert_eq!(priority_level_error("other", &Value::Null, &path), None);
    }

    #[test]
    fn a_changed_flow_schema_is_shown_whole() {
        let mut spec = flow_schema("exempt").unwrap_or_default();
        spec["matchingPrecedence"] = json!(9999);
        let error = flow_schema_error("exempt", &spec, &Path::new("spec")).map(|e| e.to_string());
        assert_eq!(
            error.as_deref(),
            Some(
                r#"spec: Invalid value: {"PriorityLevelConfiguration":{"Name":"exempt"},"MatchingPrecedence":9999,"DistinguisherMethod":null,"Rules":[{"Subjects":[{"Kind":"Group","User":null,"Group":{"Name":"system:masters"},"ServiceAccount":null}],"ResourceRules":[{"Verbs":["*"],"APIGroups":["*"],"Resources":["*"],"ClusterScope":true,"Namespaces":["*"]}],"NonResourceRules":[{"Verbs":["*"],"NonResourceURLs":["*"]}]}]}: spec of 'exempt' must equal the fixed value"#
            )
        );
    }

    #[test]
    fn the_exempt_level_may_change_its_shares_only() {
        let path = Path::new("spec");
        let shares = json!({"type": "Exempt", "exempt": {"nominalConcurrencyShares": 7}});
        assert_eq!(priority_level_error("exempt", &shares, &path), None);
        let limited = json!({"type": "Limited", "limited": {"nominalConcurrencyShares": 7, "lendablePercent": 0}});
        assert_eq!(
            priority_level_error("exempt", &limited, &path).map(|e| e.to_string()).as_deref(),
            Some(
                r#"spec: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":7,"LimitResponse":{"Type":"","Queuing":null},"LendablePercent":0,"BorrowingLimitPercent":null},"Exempt":null}: spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"#
            )
        );
    }
}
