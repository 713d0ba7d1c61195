//! Role: its policy rules.

use crate::{
    Context, NameRule, Strategy, Traits,
    policy_rule::{Scope, validate_rules},
};
use minkapi_schema::field::ErrorList;
use serde_json::Value;

/// The strategy of Role.
#[derive(Debug)]
pub struct Role;

impl Strategy for Role {
    fn traits(&self) -> Traits {
        Traits { create_on_update: true, name: NameRule::PathSegment, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, role: &Value) -> ErrorList {
        validate_rules(role, Scope::Namespaced)
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> ErrorList {
        self.validate(cx, new)
    }
}
