//! Functions of lists.

use crate::{
    arithmetic,
    eval::{NO_OVERLOAD, Outcome, failure},
    value::{Val, compare, equal},
};
use kube_cel::cel::common::ast::operators;
use std::cmp::Ordering;

/// A method of a list; None where it has no such method here.
pub fn method<'v>(name: &str, list: &Val<'v>, args: &[Val<'v>]) -> Option<Outcome<Val<'v>>> {
    let items = list.items()?;
    Some(match (name, args) {
        ("isSorted", []) => is_sorted(&items).map(Val::Bool),
        ("sum", []) => sum(&items),
        ("min", []) => extreme(items, name, Ordering::Less),
        ("max", []) => extreme(items, name, Ordering::Greater),
        ("indexOf", [item]) => Ok(position(items.iter().position(|other| equal(other, item)))),
        ("lastIndexOf", [item]) => Ok(position(items.iter().rposition(|other| equal(other, item)))),
        ("includes", [item]) => Ok(Val::Bool(items.iter().any(|other| equal(other, item)))),
        ("distinct", []) => Ok(Val::list(distinct(items))),
        ("reverse", []) => Ok(Val::list(items.into_iter().rev().collect())),
        ("sort", []) => sort_by(list, list),
        ("flatten", []) => Ok(Val::list(flatten(items, 1))),
        ("flatten", [Val::Int(depth)]) if *depth < 0 => failure("level must be non-negative"),
        ("flatten", [Val::Int(depth)]) => Ok(Val::list(flatten(items, *depth))),
        ("first", []) => Ok(Val::Optional(items.into_iter().next().map(Into::into))),
        ("last", []) => Ok(Val::Optional(items.into_iter().next_back().map(Into::into))),
        ("slice", [Val::Int(start), Val::Int(end)]) => slice(items, *start, *end),
        _ => return None,
    })
}

/// `sets.contains`, `sets.equivalent`, `sets.intersects`.
pub fn sets<'v>(name: &str, a: &Val<'v>, b: &Val<'v>) -> Outcome<Val<'v>> {
    let (Some(a), Some(b)) = (a.items(), b.items()) else { return Err(NO_OVERLOAD) };
    let holds = |list: &[Val<'v>], item: &Val<'v>| list.iter().any(|other| equal(other, item));
    Ok(Val::Bool(match name {
        "contains" => b.iter().all(|item| holds(&a, item)),
        "equivalent" => b.iter().all(|item| holds(&a, item)) && a.iter().all(|item| holds(&b, item)),
        "intersects" => b.iter().any(|item| holds(&a, item)),
        _ => return Err(NO_OVERLOAD),
    }))
}

/// The values of a list of optionals that have one.
pub fn unwrap<'v>(list: &Val<'v>) -> Outcome<Val<'v>> {
    let mut values = Vec::new();
    for item in list.items().unwrap_or_default() {
        let Val::Optional(of) = item else { return Err(NO_OVERLOAD) };
        values.extend(of.map(|of| Val::clone(&of)));
    }
    Ok(Val::list(values))
}

/// A list in the order of keys, of which each item has one.
pub fn sort_by<'v>(list: &Val<'v>, keys: &Val<'v>) -> Outcome<Val<'v>> {
    let (Some(items), Some(keys)) = (list.items(), keys.items()) else { return Err(NO_OVERLOAD) };
    let mut pairs: Vec<(Val<'v>, Val<'v>)> = keys.into_iter().zip(items).collect();
    if let Some((first, _)) = pairs.first() {
        if compare(first, first).is_none() {
            return failure("list elements must be comparable");
        }
        let kind = first.type_name();
        if pairs.iter().any(|(key, _)| key.type_name() != kind) {
            return failure("list elements must have the same type");
        }
    }
    pairs.sort_by(|(a, _), (b, _)| compare(a, b).unwrap_or(Ordering::Equal));
    Ok(Val::list(pairs.into_iter().map(|(_, item)| item).collect()))
}

fn position<'v>(at: Option<usize>) -> Val<'v> {
    at.map_or(Val::Int(-1), Val::int)
}

fn is_sorted(items: &[Val<'_>]) -> Outcome<bool> {
    for pair in items.windows(2) {
        let [a, b] = pair else { continue };
        match compare(a, b) {
            None => return Err(NO_OVERLOAD),
            Some(Ordering::Greater) => return Ok(false),
            Some(_) => {}
        }
    }
    Ok(true)
}

fn sum<'v>(items: &[Val<'v>]) -> Outcome<Val<'v>> {
    let Some((first, rest)) = items.split_first() else { return Ok(Val::Int(0)) };
    rest.iter().try_fold(first.clone(), |sum, item| arithmetic::binary(operators::ADD, &sum, item))
}

fn extreme<'v>(items: Vec<Val<'v>>, name: &str, wanted: Ordering) -> Outcome<Val<'v>> {
    let mut items = items.into_iter();
    let Some(mut found) = items.next() else { return failure(format!("{name} called on empty list")) };
    for item in items {
        match compare(&item, &found) {
            None => return Err(NO_OVERLOAD),
            Some(order) if order == wanted => found = item,
            Some(_) => {}
        }
    }
    Ok(found)
}

fn distinct(items: Vec<Val<'_>>) -> Vec<Val<'_>> {
    let mut kept: Vec<Val<'_>> = Vec::new();
    for item in items {
        if !kept.iter().any(|other| equal(other, &item)) {
            kept.push(item);
        }
    }
    kept
}

fn flatten(items: Vec<Val<'_>>, depth: i64) -> Vec<Val<'_>> {
    if depth == 0 {
        return items;
    }
    let mut flat = Vec::new();
    for item in items {
        match item.items() {
            Some(inner) => flat.extend(flatten(inner, depth - 1)),
            None => flat.push(item),
        }
    }
    flat
}

fn slice(items: Vec<Val<'_>>, start: i64, end: i64) -> Outcome<Val<'_>> {
    let call = format!("cannot slice({start}, {end})");
    if start < 0 || end < 0 {
        return failure(format!("{call}, negative indexes not supported"));
    }
    if start > end {
        return failure(format!("{call}, start index must be less than or equal to end index"));
    }
    let (from, to) = (usize::try_from(start).unwrap_or(usize::MAX), usize::try_from(end).unwrap_or(usize::MAX));
    match items.get(from..to) {
        Some(part) => Ok(Val::list(part.to_vec())),
        None => failure(format!("{call}, list is length {}", items.len())),
    }
}
