//! `x-kubernetes-validations`: the rules of a schema, compiled once and applied to every object (C-10-16).

use crate::{Expression, Scope, Type, convert, convert::convert_fields, escape};
use kube_cel::cel::Value as Cel;
use kube_cel::cel::objects::OptionalValue;
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    structural::{self, Additional, ExpressionRule, Structural},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

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
    rules: Vec<(ExpressionRule, CompiledRule, String)>,
    /// The fields that the rules use, by their names in the schema; None when all of the value is needed.
    needed: Option<Vec<String>>,
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
    /// change are applied where old and new parts correspond.
    pub fn check(&self, schema: &Structural, new: &Value, old: Option<&Value>) -> ErrorList {
        self.check_at(schema, new, old, &Path::ROOT)
    }

    /// As [`Rules::check`] for a value that stands at a path.
    pub fn check_at(&self, schema: &Structural, new: &Value, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
        let mut errors = ErrorList::new();
        if let Some(root) = &self.root {
            root.check(schema, (new, old, false), path, self.of_object, &mut errors);
        }
        errors
    }
}

impl Node {
    fn compile(schema: &Structural, is_object: bool) -> Option<Self> {
        let of = if is_object { Some(Type::of_resource(schema)) } else { Type::of(schema) };
        let rules: Vec<(ExpressionRule, CompiledRule, String)> = schema
            .expressions
            .iter()
            .map(|rule| {
                let compiled = compile_rule(rule, of.as_ref().unwrap_or(&Type::Dyn));
                let place = schema.find(&rule.field_path, true).map(|(place, _)| place).unwrap_or_default();
                (rule.clone(), compiled, place)
            })
            .collect();
        let below = |of: &Structural| Self::compile(of, of.embedded);
        let node = Self {
            needed: needed(&rules, schema),
            rules,
            items: schema.items.as_deref().and_then(below).map(Box::new),
            additional: match &schema.additional {
                Some(Additional::Schema(of)) => below(of).map(Box::new),
                _ => None,
            },
            properties: schema.properties.iter().filter_map(|(name, of)| Some((name.clone(), below(of)?))).collect(),
        };
        let is_empty = node.rules.is_empty() && node.items.is_none() && node.additional.is_none() && node.properties.is_empty();
        (!is_empty).then_some(node)
    }

    /// `unchanged` tells of a value without a counterpart whether the nearest one above it with one is unchanged.
    fn check(
        &self,
        schema: &Structural,
        (new, old, unchanged): (&Value, Option<&Value>, bool),
        path: &Path<'_>,
        is_root: bool,
        errors: &mut ErrorList,
    ) {
        if new.is_null() {
            return;
        }
        let unchanged = old.map_or(unchanged, |old| structural::equal(new, old));
        self.own_rules(schema, new, old, unchanged, path, errors);
        match new {
            Value::Array(list) => {
                let (Some(node), Some(items)) = (&self.items, &schema.items) else { return };
                for (index, item) in list.iter().enumerate() {
                    let before = old.and_then(|old| schema.corresponding(item, old));
                    node.check(items, (item, before, unchanged), &path.index(index), false, errors);
                }
            }
            Value::Object(map) => {
                for (name, value) in map {
                    let type_meta = is_root && matches!(name.as_str(), "apiVersion" | "kind");
                    let before = old.and_then(|old| old.get(name)).filter(|_| !type_meta);
                    let part = (value, before, unchanged && !type_meta);
                    if let (Some(node), Some(Additional::Schema(of))) = (&self.additional, &schema.additional) {
                        node.check(of, part, &path.key(name), false, errors);
                    }
                    if let (Some(node), Some(property)) = (self.properties.get(name), schema.properties.get(name)) {
                        node.check(property, part, &path.child(name), false, errors);
                    }
                }
            }
            _ => {}
        }
    }

    fn own_rules(&self, schema: &Structural, new: &Value, old: Option<&Value>, unchanged: bool, path: &Path<'_>, errors: &mut ErrorList) {
        if self.rules.is_empty() {
            return;
        }
        let old = old.filter(|old| !old.is_null());
        let converted = |value: &Value| match &self.needed {
            Some(fields) => convert_fields(value, schema, fields),
            None => convert(value, Some(schema)),
        };
        let this = converted(new);
        let before = old.map(converted);
        let type_ = schema.type_.map_or("", structural::Type::as_str);
        for (rule, compiled, place) in &self.rules {
            let optional = rule.optional_old_self == Some(true);
            let expression = match &compiled.rule {
                Ok(expression) => expression,
                Err(why) => {
                    errors.push(Error::invalid(path, type_, format!("rule compile error: {why}")));
                    continue;
                }
            };
            if compiled.uses_old_self && before.is_none() && !optional {
                continue;
            }
            let mut variables = vec![("self", this.clone())];
            if optional {
                let value = before.clone().map_or_else(OptionalValue::none, OptionalValue::of);
                variables.push(("oldSelf", Cel::Opaque(Arc::new(value))));
            } else if let Some(before) = &before {
                variables.push(("oldSelf", before.clone()));
            }
            match expression.evaluate(&variables) {
                Ok(Cel::Bool(true)) => continue,
                Ok(_) => {}
                Err(why) => {
                    errors.push(Error::invalid(path, type_, failure(&why, rule)));
                    continue;
                }
            }
            // What an update did not touch is forgiven, but not by rules about the change itself.
            let forgiven = unchanged && !compiled.uses_old_self;
            let message = compiled.message.as_ref().and_then(|m| m.as_ref().ok()).and_then(|m| self::message(m, &variables));
            let detail = message.unwrap_or_else(|| match rule.message.as_str() {
                "" => format!("failed rule: {}", rule.rule.trim()),
                text => text.trim().to_owned(),
            });
            let at = if place.is_empty() { *path } else { path.child(place) };
            errors.push(Error { forgiven, ..broken(&at, new, schema, detail, &rule.reason) });
        }
    }
}

/// The fields of an object that its rules use, where they use nothing else of it.
fn needed(rules: &[(ExpressionRule, CompiledRule, String)], schema: &Structural) -> Option<Vec<String>> {
    let is_object = schema.type_ == Some(structural::Type::Object) && schema.additional.is_none() && !schema.preserve_unknown;
    if !is_object {
        return None;
    }
    let mut fields = BTreeSet::new();
    for (_, compiled, _) in rules {
        let expressions = compiled.rule.iter().chain(compiled.message.iter().flatten());
        for expression in expressions {
            for variable in ["self", "oldSelf"] {
                fields.extend(expression.fields_of(variable)?);
            }
        }
    }
    // Fields are used by the names that they have in expressions.
    let named = |used: &String| schema.properties.keys().find(|name| escape(name).as_deref() == Some(used)).unwrap_or(used).clone();
    Some(fields.iter().map(named).collect())
}

fn failure(why: &str, rule: &ExpressionRule) -> String {
    let shown = if rule.message.is_empty() { rule.rule.trim() } else { rule.message.trim() };
    if why.starts_with("no such overload") {
        return format!("'{why}': call arguments did not match a supported operator, function or macro signature for rule: {shown}");
    }
    format!("{why} evaluating rule: {shown}")
}

/// The message that an expression makes, if it is one.
fn message(expression: &Expression, variables: &[(&str, Cel)]) -> Option<String> {
    let Ok(Cel::String(text)) = expression.evaluate(variables) else { return None };
    let text = text.trim();
    (!text.is_empty() && text.len() <= MAX_MESSAGE && !text.contains('\n')).then(|| text.to_owned())
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
