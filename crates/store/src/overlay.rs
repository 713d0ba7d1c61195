//! What a sandbox has changed, and undoing it.

use crate::{AtError, Change, Expect, Key, Kind, Revision, Versioned, View, ViewGone, view};
use std::{collections::BTreeMap, sync::Arc};

/// An object that differs between a sandbox and its parent because of the sandbox.
#[derive(Debug)]
pub struct Difference<T> {
    /// The kind of the object.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// The sandbox's object; none if it deleted the parent's.
    pub own: Option<Arc<T>>,
    /// The parent's object when the sandbox first changed it; none if the sandbox created it.
    pub origin: Option<Arc<T>>,
}

/// Why a view cannot be set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RewindError {
    /// The state at that revision cannot be read.
    #[error(transparent)]
    Revision(#[from] AtError),
    /// The view was removed.
    #[error(transparent)]
    ViewGone(#[from] view::ViewGone),
}

impl<T> View<T> {
    /// What the sandbox has changed, by kind and key. Costs as much as it is. Nothing for the base view.
    pub fn changes(&self) -> Vec<Difference<T>> {
        let state = self.snapshot();
        if self.origin().is_none() {
            return Vec::new();
        }
        let mut changes = Vec::new();
        for (kind, own) in &state.top.kinds {
            for (key, entry) in &own.entries {
                let origin = entry.cover.as_ref().and_then(|c| c.origin.clone());
                // What was created and deleted in the sandbox is no difference.
                if entry.object.is_some() || origin.is_some() {
                    changes.push(Difference { kind: *kind, key: key.clone(), own: entry.object.clone(), origin });
                }
            }
        }
        changes
    }

    /// How many entries the sandbox holds of its own, tombstones included; of the base view, how many objects.
    pub fn own_len(&self) -> usize {
        self.snapshot().top.kinds.values().map(|k| k.entries.len()).sum()
    }
}

impl<T: Versioned> View<T> {
    /// Drops what the view holds of its own: a sandbox shows its parent again, the base view nothing. The history
    /// begins anew at the returned revision, so that whoever follows the view has to list again.
    ///
    /// # Errors
    /// [`ViewGone`] when the view was removed.
    pub fn reset(&self) -> Result<Revision, ViewGone> {
        self.shared.clear(&self.identity, None)
    }

    /// As [`Self::reset`], for one kind.
    ///
    /// # Errors
    /// [`ViewGone`] when the view was removed.
    pub fn reset_kind(&self, kind: Kind) -> Result<Revision, ViewGone> {
        self.shared.clear(&self.identity, Some(kind))
    }

    /// Makes the view show again what it showed at `revision`. These are changes like others, at revisions of their
    /// own, so that watches stay truthful. Returns how many objects were changed.
    ///
    /// # Errors
    /// [`RewindError`] when the history does not reach that revision.
    pub fn rewind(&self, revision: Revision) -> Result<usize, RewindError> {
        self.shared.transact(
            &self.identity,
            || ViewGone.into(),
            |transaction| {
                let now = transaction.state();
                let then = now.at(revision)?;
                let mut undone = 0;
                for kind in now.kinds() {
                    // `at` has succeeded, so the changes since are all known.
                    let since = now.events(kind, revision, usize::MAX).map(|e| e.events).unwrap_or_default();
                    let touched: BTreeMap<&Key, ()> = since.iter().map(|e| (&e.key, ())).collect();
                    for key in touched.into_keys() {
                        let (old, new) = (then.find(kind, key), now.find(kind, key));
                        if old.map(|o| o.revision()) == new.map(|o| o.revision()) {
                            continue;
                        }
                        let change = |revision, _: Option<&Arc<T>>| old.map_or(Change::Delete, |o| Change::Put(o.with_revision(revision)));
                        undone += usize::from(transaction.apply(kind, key.clone(), Expect::Any, change).is_ok_and(|c| c.changed));
                    }
                }
                Ok(undone)
            },
        )
    }
}
