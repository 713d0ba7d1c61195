//! The fields of an object beside the properties of its schema. Both are sorted, so they are walked together and nothing is
//! looked up.

use super::Structural;
use serde_json::Value;
use std::{cmp::Ordering, collections::btree_map, iter::Peekable};

/// The properties of a schema that are still ahead.
pub(super) struct Fields<'s> {
    ahead: Peekable<btree_map::Iter<'s, String, Structural>>,
    missing: Vec<(&'s str, &'s Structural)>,
}

impl<'s> Fields<'s> {
    /// Those of a schema.
    pub fn of(schema: &'s Structural) -> Self {
        Self { ahead: schema.properties.iter().peekable(), missing: Vec::new() }
    }

    /// The property of a field, if it has one. Fields must be asked for in their order.
    pub fn next(&mut self, field: &str) -> Option<&'s Structural> {
        while let Some((name, property)) = self.ahead.peek().copied() {
            match name.as_str().cmp(field) {
                Ordering::Less => self.skip(name, property),
                Ordering::Equal => {
                    self.ahead.next();
                    return Some(property);
                }
                Ordering::Greater => return None,
            }
            self.ahead.next();
        }
        None
    }

    fn skip(&mut self, name: &'s str, property: &'s Structural) {
        if property.default.is_some() {
            self.missing.push((name, property));
        }
    }

    /// The properties that no field was there for and that have a default, with it.
    pub fn missing_defaults(mut self) -> impl Iterator<Item = (&'s str, &'s Structural, &'s Value)> {
        while let Some((name, property)) = self.ahead.next() {
            self.skip(name, property);
        }
        self.missing.into_iter().filter_map(|(name, property)| Some((name, property, property.default.as_ref()?)))
    }
}
