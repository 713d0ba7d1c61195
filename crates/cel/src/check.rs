//! A type checker for what schemas declare: undefined fields, undeclared names, operators on the wrong types. It also adds
//! up what an expression may cost.

use crate::{
    cost,
    expression::Scope,
    format_check, functions, locate,
    macros::{MAP_INSERT, SORT_BY_KEYS, UNUSED},
    overloads,
    relations::{arithmetic, common, is_ordered, may_be_in, of_literal, same_kind, unwrapped},
    structs,
    types::Type,
};
use kube_cel::cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, MapExpr, SelectExpr, StructExpr, operators},
};
use minkapi_schema::{duration, time::Time};
use std::sync::Arc;

/// What is known of a part of an expression.
#[derive(Debug, Clone)]
pub struct Checked {
    pub of: Type,
    pub cost: u64,
}

const fn known(of: Type, cost: u64) -> Checked {
    Checked { of, cost }
}

#[derive(Debug)]
pub struct Checker<'s> {
    source: &'s str,
    /// Where parts stand, by their ids.
    positions: &'s [usize],
    scope: Scope,
    issues: Vec<(usize, String)>,
    /// About what is written out, which is only looked at when all else is right.
    written: Vec<(usize, String)>,
    /// Inside of the arguments of functions that take what they are given, such as `format`.
    takes_all: bool,
}

/// Operators on two values.
const BINARY: [&str; 11] = [
    operators::ADD,
    operators::SUBSTRACT,
    operators::MULTIPLY,
    operators::DIVIDE,
    operators::MODULO,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER_EQUALS,
    operators::LESS_EQUALS,
    operators::GREATER,
    operators::LESS,
];

impl<'s> Checker<'s> {
    pub const fn new(source: &'s str, positions: &'s [usize], scope: Scope) -> Self {
        Self { source, positions, scope, issues: Vec::new(), written: Vec::new(), takes_all: false }
    }

    /// Where a part stands.
    fn at(&self, expr: &IdedExpr) -> usize {
        usize::try_from(expr.id).ok().and_then(|id| self.positions.get(id)).copied().unwrap_or(0)
    }

    /// The issues in the order of the text.
    pub fn into_issues(mut self) -> Vec<String> {
        if self.issues.is_empty() {
            self.issues = self.written;
        }
        self.issues.sort_by_key(|(at, _)| *at);
        self.issues.iter().map(|(at, message)| locate::issue(self.source, *at, message)).collect()
    }

    fn report(&mut self, at: usize, message: String) {
        if !self.issues.contains(&(at, message.clone())) {
            self.issues.push((at, message));
        }
    }

    pub fn check(&mut self, expr: &IdedExpr) -> Checked {
        match &expr.expr {
            Expr::Literal(literal) => known(of_literal(literal), 0),
            Expr::Ident(name) => self.ident(name, self.at(expr)),
            Expr::Select(select) => self.select(select, self.at(expr)),
            Expr::Call(call) => self.call(call, self.at(expr)),
            Expr::Comprehension(c) => self.comprehension(c),
            Expr::List(list) => {
                let mut items: Vec<Checked> = list.elements.iter().map(|e| self.check(e)).collect();
                for index in &list.optional_indices {
                    if let Some(item) = items.get_mut(*index)
                        && let Type::Optional(of) = &item.of
                    {
                        item.of = Type::clone(of);
                    }
                }
                self.homogeneous(list.elements.iter().zip(&items));
                let cost = items.iter().fold(10u64, |sum, item| sum.saturating_add(item.cost));
                let item = common(items.iter().map(|item| &item.of));
                known(Type::List(Arc::new(item), items.len() as u64), cost)
            }
            Expr::Map(map) => self.map(map),
            Expr::Struct(of) => self.made(of, self.at(expr)),
            Expr::Unspecified => known(Type::Dyn, 40),
        }
    }

    /// An object that is written out.
    fn made(&mut self, of: &StructExpr, at: usize) -> Checked {
        let name = of.type_name.as_str();
        if !self.scope.makes_objects() || !structs::is_known(name) {
            self.undeclared(name, at);
        }
        let mut cost = 40u64;
        for entry in &of.entries {
            let EntryExpr::StructField(field) = &entry.expr else { continue };
            let value = self.check(&field.value);
            cost = cost.saturating_add(value.cost);
            let expected = structs::field(name, &field.field);
            if !expected.as_ref().is_some_and(|expected| same_kind(expected, &value.of)) {
                let at = usize::try_from(entry.id).ok().and_then(|id| self.positions.get(id)).copied().unwrap_or(at);
                let expected = expected.map_or_else(String::new, |of| of.to_string());
                let (field, of) = (&field.field, value.of);
                self.report(at, format!("expected type of field '{field}' is '{expected}' but provided type is '{of}'"));
            }
        }
        known(Type::Made(name.into()), cost)
    }

    fn map(&mut self, map: &MapExpr) -> Checked {
        let mut cost = 30u64;
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
            let (key, mut value) = (self.check(&entry.key), self.check(&entry.value));
            if let (true, Type::Optional(of)) = (entry.optional, &value.of) {
                value.of = Type::clone(of);
            }
            if let (Some(key_before), Some(value_before)) = (keys.first(), values.first()) {
                self.alike(key_before, &entry.key, &key.of);
                self.alike(value_before, &entry.value, &value.of);
            }
            cost = cost.saturating_add(key.cost).saturating_add(value.cost);
            keys.push(key.of);
            values.push(value.of);
        }
        let size = values.len() as u64;
        known(Type::Map(Arc::new(common(keys.iter())), Arc::new(common(values.iter())), size), cost)
    }

    /// What is written out in one list has one type.
    fn homogeneous<'i>(&mut self, items: impl Iterator<Item = (&'i IdedExpr, &'i Checked)>) {
        let mut first = None;
        for (expr, checked) in items {
            match first {
                None => first = Some(&checked.of),
                Some(first) => self.alike(first, expr, &checked.of),
            }
        }
    }

    fn alike(&mut self, first: &Type, expr: &IdedExpr, of: &Type) {
        if !self.takes_all && !same_kind(first, of) {
            self.written.push((self.at(expr), format!("expected type '{first}' but found '{of}'")));
        }
    }

    fn ident(&mut self, name: &str, at: usize) -> Checked {
        if let Some(of) = self.scope.get(name) {
            return known(of.clone(), 1);
        }
        if let Some(of) = functions::type_named(name) {
            return known(Type::Of(Arc::new(of)), 1);
        }
        if !name.starts_with('@') && !name.starts_with('#') && name != "google" {
            self.report(at, format!("undeclared reference to '{name}' (in container '')"));
        }
        known(Type::Dyn, 1)
    }

    fn select(&mut self, select: &SelectExpr, at: usize) -> Checked {
        let operand = self.check(&select.operand);
        let cost = operand.cost.saturating_add(1);
        let of = match unwrapped(&operand.of) {
            Type::Object(of) => match of.fields.get(&select.field) {
                Some(of) => of.clone(),
                None => {
                    self.report(at, format!("undefined field '{}'", select.field));
                    Type::Dyn
                }
            },
            Type::Map(_, value, _) => Type::clone(value),
            Type::Library(name) if name.starts_with("kubernetes.authorization.") => {
                self.report(at, format!("unexpected failed resolution of '{name}'"));
                Type::Dyn
            }
            Type::Dyn | Type::Library(_) | Type::Made(_) => Type::Dyn,
            other => {
                self.report(at, format!("type '{other}' does not support field selection"));
                Type::Dyn
            }
        };
        // What is selected from an optional is optional.
        let of =
            if matches!(operand.of, Type::Optional(_)) && !matches!(of, Type::Optional(_)) { Type::Optional(Arc::new(of)) } else { of };
        if select.test { known(Type::Bool, cost) } else { known(of, cost) }
    }

    fn call(&mut self, call: &CallExpr, at: usize) -> Checked {
        let namespace = call.target.as_deref().and_then(|t| match &t.expr {
            Expr::Ident(name) if functions::NAMESPACES.contains(&name.as_str()) && self.scope.get(name).is_none() => Some(name.clone()),
            _ => None,
        });
        let target = if namespace.is_some() { None } else { call.target.as_deref().map(|t| self.check(t)) };
        let name = call.func_name.as_str();
        let outer = self.takes_all;
        self.takes_all |= name == "format";
        let args: Vec<Checked> = call.args.iter().map(|a| self.check(a)).collect();
        self.takes_all = outer;
        let inner = target.iter().chain(&args).fold(0u64, |sum, part| sum.saturating_add(part.cost));
        let types: Vec<&Type> = target.iter().chain(&args).map(|part| &part.of).collect();
        let sizes: Vec<u64> = types.iter().map(|of| of.max_size()).collect();
        if name == "optional.none" || (namespace.as_deref() == Some("optional") && name == "none") {
            return known(Type::Optional(Arc::new(Type::Dyn)), 1);
        }
        let of = match self.optional_field(call, &types, at) {
            Some(of) => of,
            None => match (&namespace, &call.target) {
                (Some(namespace), Some(target)) => self.namespaced(namespace, target, name, &types, at),
                _ => self.result(name, &types, target.as_ref().map(|t| &t.of), at),
            },
        };
        match name {
            "matches" => self.pattern(call),
            "timestamp" => self.literal(call, |text| Time::parse(text).is_ok()),
            "duration" => self.literal(call, |text| duration::parse(text).is_ok()),
            "format" => self.format(call, at),
            "_&&_" | "_||_" => self.truths(call, &args),
            _ => {}
        }
        let size = |at: usize| sizes.get(at).copied().unwrap_or(1);
        let own = match (name, &of) {
            (
                operators::EQUALS
                | operators::NOT_EQUALS
                | operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS,
                _,
            ) => cost::comparison(size(0), size(1)),
            ("_&&_" | "_||_", _) => 0,
            // Only one of the two is evaluated.
            ("_?_:_", _) => {
                let cost = |at: usize| args.get(at).map_or(0, |a| a.cost);
                return known(of, cost(0).saturating_add(cost(1).max(cost(2))));
            }
            (operators::ADD, Type::Text(_) | Type::Bytes(_)) => cost::traversal(size(0).saturating_add(size(1))),
            _ => cost::function(name, &sizes),
        };
        known(of, inner.saturating_add(own))
    }

    /// The type of `object.?field`.
    fn optional_field(&mut self, call: &CallExpr, types: &[&Type], at: usize) -> Option<Type> {
        let ([_, name], [of, _]) = (call.args.as_slice(), types) else { return None };
        let (Type::Object(of), Expr::Literal(LiteralValue::String(field))) = (unwrapped(of), &name.expr) else { return None };
        if call.func_name != operators::OPT_INDEX {
            return None;
        }
        let field = field.inner();
        let found = of.fields.get(field).cloned();
        if found.is_none() {
            self.report(at, format!("undefined field '{field}'"));
        }
        Some(Type::Optional(Arc::new(found.unwrap_or(Type::Dyn))))
    }

    /// A text with clauses must fit what is written out for them.
    fn format(&mut self, call: &CallExpr, at: usize) {
        let Some(Expr::Literal(LiteralValue::String(text))) = call.target.as_ref().map(|target| &target.expr) else { return };
        let [IdedExpr { expr: Expr::List(list), .. }] = call.args.as_slice() else { return };
        let outer = std::mem::replace(&mut self.takes_all, true);
        let types: Vec<Type> = list.elements.iter().map(|element| self.check(element).of).collect();
        self.takes_all = outer;
        if let Err((index, why)) = format_check::check(text.inner(), &types) {
            let at = index.and_then(|index| list.elements.get(index)).map_or(at, |element| self.at(element));
            self.written.push((at, why));
        }
    }

    /// A text that is written out must be one that the function can read.
    fn literal(&mut self, call: &CallExpr, reads: impl Fn(&str) -> bool) {
        let [argument] = call.args.as_slice() else { return };
        let Expr::Literal(LiteralValue::String(text)) = &argument.expr else { return };
        if !reads(text.inner()) {
            self.written.push((self.at(argument), format!("invalid {} argument", call.func_name)));
        }
    }

    /// What `&&` and `||` join must be true or false.
    fn truths(&mut self, call: &CallExpr, args: &[Checked]) {
        for (expr, checked) in call.args.iter().zip(args) {
            if !matches!(checked.of, Type::Bool | Type::Dyn) {
                self.report(self.at(expr), format!("expected type 'bool' but found '{}'", checked.of));
            }
        }
    }

    /// A pattern that is written out must compile.
    fn pattern(&mut self, call: &CallExpr) {
        let Some(IdedExpr { expr: Expr::Literal(LiteralValue::String(text)), .. }) = call.args.last() else { return };
        if minkapi_schema::pattern::compile(text.inner()).is_err() {
            let at = call.args.last().map_or(0, |argument| self.at(argument));
            self.written.push((at, "invalid matches argument".to_owned()));
        }
    }

    /// Reports that a function or operator does not take these types.
    fn no_overload(&mut self, name: &str, types: &[&Type], at: usize) {
        let shown: Vec<String> = types.iter().map(ToString::to_string).collect();
        self.report(at, format!("found no matching overload for '{name}' applied to '({})'", shown.join(", ")));
    }

    fn undeclared(&mut self, name: &str, at: usize) {
        self.report(at, format!("undeclared reference to '{name}' (in container '')"));
    }

    /// The result of a function such as `sets.contains`.
    fn namespaced(&mut self, namespace: &str, target: &IdedExpr, name: &str, types: &[&Type], at: usize) -> Type {
        let full = format!("{namespace}.{name}");
        // Only policies have the library of patches.
        let is_unknown = namespace == "jsonpatch" && self.scope.get("self").is_some();
        if is_unknown || !functions::NAMESPACED.contains(&full.as_str()) {
            self.undeclared(namespace, self.at(target));
            self.undeclared(name, at);
            return Type::Dyn;
        }
        match (namespace, types) {
            ("sets", [a, b]) => {
                let is_list = |of: &Type| matches!(of, Type::List(..) | Type::Dyn);
                if !is_list(a) || !is_list(b) || !same_kind(a, b) {
                    self.no_overload(&full, types, at);
                }
                Type::Bool
            }
            ("lists", [_]) => Type::List(Arc::new(Type::Int), Type::TEXT.max_size()),
            ("optional", [of]) if name != "unwrap" => Type::Optional(Arc::new(Type::clone(of))),
            ("ip", _) => Type::Bool,
            ("format", _) if name == "named" => Type::Optional(Arc::new(Type::Library("kubernetes.NamedFormat"))),
            ("format", _) => Type::Library("kubernetes.NamedFormat"),
            ("strings", _) => Type::TEXT,
            ("optional", [Type::List(item, max)]) => Type::List(Arc::new(Type::clone(unwrapped(item))), *max),
            _ => functions::result(name, None).unwrap_or(Type::Dyn),
        }
    }

    fn result(&mut self, name: &str, types: &[&Type], on: Option<&Type>, at: usize) -> Type {
        if BINARY.contains(&name) {
            return self.binary(name, types, at);
        }
        match (name, types) {
            ("!_", [of]) if !matches!(of, Type::Bool | Type::Dyn) => {
                self.no_overload(name, types, at);
                Type::Bool
            }
            (operators::IN, [item, of]) if !may_be_in(item, of) => {
                self.no_overload(name, types, at);
                Type::Bool
            }
            ("_&&_" | "_||_" | "!_" | "@not_strictly_false" | operators::IN, _) => Type::Bool,
            ("_?_:_", [test, a, b]) => {
                if !matches!(test, Type::Bool | Type::Dyn) || !same_kind(a, b) {
                    self.no_overload(name, types, at);
                }
                common([*a, *b].into_iter())
            }
            ("-_", [of]) => {
                if !matches!(of, Type::Int | Type::Double | Type::Dyn) {
                    self.no_overload(name, types, at);
                }
                Type::clone(of)
            }
            ("_[_]", [of, index]) => {
                let item = match (unwrapped(of), index) {
                    (Type::List(item, _), Type::Int | Type::Dyn) => Type::clone(item),
                    (Type::Map(key, value, _), index) if same_kind(key, index) => Type::clone(value),
                    (Type::Dyn | Type::Library(_), _) => Type::Dyn,
                    _ => {
                        self.no_overload(name, types, at);
                        Type::Dyn
                    }
                };
                if matches!(of, Type::Optional(_)) && !matches!(item, Type::Optional(_)) { Type::Optional(Arc::new(item)) } else { item }
            }
            (operators::OPT_INDEX, [of, _]) => Type::Optional(Arc::new(match unwrapped(of) {
                Type::List(item, _) | Type::Map(_, item, _) => Type::clone(item),
                _ => Type::Dyn,
            })),
            ("type", [of]) => Type::Of(Arc::new(Type::clone(of))),
            ("flatten", [Type::List(item, max), ..]) => match &**item {
                Type::List(..) if types.len() == 1 => Type::clone(item),
                _ => Type::List(Arc::new(Type::Dyn), *max),
            },
            ("sum" | "min" | "max", [Type::List(item, _)]) => {
                self.overload(name, types, on, at);
                Type::clone(item)
            }
            ("first" | "last", [Type::List(item, _)]) => Type::Optional(item.clone()),
            ("or", [Type::Optional(of), Type::Optional(other)]) => {
                self.overload(name, types, on, at);
                Type::Optional(Arc::new(common([&**of, &**other].into_iter())))
            }
            ("orValue", [Type::Optional(of), other]) => common([&**of, *other].into_iter()),
            ("unwrapOpt", [Type::List(item, max)]) => Type::List(Arc::new(Type::clone(unwrapped(item))), *max),
            (SORT_BY_KEYS, [of, _]) => Type::clone(of),
            (MAP_INSERT, [_, key, value]) => Type::Map(Arc::new(Type::clone(key)), Arc::new(Type::clone(value)), 1),
            (MAP_INSERT, [_, of @ Type::Map(..)]) => Type::clone(of),
            (MAP_INSERT, _) => Type::map_of(Type::Dyn),
            _ => match functions::result(name, on) {
                Some(of) => {
                    self.overload(name, types, on, at);
                    of
                }
                None => {
                    self.undeclared(name, at);
                    Type::Dyn
                }
            },
        }
    }

    /// Reports a function that does not take what it is given.
    fn overload(&mut self, name: &str, types: &[&Type], on: Option<&Type>, at: usize) {
        if !overloads::accepts(name, types, on.is_some()) {
            let shown = overloads::shown(types, on.is_some());
            self.report(at, format!("found no matching overload for '{name}' applied to '{shown}'"));
        }
    }

    fn binary(&mut self, name: &str, types: &[&Type], at: usize) -> Type {
        let [left, right] = types else { return Type::Dyn };
        let is_equality = matches!(name, operators::EQUALS | operators::NOT_EQUALS);
        let compares =
            is_equality || matches!(name, operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS);
        let result = match (left, right) {
            (Type::Optional(_), Type::Optional(_)) if compares => Some(Type::Bool),
            (Type::Optional(_), other) | (other, Type::Optional(_)) if compares && !matches!(other, Type::Dyn) => None,
            (Type::Dyn, _) | (_, Type::Dyn) => Some(if compares { Type::Bool } else { Type::Dyn }),
            _ if is_equality => same_kind(left, right).then_some(Type::Bool),
            (Type::Int | Type::Uint | Type::Double, Type::Int | Type::Uint | Type::Double) if compares => Some(Type::Bool),
            _ if compares => (same_kind(left, right) && is_ordered(left)).then_some(Type::Bool),
            _ => arithmetic(name, left, right),
        };
        result.unwrap_or_else(|| {
            self.no_overload(name, types, at);
            if compares { Type::Bool } else { Type::Dyn }
        })
    }

    fn comprehension(&mut self, c: &ComprehensionExpr) -> Checked {
        let range = self.check(&c.iter_range);
        let init = self.check(&c.accu_init);
        let item = match unwrapped(&range.of) {
            Type::List(item, _) => Type::clone(item),
            Type::Map(key, ..) => match &**key {
                // Upstream takes the keys of a map for empty text when it estimates costs.
                Type::Text(_) => Type::Text(0),
                key => key.clone(),
            },
            Type::Dyn | Type::Optional(_) | Type::Library(_) => Type::Dyn,
            other => {
                let why = format!("expression of type '{other}' cannot be range of a comprehension (must be list, map, or dynamic)");
                self.report(self.at(&c.iter_range), why);
                Type::Dyn
            }
        };
        let is_list = matches!(unwrapped(&range.of), Type::List(..));
        self.scope.push(&c.iter_var, if c.iter_var2.is_some() && is_list { Type::Int } else { item });
        if let Some(second) = &c.iter_var2 {
            let of = match unwrapped(&range.of) {
                Type::List(item, _) | Type::Map(_, item, _) => Type::clone(item),
                _ => Type::Dyn,
            };
            self.scope.push(second, of);
        }
        // Lists that a loop collects are as long as what it runs over.
        let accumulator = match &init.of {
            // Nothing is known of the length of a text that was given a name.
            Type::Text(_) => Type::Text(u64::MAX),
            other if c.iter_var == UNUSED => other.clone(),
            Type::List(..) => Type::List(Arc::new(Type::Dyn), range.of.max_size()),
            Type::Map(..) => Type::Map(Arc::new(Type::Dyn), Arc::new(Type::Dyn), range.of.max_size()),
            other => other.clone(),
        };
        self.scope.push(&c.accu_var, accumulator);
        let condition = self.check(&c.loop_cond);
        let step = self.check(&c.loop_step);
        let result = self.check(&c.result);
        self.scope.pop();
        if c.iter_var2.is_some() {
            self.scope.pop();
        }
        self.scope.pop();
        let one = condition.cost.saturating_add(step.cost);
        let all = one.saturating_mul(range.of.max_size());
        let cost = [init.cost, all, result.cost].into_iter().fold(range.cost, u64::saturating_add);
        let of = match (&result.of, &step.of) {
            (Type::List(..), Type::List(..)) | (Type::Map(..), Type::Map(..)) if c.iter_var != UNUSED => step.of.clone(),
            _ => result.of.clone(),
        };
        known(of, cost)
    }
}
