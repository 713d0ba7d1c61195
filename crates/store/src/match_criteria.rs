//! Which objects of a kind are meant.

use crate::{Key, Resource};
use minkapi_object::LabelSelector;
use std::{collections::BTreeSet, sync::Arc};

/// Selects objects by namespace, name and labels; all that are given must hold.
#[derive(Debug, Clone, Default)]
pub struct MatchCriteria {
    /// Only those of this namespace.
    pub namespace: Option<Arc<str>>,
    /// Only those of one of these names; any if it is empty.
    pub names: BTreeSet<Arc<str>>,
    /// Only those with such labels.
    pub label_selector: LabelSelector,
}

impl MatchCriteria {
    /// Every object.
    pub fn all() -> Self {
        Self::default()
    }

    /// Every object of a namespace.
    pub fn in_namespace(namespace: &str) -> Self {
        Self { namespace: Some(namespace.into()), ..Self::default() }
    }

    /// Whether an object of this key can match.
    pub(crate) fn covers(&self, key: &Key) -> bool {
        self.namespace.as_ref().is_none_or(|n| **n == *key.namespace()) && (self.names.is_empty() || self.names.contains(key.name()))
    }

    /// Whether `object` is meant.
    pub fn matches<T: Resource>(&self, object: &T) -> bool {
        self.covers(&object.key()) && self.label_selector.matches(object.labels())
    }
}
