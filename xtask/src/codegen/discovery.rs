//! What is served: groups, versions, resources and subresources.

use super::inputs::{Inputs, is_ga};
use serde::Deserialize;

/// One served group-version.
pub struct Served {
    /// Group; empty for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Its resources and subresources in discovery's order.
    pub resources: Vec<ApiResource>,
}

impl Served {
    /// Its OpenAPI v3 document below `api/openapi-spec/v3`.
    pub fn openapi_file(&self) -> String {
        match self.group.as_str() {
            "" => format!("api__{}_openapi.json", self.version),
            group => format!("apis__{group}__{}_openapi.json", self.version),
        }
    }
}

/// A row of an `APIResourceList`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiResource {
    /// `pods` or `pods/status`.
    pub name: String,
    /// Singular name; empty for subresources.
    pub singular_name: String,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Group of its kind where that is another.
    pub group: Option<String>,
    /// Version of its kind where that is another.
    pub version: Option<String>,
    /// Kind.
    pub kind: String,
    /// Verbs, sorted.
    pub verbs: Vec<String>,
    /// Short names.
    #[serde(default)]
    pub short_names: Vec<String>,
    /// Categories.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Hash of the version it is stored in; absent for what is not stored.
    #[serde(default)]
    pub storage_version_hash: String,
}

#[derive(Deserialize)]
struct ResourceList {
    resources: Vec<ApiResource>,
}

#[derive(Deserialize)]
struct GroupList {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

/// The group-versions that are served by default, in discovery's order with the core group first.
pub fn read(inputs: &mut Inputs) -> Result<Vec<Served>, String> {
    let list: GroupList = from(inputs, "apis.json")?;
    let mut served = vec![Served { group: String::new(), version: "v1".to_owned(), resources: resources(inputs, "api__v1.json")? }];
    for group in list.groups {
        for Version { version } in group.versions {
            if is_ga(&version) {
                let resources = resources(inputs, &format!("apis__{}__{version}.json", group.name))?;
                served.push(Served { group: group.name.clone(), version, resources });
            }
        }
    }
    Ok(served)
}

fn resources(inputs: &mut Inputs, file: &str) -> Result<Vec<ApiResource>, String> {
    Ok(from::<ResourceList>(inputs, file)?.resources)
}

fn from<T: for<'a> Deserialize<'a>>(inputs: &mut Inputs, file: &str) -> Result<T, String> {
    let value = inputs.read_json(&format!("api/discovery/{file}"))?;
    serde_json::from_value(value).map_err(|e| format!("{file}: {e}"))
}
