//! A handle on one view.

use crate::{
    AtError, Change, Changed, CommitAllError, CommitError, Committed, Events, Expect, Key, Kind, Op, Origin, Revision, Snapshot, Store,
    TooOld, Versioned, store::Shared, world::Identity,
};
use std::{fmt, sync::Arc};

/// A handle on a view: the base view or a sandbox. Cloning counts references.
///
/// A handle outlives its view: once that is removed it shows the last state and refuses commits.
pub struct View<T> {
    pub(crate) shared: Arc<Shared<T>>,
    pub(crate) identity: Arc<Identity<T>>,
}

impl<T> Clone for View<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), identity: self.identity.clone() }
    }
}

impl<T> fmt::Debug for View<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View({})", self.name())
    }
}

/// The view was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the view is gone")]
pub struct ViewGone;

impl<T> View<T> {
    /// Identifies it for ever; names may be used again.
    pub fn id(&self) -> u64 {
        self.identity.id
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.identity.name
    }

    /// What its maker noted of it; empty for the base view.
    pub fn note(&self) -> &Arc<str> {
        &self.identity.note
    }

    /// What it was forked from; none for the base view.
    pub fn origin(&self) -> Option<&Origin> {
        self.identity.origin.as_ref()
    }

    /// The view that it was forked from, if there is one and it was not removed.
    pub fn parent(&self) -> Option<Self> {
        let origin = self.origin()?;
        self.store().view(&origin.parent).filter(|p| p.identity.id == origin.parent_id)
    }

    /// Names of the views that were forked from this one, in order of creation.
    pub fn children(&self) -> Vec<Arc<str>> {
        self.shared.children(self.identity.id)
    }

    /// The store of which this is a view.
    pub fn store(&self) -> Store<T> {
        Store { shared: self.shared.clone() }
    }

    /// Whether it was removed. Look at this after [`Self::changed`] was called and before waiting on it.
    pub fn is_closed(&self) -> bool {
        self.identity.last.get().is_some()
    }

    /// The current state.
    pub fn snapshot(&self) -> Snapshot<T> {
        self.shared.snapshot(&self.identity)
    }

    /// The state at an older revision; see [`Snapshot::at`].
    ///
    /// # Errors
    /// [`AtError`] when the history does not reach that revision.
    pub fn at(&self, revision: Revision) -> Result<Snapshot<T>, AtError> {
        self.snapshot().at(revision)
    }

    /// The state of one kind at an older revision; see [`Snapshot::kind_at`].
    ///
    /// # Errors
    /// [`AtError`] when the history of the kind does not reach that revision.
    pub fn kind_at(&self, kind: Kind, revision: Revision) -> Result<Snapshot<T>, AtError> {
        self.snapshot().kind_at(kind, revision)
    }

    /// Up to `max` changes of `kind` later than `after`; see [`Snapshot::events`].
    ///
    /// # Errors
    /// [`TooOld`] when some of these changes are forgotten.
    pub fn events(&self, kind: Kind, after: Revision, max: usize) -> Result<Events<T>, TooOld> {
        self.snapshot().events(kind, after, max)
    }

    /// Resolves after the next change of `kind`. To miss nothing: call this, then look at [`Self::events`] and
    /// [`Self::is_closed`], then wait.
    pub fn changed(&self, kind: Kind) -> Changed {
        Changed::new(&self.identity.wakes, kind)
    }

    /// Removes the view without those forked from it.
    ///
    /// # Errors
    /// As [`Store::remove_view`].
    pub fn close(&self) -> Result<(), crate::RemoveError> {
        if self.is_closed() {
            return Err(crate::RemoveError::NotFound);
        }
        self.store().remove_view(self.name(), false).map(drop)
    }
}

impl<T: Versioned> View<T> {
    /// Changes one object: checks `expect` against the newest state, and stores what `change` makes of the object and
    /// the revision that the change will have.
    ///
    /// `change` runs with the store's only writer lock held, so it must be quick and must not use the store.
    ///
    /// # Errors
    /// [`CommitError`] says which expectation failed; nothing was changed then.
    pub fn commit(
        &self,
        kind: Kind,
        key: Key,
        expect: Expect,
        change: impl FnOnce(Revision, Option<&Arc<T>>) -> Change<T>,
    ) -> Result<Committed<T>, CommitError<T>> {
        self.shared.transact(&self.identity, || CommitError::ViewGone, |transaction| transaction.apply(kind, key, expect, change))
    }

    /// Makes all of these changes, in order and each at a revision of its own, or none.
    ///
    /// # Errors
    /// [`CommitAllError`] names every change whose expectation fails.
    pub fn commit_all(&self, ops: Vec<Op<'_, T>>) -> Result<Vec<Committed<T>>, CommitAllError<T>> {
        let gone = || CommitAllError { failures: vec![(0, CommitError::ViewGone)] };
        self.shared.transact(&self.identity, gone, |transaction| {
            let (mut done, mut failures) = (Vec::with_capacity(ops.len()), Vec::new());
            for (place, op) in ops.into_iter().enumerate() {
                match transaction.apply(op.kind, op.key, op.expect, op.change) {
                    Ok(committed) => done.push(committed),
                    Err(error) => failures.push((place, error)),
                }
            }
            if failures.is_empty() { Ok(done) } else { Err(CommitAllError { failures }) }
        })
    }
}
