//! Topology spread constraints.

use super::{Options, affinity::validate_label_keys};
use crate::{
    label_selector,
    value::{entries, field, int, items, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;
use std::collections::BTreeSet;

const ACTIONS: &[&str] = &["DoNotSchedule", "ScheduleAnyway"];
const NODE_POLICIES: &[&str] = &["Honor", "Ignore"];
const NOT_POSITIVE: &str = "must be greater than zero";

/// Checks `topologySpreadConstraints`.
pub fn validate(errors: &mut ErrorList, spec: &Value, path: &Path<'_>, options: &Options) {
    let constraints = items(spec, "topologySpreadConstraints");
    for (i, constraint) in constraints.iter().enumerate() {
        let at_index = path.index(i);
        let skew = int(constraint, "maxSkew").unwrap_or_default();
        if skew <= 0 {
            errors.push(Error::invalid(&at_index.child("maxSkew"), skew, NOT_POSITIVE));
        }
        let (key, action) = (text(constraint, "topologyKey"), text(constraint, "whenUnsatisfiable"));
        if key.is_empty() {
            errors.push(Error::required(&at_index.child("topologyKey"), "can not be empty"));
        }
        if !ACTIONS.contains(&action) {
            errors.push(Error::not_supported(&at_index.child("whenUnsatisfiable"), action, ACTIONS));
        }
        let same = |other: &Value| text(other, "topologyKey") == key && text(other, "whenUnsatisfiable") == action;
        if constraints.iter().skip(i + 1).any(same) {
            let pair = format!("{{{key}, {action}}}");
            errors.push(Error::duplicate(&at_index.child("{topologyKey, whenUnsatisfiable}"), pair));
        }
        min_domains(errors, constraint, action, &at_index.child("minDomains"));
        for key in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
            if let Some(policy) = text_if_set(constraint, key).filter(|p| !NODE_POLICIES.contains(p)) {
                errors.push(Error::not_supported(&at_index.child(key), policy, NODE_POLICIES));
            }
        }
        if options.unmerged_label_keys {
            unmerged_label_keys(errors, constraint, &at_index.child("matchLabelKeys"));
        } else {
            validate_label_keys(errors, constraint, &at_index);
        }
        if !options.spread_selectors {
            errors.extend(label_selector::validate(field(constraint, "labelSelector"), &at_index.child("labelSelector")));
        }
    }
}

fn min_domains(errors: &mut ErrorList, constraint: &Value, action: &str, path: &Path<'_>) {
    let Some(domains) = int(constraint, "minDomains") else { return };
    if domains <= 0 {
        errors.push(Error::invalid(path, domains, NOT_POSITIVE));
    }
    if action != "DoNotSchedule" {
        let detail = format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        errors.push(Error::invalid(path, domains, detail));
    }
}

/// The rule from before label keys were merged into selectors, for pods that were stored under it.
fn unmerged_label_keys(errors: &mut ErrorList, constraint: &Value, path: &Path<'_>) {
    let keys = items(constraint, "matchLabelKeys");
    let mut selected = BTreeSet::new();
    match field(constraint, "labelSelector") {
        Some(selector) => {
            selected.extend(entries(selector, "matchLabels").map(|(key, _)| key));
            selected.extend(items(selector, "matchExpressions").iter().map(|r| text(r, "key")));
        }
        None if !keys.is_empty() => errors.push(Error::forbidden(path, "must not be specified when labelSelector is not set")),
        None => {}
    }
    for (i, key) in keys.iter().filter_map(Value::as_str).enumerate() {
        invalid_each(errors, &path.index(i), key, names::is_qualified_name(key));
        if selected.contains(key) {
            errors.push(Error::invalid(&path.index(i), key, "exists in both matchLabelKeys and labelSelector"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pair_of_key_and_action_is_given_once() {
        let constraint = json!({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"});
        let mut errors = ErrorList::new();
        let spec = json!({"topologySpreadConstraints": [constraint, constraint]});
        validate(&mut errors, &spec, &Path::new("t"), &Options::default());
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["t[0].{topologyKey, whenUnsatisfiable}: Duplicate value: \"{zone, DoNotSchedule}\""]);
    }
}
