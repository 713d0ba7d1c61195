//! What a watcher selects, and what a change means to it.

use crate::{WatchEvent, WatchEventKind};
use minkapi_object::{LabelSelector, Object};
use minkapi_store::{Event, Transition};
use std::{fmt, sync::Arc};

/// Tells whether an object's fields are selected; made by whoever knows the fields of the kind.
pub type FieldMatcher = Arc<dyn Fn(&Object) -> bool + Send + Sync>;

/// Which objects of a kind are watched. The default selects all.
#[derive(Clone, Default)]
pub struct Selector {
    /// Only those of this namespace.
    pub namespace: Option<Arc<str>>,
    /// Only those of this name.
    pub name: Option<Arc<str>>,
    /// Only those with such labels.
    pub labels: LabelSelector,
    /// Only those with such fields.
    pub fields: Option<FieldMatcher>,
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selector")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .field("labels", &self.labels)
            .field("fields", &self.fields.is_some())
            .finish()
    }
}

impl Selector {
    /// Whether an object is selected.
    pub fn matches(&self, object: &Object) -> bool {
        let head = object.head();
        self.covers(&head.namespace, &head.name) && self.selects(object)
    }

    /// Whether objects of this namespace and name can be selected at all.
    pub(crate) fn covers(&self, namespace: &str, name: &str) -> bool {
        self.namespace.as_ref().is_none_or(|n| **n == *namespace) && self.name.as_ref().is_none_or(|n| **n == *name)
    }

    fn selects(&self, object: &Object) -> bool {
        (self.labels.requirements.is_empty() || self.labels.matches(&object.head().labels))
            && self.fields.as_ref().is_none_or(|matches| matches(object))
    }

    /// What a change means to one who watches this selection: an object that starts or stops matching is added or
    /// deleted (C-06-12). None if it concerns objects outside of it.
    pub fn translate(&self, event: &Arc<Event<Object>>) -> Option<WatchEvent> {
        if !self.covers(event.key.namespace(), event.key.name()) {
            return None;
        }
        let (transition, object) = event.transition(|o| self.selects(o))?;
        let kind = match transition {
            Transition::Added => WatchEventKind::Added,
            Transition::Modified => WatchEventKind::Modified,
            Transition::Deleted => WatchEventKind::Deleted,
        };
        let object = Some(object.clone());
        Some(WatchEvent { kind, object, revision: event.revision, source: Some(event.clone()) })
    }
}
