//! Macros: loops with one variable or two (`ext.TwoVarComprehensions`), `has`, and those of optional values.

use kube_cel::cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, ListExpr, LiteralValue, MapExpr, SelectExpr, operators},
};

/// The variable in which a loop collects its result, as the parser calls it.
const RESULT: &str = "@result";

/// The variable of a loop over nothing.
pub const UNUSED: &str = "#unused";

/// Adds an entry to a map; see [`crate::library`].
pub const MAP_INSERT: &str = "@mapInsert";

/// Sorts a list by keys; see [`crate::library`].
pub const SORT_BY_KEYS: &str = "@sortByKeys";

/// A use of a macro that is none.
#[derive(Debug)]
pub struct Misuse {
    /// The id of the part at fault.
    pub id: u64,
    /// What is wrong.
    pub why: String,
}

/// Stands for the id of the macro in what it is expanded to.
const EXPANDED: u64 = u64::MAX;

/// Expands the macro that an expression is, if it is one. What is new in it has the id of the macro.
///
/// # Errors
/// An argument that must be a name is none.
pub fn expand(expr: &mut IdedExpr) -> Result<(), Misuse> {
    let Expr::Call(call) = &mut expr.expr else { return Ok(()) };
    if call.target.is_none() {
        return if call.func_name == operators::HAS && call.args.len() == 1 { has(expr) } else { Ok(()) };
    }
    let Some((names, make)) = expander(&call.func_name, call.args.len()) else { return Ok(()) };
    let mut variables: Vec<String> = Vec::new();
    for arg in call.args.iter().take(names) {
        let Expr::Ident(name) = &arg.expr else {
            let why = match call.func_name.as_str() {
                name @ ("optMap" | "optFlatMap") => format!("{name}() variable name must be a simple identifier"),
                _ => "argument must be a simple name".to_owned(),
            };
            return Err(Misuse { id: arg.id, why });
        };
        if variables.contains(name) {
            return Err(Misuse { id: arg.id, why: format!("duplicate variable name: {name}") });
        }
        variables.push(name.clone());
    }
    let Some(target) = call.target.take() else { return Ok(()) };
    let args = std::mem::take(&mut call.args).into_iter().skip(names).collect();
    expr.expr = make(*target, variables, args).expr;
    let id = expr.id;
    stamp(expr, id);
    Ok(())
}

/// Gives an id to all that is new.
fn stamp(expr: &mut IdedExpr, id: u64) {
    if expr.id == EXPANDED {
        expr.id = id;
    }
    parts(&mut expr.expr).into_iter().for_each(|part| stamp(part, id));
}

fn has(expr: &mut IdedExpr) -> Result<(), Misuse> {
    let Expr::Call(call) = &mut expr.expr else { return Ok(()) };
    let Some(argument) = call.args.pop() else { return Ok(()) };
    let Expr::Select(select) = argument.expr else {
        return Err(Misuse { id: argument.id, why: "invalid argument to has() macro".to_owned() });
    };
    expr.expr = Expr::Select(SelectExpr { test: true, ..select });
    Ok(())
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

type Expander = fn(IdedExpr, Vec<String>, Vec<IdedExpr>) -> IdedExpr;

/// How many of a macro's arguments are names of variables, and what it is expanded to.
fn expander(name: &str, args: usize) -> Option<(usize, Expander)> {
    Some(match (name, args) {
        ("all", 2 | 3) => (args - 1, all),
        ("exists", 2 | 3) => (args - 1, exists),
        ("exists_one", 2) | ("existsOne" | "exists_one", 3) => (args - 1, exists_one),
        ("map", 2 | 3) => (1, transform_list),
        ("filter", 2) => (1, filter),
        ("transformList", 3 | 4) => (2, transform_list),
        ("transformMap", 3 | 4) => (2, transform_map),
        ("transformMapEntry", 3 | 4) => (2, transform_map_entry),
        ("sortBy", 2) => (1, sort_by),
        ("optMap", 2) => (1, opt_map),
        ("optFlatMap", 2) => (1, opt_flat_map),
        _ => return None,
    })
}

fn node(expr: Expr) -> IdedExpr {
    IdedExpr { id: EXPANDED, expr }
}

fn ident(name: &str) -> IdedExpr {
    node(Expr::Ident(name.to_owned()))
}

fn call(name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    node(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
}

fn method(target: IdedExpr, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    node(Expr::Call(CallExpr { func_name: name.to_owned(), target: Some(Box::new(target)), args }))
}

fn boolean(value: bool) -> IdedExpr {
    node(Expr::Literal(LiteralValue::Boolean(value.into())))
}

fn one() -> IdedExpr {
    node(Expr::Literal(LiteralValue::Int(1.into())))
}

/// What happens with each item of a loop.
struct Loop {
    init: IdedExpr,
    condition: IdedExpr,
    step: IdedExpr,
    result: IdedExpr,
}

fn over(target: IdedExpr, variables: Vec<String>, of: Loop) -> IdedExpr {
    let mut variables = variables.into_iter();
    node(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: target,
        iter_var: variables.next().unwrap_or_default(),
        iter_var2: variables.next(),
        accu_var: RESULT.to_owned(),
        accu_init: of.init,
        loop_cond: of.condition,
        loop_step: of.step,
        result: of.result,
    })))
}

fn all(target: IdedExpr, variables: Vec<String>, args: Vec<IdedExpr>) -> IdedExpr {
    let condition = call("@not_strictly_false", vec![ident(RESULT)]);
    let step = call("_&&_", std::iter::once(ident(RESULT)).chain(args).collect());
    over(target, variables, Loop { init: boolean(true), condition, step, result: ident(RESULT) })
}

fn exists(target: IdedExpr, variables: Vec<String>, args: Vec<IdedExpr>) -> IdedExpr {
    let condition = call("@not_strictly_false", vec![call("!_", vec![ident(RESULT)])]);
    let step = call("_||_", std::iter::once(ident(RESULT)).chain(args).collect());
    over(target, variables, Loop { init: boolean(false), condition, step, result: ident(RESULT) })
}

fn exists_one(target: IdedExpr, variables: Vec<String>, mut args: Vec<IdedExpr>) -> IdedExpr {
    let init = node(Expr::Literal(LiteralValue::Int(0.into())));
    args.push(call(operators::ADD, vec![ident(RESULT), one()]));
    args.push(ident(RESULT));
    let result = call(operators::EQUALS, vec![ident(RESULT), one()]);
    over(target, variables, Loop { init, condition: boolean(true), step: call("_?_:_", args), result })
}

/// A loop that collects: `args` are a filter, if any, and what is collected.
fn collect(
    target: IdedExpr,
    variables: Vec<String>,
    mut args: Vec<IdedExpr>,
    init: Expr,
    add: impl FnOnce(IdedExpr) -> IdedExpr,
) -> IdedExpr {
    let added = args.pop().map_or_else(|| ident(RESULT), add);
    let step = match args.pop() {
        Some(filter) => call("_?_:_", vec![filter, added, ident(RESULT)]),
        None => added,
    };
    over(target, variables, Loop { init: node(init), condition: boolean(true), step, result: ident(RESULT) })
}

fn filter(target: IdedExpr, variables: Vec<String>, mut args: Vec<IdedExpr>) -> IdedExpr {
    args.push(ident(variables.first().map_or("", String::as_str)));
    transform_list(target, variables, args)
}

fn transform_list(target: IdedExpr, variables: Vec<String>, args: Vec<IdedExpr>) -> IdedExpr {
    let init = Expr::List(ListExpr::new(Vec::new()));
    collect(target, variables, args, init, |item| call(operators::ADD, vec![ident(RESULT), node(Expr::List(ListExpr::new(vec![item])))]))
}

fn transform_map(target: IdedExpr, variables: Vec<String>, args: Vec<IdedExpr>) -> IdedExpr {
    let key = ident(variables.first().map_or("", String::as_str));
    collect(target, variables, args, Expr::Map(MapExpr { entries: Vec::new() }), |value| call(MAP_INSERT, vec![ident(RESULT), key, value]))
}

fn transform_map_entry(target: IdedExpr, variables: Vec<String>, args: Vec<IdedExpr>) -> IdedExpr {
    collect(target, variables, args, Expr::Map(MapExpr { entries: Vec::new() }), |entry| call(MAP_INSERT, vec![ident(RESULT), entry]))
}

fn sort_by(target: IdedExpr, variables: Vec<String>, args: Vec<IdedExpr>) -> IdedExpr {
    let keys = transform_list(ident("@sorted"), variables, args);
    named("@sorted".to_owned(), target, call(SORT_BY_KEYS, vec![ident("@sorted"), keys]))
}

/// An expression in which a value has a name: a loop over nothing gives it one.
fn named(variable: String, value: IdedExpr, then: IdedExpr) -> IdedExpr {
    node(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: node(Expr::List(ListExpr::new(Vec::new()))),
        iter_var: UNUSED.to_owned(),
        iter_var2: None,
        accu_init: value,
        loop_cond: boolean(false),
        loop_step: ident(&variable),
        result: then,
        accu_var: variable,
    })))
}

/// `target.hasValue() ? then(x) : optional.none()`, where x is the target's value.
fn if_present(target: IdedExpr, variables: Vec<String>, of: impl FnOnce(IdedExpr) -> IdedExpr, then: IdedExpr) -> IdedExpr {
    let variable = variables.into_iter().next().unwrap_or_default();
    let named = named(variable, method(target.clone(), "value", Vec::new()), then);
    let none = method(ident("optional"), "none", Vec::new());
    call("_?_:_", vec![method(target, "hasValue", Vec::new()), of(named), none])
}

fn opt_map(target: IdedExpr, variables: Vec<String>, mut args: Vec<IdedExpr>) -> IdedExpr {
    let then = args.pop().unwrap_or_else(|| boolean(false));
    if_present(target, variables, |value| method(ident("optional"), "of", vec![value]), then)
}

fn opt_flat_map(target: IdedExpr, variables: Vec<String>, mut args: Vec<IdedExpr>) -> IdedExpr {
    let then = args.pop().unwrap_or_else(|| boolean(false));
    if_present(target, variables, |value| value, then)
}
