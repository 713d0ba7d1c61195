//! `+`, `-`, `*`, `/`, `%` and the minus sign.

use crate::{
    eval::{NO_OVERLOAD, Outcome, failure},
    value::{Kind, Val, equal, same_key},
};
use chrono::{DateTime, FixedOffset};
use kube_cel::cel::{Value as Cel, common::ast::operators};
use std::sync::Arc;

/// The year 1, and the last second of 9999.
const MIN_SECONDS: i64 = -62_135_596_800;
const MAX_SECONDS: i64 = 253_402_300_799;

/// What an operator makes of two values.
pub fn binary<'v>(operator: &str, left: &Val<'v>, right: &Val<'v>) -> Outcome<Val<'v>> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => ints(operator, *a, *b),
        (Val::Uint(a), Val::Uint(b)) => uints(operator, *a, *b),
        (Val::Double(a), Val::Double(b)) => match operator {
            operators::ADD => Ok(Val::Double(a + b)),
            operators::SUBSTRACT => Ok(Val::Double(a - b)),
            operators::MULTIPLY => Ok(Val::Double(a * b)),
            operators::DIVIDE => Ok(Val::Double(a / b)),
            _ => Err(NO_OVERLOAD),
        },
        (Val::Text(a), Val::Text(b)) if operator == operators::ADD => Ok(Val::text([a.as_str(), b.as_str()].concat())),
        (Val::Other(a), Val::Other(b)) => others(operator, a, b),
        _ if operator == operators::ADD => join(left, right),
        _ => Err(NO_OVERLOAD),
    }
}

/// A value with the other sign.
pub fn negate<'v>(of: &Val<'v>) -> Outcome<Val<'v>> {
    match of {
        Val::Int(i) => i.checked_neg().map_or_else(|| failure("integer overflow"), |i| Ok(Val::Int(i))),
        Val::Double(f) => Ok(Val::Double(-f)),
        Val::Other(Cel::Duration(span)) => Ok(Val::Other(Cel::Duration(-*span))),
        _ => Err(NO_OVERLOAD),
    }
}

/// Whole numbers of one type, whose results must fit it.
macro_rules! whole {
    ($name:ident, $number:ty, $variant:ident, $overflow:literal) => {
        fn $name<'v>(operator: &str, a: $number, b: $number) -> Outcome<Val<'v>> {
            let result = match operator {
                operators::ADD => a.checked_add(b),
                operators::SUBSTRACT => a.checked_sub(b),
                operators::MULTIPLY => a.checked_mul(b),
                operators::DIVIDE if b == 0 => return failure("division by zero"),
                operators::DIVIDE => a.checked_div(b),
                operators::MODULO if b == 0 => return failure("modulus by zero"),
                operators::MODULO => a.checked_rem(b),
                _ => return Err(NO_OVERLOAD),
            };
            result.map_or_else(|| failure($overflow), |result| Ok(Val::$variant(result)))
        }
    };
}

whole!(ints, i64, Int, "integer overflow");
whole!(uints, u64, Uint, "unsigned integer overflow");

fn others<'v>(operator: &str, a: &Cel, b: &Cel) -> Outcome<Val<'v>> {
    let time = |time: Option<DateTime<FixedOffset>>| match time.filter(|time| (MIN_SECONDS..=MAX_SECONDS).contains(&time.timestamp())) {
        Some(time) => Ok(Val::Other(Cel::Timestamp(time))),
        None => failure("timestamp overflow"),
    };
    let span = |span: Option<_>| span.map_or_else(|| failure("duration overflow"), |span| Ok(Val::Other(Cel::Duration(span))));
    match (operator, a, b) {
        (operators::ADD, Cel::Bytes(a), Cel::Bytes(b)) => Ok(Val::Other(Cel::Bytes(Arc::new([a.as_slice(), b.as_slice()].concat())))),
        (operators::ADD, Cel::Timestamp(a), Cel::Duration(b)) | (operators::ADD, Cel::Duration(b), Cel::Timestamp(a)) => {
            time(a.checked_add_signed(*b))
        }
        (operators::SUBSTRACT, Cel::Timestamp(a), Cel::Duration(b)) => time(a.checked_sub_signed(*b)),
        (operators::SUBSTRACT, Cel::Timestamp(a), Cel::Timestamp(b)) => Ok(Val::Other(Cel::Duration(*a - *b))),
        (operators::ADD, Cel::Duration(a), Cel::Duration(b)) => span(a.checked_add(b)),
        (operators::SUBSTRACT, Cel::Duration(a), Cel::Duration(b)) => span(a.checked_sub(b)),
        (operators::ADD, Cel::List(_), Cel::List(_)) => join(&Val::Other(a.clone()), &Val::Other(b.clone())),
        _ => Err(NO_OVERLOAD),
    }
}

/// Two lists as one: of sets the union, of lists with keys the first with the items of the second in their places.
fn join<'v>(left: &Val<'v>, right: &Val<'v>) -> Outcome<Val<'v>> {
    let (Some(mut items), Some(added)) = (left.items(), right.items()) else { return Err(NO_OVERLOAD) };
    let kind = left.kind();
    for item in added {
        let place = match kind {
            Kind::Atomic => None,
            Kind::Set => items.iter_mut().find(|other| equal(other, &item)),
            Kind::Keyed(keys) => items.iter_mut().find(|other| same_key(other, &item, keys)),
        };
        match place {
            Some(place) => *place = item,
            None => items.push(item),
        }
    }
    Ok(Val::List(Arc::new(items), kind))
}
