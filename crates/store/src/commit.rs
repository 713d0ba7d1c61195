//! Changing a view.

use crate::{
    Event, Key, Kind, Revision, RevisionSource, Snapshot, Versioned, commit_log,
    layer::{Cover, Entry, KindState, Layer},
    log::Limits,
};
use std::{fmt, sync::Arc};

/// What must hold of the current object for a change to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// There is none.
    Absent,
    /// There is one.
    Present,
    /// There is one, last changed at this revision.
    Revision(Revision),
    /// Nothing.
    Any,
}

/// What is to be done with the current object.
#[derive(Debug)]
pub enum Change<T> {
    /// Store this in its place. Its revision must be the one that was handed out.
    Put(T),
    /// Delete it.
    Delete,
    /// Leave it as it is.
    Keep,
}

/// What a commit has done.
#[derive(Debug)]
pub struct Committed<T> {
    /// The revision of the change; when nothing changed, that of the current object (0 when there is none).
    pub revision: Revision,
    /// The object now; none after a deletion.
    pub object: Option<Arc<T>>,
    /// The object before.
    pub previous: Option<Arc<T>>,
    /// Whether anything was changed.
    pub changed: bool,
}

/// Why nothing was committed.
#[derive(thiserror::Error)]
pub enum CommitError<T> {
    /// [`Expect::Absent`] does not hold.
    #[error("already exists")]
    AlreadyExists(Arc<T>),
    /// There is no object, against what was expected.
    #[error("not found")]
    NotFound,
    /// The object was changed since the expected revision.
    #[error("has been changed since")]
    Conflict {
        /// The object as it is.
        current: Arc<T>,
    },
    /// The view was removed.
    #[error("the view is gone")]
    ViewGone,
}

/// Makes a change from the revision that it will have and the current object. Runs with the writer lock held, so it
/// must be quick and must not use the store.
pub type ChangeFn<'a, T> = Box<dyn FnOnce(Revision, Option<&Arc<T>>) -> Change<T> + 'a>;

/// One of several changes that are committed together.
pub struct Op<'a, T> {
    /// The kind of the object.
    pub kind: Kind,
    /// Its key.
    pub key: Key,
    /// What must hold of it.
    pub expect: Expect,
    /// What is to be done. [`Change::Keep`] makes this a mere precondition of the others.
    pub change: ChangeFn<'a, T>,
}

/// Why none of several changes was committed: all that failed, by their place among the changes.
#[derive(thiserror::Error)]
#[error("{} of the changes could not be made", failures.len())]
pub struct CommitAllError<T> {
    /// The failed ones.
    pub failures: Vec<(usize, CommitError<T>)>,
}

// Printing an error does not need the values, so these do not ask for values that print.
impl<T> fmt::Debug for CommitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyExists(_) => "AlreadyExists",
            Self::NotFound => "NotFound",
            Self::Conflict { .. } => "Conflict",
            Self::ViewGone => "ViewGone",
        })
    }
}

impl<T> fmt::Debug for CommitAllError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.failures).finish()
    }
}

/// Changes to one view that become visible together.
pub(crate) struct Transaction<'a, T> {
    state: &'a Snapshot<T>,
    source: &'a dyn RevisionSource,
    revision: Revision,
    changed: Vec<(Kind, KindState<T>)>,
    events: Vec<(Kind, Arc<Event<T>>)>,
}

impl<'a, T: Versioned> Transaction<'a, T> {
    pub fn new(state: &'a Snapshot<T>, source: &'a dyn RevisionSource) -> Self {
        Self { state, source, revision: state.revision, changed: Vec::new(), events: Vec::new() }
    }

    /// The state before the changes.
    pub const fn state(&self) -> &'a Snapshot<T> {
        self.state
    }

    /// The object as it is after the changes so far.
    pub fn current(&self, kind: Kind, key: &Key) -> Option<&Arc<T>> {
        let changed = self.changed.iter().find(|(k, _)| *k == kind).and_then(|(_, s)| s.entries.get(key));
        match changed {
            Some(entry) => entry.object.as_ref(),
            // The base view forgets what was deleted, so a key that is gone from the working copy is gone.
            None if self.state.below.is_empty() && self.changed.iter().any(|(k, _)| *k == kind) => None,
            None => self.state.find(kind, key),
        }
    }

    pub fn apply(
        &mut self,
        kind: Kind,
        key: Key,
        expect: Expect,
        change: impl FnOnce(Revision, Option<&Arc<T>>) -> Change<T>,
    ) -> Result<Committed<T>, CommitError<T>> {
        let current = self.current(kind, &key).cloned();
        match (expect, &current) {
            (Expect::Absent, Some(found)) => return Err(CommitError::AlreadyExists(found.clone())),
            (Expect::Present | Expect::Revision(_), None) => return Err(CommitError::NotFound),
            (Expect::Revision(revision), Some(found)) if found.revision() != revision => {
                return Err(CommitError::Conflict { current: found.clone() });
            }
            _ => {}
        }
        let revision = self.source.next(self.revision);
        let object = match change(revision, current.as_ref()) {
            Change::Put(object) => Some(Arc::new(object)),
            Change::Delete if current.is_some() => None,
            Change::Delete | Change::Keep => {
                let revision = current.as_ref().map_or(0, |c| c.revision());
                return Ok(Committed { revision, object: current.clone(), previous: current, changed: false });
            }
        };
        self.revision = revision;
        self.store(kind, key, current.clone(), object.clone());
        Ok(Committed { revision, object, previous: current, changed: true })
    }

    fn store(&mut self, kind: Kind, key: Key, old: Option<Arc<T>>, new: Option<Arc<T>>) {
        let revision = self.revision;
        let is_base = self.state.below.is_empty();
        let state = self.working_copy(kind);
        let before = state.entries.get(&key);
        let first = before.is_none();
        if is_base && new.is_none() {
            state.entries.remove(&key);
        } else {
            let cover = match before {
                Some(entry) => entry.cover.clone(),
                None if is_base => None,
                None => Some(Arc::new(Cover { since: revision, origin: old.clone(), settled: None })),
            };
            state.entries.insert(key.clone(), Entry { object: new.clone(), cover });
        }
        self.events.push((kind, Arc::new(Event::new(revision, key, old, new, first))));
    }

    /// Whether nothing was changed.
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The changes as a log keeps them.
    pub fn changes(&self) -> Vec<commit_log::ChangedObject<T>> {
        let changed = |(kind, event): &(Kind, Arc<Event<T>>)| commit_log::ChangedObject {
            kind: *kind,
            key: event.key.clone(),
            revision: event.revision,
            object: event.new.clone(),
        };
        self.events.iter().map(changed).collect()
    }

    /// Makes a change at a given revision, whatever is there.
    pub fn put(&mut self, kind: Kind, key: Key, revision: Revision, object: Option<Arc<T>>) {
        let current = self.current(kind, &key).cloned();
        self.revision = revision;
        self.store(kind, key, current, object);
    }

    fn working_copy(&mut self, kind: Kind) -> &mut KindState<T> {
        let at = self.changed.iter().position(|(k, _)| *k == kind).unwrap_or_else(|| {
            let state = self.state.top.kinds.get(&kind);
            self.changed.push((kind, state.map_or_else(|| KindState::empty(self.state.top.floor), |s| KindState::clone(s))));
            self.changed.len() - 1
        });
        &mut self.changed[at].1
    }

    /// The layer with the changes, its revision, and the kinds that changed. None if nothing did.
    pub fn finish(self, limits: Limits) -> Option<(Layer<T>, Revision, Vec<Kind>)> {
        if self.events.is_empty() {
            return None;
        }
        let mut changed = self.changed;
        // Logs are shared with readers, so they are written last, when nothing can fail any more.
        for (kind, event) in self.events {
            if let Some((_, state)) = changed.iter_mut().find(|(k, _)| *k == kind) {
                state.record(event, limits);
            }
        }
        let mut layer = Layer::clone(&self.state.top);
        let kinds = changed.iter().map(|(kind, _)| *kind).collect();
        for (kind, state) in changed {
            layer.kinds.insert(kind, Arc::new(state));
        }
        Some((layer, self.revision, kinds))
    }
}
