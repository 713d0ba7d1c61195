//! Merging lists: objects by their merge key, scalars as a set.

use super::{Members, PATCH, element_order, error, lookup::Node, maps};
use crate::PatchError;
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    mem,
};

/// What a list is made of.
#[derive(Clone, Copy)]
pub(super) struct List<'s> {
    pub(super) item: Node<'s>,
    pub(super) merge_key: Option<&'s str>,
}

/// Whether the items of a list are objects or scalars.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Items {
    Maps,
    Scalars,
}

/// Merges `patch` into `original`.
pub(super) fn merge(mut original: Vec<Value>, patch: &mut [Value], list: List<'_>) -> Result<Vec<Value>, PatchError> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    let items = items_of(&[&original, patch])?;
    if items == Items::Scalars {
        let mut seen = HashSet::new();
        let merged = original.iter().chain(patch.iter()).filter(|v| seen.insert(key_text(v))).cloned().collect();
        return element_order::arrange(merged, patch, &original, Items::Scalars, list.merge_key);
    }
    let Some(key) = list.merge_key else {
        return Err(error::unclassified(format!("cannot merge lists without merge key for {}", list.item.kind_name())));
    };
    let mut changes = Vec::with_capacity(patch.len());
    let mut deleted = HashSet::new();
    let mut replace = false;
    for item in patch {
        match item.get(PATCH) {
            None => changes.push(item),
            Some(directive) => match directive.as_str() {
                Some("delete") => {
                    let members = map(item)?;
                    let value = members.get(key).ok_or_else(|| error::no_merge_key(members, key))?;
                    deleted.insert(key_text(value));
                }
                Some("replace") => replace = true,
                Some("merge") => return Err(error::unclassified("merging lists cannot yet be specified in the patch")),
                _ => return Err(error::unknown_patch_type(directive, map(item)?)),
            },
        }
    }
    original.retain(|item| item.get(key).is_none_or(|value| !deleted.contains(&key_text(value))));
    if replace {
        let items = changes.into_iter().map(|item| item.clone()).collect();
        return element_order::arrange_unpatched(items, key);
    }
    merge_by_key(original, changes, list.item, key)
}

fn merge_by_key(original: Vec<Value>, patch: Vec<&mut Value>, item: Node<'_>, key: &str) -> Result<Vec<Value>, PatchError> {
    let order: Vec<Value> = original.iter().map(|item| key_only(item, key)).collect();
    let mut patch_order = Vec::with_capacity(patch.len());
    let mut first_with = first_positions(&original, key);
    let mut merged = original;
    for change in patch {
        let Value::Object(change) = change else { return Err(error::expected_map(change)) };
        let value = change.get(key).ok_or_else(|| error::no_merge_key(change, key))?;
        patch_order.push(key_only_of(value, key));
        let at = *first_with.entry(key_text(value)).or_insert(merged.len());
        match merged.get_mut(at) {
            Some(Value::Object(current)) => *current = maps::merge(mem::take(current), change, item)?,
            _ => merged.push(Value::Object(change.clone())),
        }
    }
    element_order::arrange(merged, &patch_order, &order, Items::Maps, Some(key))
}

/// `$deleteFromPrimitiveList`. On a list of objects it merges, as upstream.
pub(super) fn delete(mut original: Vec<Value>, items: &mut [Value], list: List<'_>) -> Result<Vec<Value>, PatchError> {
    if original.is_empty() && items.is_empty() {
        return Ok(original);
    }
    if items_of(&[&original, items])? == Items::Maps {
        return merge(original, items, list);
    }
    let gone: HashSet<String> = items.iter().map(key_text).collect();
    original.retain(|item| !gone.contains(&key_text(item)));
    Ok(original)
}

/// What the lists hold; all their items must be of one type, and not lists.
pub(super) fn items_of(lists: &[&[Value]]) -> Result<Items, PatchError> {
    let mut all = lists.iter().copied().flatten();
    let Some(first) = all.next() else { return Err(error::unclassified("no elements in any of the given slices")) };
    if first.is_array() {
        return Err(error::list_of_lists());
    }
    let type_of = crate::go_format::type_name;
    if all.any(|item| type_of(item) != type_of(first)) || first.is_null() {
        return Err(error::mixed_types(lists));
    }
    Ok(if first.is_object() { Items::Maps } else { Items::Scalars })
}

/// Where each value of the merge key stands first.
pub(super) fn first_positions(items: &[Value], key: &str) -> HashMap<String, usize> {
    let mut positions = HashMap::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        if let Some(value) = item.get(key) {
            positions.entry(key_text(value)).or_insert(at);
        }
    }
    positions
}

/// Text by which two values are equal exactly when Go's `==` says so.
pub(super) fn key_text(value: &Value) -> String {
    value.to_string()
}

pub(super) fn map(item: &Value) -> Result<&Members, PatchError> {
    item.as_object().ok_or_else(|| error::expected_map(item))
}

fn key_only(item: &Value, key: &str) -> Value {
    item.get(key).map_or_else(|| item.clone(), |value| key_only_of(value, key))
}

fn key_only_of(value: &Value, key: &str) -> Value {
    Value::Object(Members::from_iter([(key.to_owned(), value.clone())]))
}
