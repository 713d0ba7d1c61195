//! From a checked expression to one that the interpreter can evaluate: loops with two variables become loops over pairs, and
//! arguments of some functions pass a guard that refuses them in upstream's words.

use crate::{
    macros::{MAP_INSERT, SORT_BY_KEYS},
    netip, url,
};
use kube_cel::cel::{
    Context, ExecutionError, IdedExpr, Value,
    common::ast::{CallExpr, EntryExpr, Expr, IdedEntryExpr, LiteralValue, operators},
    extractors::{Arguments, This},
    objects::{Key, Map, OptionalValue},
};
use std::{collections::HashMap, sync::Arc};

/// The pairs of a list (index and item) or a map (key and value).
const ENTRIES: &str = "@entries";

/// Functions whose last argument passes a guard first: name and guard.
const GUARDED: [(&str, &str); 2] = [("cidr", "@cidrText"), ("containsCIDR", "@cidrText")];

/// Functions that do not pass on errors of their argument, so that it is looked at before.
const LOOKED_AT: [(&str, &str); 2] = [("ip", "@isIpText"), ("url", "@isUrlText")];

/// Rewrites an expression and all inside of it.
pub fn lower(expr: &mut IdedExpr) {
    lower_within(expr, &mut 0);
}

fn lower_within(expr: &mut IdedExpr, loops: &mut usize) {
    for part in parts(&mut expr.expr) {
        lower_within(part, loops);
    }
    if is_named_format(&expr.expr) {
        let named = std::mem::replace(expr, nothing());
        *expr = call("@optional", vec![named]);
        return;
    }
    if let Some(look) = look_of(&expr.expr) {
        let either = std::mem::replace(expr, nothing());
        *expr = call("_?_:_", vec![look, either.clone(), either]);
        return;
    }
    match &mut expr.expr {
        Expr::Call(call) => guard(call),
        Expr::Comprehension(of) => {
            let Some(second) = of.iter_var2.take() else { return };
            *loops += 1;
            let pair = format!("@pair{loops}");
            let first = std::mem::replace(&mut of.iter_var, pair.clone());
            for (name, index) in [(first, 0), (second, 1)] {
                for part in [&mut of.loop_cond, &mut of.loop_step] {
                    substitute(part, &name, &pair, index);
                }
            }
            let range = std::mem::replace(&mut of.iter_range, nothing());
            of.iter_range = call(ENTRIES, vec![range]);
        }
        _ => {}
    }
}

/// What looks at the argument of a function first; it is true, or an error.
fn look_of(expr: &Expr) -> Option<IdedExpr> {
    let Expr::Call(of) = expr else { return None };
    let [argument] = of.args.as_slice() else { return None };
    let (_, look) = LOOKED_AT.iter().find(|(name, _)| *name == of.func_name && of.target.is_none())?;
    Some(call(look, vec![argument.clone()]))
}

/// `format.named(...)`, which is optional.
fn is_named_format(expr: &Expr) -> bool {
    let Expr::Call(call) = expr else { return false };
    call.func_name == "named" && call.target.as_ref().is_some_and(|target| matches!(&target.expr, Expr::Ident(name) if name == "format"))
}

fn guard(of: &mut CallExpr) {
    // A method without arguments (`cidr.ip()`) has nothing to guard.
    let Some(last) = of.args.last_mut() else { return };
    if let Some((_, guard)) = GUARDED.iter().find(|(name, _)| *name == of.func_name) {
        let guarded = std::mem::replace(last, nothing());
        *last = call(guard, vec![guarded]);
    }
    let is_canonical =
        of.func_name == "isCanonical" && of.target.as_ref().is_some_and(|target| matches!(&target.expr, Expr::Ident(name) if name == "ip"));
    if is_canonical {
        let guarded = std::mem::replace(last, nothing());
        *last = call("@ipText", vec![guarded]);
    }
}

/// Puts the item of a pair in the place of a variable.
fn substitute(expr: &mut IdedExpr, name: &str, pair: &str, index: i64) {
    match &mut expr.expr {
        Expr::Ident(used) if used == name => {
            let at = node(Expr::Literal(LiteralValue::Int(index.into())));
            expr.expr = call(operators::INDEX, vec![node(Expr::Ident(pair.to_owned())), at]).expr;
        }
        // An inner loop may have a variable of the same name.
        Expr::Comprehension(of) if of.iter_var == name || of.accu_var == name => {
            substitute(&mut of.iter_range, name, pair, index);
            substitute(&mut of.accu_init, name, pair, index);
        }
        other => parts(other).into_iter().for_each(|part| substitute(part, name, pair, index)),
    }
}

/// The expressions right inside of one.
pub fn parts(expr: &mut Expr) -> Vec<&mut IdedExpr> {
    match expr {
        Expr::Call(call) => call.target.iter_mut().map(|t| &mut **t).chain(call.args.iter_mut()).collect(),
        Expr::Comprehension(of) => {
            let of = &mut **of;
            vec![&mut of.iter_range, &mut of.accu_init, &mut of.loop_cond, &mut of.loop_step, &mut of.result]
        }
        Expr::List(list) => list.elements.iter_mut().collect(),
        Expr::Select(select) => vec![&mut *select.operand],
        Expr::Map(map) => map.entries.iter_mut().flat_map(entry).collect(),
        Expr::Struct(of) => of.entries.iter_mut().flat_map(entry).collect(),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    }
}

fn entry(entry: &mut IdedEntryExpr) -> Vec<&mut IdedExpr> {
    match &mut entry.expr {
        EntryExpr::StructField(field) => vec![&mut field.value],
        EntryExpr::MapEntry(entry) => vec![&mut entry.key, &mut entry.value],
    }
}

fn node(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
}

fn nothing() -> IdedExpr {
    node(Expr::Unspecified)
}

fn call(name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    node(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
}

/// Adds the functions that lowered expressions call.
pub fn register(context: &mut Context<'_>) {
    context.add_function(ENTRIES, |value: Value| entries(&value));
    context.add_function(MAP_INSERT, |Arguments(args): Arguments| insert(&args));
    context.add_function("@optional", |value: Value| -> Result<Value, ExecutionError> {
        let optional = if matches!(value, Value::Null) { OptionalValue::none() } else { OptionalValue::of(value) };
        Ok(Value::Opaque(Arc::new(optional)))
    });
    context.add_function("unwrapOpt", |This(list): This<Value>| unwrapped(&list));
    context.add_function("optional.unwrap", |list: Value| unwrapped(&list));
    context.add_function("@ipText", |value: Value| checked("ip", value, netip::check_ip));
    context.add_function("@isIpText", |value: Value| checked("ip", value, netip::check_ip).map(|_| Value::Bool(true)));
    context.add_function("@isUrlText", |value: Value| checked("url", value, url::check).map(|_| Value::Bool(true)));
    context.add_function(SORT_BY_KEYS, |list: Value, keys: Value| sorted(&list, &keys));
    context.add_function("@cidrText", |value: Value| checked("cidr", value, netip::check_cidr));
}

fn checked(function: &str, value: Value, check: fn(&str) -> Result<(), String>) -> Result<Value, ExecutionError> {
    if let Value::String(text) = &value {
        check(text).map_err(|why| ExecutionError::function_error(function, why))?;
    }
    Ok(value)
}

/// A list in the order of keys, of which each item has one.
fn sorted(list: &Value, keys: &Value) -> Result<Value, ExecutionError> {
    let (Value::List(list), Value::List(keys)) = (list, keys) else { return Err(ExecutionError::NoSuchOverload) };
    let mut pairs: Vec<(&Value, &Value)> = keys.iter().zip(list.iter()).collect();
    let mut comparable = true;
    pairs.sort_by(|(a, _), (b, _)| {
        a.partial_cmp(b).unwrap_or_else(|| {
            comparable = false;
            std::cmp::Ordering::Equal
        })
    });
    if !comparable {
        return Err(ExecutionError::function_error("sortBy", "list elements must be comparable"));
    }
    Ok(Value::List(Arc::new(pairs.into_iter().map(|(_, item)| item.clone()).collect())))
}

fn key_of(value: &Value) -> Result<Key, ExecutionError> {
    match value {
        Value::String(text) => Ok(Key::String(text.clone())),
        Value::Int(number) => Ok(Key::Int(*number)),
        Value::UInt(number) => Ok(Key::Uint(*number)),
        Value::Bool(truth) => Ok(Key::Bool(*truth)),
        _ => Err(ExecutionError::NoSuchOverload),
    }
}

/// The values of a list of optionals that have one.
fn unwrapped(list: &Value) -> Result<Value, ExecutionError> {
    let Value::List(list) = list else { return Err(ExecutionError::NoSuchOverload) };
    let mut values = Vec::new();
    for item in list.iter() {
        let optional = <&OptionalValue>::try_from(item).map_err(|_| ExecutionError::NoSuchOverload)?;
        values.extend(optional.value().cloned());
    }
    Ok(Value::List(Arc::new(values)))
}

fn entries(of: &Value) -> Result<Value, ExecutionError> {
    let pair = |first: Value, second: &Value| Value::List(Arc::new(vec![first, second.clone()]));
    let pairs = match of {
        Value::List(list) => {
            let index = |n: usize| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
            list.iter().enumerate().map(|(n, item)| pair(index(n), item)).collect()
        }
        Value::Map(map) => {
            let mut all: Vec<(&Key, &Value)> = map.map.iter().collect();
            all.sort_by_key(|(key, _)| *key);
            all.into_iter().map(|(key, value)| pair(Value::from(key), value)).collect()
        }
        _ => return Err(ExecutionError::NoSuchOverload),
    };
    Ok(Value::List(Arc::new(pairs)))
}

/// A map with one entry more: given by key and value, or as a map.
fn insert(args: &[Value]) -> Result<Value, ExecutionError> {
    let (map, added): (_, Vec<(Key, Value)>) = match args {
        [Value::Map(map), key, value] => (map, vec![(key_of(key)?, value.clone())]),
        [Value::Map(map), Value::Map(entry)] => (map, entry.map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()),
        _ => return Err(ExecutionError::NoSuchOverload),
    };
    let mut entries: HashMap<Key, Value> = (*map.map).clone();
    for (key, value) in added {
        if entries.contains_key(&key) {
            let why = format!("insert failed: key {key} already exists");
            return Err(ExecutionError::function_error(MAP_INSERT, why));
        }
        entries.insert(key, value);
    }
    Ok(Value::Map(Map { map: Arc::new(entries) }))
}
