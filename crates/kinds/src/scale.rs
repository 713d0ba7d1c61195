//! Scale: the number of replicas of another object, which is where it is kept.

use crate::{
    Column, Context, NameRule, Row, Strategy, Traits, table,
    value::{at, int},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};

/// The strategy of Scale.
#[derive(Debug)]
pub struct Scale;

impl Strategy for Scale {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::PathSegment, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, scale: &Value) -> ErrorList {
        let spec = Path::new("spec");
        let negative = at(scale, &["spec"]).and_then(|s| int(s, "replicas")).filter(|r| *r < 0);
        let tell = |replicas| Error::invalid(&spec.child("replicas"), replicas, "must be greater than or equal to 0");
        negative.map(tell).into_iter().collect()
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> ErrorList {
        self.validate(cx, new)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, scale: &Value, now_millis: i64, _: bool) -> Row {
        let replicas = |side| at(scale, &[side]).and_then(|s| int(s, "replicas")).unwrap_or_default();
        Row::of(vec![table::name(scale), json!(replicas("spec")), json!(replicas("status")), table::age(scale, now_millis)])
    }
}

static COLUMNS: &[Column] = &[
    Column::new("Name", "string", "", 0, table::description::NAME),
    Column::new("Desired", "integer", "", 0, "replicas is the desired number of instances for the scaled object."),
    Column::new("Available", "integer", "", 0, "replicas is the actual number of observed instances of the scaled object."),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_not_negative() {
        let errors = Scale.validate(&Context::example(), &json!({"spec": {"replicas": -1}}));
        assert_eq!(errors[0].to_string(), "spec.replicas: Invalid value: -1: must be greater than or equal to 0");
        assert!(Scale.validate(&Context::example(), &json!({"spec": {}})).is_empty());
    }
}
