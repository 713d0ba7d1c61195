//! Names of stored objects.

use std::{cmp::Ordering, fmt, ops::Bound, sync::Arc};

/// Namespace and name of an object, ordered bytewise by the storage path `<namespace>/<name>` (C-00-05).
///
/// The path is kept as one string, so that comparing is one `memcmp` and cloning counts one reference. An empty
/// namespace stands for "cluster-scoped": the path is then the name alone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    path: Arc<str>,
    /// Length of the namespace; the path has a slash there unless it is 0.
    namespace: usize,
}

impl Key {
    /// The key of `name` in `namespace`; the latter is empty for cluster-scoped objects.
    pub fn new(namespace: &str, name: &str) -> Self {
        if namespace.is_empty() {
            return Self { path: name.into(), namespace: 0 };
        }
        Self { path: [namespace, "/", name].concat().into(), namespace: namespace.len() }
    }

    /// The namespace; empty for cluster-scoped objects.
    pub fn namespace(&self) -> &str {
        self.path.get(..self.namespace).unwrap_or_default()
    }

    /// The name.
    pub fn name(&self) -> &str {
        let start = if self.namespace == 0 { 0 } else { self.namespace + 1 };
        self.path.get(start..).unwrap_or_default()
    }

    /// `<namespace>/<name>`, or the name alone.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The keys of a namespace (of all without one) that come after `after`.
    pub(crate) fn bounds(namespace: Option<&str>, after: Option<&Self>) -> (Bound<Self>, Bound<Self>) {
        let (first, end) = match namespace {
            // "0" is the byte after "/", so this is where the paths of the namespace end.
            Some(ns) => (Some(Self::new(ns, "")), Bound::Excluded(Self { path: [ns, "0"].concat().into(), namespace: 0 })),
            None => (None, Bound::Unbounded),
        };
        let start = match (first, after) {
            (Some(first), Some(after)) if *after < first => Bound::Included(first),
            (_, Some(after)) => Bound::Excluded(after.clone()),
            (Some(first), None) => Bound::Included(first),
            (None, None) => Bound::Unbounded,
        };
        (start, end)
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.path.as_bytes().cmp(other.path.as_bytes()).then_with(|| self.namespace.cmp(&other.namespace))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.path, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_by_their_storage_path() {
        let sorted = [("a-b", "x"), ("a", "x"), ("a", "x-y"), ("ab", "x")].map(|(namespace, name)| Key::new(namespace, name));
        assert!(sorted.is_sorted(), "a dash comes before the slash, and letters after it");
    }

    #[test]
    fn a_key_tells_its_parts() {
        let (namespaced, cluster) = (Key::new("a", "x"), Key::new("", "x"));
        assert_eq!((namespaced.namespace(), namespaced.name(), namespaced.path()), ("a", "x", "a/x"));
        assert_eq!((cluster.namespace(), cluster.name(), cluster.path()), ("", "x", "x"));
        assert_ne!(Key::new("", "a/x"), namespaced);
    }
}
