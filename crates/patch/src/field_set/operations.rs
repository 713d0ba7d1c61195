//! Union, difference and intersection of field sets.

use super::{FieldSet, Node};
use std::cmp::Ordering;

impl FieldSet {
    /// The paths in either set.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let mut nodes = Vec::with_capacity(self.nodes.len().max(other.nodes.len()));
        let (mut left, mut right) = (std::mem::take(&mut self.nodes).into_iter().peekable(), other.nodes.into_iter().peekable());
        loop {
            let order = match (left.peek(), right.peek()) {
                (None, None) => return Self { nodes },
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(l), Some(r)) => l.element.cmp(&r.element),
            };
            match order {
                Ordering::Less => nodes.extend(left.next()),
                Ordering::Greater => nodes.extend(right.next()),
                Ordering::Equal => {
                    if let (Some(l), Some(r)) = (left.next(), right.next()) {
                        nodes.push(Node { element: l.element, member: l.member || r.member, children: l.children.union(r.children) });
                    }
                }
            }
        }
    }

    /// The paths in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut out = Self::default();
        for (node, twin) in self.with_twins(other) {
            if let Some(twin) = twin {
                let children = node.children.intersection(&twin.children);
                out.push(Node { element: node.element.clone(), member: node.member && twin.member, children });
            }
        }
        out
    }

    /// The paths that are not in `other`.
    #[must_use]
    pub fn difference(self, other: &Self) -> Self {
        self.without(other, |node, twin| {
            node.member &= !twin.member;
            node.children = std::mem::take(&mut node.children).difference(&twin.children);
        })
    }

    /// The paths that are neither in `other` nor below a path of it.
    #[must_use]
    pub fn recursive_difference(self, other: &Self) -> Self {
        self.without(other, |node, twin| {
            let children = std::mem::take(&mut node.children);
            node.children = if twin.member { Self::default() } else { children.recursive_difference(&twin.children) };
            node.member &= !twin.member;
        })
    }

    /// Whether some path is in both sets.
    pub fn intersects(&self, other: &Self) -> bool {
        self.with_twins(other)
            .any(|(node, twin)| twin.is_some_and(|twin| (node.member && twin.member) || node.children.intersects(&twin.children)))
    }

    /// Whether every path is in `other` too.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.with_twins(other)
            .all(|(node, twin)| twin.is_some_and(|twin| (!node.member || twin.member) && node.children.is_subset(&twin.children)))
    }

    /// The paths that no longer path goes on from.
    #[must_use]
    pub fn leaves(&self) -> Self {
        let leaf = |node: &Node| Node {
            element: node.element.clone(),
            member: node.member && node.children.is_empty(),
            children: node.children.leaves(),
        };
        Self { nodes: self.nodes.iter().map(leaf).collect() }
    }

    fn without(mut self, other: &Self, cut: impl Fn(&mut Node, &Node)) -> Self {
        if other.is_empty() {
            return self;
        }
        let mut others = other.nodes.iter().peekable();
        self.nodes.retain_mut(|node| {
            while others.next_if(|twin| twin.element < node.element).is_some() {}
            if let Some(twin) = others.next_if(|twin| twin.element == node.element) {
                cut(node, twin);
            }
            !node.is_empty()
        });
        self
    }

    /// Each node with that of the same element in `other`.
    fn with_twins<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = (&'s Node, Option<&'s Node>)> {
        let mut others = other.nodes.iter().peekable();
        self.nodes.iter().map(move |node| {
            while others.next_if(|twin| twin.element < node.element).is_some() {}
            (node, others.next_if(|twin| twin.element == node.element))
        })
    }
}
