//! Merging an applied configuration into an object.

use super::{
    form::{Form, List, Map, Type},
    list_item,
};
use crate::field_set::Element;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Merges an applied configuration into an object: leaves are taken from it, everything else is kept. Lists keep the object's
/// order where the configuration does not give one.
///
/// # Errors
/// An item of a set or keyed list that has no path element, or is there twice in the configuration.
pub(crate) fn merge(of: Type<'_>, object: &Value, applied: &Value) -> Result<Value, String> {
    Ok(walk(of, Some(object), Some(applied))?.unwrap_or_default())
}

fn walk(of: Type<'_>, object: Option<&Value>, applied: Option<&Value>) -> Result<Option<Value>, String> {
    let Some(value) = applied.or(object) else { return Ok(None) };
    // Leaves are those of the configuration if it has any.
    let leaf = || Ok(Some(value.clone()));
    match of.form(value) {
        Form::Scalar(_) => leaf(),
        Form::List(list) => {
            let items = |value: Option<&'_ Value>| value.and_then(Value::as_array).is_none_or(Vec::is_empty);
            if list.is_atomic() || (items(object) && items(applied)) {
                return leaf();
            }
            let items = |value: Option<&'_ Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
            let merged = merge_items(list, &items(object), &items(applied))?;
            Ok((!merged.is_empty()).then_some(Value::Array(merged)))
        }
        Form::Map(map) => {
            let empty = serde_json::Map::new();
            let members = |value: Option<&'_ Value>| value.and_then(Value::as_object).is_none_or(serde_json::Map::is_empty);
            if map.atomic || (members(object) && members(applied)) {
                return leaf();
            }
            let object = object.and_then(Value::as_object).unwrap_or(&empty);
            let applied = applied.and_then(Value::as_object).unwrap_or(&empty);
            let merged = merge_members(map, object, applied)?;
            Ok((!merged.is_empty()).then_some(Value::Object(merged)))
        }
    }
}

type Members = serde_json::Map<String, Value>;

fn merge_members(map: Map<'_>, object: &Members, applied: &Members) -> Result<Members, String> {
    let mut merged = Members::new();
    for (name, value) in object {
        let applied = applied.get(name);
        let value = match applied {
            None => Some(value.clone()),
            Some(_) => walk(map.step(name).1, Some(value), applied)?,
        };
        merged.extend(value.map(|value| (name.clone(), value)));
    }
    for (name, value) in applied.iter().filter(|(name, _)| !object.contains_key(*name)) {
        let value = walk(map.step(name).1, None, Some(value))?;
        merged.extend(value.map(|value| (name.clone(), value)));
    }
    Ok(merged)
}

/// Both lists are walked at once. Shared items come in the configuration's order, items of one list only where they stand in it.
fn merge_items(list: List<'_>, object: &[Value], applied: &[Value]) -> Result<Vec<Value>, String> {
    let ours = elements(list, object)?;
    let theirs = elements(list, applied)?;
    let their_values = unique(&theirs, applied)?;
    let our_values = first_or_null(&ours, object);
    let mut shared: VecDeque<&Element> = theirs.iter().filter(|element| our_values.contains_key(element)).collect();
    let mut next_shared = shared.pop_front();
    let mut taken = BTreeSet::new();
    let mut merged = Vec::with_capacity(object.len().max(applied.len()));
    let (mut left, mut right) = (0, 0);
    loop {
        let (ours_now, theirs_now) = (ours.get(left), theirs.get(right));
        if ours_now.is_none() && theirs_now.is_none() {
            return Ok(merged);
        }
        let both = |element| walk(list.items, our_values.get(element).copied(), their_values.get(element).copied());
        if let (Some(ours), Some(theirs)) = (ours_now, theirs_now) {
            if ours == theirs {
                taken.insert(theirs);
                merged.extend(both(theirs)?);
                (left, right) = (left + 1, right + 1);
                next_shared = shared.pop_front();
                continue;
            }
            if their_values.contains_key(ours) && next_shared.is_some_and(|next| next != ours) {
                left += 1;
                continue;
            }
        }
        if let Some(ours) = ours_now {
            if !their_values.contains_key(ours) {
                // Not by element: of duplicates each one is kept as it is.
                merged.extend(object.get(left).cloned());
                left += 1;
                continue;
            }
            if taken.contains(ours) {
                left += 1;
            }
        }
        if let Some(theirs) = theirs_now {
            taken.insert(theirs);
            merged.extend(both(theirs)?);
            right += 1;
            if next_shared == Some(theirs) {
                next_shared = shared.pop_front();
            }
        }
    }
}

fn elements(list: List<'_>, items: &[Value]) -> Result<Vec<Element>, String> {
    let one = |(index, item)| list_item::element(list, item).map_err(|why| format!("element {index}: {why}"));
    items.iter().enumerate().map(one).collect()
}

fn unique<'v>(elements: &'v [Element], items: &'v [Value]) -> Result<BTreeMap<&'v Element, &'v Value>, String> {
    let mut values = BTreeMap::new();
    for (element, item) in elements.iter().zip(items) {
        if values.insert(element, item).is_some() {
            return Err(format!("duplicate entries for key {element}"));
        }
    }
    Ok(values)
}

/// Items by element; one that is there twice has nothing to be merged with.
fn first_or_null<'v>(elements: &'v [Element], items: &'v [Value]) -> BTreeMap<&'v Element, &'v Value> {
    let mut values: BTreeMap<&Element, &Value> = BTreeMap::new();
    for (element, item) in elements.iter().zip(items) {
        values.entry(element).and_modify(|value| *value = &Value::Null).or_insert(item);
    }
    values
}
