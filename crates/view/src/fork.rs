//! Forks as values: sandboxes without a name that go when nobody holds them any more.

use crate::{
    View,
    sandboxes::{fork_status, resource},
    view::Own,
};
use minkapi_object::{Object, Status};
use minkapi_store::{Fork, Mode, RewindError};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// An unnamed sandbox in the store, removed with the last handle on it.
#[derive(Debug)]
pub(crate) struct Unnamed {
    store: minkapi_store::View<Object>,
    /// Keeps the parent.
    pub parent: Arc<Own>,
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        let _ = self.store.store().remove_view(self.store.name(), true);
    }
}

/// Unnamed sandboxes are numbered; a dot is in no name that a client could give.
static NUMBER: AtomicU64 = AtomicU64::new(1);

impl View {
    /// Forks this view: the fork shows what is here, now and later, until it changes an object itself, and nothing done in
    /// it is seen here. It costs some microseconds whatever the view holds, and goes with the last handle on it (or on a
    /// fork of it). For a fork that clients can reach, see [`crate::Views::create`].
    ///
    /// # Errors
    /// 404 when this view is gone.
    pub fn fork(&self) -> Result<Self, Status> {
        self.fork_as(Mode::Live, None)
    }

    /// As [`Self::fork`], but what is changed here later is not seen in the fork.
    ///
    /// # Errors
    /// 404 when this view is gone.
    pub fn fork_frozen(&self) -> Result<Self, Status> {
        self.fork_as(Mode::Frozen, None)
    }

    /// As [`Self::fork_frozen`], from what this view showed at an older revision.
    ///
    /// # Errors
    /// 404 when this view is gone, 410 when the history does not reach back as far, 422 for a future revision.
    pub fn fork_at(&self, revision: u64) -> Result<Self, Status> {
        self.fork_as(Mode::Frozen, Some(revision))
    }

    fn fork_as(&self, mode: Mode, at: Option<u64>) -> Result<Self, Status> {
        if self.store.is_closed() {
            return Err(Status::not_found(&resource(), self.name()));
        }
        let name = format!(".fork-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let fork = Fork { parent: self.store.name().clone(), mode, at };
        let store = self.shared.store.fork(&name, fork).map_err(|err| fork_status(self.name(), &err))?;
        let unnamed = Unnamed { store: store.clone(), parent: self.own.clone() };
        Ok(Self::of(self.shared.clone(), store, Arc::new(Own::unnamed(&self.shared.config, unnamed))))
    }

    /// Whether this is the base view.
    pub fn is_base(&self) -> bool {
        self.store.origin().is_none()
    }

    /// The view that this one was forked from; none for the base view, and when it was removed.
    pub fn parent(&self) -> Option<Self> {
        let parent = self.store.parent()?;
        if let Some(view) = self.shared.sandboxes.get(&self.shared, parent.name()) {
            return Some(view);
        }
        let own = match &self.own.unnamed {
            Some(unnamed) if parent.origin().is_some() => unnamed.parent.clone(),
            _ => self.shared.base.clone(),
        };
        Some(Self::of(self.shared.clone(), parent, own))
    }

    /// The revision of the parent from which this view was forked; 0 for the base view.
    pub fn forked_at(&self) -> u64 {
        self.store.origin().map_or(0, |origin| origin.revision)
    }

    /// Drops everything that was changed here: a sandbox shows its parent again, the base view is empty. Informers relist.
    ///
    /// # Errors
    /// 404 when the view is gone.
    pub fn reset(&self) -> Result<(), Status> {
        self.store.reset().map(|_| ()).map_err(|_| Status::not_found(&resource(), self.name()))
    }

    /// Makes the view show again what it showed at `revision`, by changes like others, which watches tell of. Returns how
    /// many objects were changed.
    ///
    /// # Errors
    /// 404 when the view is gone, 410 when the history does not reach back as far, 422 for a future revision.
    pub fn rewind(&self, revision: u64) -> Result<usize, Status> {
        self.store.rewind(revision).map_err(|err| match err {
            RewindError::Revision(err) => fork_status(self.name(), &err.into()),
            RewindError::ViewGone(_) => Status::not_found(&resource(), self.name()),
        })
    }

    /// How many objects the view has changed, created or deleted against its parent; 0 for the base view.
    pub fn change_count(&self) -> usize {
        self.snapshot().change_count()
    }
}
