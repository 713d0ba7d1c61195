//! The expressions in `x-kubernetes-validations` of a definition: they must compile, and must not be too expensive (C-10-16).

use super::{internal, schema::Surroundings};
use crate::value;
use minkapi_cel::{CompiledRule, Type, compile_rule};
use minkapi_schema::{
    Structural,
    field::{Error, ErrorList, Path},
};
use serde_json::Value;

/// What one expression may cost.
const MAX_COST: u64 = 10_000_000;
/// What all of a schema may cost together.
const MAX_TOTAL_COST: u64 = 100_000_000;
/// So many of the most expensive expressions are named.
const NAMED: usize = 4;

/// What compiling a schema's rules has found so far.
#[derive(Debug, Default)]
pub struct Expressions {
    total: u64,
    expensive: Vec<(String, u64)>,
}

impl Expressions {
    /// Compiles the rules of one schema.
    pub(super) fn compile(&mut self, s: &Value, path: &Path<'_>, around: &Surroundings<'_>) -> ErrorList {
        let mut errors = ErrorList::new();
        // Taking a schema apart costs as much as it is large, and most have no rules.
        if value::items(s, "x-kubernetes-validations").is_empty() {
            return errors;
        }
        let structural = Structural::parse(s);
        let whole = around.is_root || structural.embedded;
        let of = if whole { Some(Type::of_resource(&structural)) } else { Type::of(&structural) }.unwrap_or(Type::Dyn);
        let list = path.child("x-kubernetes-validations");
        let written = value::items(s, "x-kubernetes-validations");
        for (index, (rule, raw)) in structural.expressions.iter().zip(written).enumerate() {
            let at = list.index(index);
            let compiled = compile_rule(rule, &of);
            let times = around.cardinality.unwrap_or_else(|| of.max_cardinality());
            self.rule(&compiled, raw, times, &at, &mut errors);
            self.message(&compiled, raw, times, &at, &mut errors);
            old_self(&compiled, raw, around.uncorrelatable, &at, &mut errors);
        }
        errors
    }

    fn rule(&mut self, compiled: &CompiledRule, raw: &Value, times: u64, at: &Path<'_>, errors: &mut ErrorList) {
        let at = at.child("rule");
        match &compiled.rule {
            Ok(expression) => errors.extend(self.cost("estimated rule cost", expression.cost().saturating_mul(times), &at)),
            Err(why) => errors.push(Error::invalid_printed(&at, internal::printed_rule(raw), why.as_str())),
        }
    }

    fn message(&mut self, compiled: &CompiledRule, raw: &Value, times: u64, at: &Path<'_>, errors: &mut ErrorList) {
        let at = at.child("messageExpression");
        match &compiled.message {
            Some(Ok(expression)) => {
                errors.extend(self.cost("estimated messageExpression cost", expression.cost().saturating_mul(times), &at));
            }
            Some(Err(why)) => errors.push(Error::invalid_printed(&at, internal::printed_rule(raw), why.as_str())),
            None => {}
        }
    }

    fn cost(&mut self, what: &str, cost: u64, at: &Path<'_>) -> Option<Error> {
        self.total = self.total.saturating_add(cost);
        if cost >= MAX_TOTAL_COST / 100 {
            self.expensive.push((at.to_string(), cost));
            self.expensive.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
            self.expensive.truncate(NAMED);
        }
        (cost > MAX_COST).then(|| Error::forbidden(at, too_expensive(what, cost, MAX_COST)))
    }

    /// Whether all rules together may be too expensive.
    pub fn total_cost(&self, path: &Path<'_>) -> ErrorList {
        if self.total <= MAX_TOTAL_COST {
            return ErrorList::new();
        }
        let contributed = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
        let mut errors: ErrorList = self.expensive.iter().map(|(place, _)| Error::forbidden(&Path::new(place), contributed)).collect();
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.push(Error::forbidden(path, too_expensive(what, self.total, MAX_TOTAL_COST)));
        errors
    }
}

fn too_expensive(what: &str, cost: u64, limit: u64) -> String {
    let times = cost as f64 / limit as f64;
    let factor = match times {
        t if t > 100.0 => "more than 100x".to_owned(),
        t if t < 1.5 => format!("{t:.6}x"),
        t => format!("{t:.1}x"),
    };
    let hint = "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared";
    format!("{what} exceeds budget by factor of {factor} ({hint})")
}

/// `oldSelf` needs parts that correspond, and `optionalOldSelf` needs `oldSelf`.
fn old_self(compiled: &CompiledRule, raw: &Value, uncorrelatable: Option<&str>, at: &Path<'_>, errors: &mut ErrorList) {
    if compiled.uses_old_self {
        if let Some(place) = uncorrelatable {
            let detail = format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {place}");
            errors.push(Error::invalid(&at.child("rule"), value::text(raw, "rule"), detail));
        }
    } else if let Some(optional) = value::flag_if_set(raw, "optionalOldSelf") {
        errors.push(Error::invalid(&at.child("optionalOldSelf"), optional, "may not be set if oldSelf is not used in rule"));
    }
}
