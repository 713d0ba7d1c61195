//! A type checker for what schemas declare: undefined fields, undeclared names, operators on the wrong types. It also adds
//! up what an expression may cost.

use crate::{
    cost,
    expression::Scope,
    functions, locate,
    macros::{MAP_INSERT, SORT_BY_KEYS},
    overloads, structs,
    types::Type,
};
use kube_cel::cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, MapExpr, SelectExpr, operators},
};
use minkapi_schema::{duration, time::Time};
use std::{collections::BTreeMap, sync::Arc};

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
    scope: Scope,
    issues: Vec<(usize, String)>,
    /// About what is written out, which is only looked at when all else is right.
    written: Vec<(usize, String)>,
    /// How often each undeclared name was met.
    met: BTreeMap<String, usize>,
}

/// Operators with their spelling.
const BINARY: [(&str, &str); 11] = [
    (operators::ADD, "+"),
    (operators::SUBSTRACT, "-"),
    (operators::MULTIPLY, "*"),
    (operators::DIVIDE, "/"),
    (operators::MODULO, "%"),
    (operators::EQUALS, "=="),
    (operators::NOT_EQUALS, "!="),
    (operators::GREATER_EQUALS, ">="),
    (operators::LESS_EQUALS, "<="),
    (operators::GREATER, ">"),
    (operators::LESS, "<"),
];

impl<'s> Checker<'s> {
    pub const fn new(source: &'s str, scope: Scope) -> Self {
        Self { source, scope, issues: Vec::new(), written: Vec::new(), met: BTreeMap::new() }
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
            Expr::Ident(name) => self.ident(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(c) => self.comprehension(c),
            Expr::List(list) => {
                let items: Vec<Checked> = list.elements.iter().map(|e| self.check(e)).collect();
                self.homogeneous(list.elements.iter().zip(&items));
                let cost = items.iter().fold(10u64, |sum, item| sum.saturating_add(item.cost));
                let item = common(items.iter().map(|item| &item.of));
                known(Type::List(Arc::new(item), items.len() as u64), cost)
            }
            Expr::Map(map) if structs::type_of(map).is_some() => self.made(map),
            Expr::Map(map) => {
                let mut cost = 30u64;
                let mut values = Vec::new();
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        cost = cost.saturating_add(self.check(&entry.key).cost);
                        let value = self.check(&entry.value);
                        if let Some(first) = values.first() {
                            self.alike(first, &entry.value, &value.of);
                        }
                        cost = cost.saturating_add(value.cost);
                        values.push(value.of);
                    }
                }
                known(Type::Map(Arc::new(common(values.iter())), values.len() as u64), cost)
            }
            Expr::Struct(_) | Expr::Unspecified => known(Type::Dyn, 40),
        }
    }

    /// An object that is written out.
    fn made(&mut self, map: &MapExpr) -> Checked {
        let name = structs::type_of(map).unwrap_or_default();
        if !self.scope.makes_objects() || !structs::is_known(name) {
            let at = locate::brace(self.source, name);
            self.report(at, format!("undeclared reference to '{name}' (in container '')"));
        }
        let mut cost = 40u64;
        for entry in map.entries.iter().skip(1) {
            let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
            let value = self.check(&entry.value);
            cost = cost.saturating_add(value.cost);
            let Expr::Literal(LiteralValue::String(field)) = &entry.key.expr else { continue };
            let expected = structs::field(name, field.inner());
            if !expected.as_ref().is_some_and(|expected| same_kind(expected, &value.of)) {
                let at = locate::colon(self.source, name, field.inner());
                let expected = expected.map_or_else(String::new, |of| of.to_string());
                let (field, of) = (field.inner(), value.of);
                self.report(at, format!("expected type of field '{field}' is '{expected}' but provided type is '{of}'"));
            }
        }
        known(Type::Made(name.into()), cost)
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
        if !same_kind(first, of) {
            let at = self.place_of(expr);
            self.written.push((at, format!("expected type '{first}' but found '{of}'")));
        }
    }

    fn ident(&mut self, name: &str) -> Checked {
        if let Some(of) = self.scope.get(name) {
            return known(of.clone(), 1);
        }
        if !functions::TYPE_NAMES.contains(&name) && !name.starts_with('@') && !name.starts_with('#') {
            let times = self.met.entry(name.to_owned()).or_default();
            let at = locate::ident(self.source, name, *times);
            *times += 1;
            self.report(at, format!("undeclared reference to '{name}' (in container '')"));
        }
        known(Type::Dyn, 1)
    }

    fn select(&mut self, select: &SelectExpr) -> Checked {
        let operand = self.check(&select.operand);
        let cost = operand.cost.saturating_add(1);
        let of = match unwrapped(&operand.of) {
            Type::Object(fields, _) => match fields.get(&select.field) {
                Some(of) => of.clone(),
                None => {
                    self.undefined(select);
                    Type::Dyn
                }
            },
            Type::Map(value, _) => Type::clone(value),
            Type::Library(name) if name.starts_with("kubernetes.authorization.") => {
                let at = locate::field(self.source, &spelled(&select.operand), &select.field);
                self.report(at, format!("unexpected failed resolution of '{name}'"));
                Type::Dyn
            }
            Type::Dyn | Type::Library(_) | Type::Made(_) => Type::Dyn,
            other => {
                let at = locate::field(self.source, &spelled(&select.operand), &select.field);
                self.report(at, format!("type '{other}' does not support field selection"));
                Type::Dyn
            }
        };
        // What is selected from an optional is optional.
        let of =
            if matches!(operand.of, Type::Optional(_)) && !matches!(of, Type::Optional(_)) { Type::Optional(Arc::new(of)) } else { of };
        if select.test { known(Type::Bool, cost) } else { known(of, cost) }
    }

    fn undefined(&mut self, select: &SelectExpr) {
        let find = if select.test { locate::has } else { locate::field };
        let at = find(self.source, &spelled(&select.operand), &select.field);
        self.report(at, format!("undefined field '{}'", select.field));
    }

    fn call(&mut self, call: &CallExpr) -> Checked {
        let namespace = call.target.as_deref().and_then(|t| match &t.expr {
            Expr::Ident(name) if functions::NAMESPACES.contains(&name.as_str()) && self.scope.get(name).is_none() => Some(name.clone()),
            _ => None,
        });
        let target = if namespace.is_some() { None } else { call.target.as_deref().map(|t| self.check(t)) };
        let args: Vec<Checked> = call.args.iter().map(|a| self.check(a)).collect();
        let inner = target.iter().chain(&args).fold(0u64, |sum, part| sum.saturating_add(part.cost));
        let types: Vec<&Type> = target.iter().chain(&args).map(|part| &part.of).collect();
        let sizes: Vec<u64> = types.iter().map(|of| of.max_size()).collect();
        let name = call.func_name.as_str();
        if name == "optional.none" || (namespace.as_deref() == Some("optional") && name == "none") {
            return known(Type::Optional(Arc::new(Type::Dyn)), 1);
        }
        let of = match self.optional_field(call, &types) {
            Some(of) => of,
            None => self.result(name, &types, target.as_ref().map(|t| &t.of), namespace.as_deref()),
        };
        match name {
            "matches" => self.pattern(call),
            "timestamp" => self.literal(call, |text| Time::parse(text).is_ok()),
            "duration" => self.literal(call, |text| duration::parse(text).is_ok()),
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
    fn optional_field(&mut self, call: &CallExpr, types: &[&Type]) -> Option<Type> {
        let ([_, name], [of, _]) = (call.args.as_slice(), types) else { return None };
        let (Type::Object(fields, _), Expr::Literal(LiteralValue::String(field))) = (unwrapped(of), &name.expr) else { return None };
        if call.func_name != operators::OPT_INDEX {
            return None;
        }
        Some(Type::Optional(Arc::new(fields.get(field.inner()).cloned().unwrap_or(Type::Dyn))))
    }

    /// A text that is written out must be one that the function can read.
    fn literal(&mut self, call: &CallExpr, reads: impl Fn(&str) -> bool) {
        let [argument] = call.args.as_slice() else { return };
        let Expr::Literal(LiteralValue::String(text)) = &argument.expr else { return };
        if !reads(text.inner()) {
            let name = &call.func_name;
            self.written.push((locate::argument(self.source, name), format!("invalid {name} argument")));
        }
    }

    /// What `&&` and `||` join must be true or false.
    fn truths(&mut self, call: &CallExpr, args: &[Checked]) {
        for (expr, checked) in call.args.iter().zip(args) {
            if !matches!(checked.of, Type::Bool | Type::Dyn) {
                let at = self.place_of(expr);
                self.report(at, format!("expected type 'bool' but found '{}'", checked.of));
            }
        }
    }

    /// Where an expression stands, as well as it can be found again.
    fn place_of(&self, expr: &IdedExpr) -> usize {
        match &expr.expr {
            Expr::Ident(name) => locate::last_ident(self.source, name),
            Expr::Select(select) => locate::field(self.source, &spelled(&select.operand), &select.field),
            Expr::Call(call) => match BINARY.iter().find(|(operator, _)| *operator == call.func_name) {
                Some((_, sign)) => locate::operator(self.source, sign),
                None => locate::call(self.source, &call.func_name),
            },
            Expr::Literal(LiteralValue::String(text)) => {
                let forms = ['\'', '"'].map(|quote| format!("{quote}{}{quote}", text.inner()));
                forms.iter().find_map(|form| self.source.find(form.as_str())).unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// A pattern that is written out must compile.
    fn pattern(&mut self, call: &CallExpr) {
        let Some(Expr::Literal(LiteralValue::String(text))) = call.args.last().map(|a| &a.expr) else { return };
        if minkapi_schema::pattern::compile(text.inner()).is_err() {
            self.written.push((locate::argument(self.source, "matches"), "invalid matches argument".to_owned()));
        }
    }

    /// Reports that an operator does not take these types.
    fn no_overload(&mut self, name: &str, sign: &str, types: &[&Type]) {
        let shown: Vec<String> = types.iter().map(ToString::to_string).collect();
        let at = locate::operator(self.source, sign);
        self.report(at, format!("found no matching overload for '{name}' applied to '({})'", shown.join(", ")));
    }

    fn result(&mut self, name: &str, types: &[&Type], on: Option<&Type>, namespace: Option<&str>) -> Type {
        if let Some((_, sign)) = BINARY.iter().find(|(operator, _)| *operator == name) {
            return self.binary(name, sign, types);
        }
        match (name, types) {
            ("!_", [of]) if !matches!(of, Type::Bool | Type::Dyn) => {
                self.no_overload(name, "!", types);
                Type::Bool
            }
            (operators::IN, [item, of]) if !may_be_in(item, of) => {
                self.no_overload(name, "in ", types);
                Type::Bool
            }
            ("_&&_" | "_||_" | "!_" | "@not_strictly_false" | operators::IN, _) => Type::Bool,
            ("_?_:_", [test, a, b]) => {
                if !matches!(test, Type::Bool | Type::Dyn) || !same_kind(a, b) {
                    self.no_overload(name, "?", types);
                }
                common([*a, *b].into_iter())
            }
            ("-_", [of]) => {
                if !matches!(of, Type::Int | Type::Double | Type::Duration | Type::Dyn) {
                    self.no_overload(name, "-", types);
                }
                Type::clone(of)
            }
            ("_[_]", [of, index]) => match (unwrapped(of), index) {
                (Type::List(item, _), Type::Int | Type::Uint | Type::Double | Type::Dyn)
                | (Type::Map(item, _), Type::Text(_) | Type::Dyn) => Type::clone(item),
                (Type::Dyn | Type::Library(_), _) => Type::Dyn,
                _ => {
                    self.no_overload(name, "[", types);
                    Type::Dyn
                }
            },
            (operators::OPT_INDEX, [of, _]) => Type::Optional(Arc::new(match unwrapped(of) {
                Type::List(item, _) | Type::Map(item, _) => Type::clone(item),
                _ => Type::Dyn,
            })),
            (SORT_BY_KEYS, [of, _]) => Type::clone(of),
            (MAP_INSERT, [_, _, value]) => Type::Map(Arc::new(Type::clone(value)), 1),
            (MAP_INSERT, _) => Type::Map(Arc::new(Type::Dyn), 1),
            _ if namespace.is_some() => functions::result(name, None).unwrap_or(Type::Dyn),
            _ => match functions::result(name, on) {
                Some(of) => {
                    if !overloads::accepts(name, types, on.is_some()) {
                        let shown = overloads::shown(types, on.is_some());
                        let at = locate::call(self.source, name);
                        self.report(at, format!("found no matching overload for '{name}' applied to '{shown}'"));
                    }
                    of
                }
                None => {
                    let at = locate::call(self.source, name);
                    self.report(at, format!("undeclared reference to '{name}' (in container '')"));
                    Type::Dyn
                }
            },
        }
    }

    fn binary(&mut self, name: &str, sign: &str, types: &[&Type]) -> Type {
        let [left, right] = types else { return Type::Dyn };
        let compares = matches!(sign, "==" | "!=" | "<" | "<=" | ">" | ">=");
        let result = match (left, right) {
            (Type::Optional(_), Type::Optional(_)) if compares => Some(Type::Bool),
            (Type::Optional(_), other) | (other, Type::Optional(_)) if compares && !matches!(other, Type::Dyn) => None,
            (Type::Dyn, _) | (_, Type::Dyn) => Some(if compares { Type::Bool } else { Type::Dyn }),
            _ if matches!(sign, "==" | "!=") => same_kind(left, right).then_some(Type::Bool),
            (Type::Int | Type::Uint | Type::Double, Type::Int | Type::Uint | Type::Double) if compares => Some(Type::Bool),
            _ if compares => (same_kind(left, right) && is_ordered(left)).then_some(Type::Bool),
            _ => arithmetic(sign, left, right),
        };
        result.unwrap_or_else(|| {
            self.no_overload(name, sign, types);
            if compares { Type::Bool } else { Type::Dyn }
        })
    }

    fn comprehension(&mut self, c: &ComprehensionExpr) -> Checked {
        let range = self.check(&c.iter_range);
        let init = self.check(&c.accu_init);
        let item = match unwrapped(&range.of) {
            Type::List(item, _) => Type::clone(item),
            // Upstream takes the keys of a map for empty text when it estimates costs.
            Type::Map(..) => Type::Text(0),
            _ => Type::Dyn,
        };
        let is_list = matches!(unwrapped(&range.of), Type::List(..));
        self.scope.push(&c.iter_var, if c.iter_var2.is_some() && is_list { Type::Int } else { item });
        if let Some(second) = &c.iter_var2 {
            let of = match unwrapped(&range.of) {
                Type::List(item, _) | Type::Map(item, _) => Type::clone(item),
                _ => Type::Dyn,
            };
            self.scope.push(second, of);
        }
        // Lists that a loop collects are as long as what it runs over.
        let accumulator = match &init.of {
            Type::List(..) => Type::List(Arc::new(Type::Dyn), range.of.max_size()),
            Type::Map(..) => Type::Map(Arc::new(Type::Dyn), range.of.max_size()),
            // Nothing is known of the length of a text that was given a name.
            Type::Text(_) => Type::Text(u64::MAX),
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
            (Type::List(..), Type::List(..)) | (Type::Map(..), Type::Map(..)) => step.of.clone(),
            _ => result.of.clone(),
        };
        known(of, cost)
    }
}

fn of_literal(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Bool,
        LiteralValue::Bytes(b) => Type::Bytes(b.inner().len() as u64),
        LiteralValue::Double(_) => Type::Double,
        LiteralValue::Int(_) => Type::Int,
        LiteralValue::Null => Type::Null,
        LiteralValue::String(s) => Type::Text(s.inner().len() as u64),
        LiteralValue::UInt(_) => Type::Uint,
    }
}

/// Fields of an optional are selected through it.
fn unwrapped(of: &Type) -> &Type {
    match of {
        Type::Optional(inner) => inner,
        other => other,
    }
}

/// The type of several; dyn when they differ.
fn common<'t>(mut types: impl Iterator<Item = &'t Type>) -> Type {
    let Some(first) = types.next() else { return Type::Dyn };
    types.fold(first.clone(), |of, next| match (&of, next) {
        (Type::Text(a), Type::Text(b)) => Type::Text(*a.max(b)),
        (a, b) if *a == *b => of,
        _ => Type::Dyn,
    })
}

/// Whether `item in of` can be asked.
fn may_be_in(item: &Type, of: &Type) -> bool {
    match of {
        Type::List(items, _) => same_kind(item, items),
        Type::Map(..) => matches!(item, Type::Text(_) | Type::Dyn | Type::Int | Type::Uint | Type::Bool),
        Type::Dyn | Type::Object(..) | Type::Optional(_) => true,
        _ => false,
    }
}

/// Whether two types are one apart from the sizes of values.
fn same_kind(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Dyn | Type::Optional(_), _) | (_, Type::Dyn | Type::Optional(_)) => true,
        // Messages may be null, and what is collected from them.
        (Type::Object(..) | Type::Map(..) | Type::List(..) | Type::Made(_) | Type::Library(_), Type::Null)
        | (Type::Null, Type::Object(..) | Type::Map(..) | Type::List(..) | Type::Made(_) | Type::Library(_)) => true,
        (Type::Text(_), Type::Text(_)) | (Type::Bytes(_), Type::Bytes(_)) => true,
        (Type::List(a, _), Type::List(b, _)) | (Type::Map(a, _), Type::Map(b, _)) => same_kind(a, b),
        (Type::Object(..) | Type::Map(..), Type::Object(..) | Type::Map(..)) => true,
        _ => a == b,
    }
}

const fn is_ordered(of: &Type) -> bool {
    matches!(of, Type::Bool | Type::Text(_) | Type::Bytes(_) | Type::Timestamp | Type::Duration)
}

fn arithmetic(sign: &str, left: &Type, right: &Type) -> Option<Type> {
    match (sign, left, right) {
        ("+", Type::Text(a), Type::Text(b)) => Some(Type::Text(a.saturating_add(*b))),
        ("+", Type::Bytes(a), Type::Bytes(b)) => Some(Type::Bytes(a.saturating_add(*b))),
        ("+", Type::List(a, n), Type::List(b, m)) => {
            let item = if same_kind(a, b) && !matches!(**a, Type::Dyn) { a.clone() } else { b.clone() };
            Some(Type::List(item, n.saturating_add(*m)))
        }
        ("+" | "-", Type::Timestamp, Type::Duration) | ("+", Type::Duration, Type::Timestamp) => Some(Type::Timestamp),
        ("-", Type::Timestamp, Type::Timestamp) | ("+" | "-", Type::Duration, Type::Duration) => Some(Type::Duration),
        ("%", Type::Double, Type::Double) => None,
        (_, Type::Int | Type::Uint | Type::Double, _) if left == right => Some(left.clone()),
        _ => None,
    }
}

/// A path of fields as it is written.
fn spelled(expr: &IdedExpr) -> String {
    match &expr.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) => format!("{}.{}", spelled(&select.operand), select.field),
        _ => String::new(),
    }
}
