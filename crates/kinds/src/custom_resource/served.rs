//! From a CustomResourceDefinition to what is served of it.

use super::{CustomResource, ScalePaths, compare_versions, extent::Extent, printer::Printer, selectable_field};
use crate::{
    SelectableField,
    custom_resource_definition::{ESTABLISHED, TERMINATING, is_condition_true, storage_version},
    value,
};
use minkapi_cel::Rules;
use minkapi_registry::{Ref, Resource, Struct, Subresource, Text, Verb, Verbs};
use minkapi_schema::{Structural, base64};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// One version of a custom resource as it is served.
#[derive(Debug, Clone)]
pub struct ServedCustomResource {
    /// Its row of discovery and its schema.
    pub resource: Arc<Resource>,
    /// Its rules.
    pub strategy: Arc<CustomResource>,
    /// The schema of the stored version.
    pub storage_schema: Ref<Struct>,
    /// The Warning of every request to a deprecated version (C-10-24).
    pub deprecation_warning: Option<String>,
    /// Whether the definition is being deleted, so that nothing can be created (C-10-07).
    pub terminating: bool,
    /// Whether objects were all stored under this very schema, so that they can be sent as they are stored; otherwise
    /// reading them needs `Strategy::from_storage`.
    pub served_as_stored: bool,
    /// The version of stored objects that do not say theirs: the first in which any were stored.
    pub first_stored_version: String,
    /// The webhook that converts between versions (`spec.conversion.webhook`), if one does.
    pub webhook: Option<Value>,
}

/// Everything that a definition in flight makes be served; nothing until it is established.
pub fn served_resources(definition: &Value) -> Vec<ServedCustomResource> {
    let metadata = minkapi_registry::struct_named("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    let (Some(metadata), true) = (metadata, is_condition_true(definition, ESTABLISHED)) else { return Vec::new() };
    let null = Value::Null;
    let spec = definition.get("spec").unwrap_or(&null);
    let versions = value::items(spec, "versions");
    let stored = storage_version(definition).unwrap_or_default();
    let Some(stored_version) = versions.iter().find(|v| value::text(v, "name") == stored) else { return Vec::new() };
    let group = value::text(spec, "group");
    let storage = Arc::new(structural(stored_version));
    let same_schema = |version: &Value| version.get("schema") == stored_version.get("schema");
    let schema_of = |version: &Value| if same_schema(version) { storage.clone() } else { Arc::new(structural(version)) };
    let schemas: Arc<[_]> = versions.iter().map(|v| (format!("{group}/{}", value::text(v, "name")), schema_of(v))).collect();
    let webhook = value::at(spec, &["conversion", "webhook"]);
    let webhook = webhook.filter(|_| value::at(spec, &["conversion", "strategy"]).and_then(Value::as_str) == Some("Webhook"));
    let first_stored = definition.get("status").and_then(|status| value::items(status, "storedVersions").first());
    let first_stored = first_stored.and_then(Value::as_str).unwrap_or(stored);
    let storage_struct: Ref<Struct> = Ref::Shared(Arc::new(storage.to_struct(Some(metadata))));
    let never_changed = value::at(definition, &["metadata", "generation"]).and_then(Value::as_i64) == Some(1);
    let served = versions.iter().zip(schemas.iter()).filter(|(version, _)| value::flag(version, "served"));
    served
        .map(|(version, (_, schema))| {
            let is_storage = value::text(version, "name") == stored;
            let same_schema = same_schema(version);
            let of = if same_schema { storage_struct.clone() } else { Ref::Shared(Arc::new(schema.to_struct(Some(metadata)))) };
            let resource = Arc::new(resource(definition, spec, version, stored, of));
            let strategy = Arc::new(strategy(spec, version, &resource, [schema.clone(), storage.clone()], schemas.clone(), metadata));
            ServedCustomResource {
                deprecation_warning: deprecation_warning(spec, version),
                terminating: is_condition_true(definition, TERMINATING),
                served_as_stored: never_changed && (is_storage || (same_schema && webhook.is_none())),
                first_stored_version: format!("{group}/{first_stored}"),
                webhook: webhook.cloned(),
                storage_schema: storage_struct.clone(),
                resource,
                strategy,
            }
        })
        .collect()
}

fn structural(version: &Value) -> Structural {
    let mut schema = value::at(version, &["schema", "openAPIV3Schema"]).map(Structural::parse).unwrap_or_default();
    schema.prune_defaults();
    schema
}

fn strategy(
    spec: &Value,
    version: &Value,
    resource: &Resource,
    [schema, storage_schema]: [Arc<Structural>; 2],
    versions: Arc<[(String, Arc<Structural>)]>,
    metadata: &'static Struct,
) -> CustomResource {
    CustomResource {
        rules: Arc::new(Rules::compile(&schema)),
        api_version: resource.api_version().into_owned(),
        kind: value::at(spec, &["names"]).map_or("", |names| value::text(names, "kind")).to_owned(),
        extent: Extent::of(&schema),
        storage_extent: Extent::of(&storage_schema),
        schema,
        storage_schema,
        versions,
        storage_api_version: resource.storage_version.clone().into_owned(),
        has_status: value::at(version, &["subresources", "status"]).is_some(),
        scale: value::at(version, &["subresources", "scale"]).map(ScalePaths::parse),
        selectable: all_selectable(spec),
        selects_by: selectable_fields(version).map(|field| field.label.into_owned()).collect(),
        printer: Printer::new(value::items(version, "additionalPrinterColumns")),
        metadata,
    }
}

fn selectable_fields(version: &Value) -> impl Iterator<Item = SelectableField> {
    value::items(version, "selectableFields").iter().map(|field| selectable_field(value::text(field, "jsonPath")))
}

/// The selectable fields of all versions, each once.
fn all_selectable(spec: &Value) -> Vec<SelectableField> {
    let mut all: Vec<SelectableField> = Vec::new();
    for field in value::items(spec, "versions").iter().flat_map(selectable_fields) {
        if all.iter().all(|known| known.label != field.label) {
            all.push(field);
        }
    }
    all
}

fn resource(definition: &Value, spec: &Value, version: &Value, stored: &str, schema: Ref<Struct>) -> Resource {
    let null = Value::Null;
    let names = value::at(definition, &["status", "acceptedNames"]).unwrap_or(&null);
    let text = |of: &Value, key: &str| Text::Owned(value::text(of, key).to_owned());
    let list = |key: &str| value::items(names, key).iter().filter_map(Value::as_str).map(|s| Text::Owned(s.to_owned())).collect();
    let group = text(spec, "group");
    let plural = text(names, "plural");
    let read_write = Verbs(Verb::Get as u16 | Verb::Patch as u16 | Verb::Update as u16);
    let mut subresources = Vec::new();
    if value::at(version, &["subresources", "scale"]).is_some() {
        let scale = minkapi_registry::top_level_kind("autoscaling/v1", "Scale").map(|k| k.schema.clone());
        subresources.push(Subresource {
            name: "scale".into(),
            group: "autoscaling".into(),
            version: "v1".into(),
            kind: "Scale".into(),
            verbs: read_write,
            schema: scale,
        });
    }
    if value::at(version, &["subresources", "status"]).is_some() {
        subresources.push(Subresource {
            name: "status".into(),
            group: group.clone(),
            version: text(version, "name"),
            kind: text(names, "kind"),
            verbs: read_write,
            schema: Some(schema.clone()),
        });
    }
    let all = Verb::ALL.iter().fold(0, |set, verb| set | *verb as u16);
    let writes = Verb::Create as u16 | Verb::Update as u16 | Verb::Patch as u16;
    let verbs = if is_condition_true(definition, TERMINATING) { all & !writes } else { all };
    Resource {
        storage: format!("{plural}.{group}").into(),
        storage_version: format!("{group}/{stored}").into(),
        storage_version_hash: storage_version_hash(&group, value::text(version, "name"), value::text(names, "kind")).into(),
        version: text(version, "name"),
        kind: text(names, "kind"),
        list_kind: text(names, "listKind"),
        singular: text(names, "singular"),
        short_names: list("shortNames"),
        categories: list("categories"),
        namespaced: value::text(spec, "scope") == "Namespaced",
        verbs: Verbs(verbs),
        subresources: subresources.into(),
        schema,
        custom: true,
        group,
        plural,
    }
}

/// Discovery's opaque word for what is stored (C-01-20): of the version asked for, as upstream has it.
fn storage_version_hash(group: &str, version: &str, kind: &str) -> String {
    let digest = Sha256::digest(format!("{group}/{version}/{kind}"));
    base64::encode(digest.get(..8).unwrap_or_default())
}

/// What requests to a deprecated version are warned with.
fn deprecation_warning(spec: &Value, version: &Value) -> Option<String> {
    if !value::flag(version, "deprecated") {
        return None;
    }
    if let Some(warning) = value::text_if_set(version, "deprecationWarning") {
        return Some(warning.to_owned());
    }
    let group = value::text(spec, "group");
    let kind = spec.get("names").map_or("", |names| value::text(names, "kind"));
    let name = value::text(version, "name");
    let better = value::items(spec, "versions")
        .iter()
        .filter(|v| value::flag(v, "served") && !value::flag(v, "deprecated"))
        .map(|v| value::text(v, "name"))
        .filter(|v| compare_versions(name, v).is_lt())
        .max_by(|a, b| compare_versions(a, b));
    let hint = better.map_or_else(String::new, |v| format!("; use {group}/{v} {kind}"));
    Some(format!("{group}/{name} {kind} is deprecated{hint}"))
}
