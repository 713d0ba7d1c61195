//! Taking fields out of an object.

use super::{
    form::{Form, List, Map, Type},
    list_item,
};
use crate::field_set::{Element, FieldSet, Node};
use serde_json::Value;

/// The value without the places in `gone`. A list or object that is left empty becomes null.
pub(crate) fn remove(of: Type<'_>, value: &Value, gone: &FieldSet) -> Value {
    match (of.form(value), value) {
        (Form::Scalar(_), _) => value.clone(),
        (Form::List(list), Value::Array(list_items)) if !list.is_atomic() => {
            let left = items(list, list_items, gone);
            if left.is_empty() { Value::Null } else { Value::Array(left) }
        }
        (Form::Map(map), Value::Object(map_members)) if !map.atomic => {
            let left = members(map, map_members, gone);
            if left.is_empty() { Value::Null } else { Value::Object(left) }
        }
        _ => Value::Null,
    }
}

fn items(list: List<'_>, items: &[Value], gone: &FieldSet) -> Vec<Value> {
    let keep = |item: &Value| {
        let node = list_item::element(list, item).ok().and_then(|element| gone.node(&element));
        keep(list.items, item, node)
    };
    items.iter().filter_map(keep).collect()
}

fn members(map: Map<'_>, members: &serde_json::Map<String, Value>, gone: &FieldSet) -> serde_json::Map<String, Value> {
    let keep = |(name, member): (&String, &Value)| {
        let kept = match gone.field(name) {
            None => Some(member.clone()),
            node => keep(map.member(name).unwrap_or(Type::Deduced), member, node),
        };
        Some((name.clone(), kept?))
    };
    members.iter().filter_map(keep).collect()
}

fn keep(of: Type<'_>, value: &Value, gone: Option<&Node>) -> Option<Value> {
    match gone {
        Some(node) if node.member => None,
        Some(node) => Some(remove(of, value, &node.children)),
        None => Some(value.clone()),
    }
}

/// The set with every declared field in it that a path of the set goes through: removing all of a struct removes the struct.
pub(crate) fn with_named_fields(of: Option<Type<'_>>, set: &FieldSet) -> FieldSet {
    let any = Value::Object(serde_json::Map::new());
    let nodes = set.nodes().iter().map(|node| {
        let form = |value: &Value| of.map(|of| of.form(value));
        let (named, below) = match &node.element {
            Element::Field(name) => match form(&any) {
                Some(Form::Map(map)) => (map.field(name).is_some(), map.member(name)),
                _ => (false, None),
            },
            Element::Key(_) => match form(&Value::Array(Vec::new())) {
                Some(Form::List(list)) => (false, Some(list.items)),
                _ => (false, None),
            },
            _ => (false, None),
        };
        let named = named && !node.children.is_empty();
        Node { element: node.element.clone(), member: node.member || named, children: with_named_fields(below, &node.children) }
    });
    FieldSet::from_nodes(nodes.collect())
}
