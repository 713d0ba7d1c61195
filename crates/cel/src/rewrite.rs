//! Forms that the parser reads and the interpreter does not know, in terms of those that it knows.

use kube_cel::cel::{
    IdedExpr,
    common::ast::{EntryExpr, Expr, IdedEntryExpr, LiteralValue, MapEntryExpr, MapExpr, operators},
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
    if let Expr::Struct(of) = &mut expr.expr {
        let entries = std::mem::take(&mut of.entries);
        expr.expr = Expr::Map(MapExpr { entries: entries.into_iter().map(as_map_entry).collect() });
    }
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
