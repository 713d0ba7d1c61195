//! The named sandboxes of a server: the views themselves, their View objects and their files, as one state.

use crate::{
    CreateView, View, ViewFiles, restore,
    view::{Own, Shared},
    view_kind, view_name,
};
use dashmap::DashMap;
use minkapi_object::{GroupResource, Object, Status, StatusReason};
use minkapi_store::{BASE, Fork, ForkError, Mode, Options, RemoveError, RewindError, Store};
use parking_lot::RwLock;
use std::sync::{Arc, OnceLock};

type Listener = Box<dyn Fn(&str) + Send + Sync>;

/// What is known of the named sandboxes.
pub(crate) struct Sandboxes {
    named: DashMap<Arc<str>, (minkapi_store::View<Object>, Arc<Own>)>,
    /// The View objects. They lie in a store of their own, so that nothing done to the base view (reset, rewind, a fork
    /// at an older revision) touches them, and a fork does not change the base view.
    pub objects: Store<Object>,
    pub files: OnceLock<Arc<dyn ViewFiles>>,
    removed: RwLock<Vec<Listener>>,
}

impl Sandboxes {
    /// None yet. Revisions of View objects go on after `revision`, so that none is used twice; their history is as long as others.
    pub fn new(revision: u64, options: Options) -> Self {
        let objects = Store::starting_at(revision, options);
        Self { named: DashMap::new(), objects, files: OnceLock::new(), removed: RwLock::default() }
    }

    /// Whoever is to be told when a sandbox is gone.
    pub fn when_removed(&self, listener: Listener) {
        self.removed.write().push(listener);
    }

    pub fn get(&self, shared: &Arc<Shared>, name: &str) -> Option<View> {
        let found = self.named.get(name)?;
        let (store, own) = found.value();
        Some(View::of(shared.clone(), store.clone(), own.clone()))
    }

    pub fn all(&self, shared: &Arc<Shared>) -> Vec<View> {
        let views = self.named.iter().map(|v| View::of(shared.clone(), v.value().0.clone(), v.value().1.clone()));
        let mut all: Vec<View> = views.collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }

    pub fn insert(&self, store: minkapi_store::View<Object>, own: Arc<Own>) {
        self.named.insert(store.name().clone(), (store, own));
    }

    pub fn len(&self) -> usize {
        self.named.len()
    }
}

impl Shared {
    /// Forks a view under a name, with its files but without a View object; or returns the view of that name if it was
    /// made with the same options. The flag tells which.
    ///
    /// # Errors
    /// As [`crate::Views::create`].
    pub fn fork_named(self: &Arc<Self>, name: &str, options: &CreateView) -> Result<(View, bool), Status> {
        view_name::check(name, &self.config.base_name)?;
        let mut options = options.clone();
        if options.from == self.config.base_name {
            BASE.clone_into(&mut options.from);
        }
        let existing = || match self.sandboxes.get(self, name) {
            Some(view) if view.made_with() == Some(&options) => Ok((view, false)),
            _ => Err(taken(name)),
        };
        if self.sandboxes.named.contains_key(name) {
            return existing();
        }
        if options.from != BASE && !self.sandboxes.named.contains_key(&*options.from) {
            return Err(Status::not_found(&resource(), &options.from));
        }
        let own = Own::named(&self.config, options.clone());
        let note = restore::note(&options, own.created);
        let store = match self.store.fork_noting(name, fork_of(&options), &note) {
            Ok(store) => store,
            Err(ForkError::AlreadyExists) => return existing(),
            Err(err) => return Err(fork_status(&options.from, &err)),
        };
        let view = View::of(self.clone(), store.clone(), Arc::new(own));
        match self.set_up(&view) {
            Ok(()) => {
                self.sandboxes.insert(store, view.own.clone());
                Ok((view, true))
            }
            Err(status) => {
                let _ = self.store.remove_view(name, true);
                Err(status)
            }
        }
    }

    /// What is done with a fork before it is known by its name.
    fn set_up(&self, view: &View) -> Result<(), Status> {
        if let Some(CreateView { mode: Mode::Live, at_revision: Some(revision), .. }) = view.made_with() {
            view.store.rewind(*revision).map_err(|err| match err {
                RewindError::Revision(err) => fork_status(view.name(), &ForkError::Revision(err)),
                RewindError::ViewGone(_) => Status::unknown_path(),
            })?;
        }
        if let Some(files) = self.sandboxes.files.get() {
            let path = files.kubeconfig(view.name());
            let path = path.map_err(|err| Status::internal(format!("the kubeconfig of view {} cannot be written: {err}", view.name())))?;
            let _ = view.own.kubeconfig.set(path);
        }
        Ok(())
    }

    /// Removes a sandbox, and with `cascade` those forked from it, with their View objects and files.
    ///
    /// # Errors
    /// As [`crate::Views::delete`].
    pub fn remove(&self, name: &str, cascade: bool) -> Result<Vec<Arc<str>>, Status> {
        if name == self.config.base_name || name == BASE {
            return Err(remove_status(name, &RemoveError::Base));
        }
        let removed = self.store.remove_view(name, cascade).map_err(|err| remove_status(name, &err))?;
        for name in &removed {
            self.sandboxes.named.remove(name);
            view_kind::remove_object(&self.sandboxes.objects, name);
            if let Some(files) = self.sandboxes.files.get() {
                files.removed(name);
            }
            self.sandboxes.removed.read().iter().for_each(|listener| listener(name));
        }
        Ok(removed)
    }
}

/// A live fork at an older revision is forked now and set back afterwards.
fn fork_of(options: &CreateView) -> Fork {
    let at = options.at_revision.filter(|_| options.mode == Mode::Frozen);
    Fork { parent: options.from.as_str().into(), mode: options.mode, at }
}

/// The resource of View objects, as errors name it.
pub(crate) fn resource() -> GroupResource {
    GroupResource::new(minkapi_kinds::view::GROUP, "views")
}

fn taken(name: &str) -> Status {
    Status::already_exists(&resource(), name)
}

pub(crate) fn fork_status(parent: &str, err: &ForkError) -> Status {
    match err {
        ForkError::UnknownParent => Status::not_found(&resource(), parent),
        ForkError::Revision(minkapi_store::AtError::Expired { .. }) => Status::expired(err.to_string()),
        _ => Status::failure(422, StatusReason::Invalid, err.to_string()),
    }
}

pub(crate) fn remove_status(name: &str, err: &RemoveError) -> Status {
    match err {
        RemoveError::NotFound => Status::not_found(&resource(), name),
        RemoveError::Base => Status::forbidden(&resource(), name, "the base view may not be deleted"),
        RemoveError::HasChildren { children } => {
            let names: Vec<&str> = children.iter().map(|c| &**c).collect();
            Status::conflict(&resource(), name, format!("{err}: {}", names.join(", ")))
        }
    }
}
