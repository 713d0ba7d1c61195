//! Which fields two objects differ in.

use super::{
    form::{Form, List, Map, Type},
    list_item,
};
use crate::field_set::{self, Element, FieldSet, Node};
use serde_json::Value;
use std::cmp::Ordering;

/// Fields that never belong to anyone (C-07-48).
pub(super) const UNTRACKED: [&str; 2] = ["apiVersion", "kind"];
/// The same of metadata, which does not belong to anyone itself either.
pub(crate) const UNTRACKED_METADATA: [&str; 9] =
    ["clusterName", "creationTimestamp", "generation", "managedFields", "name", "namespace", "resourceVersion", "selfLink", "uid"];

/// How an object differs from an older one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Comparison {
    pub(crate) added: FieldSet,
    pub(crate) modified: FieldSet,
    pub(crate) removed: FieldSet,
}

impl Comparison {
    /// The fields that the newer object sets otherwise.
    pub(crate) fn changed(&self) -> FieldSet {
        self.modified.clone().union(self.added.clone())
    }
}

/// Compares two objects; fields that are never tracked are left out.
///
/// # Errors
/// An item of a set or keyed list that has no path element.
pub(crate) fn compare(of: Type<'_>, old: &Value, new: &Value) -> Result<Comparison, String> {
    let (Form::Map(map), Value::Object(old), Value::Object(new)) = (of.form(new), old, new) else {
        return Err("expected objects".into());
    };
    let mut sides = Sides::default();
    let empty = serde_json::Map::new();
    for (name, old, new) in both(old, new) {
        if old == new || UNTRACKED.contains(&name) {
            continue;
        }
        let (element, of, _) = map.step(name);
        if name == "metadata" {
            let (old, new) = (old.and_then(Value::as_object).unwrap_or(&empty), new.and_then(Value::as_object).unwrap_or(&empty));
            if let Form::Map(map) = of.form(&Value::Null) {
                sides.push(element, metadata(map, old, new)?);
            }
        } else {
            sides.push(element, walk(of, old, new)?);
        }
    }
    Ok(Comparison { added: sides.added, modified: sides.modified, removed: sides.removed })
}

fn metadata(map: Map<'_>, old: &serde_json::Map<String, Value>, new: &serde_json::Map<String, Value>) -> Result<Difference, String> {
    let mut below = Sides::default();
    for (name, old, new) in both(old, new) {
        if old != new && !UNTRACKED_METADATA.contains(&name) {
            let (element, of, _) = map.step(name);
            below.push(element, walk(of, old, new)?);
        }
    }
    Ok(Difference { below, ..Difference::default() })
}

/// What differs at a place.
#[derive(Default)]
struct Difference {
    added: bool,
    modified: bool,
    removed: bool,
    below: Sides,
}

/// What differs below a place.
#[derive(Default)]
struct Sides {
    added: FieldSet,
    modified: FieldSet,
    removed: FieldSet,
}

impl Sides {
    /// Adds a place that sorts after those before.
    fn push(&mut self, element: Element, difference: Difference) {
        let Difference { added, modified, removed, below } = difference;
        let sides = [
            (&mut self.added, added, below.added),
            (&mut self.modified, modified, below.modified),
            (&mut self.removed, removed, below.removed),
        ];
        for (side, member, children) in sides {
            if member || !children.is_empty() {
                side.push(Node { element: element.clone(), member, children });
            }
        }
    }

    fn merge(self, other: Self) -> Self {
        Self {
            added: self.added.union(other.added),
            modified: self.modified.union(other.modified),
            removed: self.removed.union(other.removed),
        }
    }
}

fn walk(of: Type<'_>, old: Option<&Value>, new: Option<&Value>) -> Result<Difference, String> {
    let mut difference = match (old, new) {
        (None, None) => return Ok(Difference::default()),
        (Some(old), None) => Difference { below: Sides { removed: all_of(of, old)?, ..Sides::default() }, ..Difference::default() },
        (None, Some(new)) => Difference { below: Sides { added: all_of(of, new)?, ..Sides::default() }, ..Difference::default() },
        (Some(old), Some(new)) => {
            let (old_form, new_form) = (of.form(old), of.form(new));
            if old_form.same_as(new_form) {
                walk_form(new_form, old, new)?
            } else {
                let (first, second) = (walk_form(old_form, old, new)?, walk_form(new_form, old, new)?);
                Difference { modified: first.modified || second.modified, below: first.below.merge(second.below), ..Difference::default() }
            }
        }
    };
    difference.added = old.is_none();
    difference.removed = new.is_none();
    Ok(difference)
}

fn walk_form(form: Form<'_>, old: &Value, new: &Value) -> Result<Difference, String> {
    let leaf = || Difference { modified: !field_set::equal(old, new), ..Difference::default() };
    let below = match form {
        Form::Scalar(_) => return Ok(leaf()),
        Form::List(list) => {
            let (old, new) = (old.as_array().map_or(&[][..], Vec::as_slice), new.as_array().map_or(&[][..], Vec::as_slice));
            if list.is_atomic() || (old.is_empty() && new.is_empty()) {
                return Ok(leaf());
            }
            if old == new { Sides::default() } else { items(list, old, new)? }
        }
        Form::Map(map) => {
            let empty = serde_json::Map::new();
            let (old, new) = (old.as_object().unwrap_or(&empty), new.as_object().unwrap_or(&empty));
            if map.atomic || (old.is_empty() && new.is_empty()) {
                return Ok(leaf());
            }
            let mut below = Sides::default();
            for (name, old, new) in both(old, new) {
                if old == new {
                    continue;
                }
                let (element, of, _) = map.step(name);
                let difference = walk(of, old, new)?;
                below.push(element, difference);
            }
            below
        }
    };
    Ok(Difference { below, ..Difference::default() })
}

/// Items by their path elements. Duplicates are compared as one value, without looking into them.
fn items(list: List<'_>, old: &[Value], new: &[Value]) -> Result<Sides, String> {
    let (old, new) = (by_element(list, old)?, by_element(list, new)?);
    let (mut old, mut new) = (old.chunk_by(same_element).peekable(), new.chunk_by(same_element).peekable());
    let mut sides = Sides::default();
    loop {
        let order = match (old.peek().and_then(|g| g.first()), new.peek().and_then(|g| g.first())) {
            (None, None) => return Ok(sides),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((old, _)), Some((new, _))) => old.cmp(new),
        };
        let old = if order == Ordering::Greater { None } else { old.next() }.unwrap_or_default();
        let new = if order == Ordering::Less { None } else { new.next() }.unwrap_or_default();
        let Some((element, _)) = old.first().or(new.first()) else { return Ok(sides) };
        let difference = match (old, new) {
            ([] | [_], [] | [_]) => walk(list.items, old.first().map(|g| g.1), new.first().map(|g| g.1))?,
            ([_, _, ..], [_, _, ..]) => {
                let equal = old.len() == new.len() && old.iter().zip(new).all(|((_, old), (_, new))| field_set::equal(old, new));
                Difference { modified: !equal, ..Difference::default() }
            }
            ([_, _, ..], new) => {
                let left = match new.first() {
                    Some((_, new)) => walk(list.items, None, Some(new))?,
                    None => Difference::default(),
                };
                Difference { removed: true, ..left }
            }
            (old, _) => {
                let left = match old.first() {
                    Some((_, old)) => walk(list.items, Some(old), None)?,
                    None => Difference::default(),
                };
                Difference { added: true, ..left }
            }
        };
        sides.push(element.clone(), difference);
    }
}

fn by_element<'v>(list: List<'_>, items: &'v [Value]) -> Result<Vec<(Element, &'v Value)>, String> {
    let one = |(index, item)| match list_item::element(list, item) {
        Ok(element) => Ok((element, item)),
        Err(why) => Err(format!("element {index}: {why}")),
    };
    let mut items = items.iter().enumerate().map(one).collect::<Result<Vec<_>, _>>()?;
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(items)
}

fn same_element(a: &(Element, &Value), b: &(Element, &Value)) -> bool {
    a.0 == b.0
}

/// Every place in a value that is only on one side: places on the way and leaves alike.
fn all_of(of: Type<'_>, value: &Value) -> Result<FieldSet, String> {
    let mut set = FieldSet::default();
    match (of.form(value), value) {
        (Form::Map(map), Value::Object(members)) if !map.atomic => {
            set.reserve(members.len());
            for (name, member) in members {
                let (element, of, _) = map.step(name);
                set.push(Node { element, member: true, children: all_of(of, member)? });
            }
        }
        (Form::List(list), Value::Array(items)) if !list.is_atomic() => {
            set.reserve(items.len());
            for group in by_element(list, items)?.chunk_by(same_element) {
                match group {
                    [(element, item)] => set.push(Node { element: element.clone(), member: true, children: all_of(list.items, item)? }),
                    [(element, _), ..] => set.push(Node::leaf(element.clone())),
                    [] => {}
                }
            }
        }
        _ => {}
    }
    Ok(set)
}

/// The members of two objects side by side, in the order of their names.
pub(super) fn both<'v>(
    old: &'v serde_json::Map<String, Value>,
    new: &'v serde_json::Map<String, Value>,
) -> impl Iterator<Item = (&'v str, Option<&'v Value>, Option<&'v Value>)> {
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    std::iter::from_fn(move || {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((old, _)), Some((new, _))) => old.cmp(new),
        };
        let old = if order == Ordering::Greater { None } else { old.next() };
        let new = if order == Ordering::Less { None } else { new.next() };
        let (name, _) = old.or(new)?;
        Some((name.as_str(), old.map(|(_, v)| v), new.map(|(_, v)| v)))
    })
}
