//! Roles and bindings: nobody grants what he does not have.

use super::{Hooks, Write};
use crate::{Call, View, metadata};
use minkapi_authorization::{Grant, PolicyRule, RoleRef, Subject};
use minkapi_object::Status;
use serde_json::{Value, json};

/// Roles and ClusterRoles.
pub(super) struct Roles;

/// RoleBindings and ClusterRoleBindings.
pub(super) struct Bindings;

impl Hooks for Roles {
    fn may_write(&self, view: &View, call: &Call, write: Write<'_>) -> Result<(), Status> {
        let Write { new, old, .. } = write;
        if view.authorization().allows_everything() || only_for_collection(new, old) {
            return Ok(());
        }
        // What does not parse is refused by validation.
        let rules: Vec<PolicyRule> = serde_json::from_value(new["rules"].clone()).unwrap_or_default();
        let aggregates = |role: &Value| role["aggregationRule"]["clusterRoleSelectors"].as_array().is_some_and(|s| !s.is_empty());
        let aggregates = aggregates(new) || old.is_some_and(aggregates);
        view.authorization().may_write_role(&view.snapshot(), &subject(call), grant(call, write), &rules, aggregates)
    }
}

impl Hooks for Bindings {
    fn may_write(&self, view: &View, call: &Call, write: Write<'_>) -> Result<(), Status> {
        let Write { new, old, .. } = write;
        if view.authorization().allows_everything() || only_for_collection(new, old) {
            return Ok(());
        }
        let role: RoleRef = serde_json::from_value(new["roleRef"].clone()).unwrap_or_default();
        view.authorization().may_write_binding(&view.snapshot(), &subject(call), grant(call, write), &role)
    }
}

fn subject(call: &Call) -> Subject<'_> {
    Subject { name: &call.user.name, groups: &call.user.groups }
}

fn grant<'a>(call: &'a Call, write: Write<'a>) -> Grant<'a> {
    Grant {
        resource: &call.target.served.resource.plural,
        namespace: &call.target.namespace,
        url_name: write.url_name,
        name: metadata::text(write.new, "name"),
    }
}

/// Whether a change is only one that lets the object be collected as garbage, which grants nothing.
fn only_for_collection(new: &Value, old: Option<&Value>) -> bool {
    let Some(old) = old else { return false };
    let comparable = |object: &Value| {
        let mut object = object.clone();
        for key in ["ownerReferences", "finalizers", "managedFields", "selfLink"] {
            metadata::of(&mut object).remove(key);
        }
        without_empty(object)
    };
    comparable(new) == comparable(old)
}

/// Lists and maps that are empty are the same as none.
fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| *value == Value::Null || *value == json!([]) || *value == json!({}) || *value == "";
    match value {
        Value::Object(map) => {
            let fields = map.into_iter().map(|(key, value)| (key, without_empty(value)));
            Value::Object(fields.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_empty).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finalizers_and_owners_grant_nothing() {
        let old = json!({"metadata": {"name": "a", "finalizers": ["x"]}, "rules": null});
        assert!(only_for_collection(&json!({"metadata": {"name": "a", "ownerReferences": [{}]}, "rules": []}), Some(&old)));
        assert!(!only_for_collection(&json!({"metadata": {"name": "a", "labels": {"a": "b"}}, "rules": []}), Some(&old)));
        assert!(!only_for_collection(&old, None));
    }
}
