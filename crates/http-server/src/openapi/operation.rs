//! One operation of a path.

use super::{
    components::{Components, META},
    connect, parameters,
};
use minkapi_kinds::DeletedAnswer;
use minkapi_registry::{Resource, Subresource, Verb};
use serde_json::{Value, json};

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

    const fn codes(self, custom: bool) -> &'static [&'static str] {
        match self {
            Self::Patch if custom => &["200"],
            Self::Post => &["200", "201", "202"],
            Self::Put | Self::Patch => &["200", "201"],
            Self::Delete => &["200", "202"],
            _ => &["200"],
        }
    }

    fn description(self, resource: &Resource, sub: Option<&str>) -> String {
        let (kind, article) = (&*resource.kind, article(&resource.kind));
        match (self, sub) {
            (Self::List, _) if resource.custom || !resource.verbs.has(Verb::Watch) => format!("list objects of kind {kind}"),
            (Self::List, _) => format!("list or watch objects of kind {kind}"),
            (Self::Post, None) => format!("create{article}{kind}"),
            (Self::Post, Some(sub)) => format!("create {sub} of{article}{kind}"),
            (Self::DeleteCollection, _) => format!("delete collection of {kind}"),
            (Self::Get, None) => format!("read the specified {kind}"),
            (Self::Get, Some(sub)) => format!("read {sub} of the specified {kind}"),
            (Self::Put, None) => format!("replace the specified {kind}"),
            (Self::Put, Some(sub)) => format!("replace {sub} of the specified {kind}"),
            (Self::Patch, None) => format!("partially update the specified {kind}"),
            (Self::Patch, Some(sub)) => format!("partially update {sub} of the specified {kind}"),
            (Self::Delete, _) => format!("delete{article}{kind}"),
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
    /// With a path at what is connected to.
    pub with_path: bool,
    /// The component of the resource's objects.
    pub object: &'a str,
    /// The component of its lists.
    pub list: &'a str,
}

/// The operation.
pub(super) fn operation(components: &mut Components, about: About<'_>, does: Does) -> Value {
    let About { resource, sub, .. } = about;
    // Of custom resources, subresources are said to be of the resource's kind too.
    let kind = sub
        .filter(|s| !s.kind.is_empty() && !resource.custom)
        .map_or((&resource.group, &resource.version, &resource.kind), |s| (&s.group, &s.version, &s.kind));
    let group = group_name(&resource.group);
    let mut operation = json!({
        "tags": [format!("{group}_{}", resource.version)],
        "description": does.description(resource, sub.map(|s| &*s.name)),
        "operationId": id(about, does, &group),
        "responses": responses(components, about, does),
        "x-kubernetes-action": does.action(),
        "x-kubernetes-group-version-kind": {"group": &**kind.0, "version": &**kind.1, "kind": &**kind.2},
    });
    let mut parameters = parameters::of(does, resource.custom, components.descriptions());
    let more = if is_log(about) { connect::LOG } else { connect::parameters(kind.2) };
    parameters.extend(more.iter().map(|p| parameters::query(p, components.descriptions())));
    operation["parameters"] = parameters.into();
    if let Some(body) = request_body(components, about, does) {
        operation["requestBody"] = body;
    }
    operation
}

/// `a Pod`, `an Eviction`, `Endpoints`, with the blanks around the article.
fn article(kind: &str) -> &'static str {
    if kind.ends_with('s') && !kind.ends_with("ss") {
        return " ";
    }
    if kind.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']) { " an " } else { " a " }
}

/// The subresource that answers with text.
fn is_log(about: About<'_>) -> bool {
    about.sub.is_some_and(|s| &*s.name == "log")
}

/// `listCoreV1NamespacedPod`, `readAppsV1NamespacedDeploymentStatus`.
fn id(about: About<'_>, does: Does, group: &str) -> String {
    let About { resource, sub, across, .. } = about;
    let (verb, more) = does.id();
    let namespaced = if resource.namespaced && !across { "Namespaced" } else { "" };
    let sub = sub.map(|s| upper_first(&s.name)).unwrap_or_default();
    let list = if does == Does::WatchList { "List" } else { "" };
    let across = if across { "ForAllNamespaces" } else { "" };
    let path = if about.with_path { "WithPath" } else { "" };
    format!("{verb}{}{}{more}{namespaced}{}{sub}{list}{across}{path}", upper_first(group), upper_first(&resource.version), resource.kind)
}

/// `core`, `apps`, `rbacAuthorization`, `example.com` as `exampleCom`.
pub(super) fn group_name(group: &str) -> String {
    if group.is_empty() {
        return "core".to_owned();
    }
    let mut parts = group.strip_suffix(".k8s.io").unwrap_or(group).split(['.', '-']);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| name + &upper_first(part))
}

pub(super) fn upper_first(text: &str) -> String {
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

/// What lists and watches answer in; of custom resources, streams are not told.
fn streamed(custom: bool) -> Vec<&'static str> {
    const STREAMS: &[&str] = &["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];
    media_types(custom).iter().chain(if custom { &[] } else { STREAMS }).copied().collect()
}

/// Whether a deletion is said to be answered with the object: where it is, but for namespaces, which upstream wraps.
fn answers_object(resource: &Resource) -> bool {
    &*resource.storage != "namespaces"
        && minkapi_kinds::strategy(&resource.group, &resource.kind).is_some_and(|s| s.traits().deleted == DeletedAnswer::Object)
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
        Does::List => content(&streamed(custom), &components.reference(about.list)),
        Does::Watch | Does::WatchList => content(&streamed(custom), &components.reference(&format!("{META}.WatchEvent"))),
        Does::Delete if !custom && answers_object(about.resource) => content(types, &components.reference(about.object)),
        Does::Delete | Does::DeleteCollection => content(types, &components.reference(&format!("{META}.Status"))),
        Does::Get if is_log(about) => {
            let types: Vec<&str> = types.iter().copied().chain(["text/plain"]).collect();
            content(&types, &json!({"type": "string"}))
        }
        Does::Post | Does::Get | Does::Put | Does::Patch => content(types, &object(components, about)),
    };
    for code in does.codes(custom) {
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
