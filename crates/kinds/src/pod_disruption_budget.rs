//! PodDisruptionBudget: how many pods must stay, or may go.

use crate::{
    Column, Context, NameRule, Row, Strategy, Traits, condition,
    go_struct::{self, GoField},
    label_selector,
    rolling_update::{validate_int_or_percent, validate_not_more_than_100_percent},
    table,
    update::{bump_generation_on_spec, clear_status, keep_other_side, start_generation},
    value::{at, field, items, text_if_set},
    workload::{number, validate_counts},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// The strategy of PodDisruptionBudget.
#[derive(Debug)]
pub struct PodDisruptionBudget;

impl Strategy for PodDisruptionBudget {
    fn traits(&self) -> Traits {
        Traits {
            unconditional_update: false,
            name: NameRule::PathSegment,
            metadata_last: true,
            checks_finalizers: false,
            ..Traits::WITH_STATUS
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        clear_status(object);
        start_generation(object);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        validate_spec(object, None)
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource != "status" {
            bump_generation_on_spec(new, old);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" { validate_status(new) } else { validate_spec(new, Some(old)) }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let pods = |key| match at(object, &["spec", key]) {
            None => "N/A".to_owned(),
            Some(Value::String(percent)) => percent.clone(),
            Some(number) => number.to_string(),
        };
        Row::of(vec![
            table::name(object),
            pods("minAvailable").into(),
            pods("maxUnavailable").into(),
            number(object, &["status", "disruptionsAllowed"]).into(),
            table::age(object, now_millis),
        ])
    }
}

const SPEC: &[GoField] = &[
    go_struct::nullable("MinAvailable", "minAvailable"),
    go_struct::nullable("Selector", "selector"),
    go_struct::nullable("MaxUnavailable", "maxUnavailable"),
    go_struct::nullable("UnhealthyPodEvictionPolicy", "unhealthyPodEvictionPolicy"),
];

fn validate_spec(object: &Value, old: Option<&Value>) -> ErrorList {
    const POLICIES: &[&str] = &["AlwaysAllow", "IfHealthyBudget"];
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let mut errors = ErrorList::new();
    let limits = ["minAvailable", "maxUnavailable"].map(|key| (key, field(spec, key)));
    if limits.iter().all(|(_, limit)| limit.is_some()) {
        let detail = "minAvailable and maxUnavailable cannot be both set";
        errors.push(Error::invalid_printed(&path, go_struct::compact(spec, SPEC), detail));
    }
    for (key, limit) in limits.iter().filter(|(_, limit)| limit.is_some()) {
        errors.extend(validate_int_or_percent(*limit, &path.child(key)));
        errors.extend(validate_not_more_than_100_percent(*limit, &path.child(key)));
    }
    let (selector, selector_path) = (field(spec, "selector"), path.child("selector"));
    errors.extend(match old {
        Some(old) => label_selector::validate_update(selector, at(old, &["spec", "selector"]), &selector_path),
        None => label_selector::validate(selector, &selector_path),
    });
    if let Some(policy) = text_if_set(spec, "unhealthyPodEvictionPolicy").filter(|policy| !POLICIES.contains(policy)) {
        errors.push(Error::not_supported(&path.child("unhealthyPodEvictionPolicy"), policy, POLICIES));
    }
    errors
}

fn validate_status(object: &Value) -> ErrorList {
    const COUNTS: &[&str] = &["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"];
    let (status, path) = (object.get("status").unwrap_or(&Value::Null), Path::new("status"));
    let mut errors = condition::validate_all(items(status, "conditions"), &path.child("conditions"));
    errors.extend(validate_counts(status, COUNTS, &path));
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Min Available", "string", "", 0, "The minimum number of pods that must be available."),
    Column::new("Max Unavailable", "string", "", 0, "The maximum number of pods that may be unavailable."),
    Column::new("Allowed Disruptions", "integer", "", 0, "Calculated number of pods that may be disrupted at this time."),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn one_limit_is_enough() {
        let object = json!({"spec": {"minAvailable": 1, "maxUnavailable": "150%", "selector": {"matchLabels": {"app": "web"}}}});
        assert_eq!(
            texts(&PodDisruptionBudget.validate(&Context::example(), &object)),
            [
                r#"spec: Invalid value: {"MinAvailable":1,"Selector":{"matchLabels":{"app":"web"}},"MaxUnavailable":"150%","UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set"#,
                r#"spec.maxUnavailable: Invalid value: "150%": must not be greater than 100%"#
            ]
        );
    }

    #[test]
    fn an_unset_limit_is_not_applicable() {
        let cells = PodDisruptionBudget.row(&json!({"spec": {"minAvailable": "50%"}}), 0, true).cells;
        assert_eq!(cells[1..4], [json!("50%"), json!("N/A"), json!(0)]);
    }
}
