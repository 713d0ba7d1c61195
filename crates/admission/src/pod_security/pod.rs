//! A pod or a template of pods, as checks look at it, and how they tell of its parts.

use serde_json::Value;
use std::collections::BTreeSet;

/// Metadata and spec of a pod or of a template.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pod<'a> {
    pub metadata: &'a Value,
    pub spec: &'a Value,
}

impl<'a> Pod<'a> {
    pub fn of(object: &'a Value) -> Self {
        Self { metadata: &object["metadata"], spec: &object["spec"] }
    }

    /// All its containers, init containers first.
    pub fn containers(self) -> impl Iterator<Item = &'a Value> {
        ["initContainers", "containers", "ephemeralContainers"]
            .into_iter()
            .flat_map(move |key| self.spec[key].as_array().into_iter().flatten())
    }

    /// Its volumes.
    pub fn volumes(self) -> impl Iterator<Item = &'a Value> {
        self.spec["volumes"].as_array().into_iter().flatten()
    }

    /// The `securityContext` of the pod.
    pub fn security(self) -> &'a Value {
        &self.spec["securityContext"]
    }

    /// The names of the containers for which this holds.
    pub fn containers_where(self, mut holds: impl FnMut(&'a Value) -> bool) -> Vec<&'a str> {
        self.containers().filter(|container| holds(container)).map(name).collect()
    }

    /// Whether the nodes for it run Windows.
    pub fn is_windows(self) -> bool {
        self.spec["os"]["name"] == "windows"
    }

    /// Whether its users are not those of the host.
    pub fn has_user_namespace(self) -> bool {
        self.spec["hostUsers"] == false
    }

    /// An annotation.
    pub fn annotation(self, key: &str) -> Option<&'a str> {
        self.metadata["annotations"][key].as_str()
    }
}

/// The name of a container or volume.
pub(super) fn name(part: &Value) -> &str {
    part["name"].as_str().unwrap_or_default()
}

/// `"a", "b"`.
pub(super) fn quoted<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push('"');
        text.push_str(item.as_ref());
        text.push('"');
    }
    text
}

/// One word or the other.
pub(super) const fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// `container "a"`, `containers "a", "b"`.
pub(super) fn containers(names: &[&str]) -> String {
    format!("{} {}", plural(names.len(), "container", "containers"), quoted(names))
}

/// `pod and container "a"`; empty when nobody sets anything.
pub(super) fn setters(pod: bool, names: &[&str]) -> String {
    match (pod, names) {
        (false, []) => String::new(),
        (true, []) => "pod".to_owned(),
        (false, names) => containers(names),
        (true, names) => format!("pod and {}", containers(names)),
    }
}

/// Distinct texts in order.
pub(super) type Texts<'a> = BTreeSet<&'a str>;
