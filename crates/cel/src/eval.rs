//! The evaluator: from a checked expression and values of its variables to a value, counting what it costs (C-10-16).
//!
//! Costs are those that cel-go counts while it runs. It takes a variable with the fields and items that are selected from it
//! for one *attribute*: each step costs one, and a branch of `?:` that is an attribute costs one less.

use crate::{
    arithmetic,
    expression::uses,
    library,
    macros::UNUSED,
    runtime_cost::{self, LIST, MAP},
    value::{Text, Val, compare, equal},
};
use kube_cel::cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, ListExpr, LiteralValue, SelectExpr, operators},
    objects::Key,
};
use std::{borrow::Cow, cmp::Ordering, collections::BTreeMap, sync::Arc};

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// In cel-go's words.
    Error(Cow<'static, str>),
    /// It costs more than it may.
    OverLimit,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Error(why) => f.write_str(why),
            Self::OverLimit => f.write_str("operation cancelled: actual cost limit exceeded"),
        }
    }
}

/// The value of an expression, or why it has none.
pub type Outcome<T> = Result<T, Failure>;

/// What operators say about values that they do not take.
pub const NO_OVERLOAD: Failure = Failure::Error(Cow::Borrowed("no such overload"));

/// A failure in the words of cel-go.
pub fn failure<T>(why: impl Into<Cow<'static, str>>) -> Outcome<T> {
    Err(Failure::Error(why.into()))
}

/// One evaluation.
#[derive(Debug)]
pub struct Evaluation<'v> {
    /// The variables that are in scope, the innermost last.
    variables: Vec<(&'v str, Outcome<Val<'v>>)>,
    /// Compiled patterns that the expression spells out.
    patterns: &'v library::Patterns,
    spent: u64,
    limit: u64,
}

impl<'v> Evaluation<'v> {
    /// With variables, and what it may cost.
    pub fn new(variables: &[(&'v str, Val<'v>)], patterns: &'v library::Patterns, limit: u64) -> Self {
        let mut all = Vec::with_capacity(variables.len() + 4);
        all.extend(variables.iter().map(|(name, value)| (*name, Ok(value.clone()))));
        Self { variables: all, patterns, spent: 0, limit }
    }

    /// What has been spent.
    pub const fn spent(&self) -> u64 {
        self.spent
    }

    fn charge(&mut self, cost: u64) -> Outcome<()> {
        self.spent = self.spent.saturating_add(cost);
        if self.spent > self.limit { Err(Failure::OverLimit) } else { Ok(()) }
    }

    /// The value of an expression.
    pub fn value(&mut self, expr: &'v IdedExpr) -> Outcome<Val<'v>> {
        match &expr.expr {
            Expr::Literal(literal) => Ok(of_literal(literal)),
            Expr::Ident(name) => self.variable(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(of) => self.comprehension(of),
            Expr::List(list) => self.list(list),
            Expr::Map(map) => self.map(&map.entries),
            Expr::Struct(_) | Expr::Unspecified => failure("unsupported expression"),
        }
    }

    fn variable(&mut self, name: &'v str) -> Outcome<Val<'v>> {
        if let Some((_, value)) = self.variables.iter().rev().find(|(known, _)| *known == name) {
            let value = value.clone();
            self.charge(1)?;
            return value;
        }
        if crate::functions::TYPE_NAMES.contains(&name) {
            return Ok(Val::Type(name.to_owned()));
        }
        failure(format!("no such attribute(s): {name}"))
    }

    fn has(&self, name: &str) -> bool {
        self.variables.iter().any(|(known, _)| *known == name)
    }

    fn select(&mut self, select: &'v SelectExpr) -> Outcome<Val<'v>> {
        if let Some(name) = self.type_name(select) {
            return Ok(Val::Type(name));
        }
        let operand = self.value(&select.operand)?;
        if select.test {
            self.charge(u64::from(!is_attribute(&select.operand)))?;
            return Ok(Val::Bool(match operand {
                Val::Optional(of) => of.is_some_and(|of| of.field(&select.field).is_some()),
                of if of.is_map() => of.field(&select.field).is_some(),
                _ => return Err(NO_OVERLOAD),
            }));
        }
        self.charge(1 + u64::from(!is_attribute(&select.operand)))?;
        match operand {
            Val::Optional(of) => Ok(Val::Optional(of.and_then(|of| of.field(&select.field)).map(Arc::new))),
            of if of.is_map() => match of.field(&select.field) {
                Some(value) => Ok(value),
                None => failure(format!("no such key: {}", select.field)),
            },
            _ => Err(NO_OVERLOAD),
        }
    }

    /// `google.protobuf.Timestamp` is a type and no field.
    fn type_name(&self, select: &SelectExpr) -> Option<String> {
        let Expr::Select(inner) = &select.operand.expr else { return None };
        let Expr::Ident(root) = &inner.operand.expr else { return None };
        (root == "google" && inner.field == "protobuf" && !self.has(root)).then(|| format!("google.protobuf.{}", select.field))
    }

    fn list(&mut self, list: &'v ListExpr) -> Outcome<Val<'v>> {
        let mut items = Vec::with_capacity(list.elements.len());
        for (index, element) in list.elements.iter().enumerate() {
            let item = self.value(element)?;
            match item {
                Val::Optional(of) if list.optional_indices.contains(&index) => items.extend(of.map(|of| Val::clone(&of))),
                item => items.push(item),
            }
        }
        if !list.elements.iter().all(is_constant) {
            self.charge(LIST)?;
        }
        Ok(Val::list(items))
    }

    fn map(&mut self, entries: &'v [IdedEntryExpr]) -> Outcome<Val<'v>> {
        let mut map = BTreeMap::new();
        let mut constant = true;
        for entry in entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
            constant &= is_constant(&entry.key) && is_constant(&entry.value);
            let key = self.value(&entry.key)?;
            let value = self.value(&entry.value)?;
            let Some(key) = key.to_key() else { return failure("unsupported key type") };
            match value {
                Val::Optional(of) if entry.optional => {
                    if let Some(of) = of {
                        map.insert(key, Val::clone(&of));
                    }
                }
                value => {
                    if map.insert(key.clone(), value).is_some() {
                        return failure(format!("Failed with repeated key: {}", key_text(&key)));
                    }
                }
            }
        }
        if !constant {
            self.charge(MAP)?;
        }
        Ok(Val::Map(Arc::new(map)))
    }

    fn call(&mut self, call: &'v CallExpr) -> Outcome<Val<'v>> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, [a, b]) => self.junction(a, b, false),
            (operators::LOGICAL_OR, [a, b]) => self.junction(a, b, true),
            (operators::CONDITIONAL, [test, then, otherwise]) => match self.value(test)? {
                Val::Bool(truth) => {
                    let branch = if truth { then } else { otherwise };
                    let value = self.value(branch)?;
                    if is_attribute(branch) && !is_conditional(branch) {
                        self.spent = self.spent.saturating_sub(1);
                    }
                    Ok(value)
                }
                _ => Err(NO_OVERLOAD),
            },
            (operators::NOT_STRICTLY_FALSE, [of]) => {
                let value = self.value(of);
                self.charge(1)?;
                match value {
                    Err(Failure::OverLimit) => Err(Failure::OverLimit),
                    Ok(Val::Bool(false)) => Ok(Val::Bool(false)),
                    _ => Ok(Val::Bool(true)),
                }
            }
            (operators::ADD, [IdedExpr { expr: Expr::Ident(name), .. }, IdedExpr { expr: Expr::List(list), .. }])
                if name.starts_with('@') =>
            {
                self.append(name, list)
            }
            (operators::INDEX, [of, index]) => self.index(of, index),
            (operators::OPT_INDEX, [of, index]) => self.optional_index(of, index),
            (operators::IN, [_, IdedExpr { expr: Expr::List(list), .. }]) if list.elements.is_empty() => Ok(Val::Bool(false)),
            (operators::IN, [item, IdedExpr { expr: Expr::List(list), .. }]) if list.elements.iter().all(is_constant) => {
                let item = self.value(item)?;
                let mut found = false;
                for element in &list.elements {
                    found |= equal(&item, &self.value(element)?);
                }
                Ok(Val::Bool(found))
            }
            (name, [argument]) if library::is_conversion(name) && call.target.is_none() && is_constant(argument) => {
                let value = self.value(argument)?;
                library::call(name, std::slice::from_ref(&value), self.patterns)
            }
            ("or" | "orValue", [otherwise]) if call.target.is_some() => self.otherwise(call, otherwise),
            _ => self.function(call),
        }
    }

    /// What an optional is without a value is only evaluated if it has none.
    fn otherwise(&mut self, call: &'v CallExpr, otherwise: &'v IdedExpr) -> Outcome<Val<'v>> {
        let Some(target) = &call.target else { return Err(NO_OVERLOAD) };
        match self.value(target)? {
            Val::Optional(None) => self.value(otherwise),
            Val::Optional(Some(of)) if call.func_name == "orValue" => Ok(Val::clone(&of)),
            optional @ Val::Optional(_) => Ok(optional),
            _ => Err(NO_OVERLOAD),
        }
    }

    /// `&&`, and `||` for which `decides` is true: what decides makes up for an error on the other side.
    fn junction(&mut self, a: &'v IdedExpr, b: &'v IdedExpr, decides: bool) -> Outcome<Val<'v>> {
        let mut failed = None;
        for part in [a, b] {
            match self.value(part) {
                Ok(Val::Bool(truth)) if truth == decides => return Ok(Val::Bool(decides)),
                Ok(Val::Bool(_)) => {}
                Ok(_) => failed = failed.or(Some(NO_OVERLOAD)),
                Err(Failure::OverLimit) => return Err(Failure::OverLimit),
                Err(why) => failed = failed.or(Some(why)),
            }
        }
        failed.map_or(Ok(Val::Bool(!decides)), Err)
    }

    /// A list that a loop collects, with what is added to it; nothing is copied.
    fn append(&mut self, name: &str, list: &'v ListExpr) -> Outcome<Val<'v>> {
        self.charge(1)?;
        let added = self.list(list)?;
        self.charge(1)?;
        let place = self.variables.iter_mut().rev().find(|(known, _)| *known == name);
        let collected = place.map_or(Err(NO_OVERLOAD), |(_, value)| std::mem::replace(value, Ok(Val::Null)))?;
        match (collected, added) {
            (Val::List(mut items, kind), Val::List(added, _)) => {
                Arc::make_mut(&mut items).extend(added.iter().cloned());
                Ok(Val::List(items, kind))
            }
            (collected, added) => arithmetic::binary(operators::ADD, &collected, &added),
        }
    }

    fn index(&mut self, of: &'v IdedExpr, index: &'v IdedExpr) -> Outcome<Val<'v>> {
        let value = self.value(of)?;
        let at = self.index_value(index)?;
        self.charge(1 + u64::from(!is_attribute(of)))?;
        match &value {
            Val::Optional(inner) => Ok(Val::Optional(match inner {
                Some(inner) => item_of(inner, &at).ok().map(Arc::new),
                None => None,
            })),
            value => item_of(value, &at),
        }
    }

    fn optional_index(&mut self, of: &'v IdedExpr, index: &'v IdedExpr) -> Outcome<Val<'v>> {
        let value = self.value(of)?;
        let at = self.index_value(index)?;
        let inner = match &value {
            Val::Optional(None) => return Ok(Val::Optional(None)),
            Val::Optional(Some(inner)) => inner,
            value => value,
        };
        let found = match (inner, &at) {
            (inner, at) if inner.is_map() => at.to_key().and_then(|key| inner.entry(&key)),
            (inner, at) if inner.list_len().is_some() => item_of(inner, at).ok(),
            _ => return Err(NO_OVERLOAD),
        };
        // What is missing costs nothing.
        self.charge(u64::from(found.is_some()) + u64::from(!is_attribute(of)))?;
        Ok(Val::Optional(found.map(Arc::new)))
    }

    fn index_value(&mut self, index: &'v IdedExpr) -> Outcome<Val<'v>> {
        let value = self.value(index)?;
        // An attribute that is an index is a step of the other attribute.
        if is_attribute(index) && !is_conditional(index) {
            self.spent = self.spent.saturating_sub(1);
        }
        Ok(value)
    }

    fn function(&mut self, call: &'v CallExpr) -> Outcome<Val<'v>> {
        let namespace = match call.target.as_deref() {
            Some(IdedExpr { expr: Expr::Ident(name), .. }) if library::is_namespace(name) && !self.has(name) => Some(name.as_str()),
            _ => None,
        };
        let target = call.target.as_deref().filter(|_| namespace.is_none());
        let mut args = Vec::with_capacity(call.args.len() + 1);
        for part in target.into_iter().chain(&call.args) {
            match self.value(part) {
                Ok(value) => args.push(value),
                Err(Failure::OverLimit) => return Err(Failure::OverLimit),
                Err(why) => {
                    self.charge(1)?;
                    return Err(why);
                }
            }
        }
        let name = call.func_name.as_str();
        let value = match (namespace, args.as_slice()) {
            (None, [left, right]) if target.is_none() && is_operator(name) => binary(name, left, right),
            (None, [of]) if name == operators::LOGICAL_NOT => match of {
                Val::Bool(truth) => Ok(Val::Bool(!truth)),
                _ => Err(NO_OVERLOAD),
            },
            (None, [of]) if name == operators::NEGATE => arithmetic::negate(of),
            (None, _) if target.is_some() => library::method(name, &args, self.patterns),
            (None, _) => library::call(name, &args, self.patterns),
            (Some(namespace), _) => library::in_namespace(namespace, name, &args),
        };
        self.charge(runtime_cost::of_call(namespace, name, &args, value.as_ref().ok()))?;
        value
    }

    fn comprehension(&mut self, of: &'v ComprehensionExpr) -> Outcome<Val<'v>> {
        // What is given a name is only evaluated if the name is used.
        if of.iter_var == UNUSED && !uses(&of.result, &of.accu_var) {
            return self.value(&of.result);
        }
        let range = self.value(&of.iter_range)?;
        let init = self.value(&of.accu_init);
        self.variables.push((of.accu_var.as_str(), init));
        let collected = self.fold(of, &range);
        let result = collected.and_then(|()| self.value(&of.result));
        self.variables.pop();
        result
    }

    /// Runs the loop; the accumulator is the last variable.
    fn fold(&mut self, of: &'v ComprehensionExpr, range: &Val<'v>) -> Outcome<()> {
        let keys = range.keys();
        let Some(len) = keys.as_ref().map(Vec::len).or_else(|| range.list_len()) else { return Err(NO_OVERLOAD) };
        for index in 0..len {
            let key = keys.as_ref().and_then(|keys| keys.get(index));
            let (first, second) = match (key, &of.iter_var2) {
                (Some(key), None) => (Val::of_key(key), None),
                (Some(key), Some(name)) => (Val::of_key(key), Some((name.as_str(), range.entry(key).unwrap_or_default()))),
                (None, None) => (range.item(index).unwrap_or_default(), None),
                (None, Some(name)) => (Val::int(index), Some((name.as_str(), range.item(index).unwrap_or_default()))),
            };
            let outer = self.variables.len();
            self.variables.push((of.iter_var.as_str(), Ok(first)));
            self.variables.extend(second.map(|(name, value)| (name, Ok(value))));
            let goes_on = self.value(&of.loop_cond);
            let step = match goes_on {
                Ok(Val::Bool(true)) => Some(self.value(&of.loop_step)),
                Ok(_) => None,
                Err(why) => Some(Err(why)),
            };
            self.variables.truncate(outer);
            match step {
                None => break,
                Some(Err(Failure::OverLimit)) => return Err(Failure::OverLimit),
                Some(value) => {
                    if let Some(last) = self.variables.last_mut() {
                        last.1 = value;
                    }
                }
            }
        }
        Ok(())
    }
}

fn is_operator(name: &str) -> bool {
    name.starts_with('_') || name == operators::IN
}

fn binary<'v>(name: &str, left: &Val<'v>, right: &Val<'v>) -> Outcome<Val<'v>> {
    let ordered = |is: fn(Ordering) -> bool| match compare(left, right) {
        Some(order) => Ok(Val::Bool(is(order))),
        None if is_number(left) && is_number(right) => Ok(Val::Bool(false)),
        None => Err(NO_OVERLOAD),
    };
    match name {
        operators::EQUALS => Ok(Val::Bool(equal(left, right))),
        operators::NOT_EQUALS => Ok(Val::Bool(!equal(left, right))),
        operators::LESS => ordered(Ordering::is_lt),
        operators::LESS_EQUALS => ordered(Ordering::is_le),
        operators::GREATER => ordered(Ordering::is_gt),
        operators::GREATER_EQUALS => ordered(Ordering::is_ge),
        operators::IN => contains(right, left).map(Val::Bool),
        _ => arithmetic::binary(name, left, right),
    }
}

const fn is_number(value: &Val<'_>) -> bool {
    matches!(value, Val::Int(_) | Val::Uint(_) | Val::Double(_))
}

fn contains(of: &Val<'_>, item: &Val<'_>) -> Outcome<bool> {
    match of {
        Val::Optional(Some(of)) => contains(of, item),
        of if of.is_map() => Ok(item.to_key().is_some_and(|key| of.entry(&key).is_some())),
        of => match of.list_len() {
            Some(len) => Ok((0..len).filter_map(|index| of.item(index)).any(|other| equal(&other, item))),
            None => Err(NO_OVERLOAD),
        },
    }
}

/// An item of a list, or the value of a key.
fn item_of<'v>(of: &Val<'v>, at: &Val<'v>) -> Outcome<Val<'v>> {
    if of.is_map() {
        let Some(key) = at.to_key() else { return Err(NO_OVERLOAD) };
        return of.entry(&key).map_or_else(|| failure(format!("no such key: {}", key_text(&key))), Ok);
    }
    if of.list_len().is_none() {
        return Err(NO_OVERLOAD);
    }
    let index = match at {
        Val::Int(index) => *index,
        Val::Uint(index) => i64::try_from(*index).unwrap_or(i64::MAX),
        #[allow(clippy::cast_possible_truncation, reason = "only if nothing is lost")]
        Val::Double(index) if index.fract() == 0.0 => *index as i64,
        other => return failure(format!("unsupported index type '{}' in list", other.type_name())),
    };
    let item = usize::try_from(index).ok().and_then(|index| of.item(index));
    item.map_or_else(|| failure(format!("index out of bounds: {index}")), Ok)
}

/// A key as errors show it.
pub fn key_text(key: &Key) -> String {
    match key {
        Key::String(text) => text.to_string(),
        Key::Int(number) => number.to_string(),
        Key::Uint(number) => number.to_string(),
        Key::Bool(truth) => truth.to_string(),
    }
}

/// Whether an expression is a variable, or fields and items selected from something.
fn is_attribute(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Ident(_) => true,
        Expr::Select(select) => !select.test,
        Expr::Call(call) => matches!(call.func_name.as_str(), operators::INDEX | operators::OPT_INDEX | operators::CONDITIONAL),
        _ => false,
    }
}

fn is_conditional(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Call(call) if call.func_name == operators::CONDITIONAL)
}

/// Whether an expression has been evaluated before it is run: it is written out.
fn is_constant(expr: &IdedExpr) -> bool {
    match &expr.expr {
        Expr::Literal(_) => true,
        Expr::List(list) => list.optional_indices.is_empty() && list.elements.iter().all(is_constant),
        Expr::Map(map) => map.entries.iter().all(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => !entry.optional && is_constant(&entry.key) && is_constant(&entry.value),
            EntryExpr::StructField(_) => false,
        }),
        Expr::Call(call) => match call.args.as_slice() {
            [of] if call.func_name == operators::NEGATE => matches!(of.expr, Expr::Literal(_)),
            [of] => call.target.is_none() && library::is_conversion(&call.func_name) && is_constant(of),
            _ => false,
        },
        _ => false,
    }
}

fn of_literal(literal: &LiteralValue) -> Val<'_> {
    match literal {
        LiteralValue::Boolean(b) => Val::Bool(*b.inner()),
        LiteralValue::Bytes(bytes) => Val::Other(kube_cel::cel::Value::Bytes(Arc::new(bytes.inner().to_vec()))),
        LiteralValue::Double(f) => Val::Double(*f.inner()),
        LiteralValue::Int(i) => Val::Int(*i.inner()),
        LiteralValue::Null => Val::Null,
        LiteralValue::String(text) => Val::Text(Text::Borrowed(text.inner())),
        LiteralValue::UInt(u) => Val::Uint(*u.inner()),
    }
}
