//! All views of a server.

use crate::{Clock, IdSource, View, bootstrap, view::Shared};
use minkapi_admission::Chain;
use minkapi_object::{GroupResource, Status, StatusReason};
use minkapi_store::{Fork, ForkError, Mode, RemoveError, Store};
use std::{collections::BTreeMap, sync::Arc};

/// What a server is made with.
#[derive(Debug)]
pub struct Config {
    /// Where timestamps come from.
    pub clock: Arc<dyn Clock>,
    /// Where uids and generated names come from.
    pub ids: Arc<dyn IdSource>,
    /// The admission plugins that run.
    pub admission: Chain,
    /// How many changes are remembered, for each kind in each view.
    pub history_events: u64,
    /// How many bytes of changed objects are remembered, for each kind in each view.
    pub history_bytes: u64,
    /// Addresses for Services, as a CIDR.
    pub service_cidr: String,
    /// Ports for Services, inclusive.
    pub node_ports: std::ops::RangeInclusive<u16>,
    /// Interval of bookmarks.
    pub bookmark_interval: std::time::Duration,
    /// Interval at which watches without `timeoutSeconds` end, up to twice as long; 30 minutes upstream (C-06-40).
    pub watch_timeout: std::time::Duration,
    /// Whether the server garbage-collects and empties namespaces itself, in place of kube-controller-manager.
    pub bootstrap: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            clock: Arc::new(crate::SystemClock),
            ids: Arc::new(crate::RandomIds),
            admission: Chain::default(),
            history_events: 65_536,
            history_bytes: 64 << 20,
            service_cidr: "10.0.0.0/24".to_owned(),
            node_ports: 30_000..=32_767,
            bookmark_interval: std::time::Duration::from_secs(60),
            watch_timeout: std::time::Duration::from_secs(1800),
            bootstrap: true,
        }
    }
}

/// How a sandbox view is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateView {
    /// The view to fork.
    pub from: String,
    /// Whether later changes of the parent are not seen.
    pub frozen: bool,
    /// The parent's revision to start from; the current one by default. Only for frozen views.
    pub at_revision: Option<u64>,
    /// Labels, for those who list views.
    pub labels: BTreeMap<String, String>,
}

impl Default for CreateView {
    fn default() -> Self {
        Self { from: minkapi_store::BASE.to_owned(), frozen: false, at_revision: None, labels: BTreeMap::new() }
    }
}

/// A server without a socket: the base view and its sandboxes. Cloning counts a reference.
#[derive(Debug, Clone)]
pub struct Views {
    shared: Arc<Shared>,
}

impl Views {
    /// A server whose base view holds what kube-apiserver holds at its start (C-01-37).
    pub fn new(config: Config) -> Self {
        let store = Store::new(minkapi_store::Options {
            history_events: config.history_events,
            history_bytes: config.history_bytes,
            ..minkapi_store::Options::default()
        });
        let views = Self { shared: Arc::new(Shared::new(store, config)) };
        if views.shared.config.bootstrap {
            bootstrap::fill(&views.base());
        }
        views
    }

    /// The base view.
    pub fn base(&self) -> View {
        View::of(self.shared.clone(), self.shared.store.base(), None)
    }

    /// The view of this name.
    pub fn get(&self, name: &str) -> Option<View> {
        if name == minkapi_store::BASE {
            return Some(self.base());
        }
        self.shared.sandboxes.get(name).map(|v| v.value().clone())
    }

    /// All sandboxes in order of name.
    pub fn list(&self) -> Vec<View> {
        let mut all: Vec<View> = self.shared.sandboxes.iter().map(|v| v.value().clone()).collect();
        all.sort_by(|a, b| a.name().cmp(b.name()));
        all
    }

    /// Makes a sandbox view, or returns the one of that name if it was made with the same options. The flag tells which.
    ///
    /// # Errors
    /// 404 when the parent is unknown, 409 when the name is taken by another view, 410 when the revision is too old,
    /// 422 when it cannot be.
    pub fn create(&self, name: &str, options: &CreateView) -> Result<(View, bool), Status> {
        if let Some(existing) = self.shared.sandboxes.get(name) {
            return if existing.made_with() == Some(options) { Ok((existing.clone(), false)) } else { Err(taken(name)) };
        }
        let fork = Fork {
            parent: options.from.as_str().into(),
            mode: if options.frozen { Mode::Frozen } else { Mode::Live },
            at: options.at_revision,
        };
        match self.shared.store.fork(name, fork) {
            Ok(store) => {
                let view = View::of(self.shared.clone(), store, Some(options.clone()));
                self.shared.sandboxes.insert(name.into(), view.clone());
                Ok((view, true))
            }
            Err(ForkError::AlreadyExists) => match self.shared.sandboxes.get(name) {
                Some(existing) if existing.made_with() == Some(options) => Ok((existing.clone(), false)),
                _ => Err(taken(name)),
            },
            Err(err) => Err(fork_status(&options.from, &err)),
        }
    }

    /// Removes a sandbox; its watches end. With `cascade`, also the views forked from it.
    ///
    /// # Errors
    /// 404 when there is none, 409 when others were forked from it, 403 for the base view.
    pub fn delete(&self, name: &str, cascade: bool) -> Result<Vec<Arc<str>>, Status> {
        let removed = self.shared.store.remove_view(name, cascade).map_err(|err| remove_status(name, &err))?;
        for name in &removed {
            self.shared.sandboxes.remove(name);
        }
        Ok(removed)
    }

    /// The revision of the latest change in any view.
    pub fn revision(&self) -> u64 {
        self.shared.store.revision()
    }
}

fn resource() -> GroupResource {
    GroupResource::new("views.minkapi.dev", "views")
}

fn taken(name: &str) -> Status {
    Status::already_exists(&resource(), name)
}

fn fork_status(parent: &str, err: &ForkError) -> Status {
    match err {
        ForkError::UnknownParent => Status::not_found(&resource(), parent),
        ForkError::Revision(minkapi_store::AtError::Expired { .. }) => Status::expired(err.to_string()),
        _ => Status::failure(422, StatusReason::Invalid, err.to_string()),
    }
}

fn remove_status(name: &str, err: &RemoveError) -> Status {
    match err {
        RemoveError::NotFound => Status::not_found(&resource(), name),
        RemoveError::Base => Status::forbidden(&resource(), name, "the base view may not be deleted"),
        _ => Status::conflict(&resource(), name, err),
    }
}
