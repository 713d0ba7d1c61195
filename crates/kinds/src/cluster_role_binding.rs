//! ClusterRoleBinding: who has the rules of a role.

use crate::{
    Column, Context, NameRule, Row, Strategy, Traits,
    policy_rule::{Scope, binding_cells, default_binding, validate_binding},
    table,
};
use minkapi_schema::field::ErrorList;
use serde_json::Value;

/// The strategy of ClusterRoleBinding.
#[derive(Debug)]
pub struct ClusterRoleBinding;

impl Strategy for ClusterRoleBinding {
    fn traits(&self) -> Traits {
        Traits { create_on_update: true, name: NameRule::PathSegment, ..Traits::DEFAULT }
    }

    fn default(&self, binding: &mut Value) {
        default_binding(binding);
    }

    fn validate(&self, _: &Context<'_>, binding: &Value) -> ErrorList {
        validate_binding(binding, None, Scope::Cluster)
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        validate_binding(new, Some(old), Scope::Cluster)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, binding: &Value, now_millis: i64, _: bool) -> Row {
        Row::of(binding_cells(binding, now_millis))
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "Role",
        "string",
        "",
        0,
        "roleRef can only reference a ClusterRole in the global namespace. If the RoleRef cannot be resolved, the Authorizer must return an error.",
    ),
    table::AGE,
    Column::new("Users", "string", "", 1, "Users in the clusterRoleBinding"),
    Column::new("Groups", "string", "", 1, "Groups in the clusterRoleBinding"),
    Column::new("ServiceAccounts", "string", "", 1, "ServiceAccounts in the clusterRoleBinding"),
];
