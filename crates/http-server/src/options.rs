//! Options in queries and bodies, decoded and validated in kube-apiserver's words (C-02-42).

mod delete;
mod list;
mod numbers;
mod write;

pub(crate) use delete::delete_options;
pub(crate) use list::{ListKind, list_options};
pub(crate) use numbers::{get_version, refuse_export, watch_version};
pub(crate) use write::{WriteKind, is_printable, write_options};

use crate::query::Query;
use minkapi_object::Status;
use minkapi_schema::field::{self, Error};

/// The `dryRun` values of a query.
fn dry_run_values(query: &Query<'_>) -> Vec<String> {
    query.all("dryRun").map(str::to_owned).collect()
}

/// The 422 for options of this kind.
fn refuse(kind: &str, errors: &[Error]) -> Result<(), Status> {
    if errors.is_empty() { Ok(()) } else { Err(field::invalid("meta.k8s.io", kind, "", errors)) }
}

#[cfg(test)]
mod tests;
