//! Label keys of affinity terms and spread constraints become part of their selectors when a pod is made.

use crate::value::{at, field_mut, has, items, items_mut, set};
use serde_json::{Value, json};

/// Merges `matchLabelKeys` and `mismatchLabelKeys`, with the pod's own labels, into the selectors beside them.
pub fn merge(pod: &mut Value) {
    let labels = at(pod, &["metadata", "labels"]).cloned().unwrap_or_default();
    let Some(spec) = field_mut(pod, "spec") else { return };
    for constraint in items_mut(spec, "topologySpreadConstraints") {
        merge_term(constraint, &labels);
    }
    let Some(affinity) = field_mut(spec, "affinity") else { return };
    for key in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = field_mut(affinity, key) else { continue };
        for weighted in items_mut(pods, "preferredDuringSchedulingIgnoredDuringExecution") {
            if let Some(term) = field_mut(weighted, "podAffinityTerm") {
                merge_term(term, &labels);
            }
        }
        for term in items_mut(pods, "requiredDuringSchedulingIgnoredDuringExecution") {
            merge_term(term, &labels);
        }
    }
}

fn merge_term(term: &mut Value, labels: &Value) {
    if !has(term, "labelSelector") {
        return;
    }
    let mut added = Vec::new();
    for (list, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
        for key in items(term, list).iter().filter_map(Value::as_str) {
            if let Some(value) = labels.get(key) {
                added.push(json!({"key": key, "operator": operator, "values": [value]}));
            }
        }
    }
    if let Some(selector) = field_mut(term, "labelSelector").filter(|_| !added.is_empty()) {
        let mut expressions = items(selector, "matchExpressions").to_vec();
        expressions.extend(added);
        set(selector, "matchExpressions", expressions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_becomes_an_expression_with_the_value_of_the_pod() {
        let mut pod = json!({"metadata": {"labels": {"v": "1"}},
            "spec": {"topologySpreadConstraints": [{"labelSelector": {}, "matchLabelKeys": ["v", "none"]}]}});
        merge(&mut pod);
        let selector = &pod["spec"]["topologySpreadConstraints"][0]["labelSelector"];
        assert_eq!(selector, &json!({"matchExpressions": [{"key": "v", "operator": "In", "values": ["1"]}]}));
    }
}
