//! Revisions: what orders all changes of a server.

/// A number that the whole server draws from one counter: every change has its own, later changes have greater ones,
/// in whichever view they happen (C-00-01).
pub type Revision = u64;

/// A value that knows the revision at which it was stored.
pub trait Versioned {
    /// The revision of the value's last change; 0 if it was never stored.
    fn revision(&self) -> Revision;

    /// The same value under another revision: what a rewind stores, and how a deletion shows the last state.
    #[must_use]
    fn with_revision(&self, revision: Revision) -> Self;

    /// Bytes by which the value counts towards the bound on history.
    fn size(&self) -> usize {
        size_of_val(self)
    }
}

impl Versioned for minkapi_object::Object {
    fn revision(&self) -> Revision {
        self.resource_version()
    }

    fn with_revision(&self, revision: Revision) -> Self {
        self.with_resource_version(revision)
    }

    fn size(&self) -> usize {
        self.bytes().len()
    }
}

/// Where the revisions of commits come from. The seam for a store that shares its base view with other processes:
/// there the revision is the answer of the shared log.
pub trait RevisionSource: Send + Sync {
    /// The revision of the next change; must be greater than `last`. Called with the store's writer lock held.
    fn next(&self, last: Revision) -> Revision;
}

/// Counts up by one: the source of a store that stands alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counter;

impl RevisionSource for Counter {
    fn next(&self, last: Revision) -> Revision {
        last + 1
    }
}
