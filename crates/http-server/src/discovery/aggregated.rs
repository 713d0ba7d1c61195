//! Aggregated discovery: one document for all group-versions (C-01-21 to C-01-26).

use super::legacy::{subresources, verbs};
use crate::{
    body::ResponseBody,
    encode,
    exchange::{Exchange, Reply},
    media_type::Encoding,
    negotiate::Negotiated,
};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY},
};
use minkapi_registry::{Resource, Subresource};
use minkapi_view::{Catalog, CatalogGroup, CatalogVersion};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

/// The documents of `/api` and `/apis`.
#[derive(Debug)]
pub(crate) struct Aggregated {
    core: Document,
    groups: Document,
}

#[derive(Debug)]
struct Document {
    value: Value,
    etag: String,
}

impl Aggregated {
    /// The documents of a catalog.
    pub fn new(catalog: &Catalog) -> Self {
        let of = |core: bool| Document::new(catalog.groups().iter().filter(|g| g.name.is_empty() == core));
        Self { core: of(true), groups: of(false) }
    }

    /// Answers with one of the two, or with 304 to a client that has it.
    pub fn serve(&self, exchange: &Exchange<'_>, core: bool, encoding: Encoding) -> Reply {
        let document = if core { &self.core } else { &self.groups };
        let mut reply = if exchange.header(IF_NONE_MATCH) == document.etag {
            exchange.empty(304)
        } else {
            match encode::value(&document.value, Negotiated { encoding, ..Negotiated::JSON }) {
                Ok(bytes) => exchange.reply(200, content_type(encoding), ResponseBody::full(bytes)),
                Err(status) => return exchange.error(&status),
            }
        };
        let headers = reply.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public"));
        headers.append(VARY, HeaderValue::from_static("Accept"));
        if let Ok(etag) = HeaderValue::from_str(&document.etag) {
            headers.insert(ETAG, etag);
        }
        reply
    }
}

/// Always spelled the same, whatever the order in the request.
const fn content_type(encoding: Encoding) -> HeaderValue {
    HeaderValue::from_static(match encoding {
        Encoding::Json => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        Encoding::Yaml => "application/yaml;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        Encoding::Protobuf => "application/vnd.kubernetes.protobuf;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    })
}

impl Document {
    fn new<'a>(groups: impl Iterator<Item = &'a CatalogGroup>) -> Self {
        let items: Vec<Value> = groups.map(group).collect();
        let value = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
        let digest = Sha512::digest(value.to_string());
        let etag = format!("\"{}\"", digest.iter().map(|b| format!("{b:02X}")).collect::<String>());
        Self { value, etag }
    }
}

fn group(group: &CatalogGroup) -> Value {
    let metadata = if group.name.is_empty() { json!({}) } else { json!({"name": &*group.name}) };
    let versions: Vec<Value> = group.versions.iter().map(version).collect();
    json!({"metadata": metadata, "versions": versions})
}

fn version(version: &CatalogVersion) -> Value {
    let resources: Vec<Value> = version.resources.iter().map(|served| resource(&served.resource)).collect();
    json!({"version": &*version.version, "freshness": "Current", "resources": resources})
}

fn resource(resource: &Resource) -> Value {
    // C-01-24: built-in resources leave group and version empty.
    let (group, version) = if resource.custom { (&*resource.group, &*resource.version) } else { ("", "") };
    let mut entry = json!({
        "resource": &*resource.plural,
        "responseKind": {"group": group, "version": version, "kind": &*resource.kind},
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": &*resource.singular,
        "verbs": verbs(resource.verbs, resource.custom),
    });
    if !resource.short_names.is_empty() {
        entry["shortNames"] = resource.short_names.iter().map(|n| &**n).collect();
    }
    if !resource.categories.is_empty() {
        entry["categories"] = resource.categories.iter().map(|n| &**n).collect();
    }
    if !resource.subresources.is_empty() {
        entry["subresources"] = subresources(resource).map(|sub| subresource(resource, sub)).collect();
    }
    entry
}

fn subresource(resource: &Resource, sub: &Subresource) -> Value {
    let own = (&sub.group, &sub.version) == (&resource.group, &resource.version);
    let (group, version) = if own && !resource.custom { ("", "") } else { (&*sub.group, &*sub.version) };
    json!({
        "subresource": &*sub.name,
        "responseKind": {"group": group, "version": version, "kind": &*sub.kind},
        "verbs": verbs(sub.verbs, false),
    })
}
