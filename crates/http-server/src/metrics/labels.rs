//! What a request is counted under.

use crate::{query::Query, request_info::Path};
use http::{Method, header::CONTENT_TYPE, request::Parts};
use minkapi_object::FieldSelector;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Subresources through which clients are connected to something else.
const CONNECTED: [&str; 5] = ["attach", "exec", "log", "portforward", "proxy"];

/// Paths that are no resources and are counted by name; all others together.
const PATHS: [&str; 8] = ["/healthz", "/livez", "/readyz", "/version", "/metrics", "/api", "/apis", "/views"];

/// The labels of a request, as kube-apiserver chooses them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Labels<'a> {
    pub component: &'static str,
    pub dry_run: &'static str,
    pub group: &'a str,
    pub resource: &'a str,
    pub scope: &'static str,
    pub subresource: &'a str,
    pub verb: &'static str,
    pub version: &'a str,
}

impl<'a> Labels<'a> {
    /// By a request, its path as a view sees it, and whether its answer is a watch.
    pub fn of(parts: &Parts, path: &'a str, watch: bool) -> Self {
        let verb = match parts.method {
            Method::GET | Method::HEAD => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            _ => "other",
        };
        let Path::Resource(info) = Path::parse(path) else {
            let known = PATHS.iter().find(|known| **known == path).copied();
            let group = || ["/openapi/v2", "/openapi/v3", "/apis", "/api"].into_iter().find(|start| path.starts_with(start));
            return Self { verb, subresource: known.or_else(group).unwrap_or_default(), ..Self::default() };
        };
        let query = parts.uri.query().unwrap_or_default();
        let named = !info.name.is_empty() || (verb == "GET" && query.contains("metadata.name") && selects_one(query));
        let scope = match (named || verb == "POST", info.namespace.is_empty()) {
            (true, _) => "resource",
            (false, false) => "namespace",
            (false, true) => "cluster",
        };
        let apply = || parts.headers.get(CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"application/apply-patch+"));
        let verb = match verb {
            _ if CONNECTED.contains(&info.subresource) => "CONNECT",
            "GET" if watch || info.watch => "WATCH",
            "GET" if info.name.is_empty() => "LIST",
            "DELETE" if info.name.is_empty() => "DELETECOLLECTION",
            "PATCH" if apply() => "APPLY",
            verb => verb,
        };
        let dry_run = if query.contains("dryRun=All") { "All" } else { "" };
        let (group, resource, subresource, version) = (info.group, info.resource, info.subresource, info.version);
        Self { component: "apiserver", dry_run, group, resource, scope, subresource, verb, version }
    }

    /// A number for these labels and a code: different ones have different numbers, as good as surely.
    pub fn id(&self, code: u16) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self, code).hash(&mut hasher);
        hasher.finish()
    }

    /// As they stand in the text, in order of their names.
    pub fn text(&self) -> String {
        let Self { component, dry_run, verb, .. } = self;
        format!("component=\"{component}\",dry_run=\"{dry_run}\",{},verb=\"{verb}\",version=\"{}\"", self.place(), escaped(self.version))
    }

    /// The same without `dry_run`.
    pub fn short_text(&self) -> String {
        let Self { component, verb, .. } = self;
        format!("component=\"{component}\",{},verb=\"{verb}\",version=\"{}\"", self.place(), escaped(self.version))
    }

    fn place(&self) -> String {
        let Self { group, resource, scope, subresource, .. } = self;
        let [group, resource, subresource] = [group, resource, subresource].map(|text| escaped(text));
        format!("group=\"{group}\",resource=\"{resource}\",scope=\"{scope}\",subresource=\"{subresource}\"")
    }
}

/// Whether a field selector asks for one name.
fn selects_one(query: &str) -> bool {
    let query = Query::parse(Some(query));
    FieldSelector::parse(query.text("fieldSelector")).is_ok_and(|selector| selector.exact("metadata.name").is_some())
}

/// Text between quotes.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_label_is_escaped() {
        let labels = Labels { group: "a\"b", resource: "c\\d\ne", ..Labels::default() };
        assert!(labels.text().contains(r#"group="a\"b",resource="c\\d\ne",scope"#), "{}", labels.text());
    }

    #[test]
    fn names_that_are_no_resources_are_counted_by_path_if_they_are_known() {
        let parts = http::Request::new(()).into_parts().0;
        let of = |path| Labels::of(&parts, path, false).subresource;
        assert_eq!([of("/healthz"), of("/openapi/v3/apis/apps/v1"), of("/whatever")], ["/healthz", "/openapi/v3", ""]);
    }
}
