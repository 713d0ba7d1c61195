//! Merging a patch into an object.

use super::{
    DELETE_FROM_PRIMITIVE_LIST, Members, PATCH, RETAIN_KEYS, SET_ELEMENT_ORDER, element_order, error,
    lists::{self, List},
    lookup::Node,
};
use crate::PatchError;
use serde_json::Value;
use std::mem;

/// Merges `patch` into `original`. What `patch` says about itself (directives, deletions) is taken out of it on the way.
pub(super) fn merge(mut original: Members, patch: &mut Members, node: Node<'_>) -> Result<Members, PatchError> {
    if let Some(directive) = patch.get(PATCH) {
        return match directive.as_str() {
            Some("replace") => {
                patch.remove(PATCH);
                Ok(patch.clone())
            }
            Some("delete") => Ok(Members::new()),
            _ => Err(error::unknown_patch_type(directive, patch)),
        };
    }
    retain_keys(&mut original, patch)?;
    element_order::merge_ordered_lists(&mut original, patch, node)?;
    let names: Vec<String> = patch.keys().cloned().collect();
    for name in names {
        let Some(value) = patch.get_mut(&name) else { continue };
        match list_to_delete_from(&name)? {
            Some(list) => delete_from_list(&mut original, list, value, node)?,
            None => merge_member(&mut original, &name, value, node)?,
        }
    }
    Ok(original)
}

fn merge_member(original: &mut Members, name: &str, value: &mut Value, node: Node<'_>) -> Result<(), PatchError> {
    if value.is_null() {
        original.remove(name);
        return Ok(());
    }
    match (original.get_mut(name), &mut *value) {
        (Some(Value::Object(current)), Value::Object(patch)) => {
            let (node, strategy) = node.map_field(name)?;
            *current = if strategy.replace { patch.clone() } else { merge(mem::take(current), patch, node)? };
        }
        (Some(Value::Array(current)), Value::Array(patch)) => {
            let (item, strategy) = node.list_field(name)?;
            *current = if strategy.merge {
                lists::merge(mem::take(current), patch, List { item, merge_key: strategy.merge_key })?
            } else {
                patch.clone()
            };
        }
        _ => {
            drop_nulls(value);
            match without_directives(value) {
                Some(new) => {
                    original.insert(name.to_owned(), new);
                }
                None => {
                    original.remove(name);
                }
            }
        }
    }
    Ok(())
}

/// `$deleteFromPrimitiveList/<list>`; what is no list, or names none that is there, is ignored (C-07-32).
fn delete_from_list(original: &mut Members, name: &str, value: &mut Value, node: Node<'_>) -> Result<(), PatchError> {
    if value.is_null() {
        original.remove(name);
        return Ok(());
    }
    match (original.get_mut(name), value) {
        (Some(Value::Array(current)), Value::Array(delete)) => {
            let (item, strategy) = node.list_field(name)?;
            *current = lists::delete(mem::take(current), delete, List { item, merge_key: strategy.merge_key })?;
        }
        (Some(Value::Object(current)), Value::Object(patch)) => {
            let (node, strategy) = node.map_field(name)?;
            *current = if strategy.replace { patch.clone() } else { merge(mem::take(current), patch, node)? };
        }
        (Some(current), value) if mem::discriminant(current) == mem::discriminant(value) => *current = value.clone(),
        _ => {}
    }
    Ok(())
}

fn list_to_delete_from(name: &str) -> Result<Option<&str>, PatchError> {
    if !name.starts_with(DELETE_FROM_PRIMITIVE_LIST) {
        return Ok(None);
    }
    match name.split_once('/') {
        Some((DELETE_FROM_PRIMITIVE_LIST, list)) => Ok(Some(list)),
        _ => Err(error::bad_primitive_list()),
    }
}

/// `$retainKeys`: members of `original` that it does not list go; the patch may set no others.
fn retain_keys(original: &mut Members, patch: &mut Members) -> Result<(), PatchError> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(keys) = keys else { return Err(error::bad_retain_keys()) };
    let listed = |name: &str| keys.iter().any(|key| key.as_str() == Some(name));
    let parallel = |name: &str| name.starts_with(DELETE_FROM_PRIMITIVE_LIST) || name.starts_with(SET_ELEMENT_ORDER);
    if patch.iter().any(|(name, value)| !value.is_null() && !parallel(name) && !listed(name)) {
        return Err(error::bad_retain_keys());
    }
    original.retain(|name, _| listed(name));
    Ok(())
}

/// Takes null members out of all objects.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// A copy of a new value without objects that carry `$patch`; None if it is one itself.
pub(super) fn without_directives(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Object(members) if members.contains_key(PATCH) => return None,
        Value::Object(members) => {
            Value::Object(members.iter().filter_map(|(name, member)| Some((name.clone(), without_directives(member)?))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().filter_map(without_directives).collect()),
        scalar => scalar.clone(),
    })
}
