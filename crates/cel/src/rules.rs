//! `x-kubernetes-validations`: the rules of a schema, compiled once and applied to every object (C-10-16).

use crate::{
    Expression, Scope, Type,
    eval::Failure,
    runtime_cost::{BUDGET, LIMIT},
    value::Val,
};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    structural::{self, Additional, ExpressionRule, Structural},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// A message that a `messageExpression` makes may have so many bytes.
const MAX_MESSAGE: usize = 5 * 1024;

/// One rule with what compiling it has shown.
#[derive(Debug, Clone)]
pub struct CompiledRule {
    /// The rule itself; Err says why it does not compile.
    pub rule: Result<Expression, String>,
    /// Its `messageExpression`, if it has one.
    pub message: Option<Result<Expression, String>>,
    /// Whether it looks at the object before the change.
    pub uses_old_self: bool,
}

/// Compiles a rule about values of `of`.
pub fn compile_rule(rule: &ExpressionRule, of: &Type) -> CompiledRule {
    let old = if rule.optional_old_self == Some(true) { Type::Optional(Arc::new(of.clone())) } else { of.clone() };
    let scope = Scope::new().with("self", of.clone()).with("oldSelf", old);
    let compiled = Expression::compile(&rule.rule, &scope).map_err(|issues| format!("compilation failed: {issues}"));
    let compiled = compiled.and_then(|e| match e.constants() {
        Ok(()) => Ok(e),
        Err(why) => Err(format!("program instantiation failed: {why}")),
    });
    let compiled = compiled.and_then(|e| match e.result() {
        Type::Bool | Type::Dyn => Ok(e),
        _ => Err("cel expression must evaluate to a bool".to_owned()),
    });
    // Upstream stops at a rule that does not compile.
    let message = (compiled.is_ok() && !rule.message_expression.is_empty()).then(|| {
        let message = Expression::compile(&rule.message_expression, &scope);
        message.map_err(|issues| format!("messageExpression compilation failed: {issues}")).and_then(|e| match e.result() {
            Type::Text(_) | Type::Dyn => Ok(e),
            _ => Err("messageExpression must evaluate to a string".to_owned()),
        })
    });
    let uses_old_self = compiled.as_ref().is_ok_and(|e| e.uses("oldSelf"));
    CompiledRule { rule: compiled, message, uses_old_self }
}

/// All rules of a schema and of what is inside of it.
#[derive(Debug, Default)]
pub struct Rules {
    root: Option<Node>,
    /// Whether it is a whole object that is checked.
    of_object: bool,
}

/// The rules of one schema, and where there are more below it.
#[derive(Debug, Default)]
struct Node {
    /// Rules with the places that their `fieldPath` names.
    rules: Vec<(ExpressionRule, CompiledRule, String)>,
    /// Rules of the schema's `allOf`.
    all_of: Vec<(usize, Self)>,
    items: Option<Box<Self>>,
    additional: Option<Box<Self>>,
    properties: BTreeMap<String, Self>,
}

impl Rules {
    /// Compiles the rules of a whole object's schema.
    pub fn compile(schema: &Structural) -> Self {
        Self { root: Node::compile(schema, true), of_object: true }
    }

    /// Compiles the rules of a part of one.
    pub fn compile_part(schema: &Structural) -> Self {
        Self { root: Node::compile(schema, schema.embedded), of_object: schema.embedded }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// What rules an object breaks. On an update, a rule broken by what did not change is forgiven (and marked so), and rules about the
    /// change are applied where old and new parts correspond. All rules together may cost [`BUDGET`].
    pub fn check(&self, schema: &Structural, new: &Value, old: Option<&Value>) -> ErrorList {
        self.check_at(schema, new, old, &Path::ROOT)
    }

    /// As [`Rules::check`] for a value that stands at a path.
    pub fn check_at(&self, schema: &Structural, new: &Value, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
        let mut check = Check { errors: ErrorList::new(), budget: Some(BUDGET) };
        if let Some(root) = &self.root {
            root.check(schema, &Pair { new, old, above: None, is_visible: true }, path, self.of_object, &mut check);
        }
        check.errors
    }
}

/// What has been found, and what may still be spent: None once nothing more is looked at.
struct Check {
    errors: ErrorList,
    budget: Option<u64>,
}

impl Check {
    /// Pays for an evaluation; false if there is not enough left, and then nothing more is looked at.
    fn pay(&mut self, cost: u64) -> bool {
        self.budget = self.budget.and_then(|budget| budget.checked_sub(cost));
        self.budget.is_some()
    }
}

/// A value with what was in its place before.
struct Pair<'v, 'p> {
    new: &'v Value,
    old: Option<&'v Value>,
    above: Option<&'p Self>,
    /// Whether users see changes of it; versions are converted away.
    is_visible: bool,
}

impl Pair<'_, '_> {
    /// Whether it did not change: for a value without a counterpart, whether the nearest one above it with one did not.
    fn is_unchanged(&self) -> bool {
        match (self.is_visible, self.old, self.above) {
            (false, ..) => false,
            (true, Some(old), _) => structural::equal(self.new, old),
            (true, None, above) => above.is_some_and(Self::is_unchanged),
        }
    }
}

impl Node {
    fn compile(schema: &Structural, is_object: bool) -> Option<Self> {
        let of = if is_object { Some(Type::of_resource(schema)) } else { Type::of(schema) };
        Self::compile_as(schema, of.as_ref().unwrap_or(&Type::Dyn))
    }

    /// Compiles the rules about values of a type.
    fn compile_as(schema: &Structural, of: &Type) -> Option<Self> {
        let compile = |rule: &ExpressionRule| {
            let place = schema.find(&rule.field_path, true).map(|(place, _)| place).unwrap_or_default();
            (rule.clone(), compile_rule(rule, of), place)
        };
        let below = |of: &Structural| Self::compile(of, of.embedded);
        let all_of = schema.rules.all_of.iter().enumerate();
        let node = Self {
            rules: schema.expressions.iter().map(compile).collect(),
            all_of: all_of.filter_map(|(index, part)| Some((index, Self::compile_as(part, of)?))).collect(),
            items: schema.items.as_deref().and_then(below).map(Box::new),
            additional: match &schema.additional {
                Some(Additional::Schema(of)) => below(of).map(Box::new),
                _ => None,
            },
            properties: schema.properties.iter().filter_map(|(name, of)| Some((name.clone(), below(of)?))).collect(),
        };
        let has_parts = node.items.is_some() || node.additional.is_some() || !node.properties.is_empty() || !node.all_of.is_empty();
        (has_parts || !node.rules.is_empty()).then_some(node)
    }

    fn check(&self, schema: &Structural, pair: &Pair<'_, '_>, path: &Path<'_>, is_root: bool, check: &mut Check) {
        if pair.new.is_null() || check.budget.is_none() {
            return;
        }
        self.own_rules(schema, pair, path, check);
        for (index, node) in &self.all_of {
            if let Some(part) = schema.rules.all_of.get(*index) {
                node.check(part, &Pair { old: pair.old, above: pair.above, ..*pair }, path, is_root, check);
            }
        }
        match pair.new {
            Value::Array(list) => {
                let (Some(node), Some(items)) = (&self.items, &schema.items) else { return };
                for (index, item) in list.iter().enumerate() {
                    let old = pair.old.and_then(|old| schema.corresponding(item, old));
                    let part = Pair { new: item, old, above: Some(pair), is_visible: true };
                    node.check(items, &part, &path.index(index), false, check);
                }
            }
            Value::Object(map) => {
                if let (Some(node), Some(Additional::Schema(of))) = (&self.additional, &schema.additional) {
                    map.iter().for_each(|(name, value)| node.check(of, &pair.child(name, value, is_root), &path.key(name), false, check));
                }
                for (name, node) in &self.properties {
                    let (Some(value), Some(property)) = (map.get(name), schema.properties.get(name)) else { continue };
                    node.check(property, &pair.child(name, value, is_root), &path.child(name), false, check);
                }
            }
            _ => {}
        }
    }

    fn own_rules(&self, schema: &Structural, pair: &Pair<'_, '_>, path: &Path<'_>, check: &mut Check) {
        if self.rules.is_empty() {
            return;
        }
        let type_ = schema.type_.map_or("", structural::Type::as_str);
        let Some(1..) = check.budget else {
            check.budget = None;
            check.errors.push(Error::invalid(path, type_, OUT_OF_BUDGET));
            return;
        };
        let old = pair.old.filter(|old| !old.is_null());
        for (rule, compiled, place) in &self.rules {
            let expression = match &compiled.rule {
                Ok(expression) => expression,
                Err(why) => {
                    check.errors.push(Error::invalid(path, type_, format!("rule compile error: {why}")));
                    continue;
                }
            };
            let optional = rule.optional_old_self == Some(true);
            if compiled.uses_old_self && old.is_none() && !optional {
                continue;
            }
            let variables = variables(schema, pair.new, old, optional);
            let result = expression.run(&variables, LIMIT);
            if !check.pay(result.cost) {
                check.errors.push(Error::invalid(path, type_, OUT_OF_BUDGET));
                return;
            }
            match result.value {
                Ok(Val::Bool(true)) => continue,
                Ok(_) => {}
                Err(why) => {
                    check.errors.push(Error::invalid(path, type_, failure(&why, rule)));
                    if why == Failure::OverLimit {
                        check.budget = None;
                        return;
                    }
                    continue;
                }
            }
            let at = if place.is_empty() { *path } else { path.child(place) };
            // What an update did not touch is forgiven, but not by rules about the change itself.
            let forgiven = !compiled.uses_old_self && pair.is_unchanged();
            let error = match message(compiled, rule, &self::variables(schema, pair.new, old, false), check) {
                Ok(detail) => broken(&at, pair.new, schema, detail, &rule.reason),
                Err(why) => Error::invalid(&at, type_, why),
            };
            check.errors.push(Error { forgiven, ..error });
            if check.budget.is_none() {
                return;
            }
        }
    }
}

impl<'v> Pair<'v, '_> {
    /// The pair of a field.
    fn child<'p>(&'p self, name: &str, value: &'v Value, is_root: bool) -> Pair<'v, 'p>
    where
        Self: 'p,
    {
        let is_visible = !(is_root && matches!(name, "apiVersion" | "kind"));
        let old = self.old.and_then(|old| old.get(name)).filter(|_| is_visible);
        Pair { new: value, old, above: Some(self), is_visible }
    }
}

const OUT_OF_BUDGET: &str = "validation failed due to running out of cost budget, no further validation rules will be run";

/// `self`, and `oldSelf` if there is one.
fn variables<'v>(schema: &'v Structural, new: &'v Value, old: Option<&'v Value>, optional: bool) -> Vec<(&'static str, Val<'v>)> {
    let mut variables = vec![("self", Val::json(new, Some(schema)))];
    let old = old.map(|old| Val::json(old, Some(schema)));
    if optional {
        variables.push(("oldSelf", Val::Optional(old.map(Arc::new))));
    } else {
        variables.extend(old.map(|old| ("oldSelf", old)));
    }
    variables
}

fn failure(why: &Failure, rule: &ExpressionRule) -> String {
    let shown = if rule.message.is_empty() { rule.rule.trim() } else { rule.message.trim() };
    let why_text = why.to_string();
    if *why == Failure::OverLimit {
        return format!("'{why_text}': no further validation rules will be run due to call cost exceeds limit for rule: {shown}");
    }
    if why_text.starts_with("no such overload") {
        return format!("'{why_text}': call arguments did not match a supported operator, function or macro signature for rule: {shown}");
    }
    format!("{why_text} evaluating rule: {shown}")
}

/// What is said of a broken rule; Err when saying it costs too much.
fn message(compiled: &CompiledRule, rule: &ExpressionRule, variables: &[(&str, Val<'_>)], check: &mut Check) -> Result<String, String> {
    let otherwise = || match rule.message.as_str() {
        "" => format!("failed rule: {}", rule.rule.trim()),
        text => text.trim().to_owned(),
    };
    let Some(Ok(expression)) = &compiled.message else { return Ok(otherwise()) };
    let result = expression.run(variables, LIMIT);
    if !check.pay(result.cost) {
        return Err(
            "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run".to_owned()
        );
    }
    if result.value.as_ref().is_err_and(|why| *why == Failure::OverLimit) {
        check.budget = None;
        let source = minkapi_schema::field::quoted(&rule.message_expression);
        return Err(format!("no further validation rules will be run due to call cost exceeds limit for messageExpression: {source}"));
    }
    let text = result.value.ok().and_then(|value| value.as_str().map(|text| text.trim().to_owned()));
    Ok(text.filter(|text| !text.is_empty() && text.len() <= MAX_MESSAGE && !text.contains('\n')).unwrap_or_else(otherwise))
}

/// The error of a broken rule; objects and lists are not shown.
fn broken(path: &Path<'_>, value: &Value, schema: &Structural, detail: String, reason: &str) -> Error {
    let hidden = matches!(schema.type_, Some(structural::Type::Object | structural::Type::Array));
    match reason {
        "FieldValueForbidden" => Error::forbidden(path, detail),
        "FieldValueRequired" => Error::required(path, detail),
        "FieldValueDuplicate" => {
            let mut error = Error::duplicate(path, value.clone());
            error.bad_value = error.bad_value.filter(|_| !hidden);
            error
        }
        _ if hidden => Error::invalid_unprinted(path, detail),
        _ => Error::invalid(path, value.clone(), detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(schema: &Value, new: &Value, old: Option<&Value>) -> Vec<String> {
        let schema = Structural::parse(schema);
        let errors = Rules::compile(&schema).check(&schema, new, old);
        errors.iter().filter(|error| !error.forgiven).map(ToString::to_string).collect()
    }

    fn spec(rules: Value) -> Value {
        json!({"type": "object", "properties": {"spec": {
            "type": "object", "x-kubernetes-validations": rules,
            "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}, "mode": {"type": "string"}},
        }}})
    }

    #[test]
    fn a_broken_rule_is_told_in_its_own_words() {
        let object = json!({"spec": {"min": 3, "max": 1}});
        for (rule, expected) in [
            (json!({"rule": "self.min <= self.max"}), "spec: Invalid value: failed rule: self.min <= self.max"),
            (json!({"rule": "self.min <= self.max", "message": " too much "}), "spec: Invalid value: too much"),
            (json!({"rule": "self.min <= self.max", "messageExpression": "'min is ' + string(self.min)"}), "spec: Invalid value: min is 3"),
            (json!({"rule": "self.min <= self.max", "message": "m", "reason": "FieldValueForbidden"}), "spec: Forbidden: m"),
            (json!({"rule": "self.min <= self.max", "message": "m", "fieldPath": ".min"}), "spec.min: Invalid value: m"),
            (json!({"rule": "self.mode == 'a'"}), "spec: Invalid value: \"object\": no such key: mode evaluating rule: self.mode == 'a'"),
        ] {
            assert_eq!(check(&spec(json!([rule])), &object, None), [expected], "{rule}");
        }
    }

    #[test]
    fn rules_about_changes_need_an_old_value() {
        let schema = spec(json!([{"rule": "self.mode == oldSelf.mode", "message": "fixed"}]));
        let (a, b) = (json!({"spec": {"mode": "a"}}), json!({"spec": {"mode": "b"}}));
        assert_eq!(check(&schema, &a, None), Vec::<String>::new());
        assert_eq!(check(&schema, &b, Some(&a)), ["spec: Invalid value: fixed"]);
    }

    #[test]
    fn an_optional_old_value_can_be_asked_for() {
        let rule = "oldSelf.hasValue() ? self == oldSelf.value() : self == 'new'";
        let schema = json!({"type": "object", "properties": {"mode": {
            "type": "string", "x-kubernetes-validations": [{"rule": rule, "optionalOldSelf": true, "message": "starts as new, then stays"}],
        }}});
        let (new, old) = (json!({"mode": "new"}), json!({"mode": "old"}));
        assert_eq!(check(&schema, &new, None), Vec::<String>::new());
        assert_eq!(check(&schema, &old, None), ["mode: Invalid value: \"old\": starts as new, then stays"]);
        assert_eq!(check(&schema, &old, Some(&new)).len(), 1);
        assert_eq!(check(&schema, &new, Some(&new)), Vec::<String>::new());
    }

    #[test]
    fn rules_may_cost_so_much_and_no_more() {
        let list = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "l": {"type": "array", "items": {"type": "integer"}},
        }}}});
        let with = |rules: Value| {
            let mut schema = list.clone();
            schema["properties"]["spec"]["x-kubernetes-validations"] = rules;
            schema
        };
        let object = json!({"spec": {"l": (0..560).collect::<Vec<u32>>()}});
        // Each costs 3 + 560 * (3 + 3 + 560 * 3 + 1) + 1 = 944,724 or so.
        let most = json!({"rule": "self.l.all(a, self.l.all(b, true))"});
        assert_eq!(check(&with(json!([most])), &object, None), Vec::<String>::new());
        let errors = check(&with(json!(vec![most; 11])), &object, None);
        assert_eq!(errors, [format!("spec: Invalid value: \"object\": {OUT_OF_BUDGET}")]);
        let too_much = json!({"rule": "self.l.all(a, self.l.all(b, a + b >= 0))", "message": "m"});
        assert_eq!(
            check(&with(json!([too_much, {"rule": "false"}])), &object, None),
            [
                "spec: Invalid value: \"object\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due \
              to call cost exceeds limit for rule: m"
            ]
        );
    }

    #[test]
    fn what_did_not_change_is_forgiven() {
        let schema = spec(json!([{"rule": "self.min <= self.max"}]));
        let old = json!({"spec": {"min": 3, "max": 1}});
        let mut new = old.clone();
        new["metadata"] = json!({"labels": {"a": "b"}});
        assert_eq!(check(&schema, &new, Some(&old)), Vec::<String>::new());
        new["spec"]["max"] = json!(2);
        assert_eq!(check(&schema, &new, Some(&old)).len(), 1);
    }
}
