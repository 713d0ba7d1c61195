use crate::field_set::{Element, FieldSet, Node, Path};

/// Fields that a write through an endpoint cannot own, since the endpoint does not take them (C-07-50).
#[derive(Debug, Clone, Copy)]
pub enum ResetFields<'a> {
    /// All but these and what is below them: `&[&["status"]]`.
    Except(&'a [&'a [&'a str]]),
    /// Only these and what is below them; `*` stands for any field or item: `&[&["spec", "containers", "*", "resources"]]`.
    Only(&'a [&'a [&'a str]]),
}

impl ResetFields<'_> {
    /// Nothing is reset.
    pub const NONE: Self = Self::Except(&[]);

    /// What of a set is owned.
    pub(super) fn filter(self, set: FieldSet) -> FieldSet {
        match self {
            Self::Except([]) => set,
            Self::Except(paths) => {
                let paths: FieldSet = paths.iter().map(|path| Path::of_fields(path.iter().copied())).collect();
                set.recursive_difference(&paths)
            }
            Self::Only(paths) => only(&set, paths),
        }
    }
}

fn only(set: &FieldSet, paths: &[&[&str]]) -> FieldSet {
    let matching = |node: &Node| {
        let matches = |step: &str| step == "*" || matches!(&node.element, Element::Field(name) if name == step);
        let rest: Vec<&[&str]> = paths.iter().filter_map(|path| path.split_first()).filter(|(s, _)| matches(s)).map(|(_, rest)| rest).collect();
        match rest.as_slice() {
            [] => None,
            rest if rest.iter().any(|rest| rest.is_empty()) => Some(node.clone()),
            rest => Some(Node { element: node.element.clone(), member: node.member, children: only(&node.children, rest) }),
        }
    };
    FieldSet::from_nodes(set.nodes().iter().filter_map(matching).collect())
}
