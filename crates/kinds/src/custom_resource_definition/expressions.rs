//! The expressions in `x-kubernetes-validations` of a definition (C-10-16).

use minkapi_schema::field::{ErrorList, Path};
use serde_json::Value;

/// What compiling a schema's rules has found so far.
#[derive(Debug)]
pub struct Expressions;

impl Expressions {
    /// Of a structural schema.
    pub const fn new(_root: &Value) -> Self {
        Self
    }

    /// Compiles the rules of one schema. `uncorrelatable` is the part of the schema in which `oldSelf` has no meaning.
    pub fn compile(&mut self, _schema: &Value, _path: &Path<'_>, _uncorrelatable: Option<&str>) -> ErrorList {
        ErrorList::new()
    }

    /// Whether all rules together may be too expensive.
    pub fn total_cost(&self, _path: &Path<'_>) -> ErrorList {
        ErrorList::new()
    }
}
