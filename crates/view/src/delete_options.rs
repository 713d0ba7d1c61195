//! `DeleteOptions`: what a deletion may be told, and which words of that go together (C-08-01).

use minkapi_object::Status;
use minkapi_schema::field::{self, Error, Path};
use serde_json::Value;

/// `DeleteOptions` (C-08-01).
#[derive(Debug, Clone, Default)]
pub struct DeleteOptions {
    /// `gracePeriodSeconds`.
    pub grace_period_seconds: Option<i64>,
    /// `preconditions.uid`.
    pub uid: Option<String>,
    /// `preconditions.resourceVersion`.
    pub resource_version: Option<String>,
    /// `propagationPolicy`.
    pub propagation: Option<Propagation>,
    /// The deprecated `orphanDependents`.
    pub orphan_dependents: Option<bool>,
    /// `ignoreStoreReadErrorWithClusterBreakingPotential`: delete what cannot be decoded. Nothing here is such.
    pub ignore_store_read_error: bool,
    /// `dryRun=All`.
    pub dry_run: bool,
}

/// `propagationPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum Propagation {
    Orphan,
    Background,
    Foreground,
}

const IGNORE_STORE_READ_ERROR: &str = "ignoreStoreReadErrorWithClusterBreakingPotential";

/// What `dryRun` may be.
const DRY_RUN: &str = "All";

impl DeleteOptions {
    /// Options in a decoded body.
    ///
    /// # Errors
    /// 422 for words that are not known or options that do not go together.
    pub fn decoded(body: &Value) -> Result<Self, Status> {
        let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let options = Self {
            grace_period_seconds: body["gracePeriodSeconds"].as_i64(),
            uid: text("/preconditions/uid"),
            resource_version: text("/preconditions/resourceVersion"),
            orphan_dependents: body["orphanDependents"].as_bool(),
            ignore_store_read_error: body[IGNORE_STORE_READ_ERROR].as_bool().unwrap_or(false),
            ..Self::default()
        };
        let dry_run: Vec<_> = body["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        options.checked(body["propagationPolicy"].as_str(), &dry_run)
    }

    /// These options, with a propagation policy and values of `dryRun` as the client wrote them.
    ///
    /// # Errors
    /// 422 for words that are not known or options that do not go together.
    pub fn checked(mut self, propagation: Option<&str>, dry_run: &[String]) -> Result<Self, Status> {
        let path = Path::new("propagationPolicy");
        let mut errors = Vec::new();
        if let Some(policy) = propagation {
            if self.orphan_dependents.is_some() {
                errors.push(Error::invalid(&path, policy, "orphanDependents and deletionPropagation cannot be both set"));
            }
            self.propagation = match policy {
                "Orphan" => Some(Propagation::Orphan),
                "Background" => Some(Propagation::Background),
                "Foreground" => Some(Propagation::Foreground),
                _ => {
                    errors.push(Error::not_supported(&path, policy, &["Foreground", "Background", "Orphan", "nil"]));
                    None
                }
            };
        }
        self.dry_run = is_dry_run(dry_run, &mut errors);
        let together = [
            ("propagationPolicy", propagation.is_some()),
            ("orphanDependents", self.orphan_dependents.is_some()),
            ("gracePeriodSeconds", self.grace_period_seconds.is_some()),
            ("preconditions", self.uid.is_some() || self.resource_version.is_some()),
        ];
        for (other, _) in together.iter().filter(|(_, set)| *set && self.ignore_store_read_error) {
            errors.push(Error::invalid(&Path::new(IGNORE_STORE_READ_ERROR), true, format!("cannot be set together with .{other}")));
        }
        if errors.is_empty() { Ok(self) } else { Err(field::invalid("meta.k8s.io", "DeleteOptions", "", &errors)) }
    }
}

/// Whether values of `dryRun` ask for a dry run; an error for any other word than `All`, the empty one too.
pub fn is_dry_run(values: &[String], errors: &mut Vec<Error>) -> bool {
    if values.iter().any(|v| v != DRY_RUN) {
        errors.push(Error::not_supported(&Path::new("dryRun"), values.to_vec(), &[DRY_RUN]));
    }
    !values.is_empty()
}
