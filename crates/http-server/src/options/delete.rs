//! `DeleteOptions` from a query (C-08-01).

use super::{dry_run_values, numbers::integer};
use crate::query::Query;
use minkapi_object::Status;
use minkapi_view::DeleteOptions;

/// Options in a query; these count only when there is no body.
///
/// # Errors
/// 400 for numbers that do not parse, 422 for words that are not known or options that do not go together.
pub(crate) fn delete_options(query: &Query<'_>) -> Result<DeleteOptions, Status> {
    let text = |name: &str| query.first(name).filter(|t| !t.is_empty()).map(str::to_owned);
    let options = DeleteOptions {
        grace_period_seconds: integer(query, "gracePeriodSeconds")?,
        uid: text("uid"),
        resource_version: text("resourceVersion"),
        orphan_dependents: query.flag("orphanDependents"),
        ignore_store_read_error: query.flag("ignoreStoreReadErrorWithClusterBreakingPotential").unwrap_or(false),
        ..DeleteOptions::default()
    };
    options.checked(query.first("propagationPolicy"), &dry_run_values(query))
}
