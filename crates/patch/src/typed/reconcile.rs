//! Field sets recorded under an older schema.

use super::form::{Form, Type};
use crate::field_set::{Element, FieldSet, Node};
use minkapi_registry::ListType;
use serde_json::{Map, Value};

/// The set of an older schema under this one: of what has become atomic only the place itself is left. None if nothing changes.
pub(crate) fn reconcile(of: Type<'_>, set: &FieldSet) -> Option<FieldSet> {
    reaches_into_atomic(of, set).then(|| collapse(of, set))
}

fn reaches_into_atomic(of: Type<'_>, set: &FieldSet) -> bool {
    let mut reaching = set.nodes().iter().filter(|node| !node.children.is_empty());
    reaching.any(|node| match below(of, &node.element) {
        Below::Atomic => true,
        Below::Of(of) => reaches_into_atomic(of, &node.children),
        Below::Unknown => false,
    })
}

fn collapse(of: Type<'_>, set: &FieldSet) -> FieldSet {
    let nodes = set.nodes().iter().map(|node| match below(of, &node.element) {
        Below::Atomic => Node::leaf(node.element.clone()),
        Below::Of(of) => Node { children: collapse(of, &node.children), ..node.clone() },
        Below::Unknown => node.clone(),
    });
    FieldSet::from_nodes(nodes.collect())
}

enum Below<'s> {
    Atomic,
    Of(Type<'s>),
    /// What the schema does not have, or leaves to the value, stays.
    Unknown,
}

/// The type at a step below `of`.
fn below<'s>(of: Type<'s>, step: &Element) -> Below<'s> {
    let at = match (step, of.form(&Value::Null), of.form(&Value::Array(Vec::new()))) {
        (Element::Field(name), Form::Map(map), _) => map.member(name),
        (_, _, Form::List(list)) => Some(list.items),
        _ => None,
    };
    let Some(at) = at else { return Below::Unknown };
    if matches!(at, Type::Deduced) {
        return Below::Unknown;
    }
    // A place of any shape counts as a map, as upstream has it.
    match at.form(&Value::Object(Map::new())) {
        Form::Map(map) if map.atomic => Below::Atomic,
        Form::List(list) if *list.kind == ListType::Atomic => Below::Atomic,
        _ => Below::Of(at),
    }
}
