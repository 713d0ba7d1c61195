//! What a sandbox has changed, and undoing it.

use crate::{
    AtError, Change, Expect, Key, Kind, Record, Revision, Snapshot, Versioned, View, ViewGone,
    layer::{Cover, Entry, Layer},
    view,
};
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
    /// The parent's object when the sandbox first changed it, or took part in it last; none if the sandbox created it.
    pub origin: Option<Arc<T>>,
    /// The sandbox's object that the parent took over last, if it did. It need not be the same as `origin`, which may hold
    /// changes of the parent's own as well.
    pub settled: Option<Arc<T>>,
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

impl<T> Entry<T> {
    /// Whether a sandbox's entry makes a difference: what was created and deleted in it makes none, and neither does what
    /// its parent has taken over.
    fn differs(&self) -> bool {
        let Some(cover) = &self.cover else { return true };
        match (&self.object, &cover.settled) {
            (Some(object), Some(settled)) => !Arc::ptr_eq(object, settled),
            (Some(_), None) => true,
            (None, _) => cover.origin.is_some(),
        }
    }
}

/// A difference that the parent has taken over.
#[derive(Debug)]
pub struct Settled<T> {
    /// The kind of the object.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// The sandbox's object that was taken over; none for a deletion.
    pub own: Option<Arc<T>>,
    /// The parent's object since then.
    pub origin: Option<Arc<T>>,
}

impl<T> Clone for Settled<T> {
    fn clone(&self) -> Self {
        Self { kind: self.kind, key: self.key.clone(), own: self.own.clone(), origin: self.origin.clone() }
    }
}

impl<T> Layer<T> {
    /// Notes that the parent has taken over an object.
    pub(crate) fn settle(&mut self, taken: &Settled<T>) {
        let Some(state) = self.kinds.get_mut(&taken.kind) else { return };
        let Some(entry) = state.entries.get(&taken.key) else { return };
        let Some(cover) = &entry.cover else { return };
        let cover = Cover { since: cover.since, origin: taken.origin.clone(), settled: taken.own.clone() };
        let entry = Entry { object: entry.object.clone(), cover: Some(Arc::new(cover)) };
        Arc::make_mut(state).entries.insert(taken.key.clone(), entry);
    }
}

impl<T> Snapshot<T> {
    /// What the sandbox has changed, by kind and key. Costs as much as it is. Nothing for the base view.
    pub fn changes(&self) -> Vec<Difference<T>> {
        let entries = self.own_changes();
        let difference = |(kind, key, entry): (Kind, &Key, &Entry<T>)| Difference {
            kind,
            key: key.clone(),
            own: entry.object.clone(),
            origin: entry.cover.as_ref().and_then(|c| c.origin.clone()),
            settled: entry.cover.as_ref().and_then(|c| c.settled.clone()),
        };
        entries.map(difference).collect()
    }

    /// How many objects the sandbox has changed: the length of [`Self::changes`].
    pub fn change_count(&self) -> usize {
        self.own_changes().count()
    }

    /// The keys of a kind for which the view has an entry of its own, tombstones included.
    pub fn own_keys(&self, kind: Kind) -> impl Iterator<Item = &Key> {
        self.top.entries(kind).into_iter().flat_map(|entries| entries.keys())
    }

    fn own_changes(&self) -> impl Iterator<Item = (Kind, &Key, &Entry<T>)> {
        let sandbox = !self.below.is_empty();
        let kinds = self.top.kinds.iter().filter(move |_| sandbox);
        let entries = kinds.flat_map(|(kind, own)| own.entries.iter().map(move |(key, entry)| (*kind, key, entry)));
        entries.filter(|(_, _, entry)| entry.differs())
    }
}

impl<T> View<T> {
    /// What the sandbox has changed; see [`Snapshot::changes`].
    pub fn changes(&self) -> Vec<Difference<T>> {
        self.snapshot().changes()
    }

    /// How many entries the sandbox holds of its own, tombstones included; of the base view, how many objects.
    pub fn own_len(&self) -> usize {
        self.snapshot().top.kinds.values().map(|k| k.entries.len()).sum()
    }
}

impl<T: Versioned> View<T> {
    /// Notes that the parent has taken over these objects: they are differences again only once they are changed further,
    /// and then against the parent's object of now. What the view shows stays as it is, and so does the revision.
    ///
    /// # Errors
    /// [`ViewGone`] when the view was removed.
    pub fn settle(&self, taken: Vec<Settled<T>>) -> Result<(), ViewGone> {
        let record = || Record::Settle { view: self.identity.id, taken: taken.iter().map(Settled::clone).collect() };
        self.shared.edit_layer(&self.identity, record, |layer| taken.iter().for_each(|one| layer.settle(one)))
    }

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
