//! The order of merged lists: `$setElementOrder`, then the patch, then the live list (C-07-33).

use super::{
    Members, PATCH, SET_ELEMENT_ORDER, error,
    lists::{self, Items, List, items_of, key_text, map},
    lookup::Node,
    maps::without_directives,
};
use crate::PatchError;
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    mem,
};

/// Longest list with items that are not named which is sorted as upstream does.
const UNRANKED_LIMIT: usize = 20;

/// Merges the lists that the patch gives an order for, and takes both out of the patch.
pub(super) fn merge_ordered_lists(original: &mut Members, patch: &mut Members, node: Node<'_>) -> Result<(), PatchError> {
    let directives: Vec<String> = patch.keys().filter(|name| name.starts_with(SET_ELEMENT_ORDER)).cloned().collect();
    for directive in directives {
        let order = match patch.remove(&directive) {
            Some(Value::Array(order)) => order,
            other => return Err(error::expected_list(&other.unwrap_or_default())),
        };
        let name = match directive.split_once('/') {
            Some((SET_ELEMENT_ORDER, name)) => name,
            _ => return Err(error::bad_set_element_order()),
        };
        if let Some(other) = original.get(name).filter(|v| !v.is_array()).or_else(|| patch.get(name).filter(|v| !v.is_array())) {
            return Err(error::expected_list(other));
        }
        let (item, strategy) = node.list_field(name)?;
        let key = strategy.merge_key;
        if let Some(Value::Array(changes)) = patch.get(name) {
            check_order(changes, &order, key)?;
        }
        let current = original.get_mut(name).and_then(Value::as_array_mut).map(mem::take);
        let changes = patch.get_mut(name).and_then(Value::as_array_mut);
        let live = match (&current, &changes, key) {
            (Some(current), Some(changes), Some(key)) if strategy.merge => live_order(current, changes, key),
            (current, ..) => current.clone().unwrap_or_default(),
        };
        let items = match (&current, &changes) {
            (None, None) => continue,
            (current, changes) => items_of(&[current.as_deref().unwrap_or_default(), changes.as_deref().map_or(&[], Vec::as_slice)]),
        };
        let merged = match (current, changes) {
            (None, None) => continue,
            (Some(current), None) => current,
            (None, Some(changes)) => changes.iter().filter_map(without_directives).collect(),
            (Some(current), Some(changes)) if strategy.merge => lists::merge(current, changes, List { item, merge_key: key })?,
            (Some(_), Some(changes)) => changes.clone(),
        };
        original.insert(name.to_owned(), Value::Array(arrange_by(merged, &order, &live, key, items)?));
        patch.remove(name);
    }
    Ok(())
}

/// The live list as upstream has it when it orders the merged one. Its merge works in place: new items stand where deleted ones
/// have left room at the end, and count as live there.
fn live_order(live: &[Value], patch: &[Value], key: &str) -> Vec<Value> {
    let directive = |item: &Value, wanted: &str| item.get(PATCH).and_then(Value::as_str) == Some(wanted);
    let deleted: HashSet<String> =
        patch.iter().filter(|item| directive(item, "delete")).filter_map(|item| Some(key_text(item.get(key)?))).collect();
    let mut seen = HashSet::new();
    let mut order: Vec<Value> = Vec::with_capacity(live.len());
    for item in live {
        let value = item.get(key).map(key_text).unwrap_or_default();
        if !deleted.contains(&value) {
            seen.insert(value);
            order.push(item.clone());
        }
    }
    if !patch.iter().any(|item| directive(item, "replace")) {
        let room = live.len() - order.len();
        let new =
            patch.iter().filter(|item| item.get(PATCH).is_none()).filter(|item| item.get(key).is_some_and(|v| seen.insert(key_text(v))));
        order.extend(new.take(room).cloned());
    }
    order
}

/// The items of the patch must come in the order of the directive, and be named there.
fn check_order(patch: &[Value], order: &[Value], key: Option<&str>) -> Result<(), PatchError> {
    if order.is_empty() || patch.is_empty() {
        return Ok(());
    }
    let deleted = |item: &Value| item.get(PATCH).and_then(Value::as_str) == Some("delete");
    if key.is_some() {
        for item in patch {
            map(item)?;
        }
    }
    let mut order_left = order.iter().peekable();
    for item in patch.iter().filter(|item| key.is_none() || !deleted(item)) {
        loop {
            // Upstream notices that the order is at its end even where the item is a directive.
            let Some(next) = order_left.peek() else { return Err(error::order_mismatch(patch, order)) };
            if item.get(PATCH).is_some() {
                break;
            }
            let same = same_item(item, next, key)?;
            order_left.next();
            if same {
                break;
            }
        }
    }
    Ok(())
}

pub(super) fn same_item(a: &Value, b: &Value, key: Option<&str>) -> Result<bool, PatchError> {
    let Some(key) = key else { return Ok(a == b) };
    let value = |item| {
        let members = map(item)?;
        members.get(key).ok_or_else(|| error::no_merge_key(members, key))
    };
    Ok(value(a)? == value(b)?)
}

/// Arranges a list of what is named in `patch` (in that order) and what is only in `live` (in that order).
pub(super) fn arrange(
    merged: Vec<Value>,
    patch: &[Value],
    live: &[Value],
    items: Items,
    key: Option<&str>,
) -> Result<Vec<Value>, PatchError> {
    arrange_by(merged, patch, live, key, Ok(items))
}

/// A list that the patch gives as a whole.
pub(super) fn arrange_unpatched(merged: Vec<Value>, key: &str) -> Result<Vec<Value>, PatchError> {
    let live = merged.clone();
    arrange(merged, &[], &live, Items::Maps, Some(key))
}

fn arrange_by(
    merged: Vec<Value>,
    order: &[Value],
    live: &[Value],
    key: Option<&str>,
    items: Result<Items, PatchError>,
) -> Result<Vec<Value>, PatchError> {
    let (named, others) = partition(merged, order, key)?;
    let key = match (items?, key) {
        (Items::Maps, key) => Some(key.unwrap_or_default()),
        (Items::Scalars, _) => None,
    };
    let live_order = Order::of(live, key);
    let named = sort(named, order, key)?;
    let others = sort(others, live, key)?;
    Ok(interleave(others, named, &live_order))
}

/// Items that `by` names, and the others.
fn partition(items: Vec<Value>, by: &[Value], key: Option<&str>) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let Some(key) = key else {
        let by = Order::of(by, None);
        return Ok(items.into_iter().partition(|item| by.position(item).is_some()));
    };
    let positions = lists::first_positions(by, key);
    let first_scalar = by.iter().position(|item| !item.is_object());
    let (mut named, mut others) = (Vec::new(), Vec::new());
    for item in items {
        let members = map(&item)?;
        let value = members.get(key).ok_or_else(|| error::no_merge_key(members, key))?;
        let at = positions.get(&key_text(value)).copied();
        match first_scalar {
            Some(scalar) if at.is_none_or(|at| scalar < at) => return Err(error::item_not_a_map(scalar)),
            _ => if at.is_some() { &mut named } else { &mut others }.push(item),
        }
    }
    Ok((named, others))
}

/// Sorts items by where `order` has them; those marked for deletion go last.
pub(super) fn sort(items: Vec<Value>, order: &[Value], key: Option<&str>) -> Result<Vec<Value>, PatchError> {
    if let Some(key) = key {
        for item in items.iter().chain(order) {
            let members = map(item)?;
            if !members.contains_key(key) {
                return Err(error::no_merge_key(members, key));
            }
        }
    }
    let deleted = |item: &Value| key.is_some() && item.get(PATCH).and_then(Value::as_str) == Some("delete");
    let (deleted, kept): (Vec<_>, Vec<_>) = items.into_iter().partition(deleted);
    let order = Order::of(order, key);
    let mut ranked: Vec<(Option<usize>, Value)> = kept.into_iter().map(|item| (order.position(&item), item)).collect();
    if ranked.iter().all(|(rank, _)| rank.is_some()) || ranked.len() > UNRANKED_LIMIT {
        ranked.sort_by_key(|(rank, _)| *rank);
    } else {
        insertion_sort(&mut ranked);
    }
    Ok(ranked.into_iter().map(|(_, item)| item).chain(deleted).collect())
}

/// Upstream's sort has no order for items that are not named: it takes whatever comes later for smaller. What clients see of that
/// is the insertion sort that short lists get.
fn insertion_sort(items: &mut [(Option<usize>, Value)]) {
    let before = |a: Option<usize>, b: Option<usize>| a.is_none() || b.is_none() || a < b;
    for end in 1..items.len() {
        for at in (1..=end).rev() {
            let (Some((earlier, _)), Some((later, _))) = (items.get(at - 1), items.get(at)) else { return };
            if !before(*later, *earlier) {
                break;
            }
            items.swap(at - 1, at);
        }
    }
}

/// Puts `left` into `right`: each of its items before the first one that follows it in the live list.
fn interleave(left: Vec<Value>, right: Vec<Value>, live: &Order<'_>) -> Vec<Value> {
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    loop {
        let take_left = match (left.peek(), right.peek()) {
            (None, None) => return out,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(l), Some(r)) => matches!((live.position(l), live.position(r)), (Some(l), Some(r)) if l < r),
        };
        out.extend(if take_left { left.next() } else { right.next() });
    }
}

/// Where items stand in a list, by their merge key or (without) by themselves.
struct Order<'k> {
    positions: HashMap<String, usize>,
    key: Option<&'k str>,
}

impl<'k> Order<'k> {
    fn of(items: &[Value], key: Option<&'k str>) -> Self {
        let mut positions = HashMap::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            if let Some(value) = key.map_or(Some(item), |key| item.get(key)) {
                positions.entry(key_text(value)).or_insert(at);
            }
        }
        Self { positions, key }
    }

    fn position(&self, item: &Value) -> Option<usize> {
        let value = self.key.map_or(Some(item), |key| item.get(key))?;
        self.positions.get(&key_text(value)).copied()
    }
}
