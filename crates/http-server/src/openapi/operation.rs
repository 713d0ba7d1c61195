//! One operation of a path.

use super::components::{Components, META};
use minkapi_registry::{Resource, Subresource};
use serde_json::{Value, json};

/// A query parameter: its name and type.
type Parameter = (&'static str, &'static str);

/// Parameters of writes.
const WRITE: [Parameter; 3] = [("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")];
/// What patches have beyond that.
const FORCE: [Parameter; 1] = [("force", "boolean")];
/// Parameters of lists.
const LIST: [Parameter; 11] = [
    ("allowWatchBookmarks", "boolean"),
    ("continue", "string"),
    ("fieldSelector", "string"),
    ("labelSelector", "string"),
    ("limit", "integer"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("sendInitialEvents", "boolean"),
    ("shardSelector", "string"),
    ("timeoutSeconds", "integer"),
    ("watch", "boolean"),
];
/// Parameters of deletions.
const DELETE: [Parameter; 5] = [
    ("dryRun", "string"),
    ("gracePeriodSeconds", "integer"),
    ("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
    ("orphanDependents", "boolean"),
    ("propagationPolicy", "string"),
];

/// What an operation does; its name in `x-kubernetes-action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    List,
    Post,
    DeleteCollection,
    Get,
    Put,
    Patch,
    Delete,
    Connect(&'static str),
    Watch,
    WatchList,
}

impl Does {
    const fn action(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Post => "post",
            Self::DeleteCollection => "deletecollection",
            Self::Get => "get",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Connect(_) => "connect",
            Self::Watch => "watch",
            Self::WatchList => "watchlist",
        }
    }

    fn parameters(self) -> Vec<Parameter> {
        let mut parameters: Vec<Parameter> = match self {
            Self::Post | Self::Put => WRITE.into(),
            Self::Patch => WRITE.iter().chain(&FORCE).copied().collect(),
            Self::List | Self::Watch | Self::WatchList => LIST.into(),
            Self::Delete => DELETE.into(),
            // A deletion of a collection neither watches nor sends bookmarks.
            Self::DeleteCollection => {
                LIST.iter().filter(|(n, _)| !matches!(*n, "allowWatchBookmarks" | "watch")).chain(&DELETE).copied().collect()
            }
            Self::Get | Self::Connect(_) => Vec::new(),
        };
        parameters.sort_unstable();
        parameters
    }

    const fn codes(self) -> &'static [&'static str] {
        match self {
            Self::Post => &["200", "201", "202"],
            Self::Put | Self::Patch => &["200", "201"],
            Self::Delete => &["200", "202"],
            _ => &["200"],
        }
    }

    fn description(self, kind: &str, sub: Option<&str>, custom: bool) -> String {
        match (self, sub) {
            (Self::List, _) if custom => format!("list objects of kind {kind}"),
            (Self::List, _) => format!("list or watch objects of kind {kind}"),
            (Self::Post, None) => format!("create a {kind}"),
            (Self::Post, Some(sub)) => format!("create {sub} of a {kind}"),
            (Self::DeleteCollection, _) => format!("delete collection of {kind}"),
            (Self::Get, None) => format!("read the specified {kind}"),
            (Self::Get, Some(sub)) => format!("read {sub} of the specified {kind}"),
            (Self::Put, None) => format!("replace the specified {kind}"),
            (Self::Put, Some(sub)) => format!("replace {sub} of the specified {kind}"),
            (Self::Patch, None) => format!("partially update the specified {kind}"),
            (Self::Patch, Some(sub)) => format!("partially update {sub} of the specified {kind}"),
            (Self::Delete, _) => format!("delete a {kind}"),
            (Self::Connect(method), sub) => format!("connect {method} requests to {} of {kind}", sub.unwrap_or_default()),
            (Self::Watch, _) => format!(
                "watch changes to an object of kind {kind}. deprecated: use the 'watch' parameter with a list operation instead, filtered to a single item with the 'fieldSelector' parameter."
            ),
            (Self::WatchList, _) => format!(
                "watch individual changes to a list of {kind}. deprecated: use the 'watch' parameter with a list operation instead."
            ),
        }
    }

    /// The part of the operation's id before and after the group and version.
    fn id(self) -> (&'static str, String) {
        match self {
            Self::List => ("list", String::new()),
            Self::Post => ("create", String::new()),
            Self::DeleteCollection => ("delete", "Collection".to_owned()),
            Self::Get => ("read", String::new()),
            Self::Put => ("replace", String::new()),
            Self::Patch => ("patch", String::new()),
            Self::Delete => ("delete", String::new()),
            Self::Connect(method) => ("connect", upper_first(&method.to_ascii_lowercase())),
            Self::Watch | Self::WatchList => ("watch", String::new()),
        }
    }
}

/// What an operation is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    pub resource: &'a Resource,
    pub sub: Option<&'a Subresource>,
    /// Over all namespaces.
    pub across: bool,
    /// The component of the resource's objects.
    pub object: &'a str,
    /// The component of its lists.
    pub list: &'a str,
}

/// The operation.
pub(super) fn operation(components: &mut Components, about: About<'_>, does: Does) -> Value {
    let About { resource, sub, .. } = about;
    let kind = sub
        .filter(|s| !s.kind.is_empty())
        .map_or((&resource.group, &resource.version, &resource.kind), |s| (&s.group, &s.version, &s.kind));
    let group = group_name(&resource.group);
    let mut operation = json!({
        "tags": [format!("{group}_{}", resource.version)],
        "description": does.description(&resource.kind, sub.map(|s| &*s.name), resource.custom),
        "operationId": id(about, does, &group),
        "responses": responses(components, about, does),
        "x-kubernetes-action": does.action(),
        "x-kubernetes-group-version-kind": {"group": &**kind.0, "version": &**kind.1, "kind": &**kind.2},
    });
    let parameters: Vec<Value> = does.parameters().into_iter().map(parameter).collect();
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = request_body(components, about, does) {
        operation["requestBody"] = body;
    }
    operation
}

/// A query parameter.
fn parameter((name, of): Parameter) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": of, "uniqueItems": true}})
}

/// A parameter in the path, or `pretty`, which all paths have.
pub(super) fn path_parameters(names: &[(&str, &str)]) -> Value {
    let mut parameters: Vec<Value> = names
        .iter()
        .map(|(name, description)| {
            json!({"name": name, "in": "path", "description": description, "required": true, "schema": {"type": "string", "uniqueItems": true}})
        })
        .collect();
    parameters.push(parameter(("pretty", "string")));
    parameters.into()
}

/// `listCoreV1NamespacedPod`, `readAppsV1NamespacedDeploymentStatus`.
fn id(about: About<'_>, does: Does, group: &str) -> String {
    let About { resource, sub, across, .. } = about;
    let (verb, more) = does.id();
    let namespaced = if resource.namespaced && !across { "Namespaced" } else { "" };
    let sub = sub.map(|s| upper_first(&s.name)).unwrap_or_default();
    let list = if does == Does::WatchList { "List" } else { "" };
    let across = if across { "ForAllNamespaces" } else { "" };
    format!("{verb}{}{}{more}{namespaced}{}{sub}{list}{across}", upper_first(group), upper_first(&resource.version), resource.kind)
}

/// `core`, `apps`, `rbacAuthorization`, `example.com` as `exampleCom`.
fn group_name(group: &str) -> String {
    if group.is_empty() {
        return "core".to_owned();
    }
    let mut parts = group.strip_suffix(".k8s.io").unwrap_or(group).split(['.', '-']);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &upper_first(part))
}

fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

fn media_types(custom: bool) -> &'static [&'static str] {
    if custom {
        &["application/json", "application/yaml"]
    } else {
        &["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"]
    }
}

fn content(types: &[&str], schema: &Value) -> Value {
    types.iter().map(|t| ((*t).to_owned(), json!({"schema": schema}))).collect::<serde_json::Map<_, _>>().into()
}

/// The component that a subresource reads and writes, else the resource's.
fn object(components: &mut Components, about: About<'_>) -> Value {
    let of_sub = about.sub.and_then(|s| s.schema.as_ref()).filter(|s| !s.name.is_empty()).map(|s| s.name.to_string());
    components.reference(of_sub.as_deref().unwrap_or(about.object))
}

fn responses(components: &mut Components, about: About<'_>, does: Does) -> Value {
    let custom = about.resource.custom;
    let mut responses = json!({"401": {"description": "Unauthorized"}});
    let types = media_types(custom);
    let content = match does {
        Does::Connect(_) => content(&["*/*"], &json!({"type": "string"})),
        Does::List => content(types, &components.reference(about.list)),
        Does::Watch | Does::WatchList => content(types, &components.reference(&format!("{META}.WatchEvent"))),
        Does::Delete | Does::DeleteCollection => content(types, &components.reference(&format!("{META}.Status"))),
        Does::Post | Does::Get | Does::Put | Does::Patch => content(types, &object(components, about)),
    };
    for code in does.codes() {
        let description = match *code {
            "201" => "Created",
            "202" => "Accepted",
            _ => "OK",
        };
        responses[*code] = json!({"description": description, "content": content});
    }
    responses
}

fn request_body(components: &mut Components, about: About<'_>, does: Does) -> Option<Value> {
    let custom = about.resource.custom;
    let any: &[&str] = if custom { media_types(true) } else { &["*/*"] };
    match does {
        Does::Post | Does::Put => Some(json!({"content": content(any, &object(components, about)), "required": true})),
        // The definitions of custom resources leave it out.
        Does::DeleteCollection if custom => None,
        Does::Delete | Does::DeleteCollection => {
            Some(json!({"content": content(any, &components.reference(&format!("{META}.DeleteOptions")))}))
        }
        Does::Patch => {
            let mut types = vec!["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];
            if !custom {
                // kubectl decides by this whether it may send one (C-01-34).
                types.push("application/strategic-merge-patch+json");
            }
            Some(json!({"content": content(&types, &components.reference(&format!("{META}.Patch"))), "required": true}))
        }
        Does::List | Does::Get | Does::Connect(_) | Does::Watch | Does::WatchList => None,
    }
}
