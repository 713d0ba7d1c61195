//! Definitions of the OpenAPI v3 documents.

use super::{discovery::Served, inputs::Inputs};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Definitions by name, such as `io.k8s.api.core.v1.Pod`.
pub type Definitions = BTreeMap<String, Definition>;

/// A definition, a property or the items of a list.
#[derive(Deserialize, Clone, Default)]
pub struct Definition {
    /// Properties by JSON name.
    #[serde(default)]
    pub properties: BTreeMap<String, Definition>,
    /// Names of the required ones.
    #[serde(default)]
    pub required: Vec<String>,
    /// Default value.
    pub default: Option<Value>,
    /// `string`, `array` ...
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// `int32`, `byte` ...
    pub format: Option<String>,
    /// Schema of a list's items.
    pub items: Option<Box<Definition>>,
    /// Schema of a map's values.
    #[serde(rename = "additionalProperties")]
    pub values: Option<Box<Definition>>,
    #[serde(rename = "$ref")]
    reference: Option<String>,
    #[serde(rename = "allOf", default)]
    all_of: Vec<Definition>,
    /// `atomic`, `set` or `map`.
    #[serde(rename = "x-kubernetes-list-type")]
    pub list_type: Option<String>,
    /// Keys of a `map` list.
    #[serde(rename = "x-kubernetes-list-map-keys", default)]
    pub list_map_keys: Vec<String>,
    /// `atomic` or `granular`.
    #[serde(rename = "x-kubernetes-map-type")]
    pub map_type: Option<String>,
    /// Merge key of a strategic merge patch.
    #[serde(rename = "x-kubernetes-patch-merge-key")]
    pub patch_merge_key: Option<String>,
    /// `merge`, `retainKeys`, or both with a comma.
    #[serde(rename = "x-kubernetes-patch-strategy", default)]
    pub patch_strategy: String,
    /// Fields of which one is set at a time, with the field that says which.
    #[serde(rename = "x-kubernetes-unions")]
    pub unions: Option<Value>,
    /// Kinds whose schema this is.
    #[serde(rename = "x-kubernetes-group-version-kind", default)]
    pub kinds: Vec<GroupVersionKind>,
}

impl Definition {
    /// Name of the definition that this one points to.
    pub fn target(&self) -> Option<&str> {
        let reference = self.reference.as_ref().or_else(|| self.all_of.iter().find_map(|d| d.reference.as_ref()))?;
        reference.rsplit('/').next()
    }
}

/// `x-kubernetes-group-version-kind`.
#[derive(Deserialize, Clone)]
pub struct GroupVersionKind {
    /// Group; empty for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Kind.
    pub kind: String,
}

impl GroupVersionKind {
    /// `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

#[derive(Deserialize)]
struct Document {
    components: Components,
}

#[derive(Deserialize, Default)]
struct Components {
    #[serde(default)]
    schemas: Definitions,
}

/// The definitions of everything that is served.
pub fn read(inputs: &mut Inputs, served: &[Served]) -> Result<Definitions, String> {
    let files = served.iter().map(Served::openapi_file).chain(["api_openapi.json".to_owned(), "apis_openapi.json".to_owned()]);
    let mut all = Definitions::new();
    for file in files {
        let value = inputs.read_json(&format!("api/openapi-spec/v3/{file}"))?;
        let document: Document = serde_json::from_value(value).map_err(|e| format!("{file}: {e}"))?;
        all.extend(document.components.schemas);
    }
    Ok(all)
}
