//! Macros that the parser leaves as calls: those with two variables (`ext.TwoVarComprehensions`), and of optional values.

use kube_cel::cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, Expr, ListExpr, LiteralValue, MapExpr, operators},
};

/// The variable in which a loop collects its result, as the parser calls it.
const RESULT: &str = "@result";

/// Adds an entry to a map; see [`crate::lower`].
pub const MAP_INSERT: &str = "@mapInsert";

/// Sorts a list by keys; see [`crate::lower`].
pub const SORT_BY_KEYS: &str = "@sortByKeys";

/// A use of a macro that is none: its name, the index of the argument at fault, and what is wrong.
pub type Misuse = (String, usize, String);

/// Expands the macro that an expression is, if it is one.
///
/// # Errors
/// An argument that must be a name is none.
pub fn expand(expr: &mut IdedExpr) -> Result<(), Misuse> {
    let Expr::Call(call) = &mut expr.expr else { return Ok(()) };
    let Some(make) = expander(&call.func_name, call.args.len()).filter(|_| call.target.is_some()) else { return Ok(()) };
    let names = if call.func_name.starts_with("opt") || call.func_name == "sortBy" { 1 } else { 2 };
    let mut variables: Vec<String> = Vec::new();
    for (index, arg) in call.args.iter().take(names).enumerate() {
        let Expr::Ident(name) = &arg.expr else { return Err((call.func_name.clone(), index, "argument must be a simple name".to_owned())) };
        if variables.contains(name) {
            return Err((call.func_name.clone(), index, format!("duplicate variable name: {name}")));
        }
        variables.push(name.clone());
    }
    let Some(target) = call.target.take() else { return Ok(()) };
    let args = std::mem::take(&mut call.args).into_iter().skip(names).collect();
    expr.expr = make(*target, variables, args).expr;
    Ok(())
}

type Expander = fn(IdedExpr, Vec<String>, Vec<IdedExpr>) -> IdedExpr;

fn expander(name: &str, args: usize) -> Option<Expander> {
    Some(match (name, args) {
        ("all", 3) => all,
        ("exists", 3) => exists,
        ("existsOne" | "exists_one", 3) => exists_one,
        ("transformList", 3 | 4) => transform_list,
        ("transformMap", 3 | 4) => transform_map,
        ("transformMapEntry", 3 | 4) => transform_map_entry,
        ("sortBy", 2) => sort_by,
        ("optMap", 2) => opt_map,
        ("optFlatMap", 2) => opt_flat_map,
        _ => return None,
    })
}

fn node(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
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
    let keys = transform_list(target.clone(), variables, args);
    call(SORT_BY_KEYS, vec![target, keys])
}

/// `target.hasValue() ? then(x) : optional.none()`, where x is the target's value.
fn if_present(target: IdedExpr, variables: Vec<String>, of: impl FnOnce(IdedExpr) -> IdedExpr, then: IdedExpr) -> IdedExpr {
    let variable = variables.into_iter().next().unwrap_or_default();
    // A loop over nothing gives a value a name.
    let named = node(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: node(Expr::List(ListExpr::new(Vec::new()))),
        iter_var: "#unused".to_owned(),
        iter_var2: None,
        accu_init: method(target.clone(), "value", Vec::new()),
        loop_cond: boolean(false),
        loop_step: ident(&variable),
        result: then,
        accu_var: variable,
    })));
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
