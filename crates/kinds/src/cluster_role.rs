//! ClusterRole: policy rules, given or aggregated from other roles.

use crate::{
    Context, NameRule, Strategy, Traits, label_selector,
    policy_rule::{Scope, validate_rules},
    value::{at, field, items},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// The strategy of ClusterRole.
#[derive(Debug)]
pub struct ClusterRole;

impl Strategy for ClusterRole {
    fn traits(&self) -> Traits {
        Traits { create_on_update: true, name: NameRule::PathSegment, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, role: &Value) -> ErrorList {
        validate(role, None)
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        validate(new, Some(old))
    }
}

fn validate(role: &Value, old: Option<&Value>) -> ErrorList {
    let mut errors = validate_rules(role, Scope::Cluster);
    let Some(aggregation) = field(role, "aggregationRule") else { return errors };
    // Declared checks (the verbs) come last.
    let declared = errors.iter().position(|e| e.field.ends_with(".verbs")).unwrap_or(errors.len());
    let declared = errors.split_off(declared);
    let aggregation_path = Path::new("aggregationRule");
    let path = aggregation_path.child("clusterRoleSelectors");
    let selectors = items(aggregation, "clusterRoleSelectors");
    if selectors.is_empty() {
        errors.push(Error::required(&path, "at least one clusterRoleSelector required if aggregationRule is non-nil"));
    }
    let kept = old
        .and_then(|old| at(old, &["aggregationRule"]))
        .is_some_and(|old| items(old, "clusterRoleSelectors").iter().any(|s| !label_selector::validate(Some(s), &path).is_empty()));
    let values = if kept { label_selector::ValuesOf::None } else { label_selector::ValuesOf::All };
    for (i, selector) in selectors.iter().enumerate() {
        let path = path.index(i);
        let wrong = label_selector::validate_with(Some(selector), &path, values);
        let unreadable = !label_selector::validate(Some(selector), &path).is_empty();
        errors.extend(wrong);
        if unreadable {
            // Go prints the selector that could not be made of it: none.
            errors.push(Error::invalid(&path, Value::Null, "invalid label selector."));
        }
    }
    errors.extend(declared);
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_aggregation_needs_selectors() {
        let errors = validate(&json!({"aggregationRule": {}}), None);
        assert_eq!(
            errors[0].to_string(),
            "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"
        );
    }
}
