//! How types stand to each other: which can be compared, joined and added.

use crate::types::Type;
use kube_cel::cel::common::ast::{LiteralValue, operators};
use std::sync::Arc;

pub fn of_literal(literal: &LiteralValue) -> Type {
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
pub fn unwrapped(of: &Type) -> &Type {
    match of {
        Type::Optional(inner) => inner,
        other => other,
    }
}

/// The type of several; dyn when they differ.
pub fn common<'t>(mut types: impl Iterator<Item = &'t Type>) -> Type {
    let Some(first) = types.next() else { return Type::Dyn };
    types.fold(first.clone(), |of, next| either(&of, next))
}

/// The type of two; of what is inside of them, what is not known of one is taken from the other.
pub fn either(a: &Type, b: &Type) -> Type {
    let inner = |a: &Arc<Type>, b: &Arc<Type>| match (&**a, &**b) {
        (Type::Dyn, _) => b.clone(),
        (_, Type::Dyn) => a.clone(),
        (a, b) => Arc::new(either(a, b)),
    };
    match (a, b) {
        (Type::Text(n), Type::Text(m)) => Type::Text(*n.max(m)),
        (Type::List(x, n), Type::List(y, m)) => Type::List(inner(x, y), *n.max(m)),
        (Type::Map(k, x, n), Type::Map(l, y, m)) => Type::Map(inner(k, l), inner(x, y), *n.max(m)),
        (Type::Optional(x), Type::Optional(y)) => Type::Optional(inner(x, y)),
        (a, b) if a == b => a.clone(),
        // Messages may be null.
        (Type::Null, Type::Object(_) | Type::Map(..) | Type::List(..)) => b.clone(),
        (Type::Object(_) | Type::Map(..) | Type::List(..), Type::Null) => a.clone(),
        _ => Type::Dyn,
    }
}

/// Whether `item in of` can be asked.
pub fn may_be_in(item: &Type, of: &Type) -> bool {
    match of {
        Type::List(items, _) => same_kind(item, items),
        Type::Map(key, ..) => same_kind(item, key),
        Type::Dyn | Type::Optional(_) => true,
        _ => false,
    }
}

/// Whether two types are one apart from the sizes of values.
pub fn same_kind(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Dyn | Type::Optional(_), _) | (_, Type::Dyn | Type::Optional(_)) => true,
        // Messages may be null, and what is collected from them.
        (Type::Object(..) | Type::Map(..) | Type::List(..) | Type::Made(_) | Type::Library(_), Type::Null)
        | (Type::Null, Type::Object(..) | Type::Map(..) | Type::List(..) | Type::Made(_) | Type::Library(_)) => true,
        (Type::Text(_), Type::Text(_)) | (Type::Bytes(_), Type::Bytes(_)) => true,
        (Type::List(a, _), Type::List(b, _)) => same_kind(a, b),
        (Type::Map(a, x, _), Type::Map(b, y, _)) => same_kind(a, b) && same_kind(x, y),
        (Type::Object(a), Type::Object(b)) => a.name == b.name,
        (Type::Of(_), Type::Of(_)) => true,
        _ => a == b,
    }
}

pub const fn is_ordered(of: &Type) -> bool {
    matches!(of, Type::Bool | Type::Text(_) | Type::Bytes(_) | Type::Timestamp | Type::Duration)
}

pub fn arithmetic(operator: &str, left: &Type, right: &Type) -> Option<Type> {
    match (operator, left, right) {
        (operators::ADD, Type::Text(a), Type::Text(b)) => Some(Type::Text(a.saturating_add(*b))),
        (operators::ADD, Type::Bytes(a), Type::Bytes(b)) => Some(Type::Bytes(a.saturating_add(*b))),
        (operators::ADD, Type::List(a, n), Type::List(b, m)) if same_kind(a, b) => {
            let item = if matches!(**a, Type::Dyn) { b.clone() } else { a.clone() };
            Some(Type::List(item, n.saturating_add(*m)))
        }
        (operators::ADD | operators::SUBSTRACT, Type::Timestamp, Type::Duration) | (operators::ADD, Type::Duration, Type::Timestamp) => {
            Some(Type::Timestamp)
        }
        (operators::SUBSTRACT, Type::Timestamp, Type::Timestamp) => Some(Type::Duration),
        (operators::ADD | operators::SUBSTRACT, Type::Duration, Type::Duration) => Some(Type::Duration),
        (operators::MODULO, Type::Double, Type::Double) => None,
        (_, Type::Int | Type::Uint | Type::Double, _) if left == right => Some(left.clone()),
        _ => None,
    }
}
