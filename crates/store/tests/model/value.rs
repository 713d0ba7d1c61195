//! What is stored in these tests.

use minkapi_store::{Revision, Versioned};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub revision: Revision,
    pub n: u32,
}

impl Versioned for Value {
    fn revision(&self) -> Revision {
        self.revision
    }

    fn with_revision(&self, revision: Revision) -> Self {
        Self { revision, n: self.n }
    }
}
