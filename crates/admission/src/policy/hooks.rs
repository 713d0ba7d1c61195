//! Policies with the bindings that put them to use.

use crate::{
    Attributes, Cluster,
    extension::{Parsed, Rules, matches, text},
};
use minkapi_registry::Resource;
use serde_json::Value;
use std::{borrow::Cow, sync::Arc};

/// A policy that is bound.
pub(super) struct Hook {
    pub policy: Arc<Value>,
    pub bindings: Vec<Arc<Value>>,
}

impl Hook {
    pub fn name(&self) -> &str {
        text(&self.policy["metadata"], "name")
    }

    /// Whether what goes wrong with the policy itself is ignored.
    pub fn ignores_failures(&self) -> bool {
        text(&self.policy["spec"], "failurePolicy") == "Ignore"
    }

    /// The resource in the version that the policy asks for, when it is about this request. The error is a text.
    pub fn matches<'a>(&self, attributes: &Attributes<'a>, cluster: &dyn Cluster) -> Result<Option<Cow<'a, Resource>>, String> {
        matches(&Rules::of_policy(&self.policy["spec"]["matchConstraints"]), attributes, cluster).map_err(|status| status.message)
    }
}

/// Whether a binding is about this request. The error is a text.
pub(super) fn is_bound(binding: &Value, attributes: &Attributes<'_>, cluster: &dyn Cluster) -> Result<bool, String> {
    let criteria = &binding["spec"]["matchResources"];
    if criteria.is_null() {
        return Ok(true);
    }
    matches(&Rules::of_policy(criteria), attributes, cluster).map(|found| found.is_some()).map_err(|status| status.message)
}

/// All bound policies of a kind, by name.
pub(super) fn hooks(cluster: &dyn Cluster, parsed: &Parsed, policies: &str, bindings: &str) -> Vec<Hook> {
    let bindings = parsed.list(cluster, bindings);
    if bindings.is_empty() {
        return Vec::new();
    }
    let hooks = parsed.list(cluster, policies).into_iter().map(|policy| {
        let name = &policy["metadata"]["name"];
        let own = bindings.iter().filter(|binding| binding["spec"]["policyName"] == *name).cloned().collect();
        Hook { policy, bindings: own }
    });
    hooks.filter(|hook| !hook.bindings.is_empty()).collect()
}
