//! Sets of field paths, as managedFields record them (C-07-48).

mod element;
mod fields_v1;
mod operations;

pub(crate) use element::equal;
pub use element::{Element, Name, Path};
pub use fields_v1::FieldsV1Error;
pub(crate) use fields_v1::{push_field, push_key};

use std::cmp::Ordering;

/// A set of field paths: a tree whose nodes say for themselves whether they are in the set.
///
/// ```
/// use minkapi_patch::FieldSet;
/// use serde_json::json;
///
/// let fields = json!({"f:spec": {"f:replicas": {}}});
/// let set = FieldSet::from_fields_v1(&fields).unwrap();
/// assert_eq!(set.paths()[0].to_string(), ".spec.replicas");
/// assert_eq!(set.to_fields_v1(), fields);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// Sorted by element; no node is without members in or below it.
    nodes: Vec<Node>,
}

/// One step of a path, and what is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) element: Element,
    /// Whether the path that ends here is in the set.
    pub(crate) member: bool,
    pub(crate) children: FieldSet,
}

impl Node {
    /// A path that ends here.
    pub(crate) fn leaf(element: Element) -> Self {
        Self { element, member: true, children: FieldSet::default() }
    }

    fn is_empty(&self) -> bool {
        !self.member && self.children.is_empty()
    }
}

impl FieldSet {
    /// Whether no path is in the set.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Number of paths.
    pub fn len(&self) -> usize {
        self.nodes.iter().map(|node| usize::from(node.member) + node.children.len()).sum()
    }

    /// Whether the path is in the set.
    pub fn contains(&self, path: &[Element]) -> bool {
        let Some((first, rest)) = path.split_first() else { return false };
        self.node(first).is_some_and(|node| if rest.is_empty() { node.member } else { node.children.contains(rest) })
    }

    /// Adds a path; the empty path, the object itself, is never tracked.
    pub fn insert(&mut self, path: &[Element]) {
        let Some((first, rest)) = path.split_first() else { return };
        let node = self.node_mut(first);
        if rest.is_empty() {
            node.member = true;
        } else {
            node.children.insert(rest);
        }
    }

    /// All paths; of each place those that end there come before those that go on.
    pub fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, prefix: &mut Vec<Element>, paths: &mut Vec<Path>) {
        for node in self.nodes.iter().filter(|node| node.member) {
            prefix.push(node.element.clone());
            paths.push(Path(prefix.clone()));
            prefix.pop();
        }
        for node in &self.nodes {
            prefix.push(node.element.clone());
            node.children.collect(prefix, paths);
            prefix.pop();
        }
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn node(&self, element: &Element) -> Option<&Node> {
        let at = self.nodes.binary_search_by(|node| node.element.cmp(element)).ok()?;
        self.nodes.get(at)
    }

    /// The node of a field, without making an element for the search.
    pub(crate) fn field(&self, name: &str) -> Option<&Node> {
        let order = |node: &Node| match &node.element {
            Element::Field(field) => field.as_ref().cmp(name),
            _ => Ordering::Greater,
        };
        let at = self.nodes.binary_search_by(order).ok()?;
        self.nodes.get(at)
    }

    fn node_mut(&mut self, element: &Element) -> &mut Node {
        let at = match self.nodes.binary_search_by(|node| node.element.cmp(element)) {
            Ok(at) => at,
            Err(at) => {
                self.nodes.insert(at, Node { element: element.clone(), member: false, children: Self::default() });
                at
            }
        };
        #[expect(clippy::indexing_slicing, reason = "found or inserted above")]
        &mut self.nodes[at]
    }

    pub(crate) fn reserve(&mut self, nodes: usize) {
        self.nodes.reserve_exact(nodes);
    }

    /// Adds a node that sorts after all others.
    pub(crate) fn push(&mut self, node: Node) {
        if !node.is_empty() {
            self.nodes.push(node);
        }
    }

    /// A set of nodes in any order, each element once.
    pub(crate) fn from_nodes(mut nodes: Vec<Node>) -> Self {
        nodes.retain(|node| !node.is_empty());
        nodes.sort_by(|a, b| a.element.cmp(&b.element));
        Self { nodes }
    }
}

impl FromIterator<Path> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Path>>(paths: I) -> Self {
        let mut set = Self::default();
        paths.into_iter().for_each(|path| set.insert(&path.0));
        set
    }
}
