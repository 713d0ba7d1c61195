//! The list of paths at `/` (C-01-10).

use crate::health;
use minkapi_view::Catalog;
use serde_json::{Value, json};

/// Paths that are there whatever is served.
const FIXED: [&str; 10] = [
    "/.well-known/openid-configuration",
    "/apis",
    "/apis/",
    "/flagz",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/openid/v1/jwks",
    "/statusz",
    "/version",
];

/// All paths of a view, sorted.
pub(crate) fn paths(catalog: &Catalog, has_roles: bool) -> Value {
    let mut paths: Vec<String> = FIXED.iter().map(|p| (*p).to_owned()).chain(health::paths(has_roles)).collect();
    for group in catalog.groups() {
        let prefix = if group.name.is_empty() { "/api".to_owned() } else { format!("/apis/{}", group.name) };
        paths.extend(group.versions.iter().map(|v| format!("{prefix}/{}", v.version)));
        paths.push(prefix);
    }
    paths.sort_unstable();
    json!({"paths": paths})
}
