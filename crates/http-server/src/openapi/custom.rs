//! Schemas of custom resources, as their definitions give them (C-10-23).

use super::components::{Components, META};
use minkapi_registry::Resource;
use minkapi_store::Key;
use minkapi_view::{Catalog, View};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The `openAPIV3Schema` of every served version of every definition, by group, version and plural.
#[derive(Debug, Default)]
pub(super) struct Definitions(HashMap<[String; 3], Value>);

/// Descriptions that every object has.
const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const METADATA: &str =
    "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const LIST_METADATA: &str =
    "Standard list metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";

impl Definitions {
    /// Reads the definitions of what a catalog serves.
    pub fn of(view: &View, catalog: &Catalog) -> Self {
        let mut found = HashMap::new();
        let Some(definitions) = catalog.find("apiextensions.k8s.io", "v1", "customresourcedefinitions") else { return Self(found) };
        let snapshot = view.store().snapshot();
        for served in catalog.all().filter(|s| s.resource.custom) {
            let resource = &served.resource;
            let key = Key::new("", &format!("{}.{}", resource.plural, resource.group));
            let built_in = || (*resource.group == *minkapi_kinds::view::GROUP).then(minkapi_kinds::view::definition);
            let Some(definition) = snapshot.get(definitions.storage, &key).map(|d| d.to_value()).or_else(built_in) else { continue };
            let versions = definition["spec"]["versions"].as_array().cloned().unwrap_or_default();
            for version in versions {
                let name = version["name"].as_str().unwrap_or_default().to_owned();
                let schema = version["schema"]["openAPIV3Schema"].clone();
                found.insert([resource.group.to_string(), name, resource.plural.to_string()], schema);
            }
        }
        Self(found)
    }

    /// Adds the components of a custom resource and tells their names: of its objects and of its lists.
    pub fn add(&self, components: &mut Components, resource: &Resource) -> (String, String) {
        let reversed: Vec<&str> = resource.group.rsplit('.').collect();
        let name = |kind: &str| format!("{}.{}.{kind}", reversed.join("."), resource.version);
        let (object, list) = (name(&resource.kind), name(&resource.list_kind));
        let key = [&resource.group, &resource.version, &resource.plural].map(ToString::to_string);
        let schema = self.0.get(&key).filter(|s| s.is_object()).cloned().unwrap_or_else(|| json!({"type": "object"}));
        let schema = self.root(components, resource, schema);
        components.insert(object.clone(), schema);
        let item = components.reference(&object);
        let metadata = components.reference(&format!("{META}.ListMeta"));
        let of_list = json!({
            "type": "object",
            "description": format!("{} is a list of {}", resource.list_kind, resource.kind),
            "required": ["items"],
            "properties": {
                "apiVersion": {"type": "string", "description": API_VERSION},
                "kind": {"type": "string", "description": KIND},
                "metadata": {"description": LIST_METADATA, "allOf": [metadata]},
                "items": {
                    "type": "array",
                    "items": item,
                    "description": format!("List of {}. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md", resource.plural),
                },
            },
            "x-kubernetes-group-version-kind": [{"group": &*resource.group, "kind": &*resource.list_kind, "version": &*resource.version}],
        });
        components.insert(list.clone(), of_list);
        (object, list)
    }

    fn root(&self, components: &mut Components, resource: &Resource, mut schema: Value) -> Value {
        expand(components, &mut schema);
        let metadata = components.reference(&format!("{META}.ObjectMeta"));
        let mut properties = match schema.get_mut("properties").map(Value::take) {
            Some(Value::Object(properties)) => properties,
            _ => Map::new(),
        };
        properties.insert("apiVersion".into(), json!({"type": "string", "description": API_VERSION}));
        properties.insert("kind".into(), json!({"type": "string", "description": KIND}));
        properties.insert("metadata".into(), json!({"description": METADATA, "allOf": [metadata]}));
        schema["properties"] = properties.into();
        schema["x-kubernetes-group-version-kind"] =
            json!([{"group": &*resource.group, "kind": &*resource.kind, "version": &*resource.version}]);
        schema
    }
}

/// Writes out what two of the extensions stand for, everywhere in a schema.
fn expand(components: &mut Components, schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        if let Some(items) = schema.as_array_mut() {
            items.iter_mut().for_each(|item| expand(components, item));
        }
        return;
    };
    if members.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) && !members.contains_key("anyOf") {
        members.insert("anyOf".into(), json!([{"type": "integer"}, {"type": "string"}]));
    }
    if members.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true)) {
        let metadata = components.reference(&format!("{META}.ObjectMeta"));
        let properties = members.entry("properties").or_insert_with(|| json!({}));
        properties["apiVersion"] = json!({"type": "string", "description": API_VERSION});
        properties["kind"] = json!({"type": "string", "description": KIND});
        properties["metadata"] = json!({"description": METADATA, "allOf": [metadata]});
    }
    for (name, member) in members.iter_mut() {
        match name.as_str() {
            "properties" | "patternProperties" | "definitions" => {
                member.as_object_mut().into_iter().flatten().for_each(|(_, s)| expand(components, s));
            }
            "items" | "additionalProperties" | "not" | "allOf" | "anyOf" | "oneOf" => expand(components, member),
            _ => {}
        }
    }
}
