//! Version 3: one document for each group-version (C-01-31, C-01-33).

use super::{
    components::{Components, META},
    custom::Definitions,
    paths,
};
use minkapi_registry::KUBERNETES_VERSION;
use minkapi_view::{Catalog, CatalogVersion};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// All documents by key: `api/v1`, `apis/apps`, `apis/apps/v1`, `version` ...
pub(super) fn documents(catalog: &Catalog, definitions: &Definitions) -> BTreeMap<String, Value> {
    let mut documents = BTreeMap::new();
    let mut plain = |key: &str, path: String, kind: &str, description: &str| {
        documents.insert(key.to_owned(), about_discovery(path, kind, description));
    };
    plain("api", "/api/".to_owned(), "APIVersions", "get available API versions");
    plain("apis", "/apis/".to_owned(), "APIGroupList", "get available API versions");
    for group in catalog.groups().iter().filter(|g| !g.name.is_empty() && built_in(&g.versions)) {
        plain(&format!("apis/{}", group.name), format!("/apis/{}/", group.name), "APIGroup", "get information of a group");
    }
    for group in catalog.groups() {
        for version in &group.versions {
            let key =
                if group.name.is_empty() { format!("api/{}", version.version) } else { format!("apis/{}/{}", group.name, version.version) };
            documents.insert(key.clone(), of_version(&group.name, version, &key, definitions));
        }
    }
    documents.insert("version".to_owned(), version());
    documents
}

fn built_in(versions: &[CatalogVersion]) -> bool {
    versions.iter().flat_map(|v| &v.resources).any(|r| !r.resource.custom)
}

fn of_version(group: &str, version: &CatalogVersion, key: &str, definitions: &Definitions) -> Value {
    let mut components = Components::new(group, &version.version);
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
    let (path, item) = get(&mut components, format!("/{key}/"), "APIResourceList", "get available resources");
    paths.insert(path, item);
    document(info(), paths, components, true)
}

fn about_discovery(path: String, kind: &str, description: &str) -> Value {
    let mut components = Components::new("", "v1");
    let (path, item) = get(&mut components, path, kind, description);
    document(info(), Map::from_iter([(path, item)]), components, true)
}

fn get(components: &mut Components, path: String, kind: &str, description: &str) -> (String, Value) {
    let schema = components.reference(&format!("{META}.{kind}"));
    let content = json!({"application/json": {"schema": schema}, "application/vnd.kubernetes.protobuf": {"schema": schema}, "application/yaml": {"schema": schema}});
    let responses = json!({"200": {"description": "OK", "content": content}, "401": {"description": "Unauthorized"}});
    (path, json!({"get": {"description": description, "responses": responses}}))
}

fn version() -> Value {
    let mut components = Components::new("", "v1");
    let names = ["major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"];
    let properties: Map<String, Value> = names.iter().map(|n| ((*n).to_owned(), json!({"type": "string", "default": ""}))).collect();
    components
        .insert("io.k8s.apimachinery.pkg.version.Info".to_owned(), json!({"type": "object", "required": names, "properties": properties}));
    let schema = components.reference("io.k8s.apimachinery.pkg.version.Info");
    let responses =
        json!({"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}, "401": {"description": "Unauthorized"}});
    let item = json!({"get": {"tags": ["version"], "description": "get the version information for this server", "operationId": "getCodeVersion", "responses": responses}});
    document(info(), Map::from_iter([("/version/".to_owned(), item)]), components, true)
}

fn info() -> Value {
    let version = KUBERNETES_VERSION.trim_start_matches('v');
    json!({"title": "Kubernetes", "version": version.rsplit_once('.').map_or(version, |(minor, _)| minor)})
}

fn document(info: Value, paths: Map<String, Value>, components: Components, security: bool) -> Value {
    let mut components = json!({"schemas": components.finish()});
    if security {
        components["securitySchemes"] = json!({"BearerToken": {"type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header"}});
    }
    json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": components})
}
