//! `DeleteOptions` from a query or a body (C-08-01).

use super::{check_dry_run, dry_run_values, numbers::integer, refuse};
use crate::query::Query;
use minkapi_object::Status;
use minkapi_schema::field::{Error, Path};
use minkapi_view::{DeleteOptions, Propagation};
use serde_json::Value;

const IGNORE_STORE_READ_ERROR: &str = "ignoreStoreReadErrorWithClusterBreakingPotential";

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
        ignore_store_read_error: query.flag(IGNORE_STORE_READ_ERROR).unwrap_or(false),
        ..DeleteOptions::default()
    };
    finish(options, query.first("propagationPolicy"), &dry_run_values(query))
}

/// Options in a decoded body.
///
/// # Errors
/// 422 as for a query.
pub(crate) fn delete_options_in(body: &Value) -> Result<DeleteOptions, Status> {
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let options = DeleteOptions {
        grace_period_seconds: body["gracePeriodSeconds"].as_i64(),
        uid: text("/preconditions/uid"),
        resource_version: text("/preconditions/resourceVersion"),
        orphan_dependents: body["orphanDependents"].as_bool(),
        ignore_store_read_error: body[IGNORE_STORE_READ_ERROR].as_bool().unwrap_or(false),
        ..DeleteOptions::default()
    };
    let dry_run: Vec<_> = body["dryRun"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    finish(options, body["propagationPolicy"].as_str(), &dry_run)
}

fn finish(mut options: DeleteOptions, propagation: Option<&str>, dry_run: &[String]) -> Result<DeleteOptions, Status> {
    let path = Path::new("propagationPolicy");
    let mut errors = Vec::new();
    if let Some(policy) = propagation {
        if options.orphan_dependents.is_some() {
            errors.push(Error::invalid(&path, policy, "orphanDependents and deletionPropagation cannot be both set"));
        }
        options.propagation = match policy {
            "Orphan" => Some(Propagation::Orphan),
            "Background" => Some(Propagation::Background),
            "Foreground" => Some(Propagation::Foreground),
            _ => {
                errors.push(Error::not_supported(&path, policy, &["Foreground", "Background", "Orphan", "nil"]));
                None
            }
        };
    }
    options.dry_run = check_dry_run(dry_run, &mut errors);
    let together = [
        ("propagationPolicy", propagation.is_some()),
        ("orphanDependents", options.orphan_dependents.is_some()),
        ("gracePeriodSeconds", options.grace_period_seconds.is_some()),
        ("preconditions", options.uid.is_some() || options.resource_version.is_some()),
    ];
    for (other, _) in together.iter().filter(|(_, set)| *set && options.ignore_store_read_error) {
        errors.push(Error::invalid(&Path::new(IGNORE_STORE_READ_ERROR), true, format!("cannot be set together with .{other}")));
    }
    refuse("DeleteOptions", &errors)?;
    Ok(options)
}
