//! `matchConditions`: expressions that all must be true for a webhook to be called or a policy to be applied.

use super::{
    Expressions, Inputs,
    expressions::{MATCH_CONDITIONS_BUDGET, OUT_OF_BUDGET},
    text,
};
use crate::aggregate::aggregate;
use minkapi_cel::{BUDGET, Value as Cel};
use serde_json::Value;

/// What conditions have come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Conditions {
    Hold,
    /// One is false, or one has failed and failures are ignored.
    Fail,
    /// Some have failed, the others hold.
    Error(String),
}

/// Evaluates all conditions: one that is false decides whatever the others do.
pub(crate) fn match_conditions(conditions: &[Value], inputs: &Inputs, expressions: &Expressions, ignore_failure: bool) -> Conditions {
    let mut errors = Vec::new();
    inputs.begin(MATCH_CONDITIONS_BUDGET);
    for condition in conditions {
        match expressions.evaluate(text(condition, "expression"), inputs) {
            Ok(Cel::Bool(false)) => return Conditions::Fail,
            Ok(_) => {}
            Err(why) if why == OUT_OF_BUDGET => {
                errors = vec![why];
                break;
            }
            Err(why) => errors.push(why),
        }
    }
    inputs.begin(BUDGET);
    match (errors.is_empty(), ignore_failure) {
        (true, _) => Conditions::Hold,
        (false, true) => Conditions::Fail,
        (false, false) => Conditions::Error(aggregate(&errors)),
    }
}
