//! The set of fields that an object mentions.

use super::{
    form::{Form, List, Map, Type},
    list_item,
};
use crate::field_set::{Element, FieldSet, Node};
use serde_json::Value;
use std::collections::BTreeSet;

/// Every leaf and list item that an object mentions: what applying it owns (C-07-44).
pub(crate) fn field_set(of: Type<'_>, value: &Value) -> FieldSet {
    walk(of, value).1
}

/// Whether the place itself is in the set, and what below it is.
fn walk(of: Type<'_>, value: &Value) -> (bool, FieldSet) {
    match (of.form(value), value) {
        (Form::Scalar(_), _) => (true, FieldSet::default()),
        (Form::List(list), _) if list.is_atomic() => (true, FieldSet::default()),
        (Form::List(list), Value::Array(list_items)) => (false, items(list, list_items)),
        (Form::Map(map), _) if map.atomic => (true, FieldSet::default()),
        (Form::Map(map), Value::Object(map_members)) => (false, members(map, map_members)),
        _ => (false, FieldSet::default()),
    }
}

/// Members that are no declared fields, null ones and empty objects are in the set themselves.
fn members(map: Map<'_>, members: &serde_json::Map<String, Value>) -> FieldSet {
    let mut set = FieldSet::default();
    for (name, value) in members {
        let (element, of, declared) = map.step(name);
        let (member, children) = walk(of, value);
        let empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
        set.push(Node { element, member: member || empty || !declared, children });
    }
    set
}

/// Items are in the set themselves, duplicates without what is in them.
fn items(list: List<'_>, items: &[Value]) -> FieldSet {
    let elements: Vec<(Element, &Value)> = items.iter().filter_map(|item| Some((list_item::element(list, item).ok()?, item))).collect();
    let mut seen = BTreeSet::new();
    let repeated: BTreeSet<&Element> = elements.iter().map(|(element, _)| element).filter(|element| !seen.insert(*element)).collect();
    let mut nodes: Vec<Node> = repeated.iter().map(|element| Node::leaf((*element).clone())).collect();
    for (element, item) in &elements {
        if !repeated.contains(element) {
            nodes.push(Node { element: element.clone(), member: true, children: walk(list.items, item).1 });
        }
    }
    FieldSet::from_nodes(nodes)
}
