//! All views of a server.

use crate::{Clock, CreateView, IdSource, ServiceAccountIssuer, UserInfo, View, ViewFiles, view::Shared};
use minkapi_admission::Chain;
use minkapi_authorization::Authorization;
use minkapi_object::Status;
use minkapi_store::Store;
use std::sync::Arc;

/// What a server is made with.
#[derive(Debug)]
pub struct Config {
    /// The name under which clients know the base view.
    pub base_name: String,
    /// Where timestamps come from.
    pub clock: Arc<dyn Clock>,
    /// Where uids and generated names come from.
    pub ids: Arc<dyn IdSource>,
    /// The admission plugins that run.
    pub admission: Chain,
    /// Who may do what.
    pub authorization: Authorization,
    /// Who issues tokens of service accounts.
    pub service_account_issuer: ServiceAccountIssuer,
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
            base_name: minkapi_store::BASE.to_owned(),
            clock: Arc::new(crate::SystemClock),
            ids: Arc::new(crate::RandomIds),
            admission: Chain::default(),
            authorization: Authorization::AlwaysAllow,
            service_account_issuer: ServiceAccountIssuer::default(),
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

impl Config {
    /// The bounds of a store for such a server.
    pub fn store_options(&self) -> minkapi_store::Options {
        minkapi_store::Options {
            history_events: self.history_events,
            history_bytes: self.history_bytes,
            ..minkapi_store::Options::default()
        }
    }
}

/// A server without a socket: the base view and its sandboxes. Cloning counts a reference.
#[derive(Debug, Clone)]
pub struct Views {
    pub(crate) shared: Arc<Shared>,
}

impl Views {
    /// A server whose base view holds what kube-apiserver holds at its start (C-01-37).
    pub fn new(config: Config) -> Self {
        let store = Store::new(config.store_options());
        Self::over(store, config)
    }

    /// The base view.
    pub fn base(&self) -> View {
        View::of(self.shared.clone(), self.shared.store.base(), self.shared.base.clone())
    }

    /// The view of this name.
    pub fn get(&self, name: &str) -> Option<View> {
        if name == minkapi_store::BASE || name == self.shared.config.base_name {
            return Some(self.base());
        }
        self.shared.sandboxes.get(&self.shared, name)
    }

    /// All named sandboxes in order of name.
    pub fn list(&self) -> Vec<View> {
        self.shared.sandboxes.all(&self.shared)
    }

    /// The named sandboxes that were forked from a view, in order of creation.
    pub fn children_of(&self, view: &View) -> Vec<View> {
        view.store().children().iter().filter_map(|name| self.shared.sandboxes.get(&self.shared, name)).collect()
    }

    /// How many named sandboxes there are.
    pub fn len(&self) -> usize {
        self.shared.sandboxes.len()
    }

    /// Whether there is the base view only.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes a named sandbox with its View object and files, or returns the one of that name if it was made with the same
    /// options. The flag tells which.
    ///
    /// # Errors
    /// 404 when the parent is unknown, 409 when the name is taken by another view, 410 when the revision is too old,
    /// 422 when the name or the revision cannot be, 500 when its files cannot be written.
    pub fn create(&self, name: &str, options: &CreateView) -> Result<(View, bool), Status> {
        let (view, created) = self.shared.fork_named(name, options)?;
        if created && let Err(status) = self.shared.record(&view) {
            let _ = self.shared.remove(name, true);
            return Err(status);
        }
        Ok((view, created))
    }

    /// Removes a named sandbox with its View object and files; its watches end. With `cascade`, also the views forked from
    /// it. Returns the names of the removed views.
    ///
    /// # Errors
    /// 404 when there is none, 409 when others were forked from it, 403 for the base view.
    pub fn delete(&self, name: &str, cascade: bool) -> Result<Vec<Arc<str>>, Status> {
        self.shared.remove(name, cascade)
    }

    /// Has files written for every sandbox that is made from now on. Only the first call counts.
    pub fn keep_files(&self, files: Arc<dyn ViewFiles>) {
        let _ = self.shared.sandboxes.files.set(files);
    }

    /// Where the API of a view is served and its kubeconfig, if files are written for views.
    pub fn files(&self) -> Option<&dyn ViewFiles> {
        self.shared.sandboxes.files.get().map(|files| &**files)
    }

    /// Has `listener` called with the name of every sandbox that is removed from now on.
    pub fn when_removed(&self, listener: impl Fn(&str) + Send + Sync + 'static) {
        self.shared.sandboxes.when_removed(Box::new(listener));
    }

    /// Has TokenReviews know the users of tokens that are none of service accounts. Only the first call counts.
    pub fn know_tokens(&self, users: impl Fn(&View, &str) -> Option<UserInfo> + Send + Sync + 'static) {
        let _ = self.shared.known_tokens.set(Box::new(users));
    }

    /// The name under which clients know the base view.
    pub fn base_name(&self) -> &str {
        &self.shared.config.base_name
    }

    /// The name under which clients know a view.
    pub fn public_name<'a>(&'a self, view: &'a View) -> &'a str {
        self.shared.public_name(view.name())
    }

    /// The revision of the latest change in any view.
    pub fn revision(&self) -> u64 {
        self.shared.store.revision()
    }
}
