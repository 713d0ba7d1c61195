//! Match conditions: CEL expressions that all must hold for a webhook or policy to look at a request.

use crate::{
    expression::{self, Expression, Role},
    value::text,
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;
use std::collections::BTreeSet;

const MAX: usize = 64;

/// Everything wrong with a list of match conditions. `stored` are the expressions of the stored object.
pub fn validate_all(errors: &mut ErrorList, conditions: &[Value], params: bool, stored: &[&str], path: &Path<'_>) {
    if conditions.len() > MAX {
        errors.push(Error::too_many(path, conditions.len(), MAX));
    }
    let mut seen = BTreeSet::new();
    for (i, condition) in conditions.iter().enumerate() {
        let path = path.index(i);
        let trimmed = text(condition, "expression").trim();
        if trimmed.is_empty() {
            errors.push(Error::required(&path.child("expression"), ""));
        } else {
            let stored = stored.contains(&trimmed);
            let expression = Expression { text: trimmed, role: Role::MatchCondition, params, variables: &[], stored };
            expression::check(errors, &expression, &path.child("expression"));
        }
        let name = text(condition, "name");
        if name.is_empty() {
            errors.push(Error::required(&path.child("name"), ""));
            continue;
        }
        invalid_each(errors, &path.child("name"), name, names::is_qualified_name(name));
        if !seen.insert(name) {
            errors.push(Error::duplicate(&path.child("name"), name));
        }
    }
}
