//! What a path within a view stands for (C-01-01, C-01-03).

/// A path, split into what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path<'a> {
    /// `/` and `/index.html`.
    Root,
    /// `/api`.
    Core,
    /// `/apis`.
    Groups,
    /// `/apis/<group>`.
    Group(&'a str),
    /// `/api/v1`, `/apis/<group>/<version>`.
    Version { group: &'a str, version: &'a str },
    /// Anything below a group-version.
    Resource(RequestInfo<'a>),
    /// Anything else, such as `/version` or `/livez/ping`.
    Other(&'a str),
}

/// A path below a group-version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RequestInfo<'a> {
    pub group: &'a str,
    pub version: &'a str,
    pub resource: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
    pub subresource: &'a str,
    /// What follows the subresource; only proxies have it.
    pub rest: Option<&'a str>,
    /// A deprecated `/watch/` URL (C-06-42).
    pub watch: bool,
}

impl<'a> Path<'a> {
    /// Splits a decoded path that starts with a slash.
    pub fn parse(path: &'a str) -> Self {
        let inner = path.strip_prefix('/').unwrap_or(path);
        if inner.is_empty() || inner == "index.html" {
            return Self::Root;
        }
        let trimmed = inner.strip_suffix('/').unwrap_or(inner);
        let (first, rest) = split(trimmed);
        match (first, rest) {
            ("api", None) => Self::Core,
            ("apis", None) => Self::Groups,
            ("api", Some(rest)) => Self::in_group("", rest),
            ("apis", Some(rest)) => match split(rest) {
                // The core group is not below `/apis`.
                ("", _) => Self::Other(path),
                (group, None) => Self::Group(group),
                (group, Some(rest)) => Self::in_group(group, rest),
            },
            _ => Self::Other(path),
        }
    }

    fn in_group(group: &'a str, rest: &'a str) -> Self {
        match split(rest) {
            (version, None) => Self::Version { group, version },
            (version, Some(rest)) => Self::Resource(RequestInfo::parse(group, version, rest)),
        }
    }
}

/// Subresources of a Namespace, which tell `/namespaces/<ns>/status` from a resource inside the namespace (C-01-03).
const NAMESPACE_SUBRESOURCES: [&str; 2] = ["status", "finalize"];

impl<'a> RequestInfo<'a> {
    fn parse(group: &'a str, version: &'a str, rest: &'a str) -> Self {
        let mut info = Self { group, version, ..Self::default() };
        let mut rest = rest;
        if let ("watch", Some(watched)) = split(rest) {
            info.watch = true;
            rest = watched;
        }
        if let ("namespaces", Some(inside)) = split(rest)
            && let (namespace, Some(inside)) = split(inside)
            && !NAMESPACE_SUBRESOURCES.contains(&split(inside).0)
        {
            info.namespace = namespace;
            rest = inside;
        }
        let mut next = Some(rest);
        let mut take = || {
            let (part, rest) = split(next?);
            next = rest;
            Some(part)
        };
        info.resource = take().unwrap_or_default();
        info.name = take().unwrap_or_default();
        info.subresource = take().unwrap_or_default();
        info.rest = next;
        info
    }
}

/// The first segment and what follows its slash.
fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(path: &str) -> RequestInfo<'_> {
        match Path::parse(path) {
            Path::Resource(info) => info,
            other => panic!("{path} is {other:?}"),
        }
    }

    #[test]
    fn a_segment_after_the_namespace_is_a_resource_unless_it_is_a_subresource_of_namespaces() {
        let pods = info("/api/v1/namespaces/x/pods/a/status");
        assert_eq!((pods.namespace, pods.resource, pods.name, pods.subresource), ("x", "pods", "a", "status"));
        let finalize = info("/api/v1/namespaces/x/finalize");
        assert_eq!((finalize.namespace, finalize.resource, finalize.name, finalize.subresource), ("", "namespaces", "x", "finalize"));
        assert_eq!(info("/api/v1/namespaces/x/").name, "x");
    }

    #[test]
    fn watch_urls_are_recognised() {
        let watch = info("/apis/apps/v1/watch/namespaces/x/deployments/a");
        assert!(watch.watch);
        assert_eq!((watch.namespace, watch.resource, watch.name), ("x", "deployments", "a"));
    }

    #[test]
    fn empty_segments_stay() {
        assert_eq!(Path::parse("//api/v1"), Path::Other("//api/v1"));
        assert_eq!(Path::parse("/apis//v1/pods"), Path::Other("/apis//v1/pods"));
        assert_eq!(info("/api//v1").version, "");
        assert_eq!(info("/api/v1//pods").resource, "");
    }

    #[test]
    fn groups_and_versions_are_told_apart() {
        assert_eq!(Path::parse("/api/"), Path::Core);
        assert_eq!(Path::parse("/apis/apps/"), Path::Group("apps"));
        assert_eq!(Path::parse("/apis/apps/v1"), Path::Version { group: "apps", version: "v1" });
        assert_eq!(Path::parse("/readyz/"), Path::Other("/readyz/"));
    }
}
