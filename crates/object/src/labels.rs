//! Label sets, interned: thousands of pods come from one template.

use dashmap::DashMap;
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock, Weak},
};

type Set = BTreeMap<Box<str>, Box<str>>;

/// An immutable, interned set of labels. Cloning counts a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels(Option<Arc<Set>>);

static POOL: LazyLock<DashMap<Set, Weak<Set>>> = LazyLock::new(DashMap::new);

/// Below this many distinct sets no dead ones are swept out.
const SWEEP_FROM: usize = 4096;

impl Labels {
    /// No labels.
    pub const EMPTY: Self = Self(None);

    /// The interned set of these pairs; later pairs win over earlier ones of the same key.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let set: Set = pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        if set.is_empty() {
            return Self::EMPTY;
        }
        if let Some(found) = POOL.get(&set).and_then(|w| w.upgrade()) {
            return Self(Some(found));
        }
        if POOL.len() >= SWEEP_FROM && POOL.len().is_power_of_two() {
            POOL.retain(|_, w| w.strong_count() > 0);
        }
        let made = Arc::new(set.clone());
        POOL.insert(set, Arc::downgrade(&made));
        Self(Some(made))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.as_ref()?.get(key).map(|v| &**v)
    }

    /// All pairs in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|s| s.iter()).map(|(k, v)| (&**k, &**v))
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::EMPTY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_are_one_allocation() {
        let a = Labels::new([("app", "web"), ("tier", "front")]);
        let b = Labels::new([("tier", "front"), ("app", "web")]);
        assert!(Arc::ptr_eq(a.0.as_ref().unwrap(), b.0.as_ref().unwrap()));
        assert_eq!(a.get("app"), Some("web"));
        assert_eq!(a.get("no"), None);
    }

    #[test]
    fn the_empty_set_costs_nothing() {
        assert!(Labels::new([]).is_empty());
        assert_eq!(Labels::EMPTY.iter().count(), 0);
    }
}
