//! Forms that the parser reads and the interpreter does not know, in terms of those that it knows.

use crate::{
    authorizer::REQUEST_RESOURCE,
    lower::parts,
    macros::{self, Misuse},
    structs,
};
use kube_cel::cel::{
    IdedExpr,
    common::ast::{CallExpr, EntryExpr, Expr, IdedEntryExpr, LiteralValue, MapEntryExpr, MapExpr, operators},
};

/// Rewrites an expression and all inside of it; uses of macros that are none are added to `misuses`.
pub fn rewrite(expr: &mut IdedExpr, misuses: &mut Vec<Misuse>) {
    for part in parts(&mut expr.expr) {
        rewrite(part, misuses);
    }
    match &mut expr.expr {
        // `a.?b` and `a[?'b']` differ in nothing but their spelling.
        Expr::Call(call) if call.func_name == operators::OPT_SELECT => call.func_name = operators::OPT_INDEX.to_owned(),
        Expr::Call(_) => misuses.extend(macros::expand(expr).err()),
        _ => {}
    }
    if let Expr::Struct(of) = &mut expr.expr {
        let entries = std::mem::take(&mut of.entries);
        let named = structs::type_entry(&of.type_name);
        expr.expr = Expr::Map(MapExpr { entries: std::iter::once(named).chain(entries.into_iter().map(as_map_entry)).collect() });
    }
    if let Expr::Select(select) = &mut expr.expr
        && select.field == "requestResource"
        && matches!(&select.operand.expr, Expr::Ident(name) if name == "authorizer")
    {
        let operand = std::mem::replace(&mut *select.operand, IdedExpr { id: 0, expr: Expr::Unspecified });
        let call = CallExpr { func_name: REQUEST_RESOURCE.to_owned(), target: None, args: vec![operand] };
        expr.expr = Expr::Call(call);
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
