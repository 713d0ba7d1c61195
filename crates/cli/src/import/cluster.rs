//! All objects of a running API server.

use super::found::{self, Found};
use crate::{
    client::{Client, escape},
    exit::Failure,
};
use hyper::body::Bytes;
use serde_json::Value;

/// Objects to a page.
const PAGE: usize = 500;

/// What changes all the time and means nothing elsewhere.
const FLEETING: [(&str, &str); 3] = [("v1", "events"), ("events.k8s.io/v1", "events"), ("coordination.k8s.io/v1", "leases")];

/// Served twice (events), or made by the server itself.
const NEVER: [(&str, &str); 2] = [("events.k8s.io/v1", "events"), ("views.minkapi.dev/v1", "views")];

/// Adds the objects of all resources that can be listed and created, each in its preferred version; events and leases only
/// with `all`. `progress` is told how many objects there are by now.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub async fn read(cluster: &Client, all: bool, objects: &mut Vec<Found>, progress: impl Fn(usize)) -> Result<(), Failure> {
    for (path, api_version) in group_versions(cluster).await? {
        let resources = cluster.get(&path).await?;
        for resource in resources["resources"].as_array().into_iter().flatten() {
            let name = resource["name"].as_str().unwrap_or_default();
            let has = |verb: &str| resource["verbs"].as_array().is_some_and(|verbs| verbs.iter().any(|v| v == verb));
            let this = (api_version.as_str(), name);
            let wanted = has("list") && has("create") && !name.contains('/');
            if wanted && !NEVER.contains(&this) && (all || !FLEETING.contains(&this)) {
                read_resource(cluster, &format!("{path}/{name}"), objects, &progress).await?;
            }
        }
    }
    Ok(())
}

/// Paths and names of the preferred versions of all groups.
async fn group_versions(cluster: &Client) -> Result<Vec<(String, String)>, Failure> {
    let groups: Value = cluster.get("/apis").await?;
    let preferred = groups["groups"].as_array().into_iter().flatten().filter_map(|g| g["preferredVersion"]["groupVersion"].as_str());
    let others = preferred.map(|gv| (format!("/apis/{gv}"), gv.to_owned()));
    Ok(std::iter::once(("/api/v1".to_owned(), "v1".to_owned())).chain(others).collect())
}

async fn read_resource(cluster: &Client, path: &str, objects: &mut Vec<Found>, progress: &impl Fn(usize)) -> Result<(), Failure> {
    let mut more = String::new();
    loop {
        let url = if more.is_empty() { format!("{path}?limit={PAGE}") } else { format!("{path}?limit={PAGE}&continue={}", escape(&more)) };
        let page = cluster.send("GET", &url, "application/json", Bytes::new()).await?;
        let text = std::str::from_utf8(&page).map_err(|err| Failure::Request(format!("GET {path}: {err}")))?;
        found::add(text, objects).map_err(|err| Failure::Request(format!("GET {path}: {err}")))?;
        progress(objects.len());
        more = continue_token(text);
        if more.is_empty() {
            return Ok(());
        }
    }
}

#[derive(serde::Deserialize)]
struct Page {
    metadata: ListMeta,
}

#[derive(serde::Deserialize)]
struct ListMeta {
    #[serde(default, rename = "continue")]
    more: String,
}

fn continue_token(page: &str) -> String {
    serde_json::from_str::<Page>(page).map(|p| p.metadata.more).unwrap_or_default()
}
