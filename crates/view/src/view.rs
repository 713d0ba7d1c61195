//! One view: a complete API server of its own.

use crate::{
    Call, Catalog, CreateView, Served, Target, UserInfo,
    clock::rfc3339,
    crd,
    fork::Unnamed,
    hooks::PortsInFlight,
    sandboxes::Sandboxes,
    service_account_tokens,
    summary::Summaries,
    view_kind,
    views::{self, Config},
};
use arc_swap::ArcSwap;
use minkapi_authorization::Authorization;
use minkapi_object::{Object, Status};
use minkapi_store::{Key, Kind, Snapshot, Store};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
};

/// What all views of a server share.
pub(crate) struct Shared {
    pub store: Store<Object>,
    pub config: Config,
    pub sandboxes: Sandboxes,
    pub summaries: Summaries,
    /// What belongs to the base view.
    pub base: Arc<Own>,
    pub definitions: crd::Definitions,
    pub ports_in_flight: PortsInFlight,
    /// Whose the other tokens are that clients may come with.
    pub known_tokens: OnceLock<KnownTokens>,
}

/// Knows the user of a token that is good in a view.
pub(crate) type KnownTokens = Box<dyn Fn(&View, &str) -> Option<UserInfo> + Send + Sync>;

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Shared {
    /// The user of a token that is none of a service account.
    pub fn known_token(&self, view: &View, token: &str) -> Option<UserInfo> {
        self.known_tokens.get()?(view, token)
    }

    pub fn new(store: Store<Object>, config: Config) -> Self {
        let base = Arc::new(Own::base(&config));
        let sandboxes = Sandboxes::new(store.revision(), config.store_options());
        Self {
            store,
            config,
            sandboxes,
            summaries: Summaries::default(),
            base,
            definitions: crd::Definitions::default(),
            ports_in_flight: PortsInFlight::default(),
            known_tokens: OnceLock::new(),
        }
    }
}

/// A view with the verbs of the API. Cloning counts references.
#[derive(Clone)]
pub struct View {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: minkapi_store::View<Object>,
    pub(crate) own: Arc<Own>,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("name", &self.name()).finish_non_exhaustive()
    }
}

/// What belongs to one view.
#[derive(Debug)]
pub(crate) struct Own {
    made_with: Option<CreateView>,
    pub created: i64,
    catalog: ArcSwap<KnownCatalog>,
    pub kubeconfig: OnceLock<PathBuf>,
    /// How many seconds it lives; 0 for ever.
    pub ttl: AtomicU64,
    /// When it is to be deleted, in microseconds since 1970.
    pub expires: AtomicI64,
    /// How many changes its View object tells of.
    pub reported: AtomicUsize,
    /// Of a sandbox that goes with its last handle.
    pub unnamed: Option<Unnamed>,
}

impl Own {
    fn new(config: &Config, catalog: Arc<Catalog>, made_with: Option<CreateView>, unnamed: Option<Unnamed>) -> Self {
        Self {
            made_with,
            created: config.clock.now_micros(),
            catalog: ArcSwap::from_pointee(KnownCatalog { catalog, revision: None }),
            kubeconfig: OnceLock::new(),
            ttl: AtomicU64::new(0),
            expires: AtomicI64::new(i64::MAX),
            reported: AtomicUsize::new(0),
            unnamed,
        }
    }

    fn base(config: &Config) -> Self {
        Self::new(config, view_kind::catalog(), None, None)
    }

    pub fn named(config: &Config, made_with: CreateView) -> Self {
        let ttl = made_with.ttl_seconds;
        let own = Self::new(config, Catalog::built_in(), Some(made_with), None);
        own.live_for(ttl);
        own
    }

    /// Of a sandbox that was made by an earlier run.
    pub fn restored(config: &Config, made_with: CreateView, created: i64) -> Self {
        let ttl = made_with.ttl_seconds;
        let own = Self { created, ..Self::new(config, Catalog::built_in(), Some(made_with), None) };
        own.live_for(ttl);
        own
    }

    pub fn unnamed(config: &Config, unnamed: Unnamed) -> Self {
        Self::new(config, Catalog::built_in(), None, Some(unnamed))
    }

    /// Sets how long the view lives from its creation on; for ever without a number.
    pub fn live_for(&self, seconds: Option<u64>) {
        self.ttl.store(seconds.unwrap_or(0), Ordering::Relaxed);
        let until = seconds.and_then(|s| i64::try_from(s).ok()?.checked_mul(1_000_000)?.checked_add(self.created));
        self.expires.store(until.unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

/// The catalog and the revision up to which no CustomResourceDefinition has changed since it was made.
#[derive(Debug)]
struct KnownCatalog {
    catalog: Arc<Catalog>,
    revision: Option<u64>,
}

impl View {
    pub(crate) const fn of(shared: Arc<Shared>, store: minkapi_store::View<Object>, own: Arc<Own>) -> Self {
        Self { shared, store, own }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.store.name()
    }

    /// The options it was created with; none for the base view and for unnamed forks.
    pub fn made_with(&self) -> Option<&CreateView> {
        self.own.made_with.as_ref()
    }

    /// Its kubeconfig, if it is a named sandbox of a server that writes such files.
    pub fn kubeconfig(&self) -> Option<&Path> {
        self.own.kubeconfig.get().map(PathBuf::as_path)
    }

    /// How many seconds it lives, if not for ever.
    pub fn ttl_seconds(&self) -> Option<u64> {
        Some(self.own.ttl.load(Ordering::Relaxed)).filter(|ttl| *ttl > 0)
    }

    /// When it was created, in microseconds since 1970.
    pub fn created_micros(&self) -> i64 {
        self.own.created
    }

    /// The view in the store, for what needs no rules of the API: snapshots, history, changes, reset, rewind.
    pub const fn store(&self) -> &minkapi_store::View<Object> {
        &self.store
    }

    /// The revision of the newest state that it shows.
    pub fn revision(&self) -> u64 {
        self.store.snapshot().revision()
    }

    /// What is served here now.
    pub fn catalog(&self) -> Arc<Catalog> {
        let known = self.own.catalog.load();
        let snapshot = self.store.snapshot();
        if known.revision == Some(snapshot.revision()) {
            return known.catalog.clone();
        }
        let kind = Kind::new(crd::STORAGE);
        let unchanged = match known.revision {
            Some(revision) => matches!(snapshot.events(kind, revision, 1), Ok(events) if events.events.is_empty()),
            None => snapshot.is_empty(kind),
        };
        let catalog = if unchanged { known.catalog.clone() } else { crd::catalog(&self.shared.definitions, &snapshot, self.is_base()) };
        self.own.catalog.store(Arc::new(KnownCatalog { catalog: catalog.clone(), revision: Some(snapshot.revision()) }));
        catalog
    }

    /// A stored object in the served version, with `apiVersion` and `kind`.
    ///
    /// # Errors
    /// A conversion that fails.
    pub fn object_value(&self, served: &Served, object: &Object) -> Result<Value, Status> {
        if served.is_storage_version() || object.is_converted() {
            return Ok(object.to_typed_value(&served.resource.api_version(), &served.resource.kind));
        }
        served.strategy.from_storage(&served.resource.api_version(), served.stored_value(object))
    }

    /// As [`Self::object_value`], to be changed: its [`minkapi_object::fields_v1`] may be text.
    pub(crate) fn object_in_flight(&self, served: &Served, object: &Object) -> Result<Value, Status> {
        if served.custom.is_none() && served.is_storage_version() {
            return Ok(object.to_typed_value_in_flight(&served.resource.api_version(), &served.resource.kind));
        }
        self.object_value(served, object)
    }

    pub(crate) fn snapshot(&self) -> Snapshot<Object> {
        self.store.snapshot()
    }

    /// The user of a service account's token that this server's issuer signed and that is good here now: in this view or in one that
    /// it was forked from, for an account and a bound object that are still the same.
    pub fn token_user(&self, token: &str) -> Option<UserInfo> {
        let audiences = self.config().service_account_issuer.audiences();
        service_account_tokens::authenticate(self, token, &audiences).ok().map(|(user, _)| user)
    }

    /// Who may do what in it.
    pub fn authorization(&self) -> &Authorization {
        &self.shared.config.authorization
    }

    pub(crate) fn config(&self) -> &views::Config {
        &self.shared.config
    }

    pub(crate) fn moment(&self) -> Moment {
        let micros = self.config().clock.now_micros();
        Moment { micros, text: rfc3339(micros) }
    }

    /// The stored object that a call is about.
    pub(crate) fn stored(&self, call: &Call) -> Option<Arc<Object>> {
        self.snapshot().get(call.target.served.storage, &call.target.key())
    }
}

/// One moment, as number and text.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    pub micros: i64,
    pub text: String,
}

impl Moment {
    /// What a kind is told of a request at this moment.
    pub fn context<'a>(&'a self, target: &'a Target, user: &'a UserInfo, api_version: &'a str) -> minkapi_kinds::Context<'a> {
        minkapi_kinds::Context {
            now: &self.text,
            now_millis: self.micros / 1000,
            api_version,
            subresource: &target.subresource,
            user: &user.name,
            groups: &user.groups,
            user_uid: &user.uid,
        }
    }
}

impl Target {
    /// The key of the object.
    pub(crate) fn key(&self) -> Key {
        Key::new(&self.namespace, &self.name)
    }
}
