//! Forms that the parser reads and the interpreter does not know, in terms of those that it knows.

use kube_cel::cel::{
    IdedExpr,
    common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedEntryExpr, ListExpr, LiteralValue, MapEntryExpr, MapExpr, operators},
};

/// Rewrites an expression and all inside of it.
pub fn rewrite(expr: &mut IdedExpr) {
    match &mut expr.expr {
        Expr::Call(call) => {
            call.target.iter_mut().for_each(|t| rewrite(t));
            call.args.iter_mut().for_each(rewrite);
            // `a.?b` and `a[?'b']` differ in nothing but their spelling.
            if call.func_name == operators::OPT_SELECT {
                call.func_name = operators::OPT_INDEX.to_owned();
            }
        }
        Expr::Comprehension(c) => {
            for part in [&mut c.iter_range, &mut c.accu_init, &mut c.loop_cond, &mut c.loop_step, &mut c.result] {
                rewrite(part);
            }
        }
        Expr::List(list) => list.elements.iter_mut().for_each(rewrite),
        Expr::Select(select) => rewrite(&mut select.operand),
        Expr::Map(map) => map.entries.iter_mut().for_each(entry),
        Expr::Struct(of) => of.entries.iter_mut().for_each(entry),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
    let taken = std::mem::take(&mut expr.expr);
    expr.expr = match taken {
        Expr::Struct(of) => Expr::Map(MapExpr { entries: of.entries.into_iter().map(as_map_entry).collect() }),
        Expr::Call(call) if is_bind(&call) => bind(call),
        other => other,
    };
}

fn entry(entry: &mut IdedEntryExpr) {
    match &mut entry.expr {
        EntryExpr::StructField(field) => rewrite(&mut field.value),
        EntryExpr::MapEntry(entry) => {
            rewrite(&mut entry.key);
            rewrite(&mut entry.value);
        }
    }
}

/// A field of an object (`Object{metadata: ...}`) as an entry of a map.
fn as_map_entry(entry: IdedEntryExpr) -> IdedEntryExpr {
    match entry.expr {
        EntryExpr::StructField(field) => {
            let key = IdedExpr { id: entry.id, expr: Expr::Literal(LiteralValue::String(field.field.as_str().into())) };
            IdedEntryExpr { id: entry.id, expr: EntryExpr::MapEntry(MapEntryExpr { key, value: field.value, optional: field.optional }) }
        }
        other => IdedEntryExpr { id: entry.id, expr: other },
    }
}

/// `cel.bind(name, value, expression)`.
fn is_bind(call: &kube_cel::cel::common::ast::CallExpr) -> bool {
    let on_cel = call.target.as_deref().is_some_and(|t| matches!(&t.expr, Expr::Ident(name) if name == "cel"));
    on_cel && call.func_name == "bind" && matches!(call.args.as_slice(), [IdedExpr { expr: Expr::Ident(_), .. }, _, _])
}

/// A loop over nothing whose result sees the accumulator is how CEL itself expands it.
fn bind(call: kube_cel::cel::common::ast::CallExpr) -> Expr {
    let mut args = call.args.into_iter();
    let (Some(name), Some(value), Some(result)) = (args.next(), args.next(), args.next()) else { return Expr::Unspecified };
    let Expr::Ident(variable) = &name.expr else { return Expr::Unspecified };
    let part = |expr| IdedExpr { id: name.id, expr };
    Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: part(Expr::List(ListExpr::new(Vec::new()))),
        iter_var: "#unused".to_owned(),
        iter_var2: None,
        accu_var: variable.clone(),
        accu_init: value,
        loop_cond: part(Expr::Literal(LiteralValue::Boolean(false.into()))),
        loop_step: part(Expr::Ident(variable.clone())),
        result,
    }))
}
