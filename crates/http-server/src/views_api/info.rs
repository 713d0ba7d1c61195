//! A view as `/views` shows it.

use super::ViewsApi;
use crate::exchange::Exchange;
use http::header::HOST;
use minkapi_view::{View, mode_name};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// A view; the base view has no parent and what comes of having one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ViewInfo {
    name: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubeconfig: Option<PathBuf>,
    #[serde(flatten)]
    fork: Option<ForkInfo>,
    created: String,
    age_seconds: i64,
    /// The revision of the newest state that it shows.
    revision: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ForkInfo {
    parent: String,
    mode: &'static str,
    /// The revision at which it was forked.
    fork_revision: u64,
    /// How many objects it has changed against its parent.
    changes: usize,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_seconds: Option<u64>,
}

impl ViewsApi<'_> {
    pub(super) fn info(&self, exchange: &Exchange<'_>, view: &View) -> ViewInfo {
        let name = self.views.public_name(view);
        let uri = &exchange.parts.uri;
        let host = uri.authority().map_or_else(|| exchange.header(HOST), |a| a.as_str());
        let kubeconfig = match self.views.files() {
            Some(files) if view.is_base() => files.kubeconfig(name).ok(),
            _ => view.kubeconfig().map(Into::into),
        };
        let created = jiff::Timestamp::from_microsecond(view.created_micros()).unwrap_or_default();
        ViewInfo {
            name: name.to_owned(),
            url: format!("{}://{host}/{name}", uri.scheme_str().unwrap_or(self.scheme)),
            kubeconfig,
            fork: self.fork_info(view),
            created: created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            age_seconds: jiff::Timestamp::now().as_second() - created.as_second(),
            revision: view.revision(),
        }
    }

    fn fork_info(&self, view: &View) -> Option<ForkInfo> {
        let origin = view.store().origin()?;
        // Labels and time to live may have been changed on the View object since.
        let object = view.object();
        let labels = object.as_ref().map(|o| o.head().labels.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect());
        let base = self.views.base();
        let parent = if *origin.parent == *base.name() { self.views.public_name(&base) } else { &origin.parent };
        Some(ForkInfo {
            parent: parent.to_owned(),
            mode: mode_name(origin.mode),
            fork_revision: origin.revision,
            changes: view.change_count(),
            labels: labels.unwrap_or_default(),
            ttl_seconds: view.ttl_seconds(),
        })
    }
}
