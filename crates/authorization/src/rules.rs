//! Policy rules and bindings, parsed.

use crate::{Attributes, Subject};
use minkapi_schema::field::quoted;
use serde::Deserialize;
use std::fmt;

/// One rule of a role.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the names are the API's")]
pub struct PolicyRule {
    pub verbs: Vec<String>,
    pub api_groups: Vec<String>,
    pub resources: Vec<String>,
    pub resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    pub non_resource_urls: Vec<String>,
}

pub(crate) const ALL: &str = "*";

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|item| item == ALL || item == wanted)
}

impl PolicyRule {
    /// Rules that allow everything.
    pub fn everything() -> Vec<Self> {
        let all = || vec![ALL.to_owned()];
        vec![
            Self { verbs: all(), api_groups: all(), resources: all(), ..Self::default() },
            Self { verbs: all(), non_resource_urls: all(), ..Self::default() },
        ]
    }

    /// Whether the rule allows this.
    pub fn allows(&self, wanted: &Attributes<'_>) -> bool {
        if !has(&self.verbs, wanted.verb) {
            return false;
        }
        if wanted.is_resource() {
            has(&self.api_groups, wanted.group) && self.has_resource(wanted) && self.has_name(wanted.name)
        } else {
            self.non_resource_urls.iter().any(|url| url_covers(url, wanted.path))
        }
    }

    fn has_resource(&self, wanted: &Attributes<'_>) -> bool {
        self.resources.iter().any(|resource| {
            if wanted.subresource.is_empty() || resource == ALL {
                return resource == ALL || resource == wanted.resource;
            }
            // `resource/subresource` or `*/subresource`; a name with more slashes is compared whole.
            let of = resource.strip_suffix(wanted.subresource).and_then(|r| r.strip_suffix('/'));
            of.is_some_and(|of| of == ALL || of == wanted.resource)
        })
    }

    fn has_name(&self, name: &str) -> bool {
        self.resource_names.is_empty() || self.resource_names.iter().any(|n| n == name)
    }
}

/// As a refusal names it.
impl fmt::Display for PolicyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.non_resource_urls),
            ("ResourceNames", &self.resource_names),
            ("Verbs", &self.verbs),
        ];
        let parts = parts.iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| format!("{name}:{}", quoted_list(list)));
        write!(f, "{{{}}}", parts.collect::<Vec<_>>().join(", "))
    }
}

/// A list as Go's `%q` prints it.
pub(crate) fn quoted_list(list: &[String]) -> String {
    let items: Vec<String> = list.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(" "))
}

/// Whether the URL of a rule, which may end in stars, covers another one.
pub(crate) fn url_covers(rule: &str, path: &str) -> bool {
    rule == path || (rule.ends_with(ALL) && path.starts_with(rule.trim_end_matches(ALL)))
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

/// The role of a binding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the names are the API's")]
pub struct RoleRef {
    pub api_group: String,
    pub kind: String,
    pub name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct BoundSubject {
    kind: String,
    name: String,
    namespace: String,
}

impl Binding {
    /// The subject by which it binds somebody. `namespace` is where service accounts without one are.
    pub fn binds(&self, subject: &Subject<'_>, namespace: &str) -> Option<&BoundSubject> {
        self.subjects.iter().flatten().find(|bound| bound.is(subject, namespace))
    }
}

impl BoundSubject {
    fn is(&self, subject: &Subject<'_>, namespace: &str) -> bool {
        match self.kind.as_str() {
            "User" => self.name == subject.name,
            "Group" => subject.groups.contains(&self.name),
            "ServiceAccount" => {
                let within = self.namespace(namespace);
                let account = subject.name.strip_prefix("system:serviceaccount:").and_then(|a| a.split_once(':'));
                !within.is_empty() && account == Some((within, self.name.as_str()))
            }
            _ => false,
        }
    }

    fn namespace<'a>(&'a self, of_binding: &'a str) -> &'a str {
        if self.namespace.is_empty() { of_binding } else { &self.namespace }
    }

    /// As a reason names it.
    pub fn describe(&self, namespace: &str) -> String {
        let Self { kind, name, .. } = self;
        match kind.as_str() {
            "ServiceAccount" => format!("{kind} {}", quoted(&format!("{name}/{}", self.namespace(namespace)))),
            _ => format!("{kind} {}", quoted(name)),
        }
    }
}
