//! CEL expressions of policies and match conditions.

use super::{admission_request, text};
use crate::{Attributes, Cluster};
use minkapi_cel::{BUDGET, Expression, LIMIT, Question, Scope, Type, Val, Value as Cel, authorizer, convert};
use minkapi_registry::Resource;
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// What all match conditions of one webhook or policy may cost together.
pub(crate) const MATCH_CONDITIONS_BUDGET: u64 = 2_500_000;

/// Said of the expression that all others have left too little for; none is evaluated after it.
pub(crate) const OUT_OF_BUDGET: &str = "validation failed due to running out of cost budget, no further validation rules will be run";

/// The variables that every expression may use.
const VARIABLES: &[&str] = &["object", "oldObject", "request", "params", "namespaceObject", "authorizer", "variables"];

/// How many compiled expressions are remembered.
const MAX: usize = 4096;

type Compiled = Arc<Result<Expression, String>>;

/// Compiled expressions, by their text.
#[derive(Debug, Default)]
pub(crate) struct Expressions(Mutex<HashMap<String, Compiled>>);

impl Expressions {
    fn get(&self, source: &str) -> Compiled {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = known.get(source) {
            return compiled.clone();
        }
        if known.len() >= MAX {
            known.clear();
        }
        let scope = VARIABLES.iter().fold(Scope::new().making_objects(), |scope, name| scope.with(*name, Type::Dyn));
        let compiled = Arc::new(Expression::compile(source, &scope));
        known.insert(source.to_owned(), compiled.clone());
        compiled
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// In upstream's words, with the expression; or [`OUT_OF_BUDGET`].
    pub fn evaluate(&self, source: &str, inputs: &Inputs) -> Result<Cel, String> {
        match &*self.get(source) {
            Err(issues) => Err(format!("compilation error: compilation failed: {issues}")),
            Ok(expression) => {
                let (value, cost) = run(expression, &inputs.variables);
                if !inputs.pay(cost.saturating_add(inputs.cost_of_variables(source))) {
                    return Err(OUT_OF_BUDGET.to_owned());
                }
                value.map_err(|why| format!("expression '{source}' resulted in error: {}", inputs.explain(why)))
            }
        }
    }
}

/// The value of an expression, or why it has none, and what it costs.
fn run(expression: &Expression, variables: &[(&'static str, Cel)]) -> (Result<Cel, String>, u64) {
    let variables: Vec<(&str, Val<'_>)> = variables.iter().map(|(name, value)| (*name, Val::cel(value.clone()))).collect();
    let result = expression.run(&variables, LIMIT);
    (result.value.map(|value| value.to_cel()).map_err(|why| why.to_string()), result.cost)
}

/// The values of the variables.
#[derive(Debug)]
pub(crate) struct Inputs {
    variables: Vec<(&'static str, Cel)>,
    /// The policy's own variables with their expressions, and what they cost the first that uses them.
    costs: Vec<(String, String, AtomicU64)>,
    /// What may still be spent.
    budget: AtomicU64,
    /// The policy's own variables that have no value, and why.
    failed: Vec<(String, String)>,
}

impl Inputs {
    /// Those of a request. `matched` is the resource in the version of `object` and `old`.
    pub fn new(
        attributes: &Attributes<'_>,
        matched: &Resource,
        object: &Value,
        old: &Value,
        params: &Value,
        cluster: &dyn Cluster,
    ) -> Self {
        let is_namespace = attributes.is_resource("", "namespaces");
        let namespace = Some(attributes.namespace).filter(|name| !name.is_empty() && !is_namespace);
        let namespace = namespace.and_then(|name| cluster.get("namespaces", "", name)).map_or(Value::Null, |n| exposed(n.to_value()));
        let variables = vec![
            ("object", convert(object, None)),
            ("oldObject", convert(old, None)),
            ("request", convert(&admission_request(attributes, matched), None)),
            ("params", convert(params, None)),
            ("namespaceObject", convert(&namespace, None)),
            ("authorizer", authorizer(cluster.authorizer(), question(attributes))),
        ];
        Self { variables, costs: Vec::new(), budget: AtomicU64::new(BUDGET), failed: Vec::new() }
    }

    /// With a policy's own variables, each of which may use those before it.
    #[must_use]
    pub fn with_variables(mut self, variables: &[Value], expressions: &Expressions) -> Self {
        let mut values: Vec<(String, Cel)> = Vec::new();
        self.variables.push(("variables", minkapi_cel::map([])));
        for variable in variables {
            let (name, source) = (text(variable, "name"), text(variable, "expression"));
            let value = match &*expressions.get(source) {
                Err(issues) => Err(format!("fails to compile: compilation failed: {issues}")),
                Ok(expression) => {
                    let (value, cost) = run(expression, &self.variables);
                    self.costs.push((format!("variables.{name}"), source.to_owned(), AtomicU64::new(cost)));
                    value.map_err(|why| format!("fails to evaluate: {}", self.explain(why)))
                }
            };
            match value {
                Ok(value) => values.push((name.to_owned(), value)),
                Err(why) => self.failed.push((name.to_owned(), why)),
            }
            if let Some(last) = self.variables.last_mut() {
                last.1 = minkapi_cel::map(values.iter().cloned());
            }
        }
        self
    }

    /// Begins with a new budget.
    pub fn begin(&self, budget: u64) {
        self.budget.store(budget, Relaxed);
    }

    /// Pays for an evaluation; false if too little is left, and then nothing is.
    fn pay(&self, cost: u64) -> bool {
        let left = self.budget.load(Relaxed).checked_sub(cost);
        self.budget.store(left.unwrap_or(0), Relaxed);
        left.is_some()
    }

    /// What the variables cost that an expression uses as the first, with those that they use.
    fn cost_of_variables(&self, source: &str) -> u64 {
        let used = self.costs.iter().filter(|(name, ..)| source.contains(name.as_str()));
        used.fold(0, |sum, (_, source, cost)| {
            let own = cost.swap(0, Relaxed);
            let inner = if own == 0 { 0 } else { self.cost_of_variables(source) };
            sum.saturating_add(own).saturating_add(inner)
        })
    }

    /// A variable without value is not there, but what is told is why.
    fn explain(&self, why: String) -> String {
        let missing = why.strip_prefix("no such key: ").and_then(|key| self.failed.iter().find(|(name, _)| name == key));
        match missing {
            Some((name, reason)) => format!("composited variable \"{name}\" {reason}"),
            None => why,
        }
    }
}

/// Who asks, and what `authorizer.requestResource` is.
fn question(attributes: &Attributes<'_>) -> Question {
    let own_name = attributes.object["metadata"]["name"].as_str().unwrap_or_default();
    Question {
        user: attributes.user.to_owned(),
        groups: attributes.groups.to_vec(),
        group: attributes.resource.group.to_string(),
        resource: attributes.resource.plural.to_string(),
        subresource: attributes.subresource.to_owned(),
        namespace: attributes.namespace.to_owned(),
        name: if attributes.name.is_empty() { own_name } else { attributes.name }.to_owned(),
        ..Question::default()
    }
}

/// A namespace as expressions see it.
fn exposed(mut namespace: Value) -> Value {
    if let Some(metadata) = namespace["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        metadata.remove("ownerReferences");
    }
    namespace
}
