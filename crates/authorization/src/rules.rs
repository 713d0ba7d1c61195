//! Policy rules and bindings, parsed.

use crate::{Attributes, Subject};
use serde::Deserialize;

/// One rule of a role.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PolicyRule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
    resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: Vec<String>,
}

const ALL: &str = "*";

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|item| item == ALL || item == wanted)
}

impl PolicyRule {
    pub fn allows(&self, wanted: &Attributes<'_>) -> bool {
        if !has(&self.verbs, wanted.verb) {
            return false;
        }
        if wanted.is_resource() {
            has(&self.api_groups, wanted.group) && self.has_resource(wanted) && self.has_name(wanted.name)
        } else {
            self.non_resource_urls.iter().any(|url| url_matches(url, wanted.path))
        }
    }

    fn has_resource(&self, wanted: &Attributes<'_>) -> bool {
        self.resources.iter().any(|resource| match resource.split_once('/') {
            _ if resource == ALL => true,
            Some((of, subresource)) => {
                subresource == wanted.subresource && (of == ALL || of == wanted.resource) && !wanted.subresource.is_empty()
            }
            None => wanted.subresource.is_empty() && resource == wanted.resource,
        })
    }

    fn has_name(&self, name: &str) -> bool {
        self.resource_names.is_empty() || self.resource_names.iter().any(|n| n == name)
    }
}

fn url_matches(rule: &str, path: &str) -> bool {
    match rule.strip_suffix(ALL) {
        Some(prefix) => path.starts_with(prefix),
        None => rule == path,
    }
}

/// A Role or ClusterRole.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Role {
    pub rules: Option<Vec<PolicyRule>>,
    pub aggregation_rule: Option<AggregationRule>,
}

/// Which ClusterRoles another one is made of.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AggregationRule {
    pub cluster_role_selectors: Option<Vec<serde_json::Value>>,
}

/// A RoleBinding or ClusterRoleBinding.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Binding {
    subjects: Option<Vec<BoundSubject>>,
    pub role_ref: RoleRef,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RoleRef {
    pub kind: String,
    pub name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct BoundSubject {
    kind: String,
    name: String,
    namespace: String,
}

impl Binding {
    /// Whether it binds somebody. `namespace` is where service accounts without one are.
    pub fn binds(&self, subject: &Subject<'_>, namespace: &str) -> bool {
        self.subjects.iter().flatten().any(|bound| match bound.kind.as_str() {
            "User" => bound.name == subject.name,
            "Group" => subject.groups.contains(&bound.name),
            "ServiceAccount" => {
                let within = if bound.namespace.is_empty() { namespace } else { &bound.namespace };
                let account = subject.name.strip_prefix("system:serviceaccount:").and_then(|a| a.split_once(':'));
                !within.is_empty() && account == Some((within, bound.name.as_str()))
            }
            _ => false,
        })
    }
}
