//! What the one-kind store must know of its values.

use crate::{Key, Versioned};
use minkapi_object::{Head, Labels, Object};

/// A value with a name, a namespace and labels.
pub trait Resource: Versioned + Send + Sync + 'static {
    /// What is told of a value when it is not to be copied whole.
    type Metadata;

    /// Its namespace; empty if it is cluster-scoped.
    fn namespace(&self) -> &str;

    /// Its name.
    fn name(&self) -> &str;

    /// Its labels.
    fn labels(&self) -> &Labels;

    /// Its metadata.
    fn metadata(&self) -> Self::Metadata;

    /// Its key.
    fn key(&self) -> Key {
        Key::new(self.namespace(), self.name())
    }
}

impl Resource for Object {
    type Metadata = Head;

    fn namespace(&self) -> &str {
        &self.head().namespace
    }

    fn name(&self) -> &str {
        &self.head().name
    }

    fn labels(&self) -> &Labels {
        &self.head().labels
    }

    fn metadata(&self) -> Head {
        self.head().clone()
    }
}
