//! A server with a socket and files.

use crate::{
    Config, FileError, LaunchError, ShutdownError, ViewError,
    files::{Files, Owner},
};
use minkapi_admission::Chain;
use minkapi_http_server::{ApiService, Plain, ServeConfig, serve};
use minkapi_persist::{DataDir, read_signing_key};
use minkapi_view::{CreateView, ServiceAccountIssuer, View, ViewFiles, Views};
use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, oneshot},
    task::JoinHandle,
};

/// A running server. Dropping it stops it without waiting and leaves its files; [`Server::shutdown`] does it in order.
#[derive(Debug)]
pub struct Server {
    views: Views,
    service: ApiService,
    base_prefix: String,
    files: Arc<ServedFiles>,
    keep_files: bool,
    data: Option<DataDir>,
    stop: Option<oneshot::Sender<()>>,
    reload: Arc<Notify>,
    task: JoinHandle<io::Result<usize>>,
}

/// A sandbox view that is served.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// The view.
    pub view: View,
    /// URL of its API.
    pub url: String,
    /// Its kubeconfig.
    pub kubeconfig: PathBuf,
    /// Whether it was made now; false when there was one of that name made with the same options.
    pub created: bool,
}

/// The files of the views of one server.
#[derive(Debug)]
struct ServedFiles {
    files: Files,
    address: SocketAddr,
    scheme: &'static str,
    base_prefix: String,
}

impl ServedFiles {
    fn url(&self, view: &str) -> String {
        let mut address = self.address;
        // Whoever listens on all addresses is reached by this one from here.
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
        }
        format!("{}://{address}/{view}", self.scheme)
    }

    fn write(&self, view: &str) -> Result<PathBuf, FileError> {
        let owner = if view == self.base_prefix { Owner::Base } else { Owner::Sandbox(view) };
        self.files.write(owner, &self.url(view))
    }
}

impl ViewFiles for ServedFiles {
    fn url(&self, view: &str) -> String {
        Self::url(self, view)
    }

    fn kubeconfig(&self, view: &str) -> io::Result<PathBuf> {
        let owner = if view == self.base_prefix { Owner::Base } else { Owner::Sandbox(view) };
        let path = self.files.kubeconfig_of(owner);
        if path.exists() { Ok(path) } else { self.write(view).map_err(io::Error::other) }
    }

    fn removed(&self, view: &str) {
        if let Err(err) = self.files.remove(view) {
            tracing::warn!(%err, "a file of a removed view stays");
        }
    }
}

impl Server {
    /// Starts a server: listens, writes the files of the base view, serves.
    ///
    /// # Errors
    /// A setting that cannot be used, an address that cannot be listened on, a file that cannot be written.
    pub async fn launch(config: Config) -> Result<Self, LaunchError> {
        let view_config = view_config(&config)?;
        let address = config.bind_address;
        let listener = TcpListener::bind(address).await.map_err(|source| LaunchError::Listen { address, source })?;
        let address = listener.local_addr().map_err(|source| LaunchError::Listen { address, source })?;
        let entrance = config.access.entrance(address.ip())?;
        let (views, data) = open_views(&config, view_config)?;
        let base_prefix = config.base_prefix.clone();
        let files = Arc::new(ServedFiles {
            files: Files::new(config.kubeconfig.clone()).with_credentials(entrance.credentials),
            address,
            scheme: if entrance.tls.is_some() { "https" } else { "http" },
            base_prefix: base_prefix.clone(),
        });
        files.write(&base_prefix)?;
        views.keep_files(files.clone());
        for view in views.list() {
            // Views that were kept.
            files.write(view.name())?;
        }
        tokio::spawn(views.housekeeping());
        let service = ApiService::new(
            views.clone(),
            minkapi_http_server::Config {
                profiling: config.profile,
                watch_queue_size: config.watch_queue_size,
                request_timeout: config.request_timeout,
                authenticate: Arc::new(entrance.authentication),
                tls: entrance.tls.is_some(),
                slow_request: config.slow_request,
                flags: config.flags.clone(),
                ..minkapi_http_server::Config::default()
            },
        );
        // With --insecure, names of the machine are as good as its addresses.
        let refuse_foreign = entrance.open && address.ip().is_loopback();
        let defaults = ServeConfig::default();
        let header_timeout = defaults.header_timeout.min(config.request_timeout);
        let limits = ServeConfig { drain_timeout: config.shutdown_timeout, header_timeout, refuse_foreign, ..defaults };
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move {
            // A dropped sender means that the server was dropped.
            let _ = stopped.await;
        };
        let reload = Arc::new(Notify::new());
        let task = match entrance.tls {
            None => tokio::spawn(serve(listener, Plain, service.clone(), limits, shutdown)),
            Some(tls) => {
                let following = Arc::new(config.access.clone()).follow(tls.clone(), address.ip(), reload.clone());
                let (service, serving) = (service.clone(), async move |service| serve(listener, tls, service, limits, shutdown).await);
                tokio::spawn(async move {
                    tokio::select! {
                        served = serving(service) => served,
                        () = async { following.await; std::future::pending().await } => Ok(0),
                    }
                })
            }
        };
        Ok(Self { views, service, base_prefix, files, keep_files: config.keep_files, data, stop: Some(stop), reload, task })
    }

    /// Reads the certificate files again, soon and without waiting for them to be looked at. Connections that are open go on;
    /// files that cannot be used leave the old certificates in place, which the log tells.
    pub fn reload_certificates(&self) {
        self.reload.notify_one();
    }

    /// All views, without socket and files.
    pub const fn views(&self) -> &Views {
        &self.views
    }

    /// The base view.
    pub fn base(&self) -> View {
        self.views.base()
    }

    /// The service that the socket serves; call it in process, or serve it elsewhere.
    pub fn service(&self) -> ApiService {
        self.service.clone()
    }

    /// The token of the user of a view's kubeconfig; none where nobody is asked.
    pub fn token(&self, view: &View) -> Option<String> {
        self.files.files.token(if view.is_base() { Owner::Base } else { Owner::Sandbox(view.name()) })
    }

    /// The certificates by which the server is known, in PEM; none where it speaks plain HTTP.
    pub fn authority_pem(&self) -> Option<&[u8]> {
        self.files.files.authority()
    }

    /// URL of the base view's API.
    pub fn url(&self) -> String {
        self.files.url(&self.base_prefix)
    }

    /// URL of a view's API.
    pub fn url_of(&self, view: &View) -> String {
        self.files.url(self.segment(view))
    }

    /// First path segment of a view's URLs.
    pub(crate) fn segment<'a>(&'a self, view: &'a View) -> &'a str {
        self.views.public_name(view)
    }

    /// The kubeconfig of the base view.
    pub fn kubeconfig(&self) -> PathBuf {
        self.files.files.kubeconfig_of(Owner::Base)
    }

    /// The kube-scheduler configuration for a view, packing pods onto the fullest nodes.
    pub fn scheduler_config(&self, view: &View) -> PathBuf {
        let owner = if view.is_base() { Owner::Base } else { Owner::Sandbox(view.name()) };
        self.files.files.scheduler_config_of(owner)
    }

    /// Makes a sandbox view with its files, or returns the one of that name if it was made with the same options.
    ///
    /// # Errors
    /// A name or parent that cannot be used, a file that cannot be written; the view is not made then.
    pub fn create_view(&self, name: &str, options: &CreateView) -> Result<Sandbox, ViewError> {
        let (view, created) = self.views.create(name, options)?;
        let kubeconfig = view.kubeconfig().map_or_else(|| self.files.files.kubeconfig_of(Owner::Sandbox(name)), Path::to_path_buf);
        Ok(Sandbox { url: self.files.url(name), view, kubeconfig, created })
    }

    /// Removes a sandbox view and its files; its watches end.
    ///
    /// # Errors
    /// 404 when there is none, 409 when others were forked from it and `cascade` is not set.
    pub fn delete_view(&self, name: &str, cascade: bool) -> Result<(), ViewError> {
        self.views.delete(name, cascade)?;
        Ok(())
    }

    /// Stops in order: no new connections, watches end, requests finish within the shutdown timeout, files go unless
    /// they are to be kept.
    ///
    /// # Errors
    /// Requests that were cut off, a file that could not be removed, a serving task that failed. The server has stopped
    /// all the same.
    pub async fn shutdown(mut self) -> Result<(), ShutdownError> {
        drop(self.stop.take());
        let served = (&mut self.task).await;
        let kept = self.data.take().map_or(Ok(()), DataDir::close);
        if !self.keep_files {
            self.files.files.remove_all()?;
        }
        kept?;
        match served {
            Ok(Ok(0)) => Ok(()),
            Ok(Ok(cut_off)) => Err(ShutdownError::Timeout(cut_off)),
            Ok(Err(err)) => Err(ShutdownError::Serve(err.to_string())),
            Err(err) => Err(ShutdownError::Serve(err.to_string())),
        }
    }

    /// Where the kubeconfigs are.
    pub fn folder(&self) -> PathBuf {
        self.kubeconfig().parent().map_or_else(PathBuf::new, Path::to_path_buf)
    }
}

/// The views of a server, kept in a directory if one is given.
fn open_views(config: &Config, view_config: minkapi_view::Config) -> Result<(Views, Option<DataDir>), LaunchError> {
    let Some(dir) = &config.data_dir else {
        let service_account_issuer = config.access.service_account_issuer(|| Ok(None))?;
        return Ok((Views::new(minkapi_view::Config { service_account_issuer, ..view_config }), None));
    };
    // Before anything is changed in a directory whose key cannot be used.
    let mut new_key = None;
    let service_account_issuer = config.access.service_account_issuer(|| {
        let kept = read_signing_key(dir)?;
        if kept.is_none() {
            new_key = ServiceAccountIssuer::new_key();
        }
        Ok(kept.or_else(|| new_key.clone()))
    })?;
    let options = minkapi_persist::Options { fsync: config.fsync, ..minkapi_persist::Options::default() };
    let (store, data) = DataDir::open(dir, options, view_config.store_options())?;
    if let Some(key) = new_key {
        data.write_signing_key(&key)?;
    }
    Ok((Views::over(store, minkapi_view::Config { service_account_issuer, ..view_config }), Some(data)))
}

fn view_config(config: &Config) -> Result<minkapi_view::Config, LaunchError> {
    let init = |setting, reason: String| LaunchError::Init { setting, reason };
    let admission = Chain::new(&config.enable_admission_plugins, &config.disable_admission_plugins)
        .map_err(|err| init("enable-admission-plugins", err.to_string()))?;
    if config.base_prefix.is_empty() || config.base_prefix.contains('/') {
        return Err(init("base-prefix", format!("\"{}\" is not a path segment", config.base_prefix)));
    }
    let (from, to) = config.service_node_port_range;
    Ok(minkapi_view::Config {
        base_name: config.base_prefix.clone(),
        admission,
        authorization: config.access.authorization(),
        history_events: config.history_events,
        service_cidr: config.service_cluster_ip_range.clone(),
        node_ports: from..=to,
        watch_timeout: config.watch_timeout,
        ..minkapi_view::Config::default()
    })
}
