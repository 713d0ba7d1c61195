//! Conversion of custom resources by webhook (C-10-22): reading and writing a version in which objects are not stored asks
//! a program elsewhere, so it takes time and may fail. Every other conversion is a function of the strategy.
//!
//! An object that was converted is again an [`Object`](minkapi_object::Object), marked as such, so that whoever answers,
//! lists or watches treats it like any other.

mod asked;
mod corrupt;
mod objects;
mod review;
mod watched;

pub use asked::Conversions;
pub(crate) use corrupt::{Corrupt, corrupt_list, corrupt_object, uncached};
pub(crate) use watched::Watched;

use crate::View;
use dashmap::DashMap;
use minkapi_admission::{Cluster as _, Endpoint, post};
use minkapi_object::Object;
use serde_json::Value;
use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

/// How long a webhook is waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// More converted objects than this are not remembered.
const REMEMBERED: usize = 1 << 15;

/// The webhook of one definition, and what it has converted: each state of an object is converted once to each version.
#[derive(Debug)]
pub(crate) struct Conversion {
    client_config: Value,
    review_versions: Vec<String>,
    converted: DashMap<(Arc<str>, u64, String), Arc<Object>>,
    count: AtomicUsize,
}

impl Conversion {
    /// From `spec.conversion.webhook` of a definition.
    pub fn of(webhook: &Value) -> Self {
        let versions = webhook["conversionReviewVersions"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self {
            client_config: webhook["clientConfig"].clone(),
            review_versions: versions.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
            converted: DashMap::new(),
            count: AtomicUsize::new(0),
        }
    }

    /// An object in another version, as the webhook has it.
    async fn convert(&self, view: &View, object: &Value, to: &str) -> Result<Value, String> {
        let review_version = review::version(&self.review_versions).ok_or("no supported conversion review versions")?;
        let failed = |why: String| format!("conversion webhook for {} failed: {why}", review::kind_of(object));
        let uid = view.uid();
        let question = review::question(review_version, &uid, object, to);
        let endpoint = Endpoint::of(&self.client_config, view, TIMEOUT).map_err(failed)?;
        let answer = post(&endpoint, question.to_string().into_bytes(), TIMEOUT).await.map_err(failed)?;
        let converted = review::converted_objects(&answer, review_version, &uid).map_err(failed)?;
        review::check(object, converted, to)
    }
}
