//! Whether rules grant what other rules grant.

use crate::{
    PolicyRule,
    rules::{ALL, url_covers},
};

/// What `wanted` grants beyond `held`, broken down to rules with one verb for one thing.
pub fn uncovered(held: &[PolicyRule], wanted: &[PolicyRule]) -> Vec<PolicyRule> {
    let parts = wanted.iter().flat_map(broken_down);
    parts.filter(|part| !held.iter().any(|rule| covers(rule, part))).collect()
}

fn broken_down(rule: &PolicyRule) -> Vec<PolicyRule> {
    let mut parts = Vec::new();
    let one = |text: &String| vec![text.clone()];
    let names: Vec<Vec<String>> =
        if rule.resource_names.is_empty() { vec![Vec::new()] } else { rule.resource_names.iter().map(one).collect() };
    for group in &rule.api_groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                parts.extend(names.iter().map(|resource_names| PolicyRule {
                    verbs: one(verb),
                    api_groups: one(group),
                    resources: one(resource),
                    resource_names: resource_names.clone(),
                    non_resource_urls: Vec::new(),
                }));
            }
        }
    }
    for url in &rule.non_resource_urls {
        parts.extend(rule.verbs.iter().map(|verb| PolicyRule { verbs: one(verb), non_resource_urls: one(url), ..PolicyRule::default() }));
    }
    parts
}

/// Whether a rule grants all of another one that has at most one of each.
fn covers(rule: &PolicyRule, part: &PolicyRule) -> bool {
    let all = |held: &[String], wanted: &[String]| wanted.iter().all(|item| held.contains(item));
    let starred = |held: &[String], wanted: &[String]| held.iter().any(|item| item == ALL) || all(held, wanted);
    starred(&rule.verbs, &part.verbs)
        && starred(&rule.api_groups, &part.api_groups)
        && part.resources.iter().all(|resource| has_resource(&rule.resources, resource))
        && (rule.resource_names.is_empty() || (!part.resource_names.is_empty() && all(&rule.resource_names, &part.resource_names)))
        && part.non_resource_urls.iter().all(|url| rule.non_resource_urls.iter().any(|held| url_covers(held, url)))
}

fn has_resource(held: &[String], resource: &str) -> bool {
    held.iter().any(|item| {
        let of_any = || resource.split_once('/').is_some_and(|(_, sub)| item.strip_prefix("*/") == Some(sub));
        item == ALL || item == resource || of_any()
    })
}

/// Rules about the same thing with their verbs together.
pub(crate) fn compacted(parts: Vec<PolicyRule>) -> Vec<PolicyRule> {
    let mut together: Vec<PolicyRule> = Vec::new();
    for part in parts {
        let same = |rule: &&mut PolicyRule| {
            !part.resources.is_empty()
                && rule.api_groups == part.api_groups
                && rule.resources == part.resources
                && rule.resource_names == part.resource_names
        };
        match together.iter_mut().find(same) {
            Some(rule) => rule.verbs.extend(part.verbs),
            None => together.push(part),
        }
    }
    together
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(verbs: &[&str], groups: &[&str], resources: &[&str], names: &[&str]) -> PolicyRule {
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
        PolicyRule {
            verbs: texts(verbs),
            api_groups: texts(groups),
            resources: texts(resources),
            resource_names: texts(names),
            ..PolicyRule::default()
        }
    }

    fn urls(verbs: &[&str], urls: &[&str]) -> PolicyRule {
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
        PolicyRule { verbs: texts(verbs), non_resource_urls: texts(urls), ..PolicyRule::default() }
    }

    fn missing(held: &[PolicyRule], wanted: &PolicyRule) -> Vec<String> {
        compacted(uncovered(held, std::slice::from_ref(wanted))).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_not_held_is_told_with_its_verbs_together() {
        let held = [rule(&["get"], &[""], &["pods", "*/scale"], &[]), rule(&["*"], &["apps"], &["*"], &["one"])];
        assert!(missing(&held, &rule(&["get"], &[""], &["pods", "jobs/scale"], &[])).is_empty());
        assert!(missing(&held, &rule(&["get"], &[""], &["pods"], &["one"])).is_empty(), "names are a part of all");
        assert_eq!(
            missing(&held, &rule(&["get", "list", "watch"], &[""], &["pods"], &[])),
            [r#"{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}"#]
        );
        assert_eq!(
            missing(&held, &rule(&["get"], &["apps"], &["deployments"], &[])),
            [r#"{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}"#],
            "all are more than one"
        );
        assert_eq!(missing(&held, &rule(&["*"], &[""], &["pods"], &[])), [r#"{APIGroups:[""], Resources:["pods"], Verbs:["*"]}"#]);
    }

    #[test]
    fn paths_are_covered_by_longer_ones() {
        let held = [urls(&["get"], &["/healthz*", "/version"])];
        assert!(missing(&held, &urls(&["get"], &["/healthz/ping", "/healthz*", "/version"])).is_empty());
        assert_eq!(missing(&held, &urls(&["get"], &["*"])), [r#"{NonResourceURLs:["*"], Verbs:["get"]}"#]);
    }
}
