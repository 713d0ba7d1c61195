//! Version 3: one document for each group-version (C-01-31, C-01-33).

use super::{
    components::{Components, META, VERSION_INFO},
    custom::Definitions,
    descriptions::Descriptions,
    operation::{group_name, upper_first},
    paths,
};
use minkapi_registry::KUBERNETES_VERSION;
use minkapi_view::{Catalog, CatalogVersion};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Which documents are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// All.
    All,
    /// Those that are the same in every view.
    BuiltIn,
    /// Those of versions that have custom resources.
    Custom,
}

/// The documents by key: `api/v1`, `apis/apps`, `apis/apps/v1`, `version` ...
pub(super) fn documents(catalog: &Catalog, definitions: &Definitions, which: Which) -> BTreeMap<String, Value> {
    let descriptions = Descriptions::load();
    let mut documents = if which == Which::Custom { BTreeMap::new() } else { plain(catalog, &descriptions) };
    for group in catalog.groups() {
        for version in &group.versions {
            let custom = version.resources.iter().any(|r| r.resource.custom);
            if which == Which::All || custom == (which == Which::Custom) {
                let key = if group.name.is_empty() {
                    format!("api/{}", version.version)
                } else {
                    format!("apis/{}/{}", group.name, version.version)
                };
                let document = of_version(&group.name, version, &key, definitions, &descriptions);
                documents.insert(key, document);
            }
        }
    }
    documents
}

/// The documents about anything but objects.
fn plain(catalog: &Catalog, descriptions: &Descriptions) -> BTreeMap<String, Value> {
    let mut documents = BTreeMap::new();
    let mut add = |key: &str, operation: Operation<'_>| {
        let mut components = Components::new("", "v1", descriptions);
        let (path, item) = get(&mut components, &format!("/{key}/"), operation);
        documents.insert(key.to_owned(), document(info(), Map::from_iter([(path, item)]), components, true));
    };
    let kind = |kind| Answer::Kind(kind);
    add("api", Operation { tag: "core", id: "getCoreAPIVersions", description: "get available API versions", answer: kind("APIVersions") });
    add("apis", Operation { tag: "apis", id: "getAPIVersions", description: "get available API versions", answer: kind("APIGroupList") });
    for group in catalog.groups().iter().filter(|g| !g.name.is_empty() && built_in(&g.versions)) {
        let tag = group_name(&group.name);
        let id = format!("get{}APIGroup", upper_first(&tag));
        add(
            &format!("apis/{}", group.name),
            Operation { tag: &tag, id: &id, description: "get information of a group", answer: kind("APIGroup") },
        );
    }
    for (key, operation) in OTHERS {
        add(key, *operation);
    }
    documents
}

fn built_in(versions: &[CatalogVersion]) -> bool {
    versions.iter().flat_map(|v| &v.resources).any(|r| !r.resource.custom)
}

fn of_version(group: &str, version: &CatalogVersion, key: &str, definitions: &Definitions, descriptions: &Descriptions) -> Value {
    let mut components = Components::new(group, &version.version, descriptions);
    let mut paths = Map::new();
    for served in &version.resources {
        let resource = &served.resource;
        let (object, list) = if resource.custom {
            definitions.add(&mut components, resource)
        } else {
            (resource.schema.name.to_string(), resource.schema.name.trim_end_matches(&*resource.kind).to_owned() + &resource.list_kind)
        };
        paths::add(&mut paths, &mut components, resource, &object, &list);
    }
    if version.resources.iter().all(|r| r.resource.custom) {
        return document(json!({"title": "Kubernetes CRD Swagger", "version": "v0.1.0"}), paths, components, false);
    }
    let group = group_name(group);
    let operation = Operation {
        tag: &format!("{group}_{}", version.version),
        id: &format!("get{}{}APIResources", upper_first(&group), upper_first(&version.version)),
        description: "get available resources",
        answer: Answer::Kind("APIResourceList"),
    };
    let (path, item) = get(&mut components, &format!("/{key}/"), operation);
    paths.insert(path, item);
    document(info(), paths, components, true)
}

/// An operation that is no verb of a resource.
#[derive(Clone, Copy)]
struct Operation<'a> {
    tag: &'a str,
    id: &'a str,
    description: &'a str,
    answer: Answer,
}

#[derive(Clone, Copy)]
enum Answer {
    /// A kind of meta/v1, in all encodings.
    Kind(&'static str),
    /// `/version`, in JSON.
    Version,
    /// JSON that is not described, with this content type.
    Text(&'static str),
}

/// Documents of single paths by key.
const OTHERS: &[(&str, Operation<'static>)] = &[
    (
        ".well-known/openid-configuration",
        Operation {
            tag: "WellKnown",
            id: "getServiceAccountIssuerOpenIDConfiguration",
            description: "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
            answer: Answer::Text("application/json"),
        },
    ),
    (
        "openid/v1/jwks",
        Operation {
            tag: "openid",
            id: "getServiceAccountIssuerOpenIDKeyset",
            description: "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)",
            answer: Answer::Text("application/jwk-set+json"),
        },
    ),
    (
        "version",
        Operation {
            tag: "version",
            id: "getCodeVersion",
            description: "get the version information for this server",
            answer: Answer::Version,
        },
    ),
];

fn get(components: &mut Components<'_>, path: &str, operation: Operation<'_>) -> (String, Value) {
    let (types, schema): (&[&str], _) = match operation.answer {
        Answer::Kind(kind) => (
            &["application/json", "application/vnd.kubernetes.protobuf", "application/yaml"],
            components.reference(&format!("{META}.{kind}")),
        ),
        Answer::Version => (&["application/json"], components.reference(VERSION_INFO)),
        Answer::Text(content_type) => (&[content_type], json!({"type": "string"})),
    };
    let content: Map<String, Value> = types.iter().map(|t| ((*t).to_owned(), json!({"schema": schema}))).collect();
    let responses = json!({"200": {"description": "OK", "content": content}, "401": {"description": "Unauthorized"}});
    let get = json!({"tags": [operation.tag], "description": operation.description, "operationId": operation.id, "responses": responses});
    (path.to_owned(), json!({"get": get}))
}

fn info() -> Value {
    let version = KUBERNETES_VERSION.trim_start_matches('v');
    json!({"title": "Kubernetes", "version": version.rsplit_once('.').map_or(version, |(minor, _)| minor)})
}

fn document(info: Value, paths: Map<String, Value>, components: Components<'_>, security: bool) -> Value {
    let schemas = components.finish();
    let mut components = json!({});
    if schemas.as_object().is_some_and(|s| !s.is_empty()) {
        components["schemas"] = schemas;
    }
    if security {
        components["securitySchemes"] = json!({"BearerToken": {"type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header"}});
    }
    json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": components})
}
