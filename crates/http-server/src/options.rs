//! Options in queries and bodies, decoded and validated in kube-apiserver's words (C-02-42).

mod delete;
mod list;
mod numbers;
mod write;

pub(crate) use delete::{delete_options, delete_options_in};
pub(crate) use list::{ListKind, list_options};
pub(crate) use numbers::{get_version, refuse_export, watch_version};
pub(crate) use write::{WriteKind, is_printable, write_options};

use crate::query::Query;
use minkapi_object::Status;
use minkapi_schema::field::{self, Error, Path};

/// What `dryRun` may be.
const DRY_RUN: &str = "All";

/// The `dryRun` values of a query.
fn dry_run_values(query: &Query<'_>) -> Vec<String> {
    query.all("dryRun").map(str::to_owned).collect()
}

/// Whether a dry run is asked for; an error for any other word, the empty one too.
fn check_dry_run(values: &[String], errors: &mut Vec<Error>) -> bool {
    if values.iter().any(|v| v != DRY_RUN) {
        errors.push(Error::not_supported(&Path::new("dryRun"), values.to_vec(), &[DRY_RUN]));
    }
    !values.is_empty()
}

/// The 422 for options of this kind.
fn refuse(kind: &str, errors: &[Error]) -> Result<(), Status> {
    if errors.is_empty() { Ok(()) } else { Err(field::invalid("meta.k8s.io", kind, "", errors)) }
}

#[cfg(test)]
mod tests;
