//! Discovery in its old form, one document for each group-version (C-01-15 to C-01-20).

use minkapi_registry::{Resource, Subresource, Verbs};
use minkapi_view::{Catalog, CatalogGroup, CatalogVersion};
use serde_json::{Map, Value, json};

/// `/api`. It has no apiVersion.
pub(super) fn core_versions(catalog: &Catalog, server: &str) -> Value {
    let versions: Vec<&str> = catalog.group("").into_iter().flat_map(|g| &g.versions).map(|v| &*v.version).collect();
    json!({
        "kind": "APIVersions",
        "versions": versions,
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server}],
    })
}

/// `/apis`.
pub(super) fn groups(catalog: &Catalog) -> Value {
    let groups: Vec<Value> = catalog.groups().iter().filter(|g| !g.name.is_empty()).map(members).map(Value::Object).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/<group>`.
pub(super) fn group(group: &CatalogGroup) -> Value {
    let mut members = members(group);
    members.insert("kind".into(), "APIGroup".into());
    members.insert("apiVersion".into(), "v1".into());
    Value::Object(members)
}

fn members(group: &CatalogGroup) -> Map<String, Value> {
    let versions: Vec<Value> =
        group.versions.iter().map(|v| json!({"groupVersion": format!("{}/{}", group.name, v.version), "version": &*v.version})).collect();
    let mut members = Map::new();
    members.insert("name".into(), (&*group.name).into());
    members.insert("preferredVersion".into(), versions.first().cloned().unwrap_or_default());
    members.insert("versions".into(), versions.into());
    members
}

/// `/api/v1`, `/apis/<group>/<version>`.
pub(super) fn resources(group: &str, version: &CatalogVersion) -> Value {
    let resources: Vec<Value> = version.resources.iter().flat_map(|served| entries(&served.resource)).collect();
    if group.is_empty() {
        return json!({"kind": "APIResourceList", "groupVersion": &*version.version, "resources": resources});
    }
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{group}/{}", version.version), "resources": resources})
}

/// A resource and its subresources.
fn entries(resource: &Resource) -> Vec<Value> {
    let mut entry = json!({
        "name": &*resource.plural,
        "singularName": &*resource.singular,
        "namespaced": resource.namespaced,
        "kind": &*resource.kind,
        "verbs": verbs(resource.verbs, resource.custom),
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = resource.short_names.iter().map(|n| &**n).collect();
    }
    if !resource.categories.is_empty() {
        entry["categories"] = resource.categories.iter().map(|n| &**n).collect();
    }
    if !resource.storage_version_hash.is_empty() {
        entry["storageVersionHash"] = (&*resource.storage_version_hash).into();
    }
    std::iter::once(entry).chain(subresources(resource).map(|sub| subresource(resource, sub))).collect()
}

/// By name, but those of custom resources in the order in which upstream lists them: `status`, `scale`.
pub(super) fn subresources(resource: &Resource) -> impl Iterator<Item = &Subresource> {
    let mut all: Vec<&Subresource> = resource.subresources.iter().collect();
    if resource.custom {
        all.reverse();
    }
    all.into_iter()
}

fn subresource(resource: &Resource, sub: &Subresource) -> Value {
    let mut entry = json!({
        "name": format!("{}/{}", resource.plural, sub.name),
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": &*sub.kind,
        "verbs": verbs(sub.verbs, false),
    });
    if (&sub.group, &sub.version) != (&resource.group, &resource.version) {
        entry["group"] = (&*sub.group).into();
        entry["version"] = (&*sub.version).into();
    }
    entry
}

/// In alphabetical order, but those of custom resources in the order in which upstream writes them down (C-01-27).
pub(super) fn verbs(verbs: Verbs, custom: bool) -> Vec<&'static str> {
    const CUSTOM: [&str; 8] = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
    let mut names: Vec<_> = verbs.iter().map(minkapi_registry::Verb::as_str).collect();
    if custom {
        names.sort_by_key(|name| CUSTOM.iter().position(|c| c == name));
    }
    names
}
