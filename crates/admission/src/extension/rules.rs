//! Which requests a webhook or policy is about: selectors and rules.

use super::{list, text};
use crate::{Attributes, Cluster, Operation};
use minkapi_object::{GroupResource, LabelSelector, Labels, Status, fields_v1};
use minkapi_registry::Resource;
use serde_json::Value;
use std::borrow::Cow;

/// A webhook, or the match constraints of a policy.
pub(crate) struct Rules<'a> {
    /// Holds `namespaceSelector`, `objectSelector` and `matchPolicy`.
    pub criteria: &'a Value,
    /// The rules of which one must match; None when all requests do.
    pub rules: Option<&'a [Value]>,
    /// The rules of which none may match.
    pub exclude: &'a [Value],
}

impl<'a> Rules<'a> {
    /// Those of a webhook.
    pub fn of_webhook(webhook: &'a Value) -> Self {
        Self { criteria: webhook, rules: Some(list(webhook, "rules")), exclude: &[] }
    }

    /// Those of a policy or of its binding, where no rules are all requests.
    pub fn of_policy(criteria: &'a Value) -> Self {
        let rules = Some(list(criteria, "resourceRules")).filter(|rules| !rules.is_empty());
        Self { criteria, rules, exclude: list(criteria, "excludeResourceRules") }
    }
}

/// The resource, in the version that a rule asks for, when the request is one of those that these rules are about.
///
/// # Errors
/// 404 when the namespace of a request that matches otherwise is not there; 500 for a selector that cannot be read.
pub(crate) fn matches<'a>(
    rules: &Rules<'_>,
    attributes: &Attributes<'a>,
    cluster: &dyn Cluster,
) -> Result<Option<Cow<'a, Resource>>, Status> {
    let by_namespace = in_selected_namespace(rules.criteria, attributes, cluster);
    let by_object = is_selected(rules.criteria, attributes);
    if matches!(by_namespace, Ok(false)) || matches!(by_object, Ok(false)) {
        return Ok(None);
    }
    let equivalent = text(rules.criteria, "matchPolicy") == "Equivalent";
    if !rules.exclude.is_empty() && find(rules.exclude, equivalent, attributes, cluster).is_some() {
        return Ok(None);
    }
    let found = match rules.rules {
        Some(rules) => find(rules, equivalent, attributes, cluster),
        None => Some(Cow::Borrowed(attributes.resource)),
    };
    // What does not match anyway is not refused for a selector.
    if found.is_some() {
        by_namespace?;
        by_object?;
    }
    Ok(found)
}

/// An object in the version of another resource, as others are shown it.
///
/// # Errors
/// 500 when there is no such version of it.
pub(crate) fn convert(object: &Value, from: &Resource, to: &Resource, cluster: &dyn Cluster) -> Result<Value, Status> {
    let converted = if object.is_null() || (from.version == to.version && from.group == to.group) {
        Some(object.clone())
    } else {
        cluster.convert(object, from, to)
    };
    let mut converted = converted.ok_or_else(|| Status::internal(format!("unable to convert to {}", to.api_version())))?;
    fields_v1::expand(&mut converted);
    Ok(converted)
}

fn selector(criteria: &Value, key: &str) -> Result<LabelSelector, Status> {
    LabelSelector::from_value(&criteria[key]).map_err(|err| Status::internal(err.0))
}

fn labels_of(object: &Value) -> Labels {
    let entries = object["metadata"]["labels"].as_object().into_iter().flatten();
    Labels::new(entries.map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default())))
}

fn in_selected_namespace(criteria: &Value, attributes: &Attributes<'_>, cluster: &dyn Cluster) -> Result<bool, Status> {
    let is_namespace = attributes.resource.plural == "namespaces";
    if attributes.namespace.is_empty() && !is_namespace {
        return Ok(true);
    }
    let selector = selector(criteria, "namespaceSelector")?;
    if selector.is_empty() {
        return Ok(true);
    }
    if is_namespace && attributes.subresource.is_empty() && attributes.operation != Operation::Delete {
        return Ok(selector.matches(&labels_of(attributes.object)));
    }
    let name = if is_namespace { attributes.name } else { attributes.namespace };
    match cluster.get("namespaces", "", name) {
        Some(namespace) => Ok(selector.matches(&namespace.head().labels)),
        None => Err(Status::not_found(&GroupResource::new("", "namespaces"), name)),
    }
}

/// The object as it will be or as it was.
fn is_selected(criteria: &Value, attributes: &Attributes<'_>) -> Result<bool, Status> {
    let selector = selector(criteria, "objectSelector")?;
    let matches = |object: &Value| object.is_object() && selector.matches(&labels_of(object));
    Ok(selector.is_empty() || matches(attributes.object) || attributes.old.is_some_and(matches))
}

fn find<'a>(rules: &[Value], equivalent: bool, attributes: &Attributes<'a>, cluster: &dyn Cluster) -> Option<Cow<'a, Resource>> {
    if rules.iter().any(|rule| rule_matches(rule, attributes, attributes.resource)) {
        return Some(Cow::Borrowed(attributes.resource));
    }
    if !equivalent || rules.is_empty() {
        return None;
    }
    let others = cluster.equivalents(attributes.resource);
    let mut pairs = rules.iter().flat_map(|rule| others.iter().map(move |other| (rule, other)));
    pairs.find(|(rule, other)| rule_matches(rule, attributes, other)).map(|(_, other)| Cow::Owned(Resource::clone(other)))
}

fn rule_matches(rule: &Value, attributes: &Attributes<'_>, resource: &Resource) -> bool {
    let any = |key: &str, wanted: &str| list(rule, key).iter().any(|item| item == "*" || item == wanted);
    let namespaced = !attributes.namespace.is_empty() && !attributes.is_resource("", "namespaces");
    let in_scope = match text(rule, "scope") {
        "" | "*" => true,
        "Namespaced" => namespaced,
        "Cluster" => !namespaced,
        _ => false,
    };
    let names = list(rule, "resourceNames");
    in_scope
        && any("operations", attributes.operation.as_str())
        && any("apiGroups", &resource.group)
        && any("apiVersions", &resource.version)
        && list(rule, "resources")
            .iter()
            .filter_map(Value::as_str)
            .any(|pattern| resource_matches(pattern, &resource.plural, attributes.subresource))
        && (names.is_empty() || names.iter().any(|name| name == attributes.name))
}

/// `pods`, `pods/status`, `*`, `*/*`, `pods/*`, `*/scale`.
fn resource_matches(pattern: &str, plural: &str, subresource: &str) -> bool {
    let (resource, sub) = pattern.split_once('/').unwrap_or((pattern, ""));
    (resource == "*" || resource == plural) && (sub == "*" || sub == subresource)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::json;

    fn pod() -> Request {
        Request::create("", "v1", "Pod", json!({"metadata": {"name": "web", "namespace": "x", "labels": {"a": "b"}}}))
    }

    fn rule(resource: &str) -> Value {
        json!({"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": [resource]})
    }

    fn matched(mut request: Request, webhook: &Value) -> Option<String> {
        let cluster = FakeCluster::with("namespaces", json!({"metadata": {"name": "x", "labels": {"team": "t"}}}));
        request.run(|attributes| matches(&Rules::of_webhook(webhook), attributes, &cluster).unwrap().map(|r| r.api_version().into_owned()))
    }

    #[test]
    fn a_rule_names_resources_with_their_subresources() {
        for (pattern, matches) in [("pods", true), ("*", true), ("*/*", true), ("pods/status", false), ("services", false)] {
            assert_eq!(matched(pod(), &json!({"rules": [rule(pattern)]})).is_some(), matches, "{pattern}");
        }
    }

    #[test]
    fn selectors_look_at_the_namespace_and_the_object() {
        let selects =
            |key: &str, label: &str| json!({"rules": [rule("pods")], key: {"matchExpressions": [{"key": label, "operator": "Exists"}]}});
        assert!(matched(pod(), &selects("namespaceSelector", "team")).is_some());
        assert!(matched(pod(), &selects("namespaceSelector", "other")).is_none());
        assert!(matched(pod(), &selects("objectSelector", "a")).is_some());
        assert!(matched(pod(), &selects("objectSelector", "c")).is_none());
    }

    #[test]
    fn equivalent_versions_match_where_the_policy_says_so() {
        let request =
            || Request::create("autoscaling", "v2", "HorizontalPodAutoscaler", json!({"metadata": {"name": "h", "namespace": "x"}}));
        let rule = json!({"operations": ["*"], "apiGroups": ["autoscaling"], "apiVersions": ["v1"], "resources": ["*"]});
        assert_eq!(matched(request(), &json!({"rules": [rule], "matchPolicy": "Exact"})), None);
        assert_eq!(matched(request(), &json!({"rules": [rule], "matchPolicy": "Equivalent"})).as_deref(), Some("autoscaling/v1"));
    }

    #[test]
    fn a_rule_may_be_about_names_or_a_scope() {
        let mut named = rule("pods");
        named["resourceNames"] = json!(["other"]);
        assert!(matched(pod(), &json!({"rules": [named]})).is_none());
        let mut scoped = rule("pods");
        scoped["scope"] = "Cluster".into();
        assert!(matched(pod(), &json!({"rules": [scoped]})).is_none());
    }
}
