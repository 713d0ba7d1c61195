//! The patch that turns one object into another.

use super::{
    DELETE_FROM_PRIMITIVE_LIST, Members, PATCH, RETAIN_KEYS, SET_ELEMENT_ORDER,
    element_order::{same_item, sort},
    error,
    lists::{Items, items_of, key_text, map},
    lookup::Node,
};
use crate::PatchError;
use minkapi_registry::Struct;
use serde_json::Value;
use std::collections::HashMap;

/// The strategic merge patch that makes `modified` out of `original` (two-way, as kubectl computes it).
///
/// # Errors
/// As for applying it: lists of lists, items without merge key, fields that the schema does not have.
pub fn diff(original: &Members, modified: &Members, schema: &Struct) -> Result<Members, PatchError> {
    diff_maps(original, modified, Node::Struct(schema), false)
}

fn diff_maps(original: &Members, modified: &Members, node: Node<'_>, retain_keys: bool) -> Result<Members, PatchError> {
    let mut patch = Members::new();
    for (name, new) in modified {
        match (original.get(name), new) {
            (Some(Value::Object(old)), Value::Object(new)) => {
                if old == new {
                    continue;
                }
                let (node, strategy) = node.map_field(name)?;
                let change = if strategy.replace { new.clone() } else { diff_maps(old, new, node, strategy.retain_keys)? };
                if !change.is_empty() {
                    patch.insert(name.clone(), Value::Object(change));
                }
            }
            (Some(Value::Array(old)), Value::Array(new)) => {
                if old == new {
                    continue;
                }
                let (item, strategy) = node.list_field(name)?;
                if strategy.merge {
                    diff_lists(name, old, new, item, strategy.merge_key, &mut patch)?;
                } else {
                    patch.insert(name.clone(), Value::Array(new.clone()));
                }
            }
            (Some(old), new) if old == new => {}
            _ => {
                patch.insert(name.clone(), new.clone());
            }
        }
    }
    for name in original.keys().filter(|name| !modified.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    if retain_keys && !patch.is_empty() {
        let kept: Vec<Value> = modified.iter().filter(|(_, v)| !v.is_null()).map(|(name, _)| name.as_str().into()).collect();
        if !kept.is_empty() {
            patch.insert(RETAIN_KEYS.to_owned(), Value::Array(kept));
        }
    }
    Ok(patch)
}

fn diff_lists(
    name: &str,
    original: &[Value],
    modified: &[Value],
    item: Node<'_>,
    key: Option<&str>,
    patch: &mut Members,
) -> Result<(), PatchError> {
    if original.is_empty() {
        patch.insert(name.to_owned(), Value::Array(modified.to_vec()));
        return Ok(());
    }
    let (changes, order) = match items_of(&[original, modified])? {
        Items::Scalars => {
            let without = |items: &[Value], others: &[Value]| items.iter().filter(|v| !others.contains(v)).cloned().collect::<Vec<_>>();
            let deleted = without(original, modified);
            if !deleted.is_empty() {
                patch.insert(format!("{DELETE_FROM_PRIMITIVE_LIST}/{name}"), Value::Array(deleted));
            }
            (without(modified, original), modified.to_vec())
        }
        Items::Maps => {
            let key = key.unwrap_or_default();
            let changes = diff_items(original, modified, item, key)?;
            if changes.is_empty() && same_order(original, modified, key)? {
                return Ok(());
            }
            let only_key =
                |item: &Value| Value::Object(item.as_object().and_then(|m| m.get_key_value(key)).map(owned).into_iter().collect());
            (changes, modified.iter().map(only_key).collect())
        }
    };
    if !changes.is_empty() {
        patch.insert(name.to_owned(), Value::Array(changes));
    }
    if !order.is_empty() {
        patch.insert(format!("{SET_ELEMENT_ORDER}/{name}"), Value::Array(order));
    }
    Ok(())
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

/// Changed and new items in the order of `modified`, then those to delete.
fn diff_items(original: &[Value], modified: &[Value], item: Node<'_>, key: &str) -> Result<Vec<Value>, PatchError> {
    let key_of = |item| {
        let members = map(item)?;
        members.get(key).ok_or_else(|| error::no_merge_key(members, key))
    };
    let mut old: HashMap<String, &Members> = HashMap::with_capacity(original.len());
    for item in original {
        old.insert(key_text(key_of(item)?), map(item)?);
    }
    let mut changes = Vec::new();
    for new in modified {
        let value = key_of(new)?;
        match old.remove(&key_text(value)) {
            Some(old) => {
                let mut change = diff_maps(old, map(new)?, item, false)?;
                if !change.is_empty() {
                    change.insert(key.to_owned(), value.clone());
                    changes.push(Value::Object(change));
                }
            }
            None => changes.push(new.clone()),
        }
    }
    let mut changes = sort(changes, modified, Some(key))?;
    for gone in original {
        let value = key_of(gone)?;
        if old.remove(&key_text(value)).is_some() {
            let delete = [(key.to_owned(), value.clone()), (PATCH.to_owned(), "delete".into())];
            changes.push(Value::Object(delete.into_iter().collect()));
        }
    }
    Ok(changes)
}

fn same_order(original: &[Value], modified: &[Value], key: &str) -> Result<bool, PatchError> {
    if original.len() != modified.len() {
        return Ok(false);
    }
    for (old, new) in original.iter().zip(modified) {
        if !same_item(old, new, Some(key))? {
            return Ok(false);
        }
    }
    Ok(true)
}
