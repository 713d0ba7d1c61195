//! Labels of nodes that have been replaced by others, and the warnings for those who still select by them.

use crate::value::{entries, items, text};
use minkapi_schema::field::Path;
use serde_json::Value;

/// Why a node label should not be used any more, if so.
pub fn deprecation(label: &str) -> Option<&'static str> {
    Some(match label {
        "beta.kubernetes.io/arch" => "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os" => "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region" => "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
        "failure-domain.beta.kubernetes.io/zone" => "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
        "beta.kubernetes.io/instance-type" => "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
        "app.kubernetes.io/created-by" => "deprecated since v1.9",
        "scheduler.alpha.kubernetes.io/preferAvoidPods" => "deprecated since v1.22; use Taints and Tolerations instead",
        "node-role.kubernetes.io/master" => "use \"node-role.kubernetes.io/control-plane\" instead",
        _ => return None,
    })
}

/// The label that a beta label became, which a stored selector may be moved to.
pub fn successor(label: &str) -> Option<&'static str> {
    Some(match label {
        "failure-domain.beta.kubernetes.io/zone" => "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region" => "topology.kubernetes.io/region",
        "beta.kubernetes.io/os" => "kubernetes.io/os",
        "beta.kubernetes.io/arch" => "kubernetes.io/arch",
        "beta.kubernetes.io/instance-type" => "node.kubernetes.io/instance-type",
        _ => return None,
    })
}

/// Warnings for the `matchExpressions` of a label selector or node selector term.
pub fn expression_warnings(selector: &Value, path: &Path<'_>) -> Vec<String> {
    let path = path.child("matchExpressions");
    let warn = |(i, expression): (usize, &Value)| {
        let key = text(expression, "key");
        deprecation(key).map(|why| format!("{}: {key} is {why}", path.index(i).child("key")))
    };
    items(selector, "matchExpressions").iter().enumerate().filter_map(warn).collect()
}

/// Warnings for a label selector of nodes.
pub fn selector_warnings(selector: &Value, path: &Path<'_>) -> Vec<String> {
    let mut warnings = expression_warnings(selector, path);
    let labels = path.child("matchLabels");
    warnings.extend(entries(selector, "matchLabels").filter_map(|(k, _)| deprecation(k).map(|why| format!("{}: {why}", labels.child(k)))));
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_selector_by_an_old_label_is_warned_of() {
        let selector = json!({"matchExpressions": [{"key": "beta.kubernetes.io/os", "operator": "Exists"}], "matchLabels": {"a": "b"}});
        assert_eq!(
            selector_warnings(&selector, &Path::new("nodeTopology")),
            ["nodeTopology.matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use \"kubernetes.io/os\" instead"]
        );
    }
}
