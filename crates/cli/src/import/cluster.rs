//! All objects of a running API server.

use super::found::{self, Found};
use crate::{
    client::{Client, escape},
    exit::Failure,
};
use hyper::body::Bytes;
use serde_json::Value;
use std::collections::BTreeSet;

/// Objects to a page.
const PAGE: usize = 500;

/// What changes all the time and means nothing elsewhere.
const FLEETING: [(&str, &str); 3] = [("v1", "events"), ("events.k8s.io/v1", "events"), ("coordination.k8s.io/v1", "leases")];

/// Served twice (events), or made by the server itself.
const NEVER: [(&str, &str); 2] = [("events.k8s.io/v1", "events"), ("views.minkapi.dev/v1", "views")];

/// Something that could not be read, and why.
#[derive(Debug)]
pub struct Unread {
    /// The path of its API.
    pub path: String,
    /// What the server said.
    pub why: Failure,
}

/// Adds the objects of all resources that can be listed and created, each in the version that its group prefers if it is
/// served there; events and leases only with `all`. `progress` is told how many objects there are by now. Resources and
/// groups that the server refuses (an aggregated API that is down, a missing permission) are passed over and returned.
///
/// # Errors
/// The server cannot be reached, or has no list of its groups.
pub async fn read(cluster: &Client, all: bool, objects: &mut Vec<Found>, progress: impl Fn(usize)) -> Result<Vec<Unread>, Failure> {
    let mut unread = Vec::new();
    for versions in groups(cluster).await? {
        let mut seen = BTreeSet::new();
        for (path, api_version) in versions {
            let resources = match cluster.get(&path).await {
                Ok(resources) => resources,
                Err(why) => {
                    unread.push(Unread { path, why });
                    continue;
                }
            };
            for name in wanted(&resources, &api_version, all).into_iter().filter(|name| seen.insert(name.clone())) {
                let path = format!("{path}/{name}");
                if let Err(why) = read_resource(cluster, &path, objects, &progress).await {
                    unread.push(Unread { path, why });
                }
            }
        }
    }
    Ok(unread)
}

/// The resources of a version that are brought along.
fn wanted(resources: &Value, api_version: &str, all: bool) -> Vec<String> {
    let of_version = resources["resources"].as_array().into_iter().flatten();
    let has = |resource: &Value, verb: &str| resource["verbs"].as_array().is_some_and(|verbs| verbs.iter().any(|v| v == verb));
    let listed = of_version.filter(|r| has(r, "list") && has(r, "create")).filter_map(|r| r["name"].as_str());
    let is_wanted = |name: &&str| {
        let this = (api_version, *name);
        !name.contains('/') && !NEVER.contains(&this) && (all || !FLEETING.contains(&this))
    };
    listed.filter(is_wanted).map(str::to_owned).collect()
}

/// Paths and names of the versions of each group, the preferred one first.
async fn groups(cluster: &Client) -> Result<Vec<Vec<(String, String)>>, Failure> {
    let list: Value = cluster.get("/apis").await?;
    let of_group = |group: &Value| {
        let preferred = group["preferredVersion"]["groupVersion"].as_str();
        let others = group["versions"].as_array().into_iter().flatten().filter_map(|v| v["groupVersion"].as_str());
        let versions = preferred.into_iter().chain(others.filter(|version| Some(*version) != preferred));
        versions.map(|version| (format!("/apis/{version}"), version.to_owned())).collect()
    };
    let core = vec![("/api/v1".to_owned(), "v1".to_owned())];
    Ok(std::iter::once(core).chain(list["groups"].as_array().into_iter().flatten().map(of_group)).collect())
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
