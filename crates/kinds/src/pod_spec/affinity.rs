//! Affinity to nodes and to other pods.

use super::Options;
use crate::{
    label_selector::{self, ValuesOf},
    node_selector,
    value::{entries, field, has, int, items, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Checks `affinity`.
pub fn validate(errors: &mut ErrorList, affinity: Option<&Value>, path: &Path<'_>, options: &Options) {
    let Some(affinity) = affinity else { return };
    if let Some(node) = field(affinity, "nodeAffinity") {
        let node_path = path.child("nodeAffinity");
        if let Some(selector) = field(node, REQUIRED) {
            let values = if options.node_affinity_values { ValuesOf::None } else { ValuesOf::All };
            errors.extend(node_selector::validate(selector, &node_path.child(REQUIRED), values));
        }
        preferred_nodes(errors, items(node, PREFERRED), &node_path.child(PREFERRED));
    }
    for key in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = field(affinity, key) else { continue };
        let pods_path = path.child(key);
        let required = pods_path.child(REQUIRED);
        for (i, term) in items(pods, REQUIRED).iter().enumerate() {
            pod_term(errors, term, &required.index(i), options);
        }
        let preferred = pods_path.child(PREFERRED);
        for (i, weighted) in items(pods, PREFERRED).iter().enumerate() {
            let at_index = preferred.index(i);
            weight(errors, weighted, &at_index);
            pod_term(errors, field(weighted, "podAffinityTerm").unwrap_or(&Value::Null), &at_index.child("podAffinityTerm"), options);
        }
    }
}

/// Every pod affinity term of a spec: required and preferred, affinity and anti-affinity.
pub fn pod_terms(spec: &Value) -> impl Iterator<Item = &Value> {
    let affinity = field(spec, "affinity");
    ["podAffinity", "podAntiAffinity"].into_iter().filter_map(move |key| field(affinity?, key)).flat_map(|pods| {
        items(pods, REQUIRED).iter().chain(items(pods, PREFERRED).iter().filter_map(|weighted| field(weighted, "podAffinityTerm")))
    })
}

fn preferred_nodes(errors: &mut ErrorList, terms: &[Value], path: &Path<'_>) {
    for (i, term) in terms.iter().enumerate() {
        let at_index = path.index(i);
        weight(errors, term, &at_index);
        // A preference with impossible values merely prefers nothing.
        let preference = field(term, "preference").unwrap_or(&Value::Null);
        node_selector::validate_term(errors, preference, &at_index.child("preference"), ValuesOf::None);
    }
}

fn weight(errors: &mut ErrorList, term: &Value, path: &Path<'_>) {
    let weight = int(term, "weight").unwrap_or_default();
    if !(1..=100).contains(&weight) {
        errors.push(Error::invalid(&path.child("weight"), weight, "must be in the range 1-100"));
    }
}

fn pod_term(errors: &mut ErrorList, term: &Value, path: &Path<'_>, options: &Options) {
    let values = if options.selector_values { ValuesOf::None } else { ValuesOf::All };
    for key in ["labelSelector", "namespaceSelector"] {
        errors.extend(label_selector::validate_with(field(term, key), &path.child(key), values));
    }
    for name in items(term, "namespaces").iter().filter_map(Value::as_str) {
        invalid_each(errors, &path.child("namespace"), name, names::is_dns1123_label(name));
    }
    validate_label_keys(errors, term, path);
    let topology = text(term, "topologyKey");
    let topology_path = path.child("topologyKey");
    if topology.is_empty() {
        errors.push(Error::required(&topology_path, "can not be empty"));
    }
    invalid_each(errors, &topology_path, topology, names::is_qualified_name(topology));
}

/// `matchLabelKeys` and `mismatchLabelKeys` of a pod affinity term or a spread constraint.
pub fn validate_label_keys(errors: &mut ErrorList, term: &Value, path: &Path<'_>) {
    let keys = |key| items(term, key).iter().filter_map(Value::as_str).collect::<Vec<_>>();
    let (matching, mismatching) = (keys("matchLabelKeys"), keys("mismatchLabelKeys"));
    for (key, keys) in [("matchLabelKeys", &matching), ("mismatchLabelKeys", &mismatching)] {
        let keys_path = path.child(key);
        if !keys.is_empty() && !has(term, "labelSelector") {
            errors.push(Error::forbidden(&keys_path, "must not be specified when labelSelector is not set"));
            continue;
        }
        for (i, key) in keys.iter().enumerate() {
            invalid_each(errors, &keys_path.index(i), key, names::is_qualified_name(key));
        }
    }
    if let Some(selector) = field(term, "labelSelector") {
        // The keys have been merged into the selector by now, once each: a second time is the client's.
        let at_key: BTreeMap<&str, usize> = matching.iter().enumerate().map(|(i, key)| (*key, i)).collect();
        let mut seen: BTreeSet<&str> = entries(selector, "matchLabels").map(|(key, _)| key).collect();
        for requirement in items(selector, "matchExpressions") {
            let key = text(requirement, "key");
            if let Some(i) = at_key.get(key).filter(|_| seen.contains(key)) {
                errors.push(Error::invalid(&path.index(*i), key, "exists in both matchLabelKeys and labelSelector"));
            }
            seen.insert(key);
        }
    }
    let keys_path = path.child("matchLabelKeys");
    for (i, key) in matching.iter().enumerate().filter(|(_, key)| mismatching.contains(key)) {
        errors.push(Error::invalid(&keys_path.index(i), *key, "exists in both matchLabelKeys and mismatchLabelKeys"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(affinity: Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate(&mut errors, Some(&affinity), &Path::new("affinity"), &Options::default());
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_pod_term_needs_a_topology_key() {
        let errors = texts(json!({"podAffinity": {REQUIRED: [{}]}}));
        let path = format!("affinity.podAffinity.{REQUIRED}[0].topologyKey");
        assert_eq!(errors[0], format!("{path}: Required value: can not be empty"));
        assert!(errors[1].starts_with(&format!("{path}: Invalid value: \"\": name part must be non-empty")), "{errors:?}");
    }

    #[test]
    fn weights_are_percentages() {
        let errors = texts(json!({"nodeAffinity": {PREFERRED: [{"weight": 101, "preference": {}}]}}));
        assert_eq!(errors, [format!("affinity.nodeAffinity.{PREFERRED}[0].weight: Invalid value: 101: must be in the range 1-100")]);
    }

    #[test]
    fn a_node_is_selected_by_one_name() {
        let errors = texts(json!({"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a", "b"]}]}]}}}));
        assert_eq!(errors.len(), 1);
        assert!(errors[0].ends_with("must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
    }
}
