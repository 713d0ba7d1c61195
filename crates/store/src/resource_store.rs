//! The objects of one kind in one view, as a store of its own.

use crate::{
    Change, CommitError, Expect, Key, Kind, MatchCriteria, Resource, ResourceEvent, ResourceWatch, Revision, Snapshot, TooOld, View,
    ViewGone, resource_watch::Closing,
};
use minkapi_object::GroupVersionKind;
use std::{ops::ControlFlow, sync::Arc};

/// One kind in one view, for programs that keep objects without the API around them.
///
/// Cloning gives another handle on the same objects; [`Self::close`] concerns all clones.
#[derive(Clone)]
pub struct ResourceStore<T> {
    view: View<T>,
    kind: Kind,
    object_gvk: GroupVersionKind,
    list_gvk: GroupVersionKind,
    closing: Arc<Closing>,
}

/// A list of objects.
#[derive(Debug)]
pub struct List<T> {
    /// The objects in order of namespace and name.
    pub items: Vec<T>,
    /// The state that was listed; a watch from here sees what changes afterwards.
    pub revision: Revision,
}

/// Why an object was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResourceError {
    /// There is an object of that name.
    #[error("already exists")]
    AlreadyExists,
    /// There is no such object.
    #[error("not found")]
    NotFound,
    /// The object was changed since the revision that the update is based on.
    #[error("has been changed since, it is at revision {current} now")]
    Conflict {
        /// Its revision.
        current: Revision,
    },
    /// The view was removed.
    #[error(transparent)]
    ViewGone(#[from] ViewGone),
}

impl<T: Resource> From<CommitError<T>> for ResourceError {
    fn from(error: CommitError<T>) -> Self {
        match error {
            CommitError::AlreadyExists(_) => Self::AlreadyExists,
            CommitError::NotFound => Self::NotFound,
            CommitError::Conflict { current } => Self::Conflict { current: current.revision() },
            CommitError::ViewGone => Self::ViewGone(ViewGone),
        }
    }
}

impl<T: Resource> ResourceStore<T> {
    /// The objects of `kind` in `view`, which are of kind `object_gvk` and listed as `list_gvk`.
    pub fn new(view: View<T>, kind: Kind, object_gvk: GroupVersionKind, list_gvk: GroupVersionKind) -> Self {
        Self { view, kind, object_gvk, list_gvk, closing: Arc::default() }
    }

    /// Group, version and kind of an object.
    pub const fn object_gvk(&self) -> &GroupVersionKind {
        &self.object_gvk
    }

    /// Group, version and kind of a list of objects.
    pub const fn list_gvk(&self) -> &GroupVersionKind {
        &self.list_gvk
    }

    /// Adds an object, whatever revision it has. Returns it as stored.
    ///
    /// # Errors
    /// [`ResourceError::AlreadyExists`].
    pub fn add(&self, object: &T) -> Result<Arc<T>, ResourceError> {
        self.put(object, Expect::Absent)
    }

    /// Replaces an object: the one at the revision that `object` has, or any if that is 0. Returns it as stored.
    ///
    /// # Errors
    /// [`ResourceError::NotFound`], or [`ResourceError::Conflict`] when it was changed since.
    pub fn update(&self, object: &T) -> Result<Arc<T>, ResourceError> {
        let expect = match object.revision() {
            0 => Expect::Present,
            revision => Expect::Revision(revision),
        };
        self.put(object, expect)
    }

    fn put(&self, object: &T, expect: Expect) -> Result<Arc<T>, ResourceError> {
        let put = |revision, _: Option<&Arc<T>>| Change::Put(object.with_revision(revision));
        let committed = self.view.commit(self.kind, object.key(), expect, put)?;
        committed.object.ok_or(ResourceError::NotFound)
    }

    /// The object of that key.
    pub fn get(&self, key: &Key) -> Option<Arc<T>> {
        self.view.snapshot().get(self.kind, key)
    }

    /// The object of that namespace (empty if there are none) and name.
    pub fn get_by_name(&self, namespace: &str, name: &str) -> Option<Arc<T>> {
        self.get(&Key::new(namespace, name))
    }

    /// Deletes an object. Returns its last state under the revision of the deletion.
    ///
    /// # Errors
    /// [`ResourceError::NotFound`].
    pub fn delete(&self, key: &Key) -> Result<Arc<T>, ResourceError> {
        let committed = self.view.commit(self.kind, key.clone(), Expect::Present, |_, _| Change::Delete)?;
        let previous = committed.previous.ok_or(ResourceError::NotFound)?;
        Ok(Arc::new(previous.with_revision(committed.revision)))
    }

    /// As [`Self::delete`].
    ///
    /// # Errors
    /// [`ResourceError::NotFound`].
    pub fn delete_by_name(&self, namespace: &str, name: &str) -> Result<Arc<T>, ResourceError> {
        self.delete(&Key::new(namespace, name))
    }

    /// Deletes all objects that match, and returns how many there were. One that is changed meanwhile so that it does
    /// not match any more stays.
    ///
    /// # Errors
    /// [`ResourceError::ViewGone`].
    pub fn delete_matching(&self, criteria: &MatchCriteria) -> Result<usize, ResourceError> {
        let mut deleted = 0;
        for object in self.list(criteria).items {
            let delete = |_, current: Option<&Arc<T>>| match current {
                Some(object) if criteria.matches(&**object) => Change::Delete,
                _ => Change::Keep,
            };
            deleted += usize::from(self.view.commit(self.kind, object.key(), Expect::Any, delete)?.changed);
        }
        Ok(deleted)
    }

    /// All objects that match.
    pub fn list(&self, criteria: &MatchCriteria) -> List<Arc<T>> {
        let state = self.view.snapshot();
        let items = self.matching(&state, criteria).cloned().collect();
        List { items, revision: state.revision() }
    }

    /// The metadata of all objects that match, and the highest revision among them (0 if there are none).
    pub fn list_metadata(&self, criteria: &MatchCriteria) -> (Vec<T::Metadata>, Revision) {
        let state = self.view.snapshot();
        let mut highest = 0;
        let metadata = self.matching(&state, criteria).map(|object| {
            highest = highest.max(object.revision());
            object.metadata()
        });
        (metadata.collect(), highest)
    }

    fn matching<'a>(&self, state: &'a Snapshot<T>, criteria: &'a MatchCriteria) -> impl Iterator<Item = &'a Arc<T>> {
        let objects = state.range(self.kind, criteria.namespace.as_deref(), None);
        objects.filter(|(_, object)| criteria.matches(&***object)).map(|(_, object)| object)
    }

    /// A stream of the changes of all objects that match, later than `start`. From 0 it begins with the current
    /// objects, as if they were just added.
    pub fn watcher(&self, start: Revision, criteria: &MatchCriteria) -> ResourceWatch<T> {
        ResourceWatch::new(self.view.clone(), self.kind, start, criteria.clone(), self.closing.clone())
    }

    /// Calls `callback` for everything that [`Self::watcher`] tells, until it breaks or the watch ends.
    ///
    /// # Errors
    /// [`TooOld`] when the changes since `start` are not all known any more.
    pub async fn watch(
        &self,
        start: Revision,
        criteria: &MatchCriteria,
        mut callback: impl FnMut(ResourceEvent<T>) -> ControlFlow<()>,
    ) -> Result<(), TooOld> {
        let mut events = self.watcher(start, criteria);
        while let Some(event) = events.next().await {
            if callback(event?).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The revision of the latest change of anything.
    pub fn current_version(&self) -> Revision {
        self.view.snapshot().revision()
    }

    /// Drops the view's own objects of this kind: whoever watches is told to start again.
    ///
    /// # Errors
    /// [`ViewGone`].
    pub fn reset(&self) -> Result<(), ViewGone> {
        self.view.reset_kind(self.kind).map(drop)
    }

    /// Ends all watches, those started later too. The objects stay.
    pub fn close(&self) {
        self.closing.close();
    }
}
