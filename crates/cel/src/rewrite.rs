//! Objects that are written out (`Object{metadata: ...}`) as the maps that they are evaluated to.

use crate::{macros::parts, structs};
use kube_cel::cel::{
    IdedExpr,
    common::ast::{EntryExpr, Expr, IdedEntryExpr, LiteralValue, MapEntryExpr, MapExpr},
};

/// Rewrites an expression and all inside of it.
pub fn rewrite(expr: &mut IdedExpr) {
    parts(&mut expr.expr).into_iter().for_each(rewrite);
    if let Expr::Struct(of) = &mut expr.expr {
        let entries = std::mem::take(&mut of.entries);
        let named = structs::type_entry(&of.type_name);
        expr.expr = Expr::Map(MapExpr { entries: std::iter::once(named).chain(entries.into_iter().map(as_map_entry)).collect() });
    }
}

/// A field of an object as an entry of a map.
fn as_map_entry(entry: IdedEntryExpr) -> IdedEntryExpr {
    match entry.expr {
        EntryExpr::StructField(field) => {
            let key = IdedExpr { id: entry.id, expr: Expr::Literal(LiteralValue::String(field.field.as_str().into())) };
            IdedEntryExpr { id: entry.id, expr: EntryExpr::MapEntry(MapEntryExpr { key, value: field.value, optional: field.optional }) }
        }
        other => IdedEntryExpr { id: entry.id, expr: other },
    }
}
