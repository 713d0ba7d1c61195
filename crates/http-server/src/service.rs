//! The service: one request in, one response out.

use crate::{
    action::{Action, NoAction},
    authenticate::Authenticate,
    authentication::{self, Authentication},
    authorize,
    body::ResponseBody,
    discovery,
    documents::Cache,
    errors,
    exchange::{Exchange, Reply},
    health,
    impersonation::{self, Modes},
    limits, log,
    metrics::{Labels, Metrics},
    openapi, openid, profile, query,
    request_info::Path,
    resource, version,
    views_api::{self, ViewsApi},
    zpages,
};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Request, Response, Version, request::Parts};
use http_body::Body;
use minkapi_authorization::Attributes;
use minkapi_object::{GroupResource, Status};
use minkapi_view::{UserInfo, View, Views};
use std::{
    convert::Infallible,
    future::Future,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How requests are served.
#[derive(Debug, Clone)]
pub struct Config {
    /// Larger request bodies are refused (C-02-30).
    pub body_limit: usize,
    /// No request but a watch takes longer, its body included (C-01-11).
    pub request_timeout: Duration,
    /// How many events one watch may have encoded and unsent.
    pub watch_queue_size: usize,
    /// Tells who makes a request.
    pub authenticate: Arc<dyn Authenticate>,
    /// Whether `/debug/pprof/profile` is served.
    pub profiling: bool,
    /// Whether URLs of views are `https`.
    pub tls: bool,
    /// Requests that take longer are told in the log.
    pub slow_request: Duration,
    /// The flags of the program and their values, in order of the names, for `/flagz`.
    pub flags: Vec<(String, String)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            body_limit: 3 << 20,
            request_timeout: Duration::from_secs(60),
            watch_queue_size: 100,
            authenticate: Arc::new(Authentication::default().open()),
            profiling: false,
            tls: false,
            slow_request: Duration::from_millis(500),
            flags: Vec::new(),
        }
    }
}

/// A `tower::Service` that speaks the Kubernetes API over views: `/<view>/api/...`, `/views`, health and version.
///
/// Cloning counts a reference. The network server and in-process clients share it.
#[derive(Debug, Clone)]
pub struct ApiService {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    views: Views,
    config: Config,
    documents: Arc<Cache>,
    shutdown: watch::Sender<bool>,
    metrics: Metrics,
    impersonation: Modes,
}

/// The future of a response.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>> + Send>>;

impl ApiService {
    /// Serves these views.
    pub fn new(views: Views, config: Config) -> Self {
        zpages::started();
        let documents = Arc::new(Cache::default());
        let forget = documents.clone();
        views.when_removed(move |view| forget.forget(view));
        let authenticate = config.authenticate.clone();
        views.know_tokens(move |view, token| authenticate.user_of_token(token, view));
        let shutdown = watch::Sender::new(false);
        let (metrics, impersonation) = (Metrics::default(), Modes::default());
        Self { inner: Arc::new(Inner { views, config, documents, shutdown, metrics, impersonation }) }
    }

    /// The views that are served.
    pub fn views(&self) -> &Views {
        &self.inner.views
    }

    /// Ends all watches and makes `/readyz` fail.
    pub fn shut_down(&self) {
        self.inner.shutdown.send_replace(true);
    }

    /// Answers one request. A panic on the way is answered with 500.
    pub fn respond<B>(&self, request: Request<B>) -> ResponseFuture
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Display,
    {
        let inner = self.inner.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            if body.is_end_stream() {
                return Ok(inner.answer(&parts, pin!(body)).await);
            }
            let mut body = Box::pin(body);
            let reply = inner.answer(&parts, body.as_mut()).await;
            if parts.version <= Version::HTTP_11 && !body.is_end_stream() {
                tokio::spawn(limits::discard(body));
            }
            Ok(reply)
        })
    }
}

impl<B> tower::Service<Request<B>> for ApiService
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        self.respond(request)
    }
}

impl hyper::service::Service<Request<hyper::body::Incoming>> for ApiService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<hyper::body::Incoming>) -> ResponseFuture {
        self.respond(request)
    }
}

impl Inner {
    /// Answers a request, whatever happens, and counts it.
    async fn answer<B>(&self, parts: &Parts, body: Pin<&mut B>) -> Reply
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let (begun, under_way) = (Instant::now(), self.metrics.begin(&parts.method));
        let reply = AssertUnwindSafe(self.respond_kept(parts, body)).catch_unwind().await;
        let mut reply = reply.unwrap_or_else(|_| {
            self.metrics.panics.fetch_add(1, Ordering::Relaxed);
            let text = "This request caused apiserver to panic. Look in the logs for details.\n";
            let reply = Exchange::new(parts).text(500, text);
            log::panicked(parts, &reply);
            reply
        });
        drop(under_way);
        self.count(parts, &mut reply, begun.elapsed());
        reply
    }

    /// Answers what may change something when the change is kept, if this server keeps its state.
    async fn respond_kept<B>(&self, parts: &Parts, body: B) -> Reply
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        if parts.method.is_safe() {
            return self.respond(parts, body).await;
        }
        if let Err(status) = self.views.can_keep() {
            return Exchange::new(parts).error(&status);
        }
        let reply = self.respond(parts, body).await;
        match self.views.settled().await {
            Ok(()) => reply,
            Err(status) => Exchange::new(parts).error(&status),
        }
    }

    async fn respond<B>(&self, parts: &Parts, body: B) -> Reply
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let exchange = Exchange::new(parts);
        let path = query::decode(parts.uri.path());
        let (first, inside) = path.as_deref().map_or(("", "/"), segments);
        let in_view = self.view_at(first);
        let user = match &in_view {
            Some(view) => self.config.authenticate.authenticate(parts, view),
            None => self.config.authenticate.authenticate(parts, &self.views.base()),
        };
        let Some(user) = user else { return exchange.error(&errors::unauthorized()) };
        let Some(path) = &path else { return exchange.error(&Status::bad_request("the URL's path does not decode")) };
        let user = match self.admit(&exchange, user, path, first, in_view.is_none()) {
            Ok(user) => user,
            Err(status) => return exchange.error(&status),
        };
        match first {
            "" if path.len() <= 1 => exchange.raw_json(&serde_json::json!({"paths": self.root_paths()})),
            "views" => {
                within(self.config.request_timeout, &exchange, self.views_api().serve(&exchange, inside.trim_matches('/'), body)).await
            }
            "version" => version::serve(&exchange),
            "metrics" if inside == "/" => self.metrics.serve(&exchange, &self.views),
            "metrics" if inside == "/slis" => self.metrics.slis.serve(&exchange),
            "debug" if self.config.profiling && inside == "/pprof/profile" => profile::serve(&exchange).await,
            _ => match in_view {
                Some(view) => self.in_view(&exchange, view, inside, user, body).await,
                None => match health::serve(&exchange, path, self.condition(), &self.metrics.slis) {
                    Some(reply) => reply,
                    None if first.is_empty() => exchange.not_found(),
                    None => exchange.error(&views_api::unknown(first)),
                },
            },
        }
    }

    /// Counts a request, and tells of it when it took long.
    fn count(&self, parts: &Parts, reply: &mut Reply, took: Duration) {
        let path = parts.uri.path().strip_prefix('/').unwrap_or_default();
        // What stands at the root has no view in front.
        let inside = path.find('/').and_then(|at| path.get(at..)).unwrap_or(parts.uri.path());
        let watch = reply.body().is_watch();
        let code = reply.status().as_u16();
        let labels = Labels::of(parts, inside, watch);
        if watch {
            let meter = self.metrics.watch(&labels, code);
            reply.body_mut().meter(meter);
        } else {
            let size = reply.body().size_hint().exact();
            self.metrics.count(&labels, code, took, size);
        }
        log::request(parts, reply, took, self.config.slow_request);
    }

    /// The view that a path's first segment names. No view has the name of anything else at the root.
    fn view_at(&self, segment: &str) -> Option<View> {
        if segment == self.views.base_name() {
            return Some(self.views.base());
        }
        self.views.get(segment).filter(|v| !v.is_base())
    }

    /// Keeps those out who may be elsewhere only, and what is at the root from those who may not see it.
    fn admit(&self, exchange: &Exchange<'_>, user: UserInfo, path: &str, segment: &str, at_root: bool) -> Result<UserInfo, Status> {
        let public = matches!(segment, "healthz" | "livez" | "readyz" | "version");
        if public {
            return Ok(user);
        }
        if !authentication::may_enter(&user, segment) {
            let text = format!("User \"{}\" cannot enter \"/{segment}\"", user.name);
            return Err(Status::forbidden(&GroupResource::new("", ""), "", text));
        }
        if at_root {
            let verb = authorize::method_verb(exchange.method());
            authorize::check(&self.views.base(), &user, &Attributes { verb, path, ..Attributes::default() })?;
        }
        Ok(user)
    }

    /// Who is acting in a view: whom the caller wants to be, if he may, and if that one may do what is asked for.
    fn authorize(&self, exchange: &Exchange<'_>, view: &View, user: UserInfo, path: &str, parsed: Path<'_>) -> Result<UserInfo, Status> {
        let wanted = impersonation::wanted(&exchange.parts.headers)?;
        if wanted.is_none() && view.authorization().allows_everything() {
            return Ok(user);
        }
        let named = authorize::selected_name(exchange);
        let request = authorize::attributes(exchange, path, parsed, &named);
        let acting = match wanted {
            None => user,
            Some(wanted) => self.impersonation.act_as(view, &user, &wanted, &request)?,
        };
        authorize::check(view, &acting, &request)?;
        Ok(acting)
    }

    fn condition(&self) -> health::Condition {
        health::Condition {
            shutting_down: *self.shutdown.borrow(),
            log_failed: self.views.can_keep().is_err(),
            has_roles: self.has_roles(),
        }
    }

    fn has_roles(&self) -> bool {
        !self.views.base().authorization().allows_everything()
    }

    fn root_paths(&self) -> Vec<String> {
        let mut paths: Vec<String> =
            ["/views", "/version", "/metrics", "/metrics/slis", "/healthz", "/livez", "/readyz"].map(str::to_owned).into();
        paths.push(format!("/{}", self.views.base_name()));
        paths.extend(self.views.list().iter().map(|v| format!("/{}", v.name())));
        paths.sort_unstable();
        paths
    }

    fn views_api(&self) -> ViewsApi<'_> {
        ViewsApi { views: &self.views, scheme: self.scheme() }
    }

    fn scheme(&self) -> &'static str {
        if self.config.tls { "https" } else { "http" }
    }

    async fn in_view<B>(&self, exchange: &Exchange<'_>, view: View, path: &str, user: UserInfo, body: B) -> Reply
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let parsed = Path::parse(path);
        let user = match self.authorize(exchange, &view, user, path, parsed) {
            Ok(user) => user,
            Err(status) => return exchange.error(&status),
        };
        let long = matches!(parsed, Path::Resource(info) if info.watch || exchange.query.flag("watch") == Some(true));
        let timeout = match timeout(exchange) {
            Ok(timeout) => timeout.map_or(self.config.request_timeout, |t| t.min(self.config.request_timeout)),
            Err(status) if !long => return exchange.error(&status),
            Err(_) => Duration::MAX,
        };
        // Not made before the branch: a future that is large is moved as little as possible.
        if long {
            self.route(exchange, view, parsed, user, body).await
        } else {
            within(timeout, exchange, self.route(exchange, view, parsed, user, body)).await
        }
    }

    async fn route<B>(&self, exchange: &Exchange<'_>, view: View, path: Path<'_>, user: UserInfo, body: B) -> Reply
    where
        B: Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let catalog = view.catalog();
        match path {
            Path::Resource(info) => match Action::resolve(&catalog, exchange.method(), &info, &exchange.query) {
                Ok(action) => {
                    let view = view.home(&action.target.served);
                    let context = resource::Context {
                        exchange,
                        view: &view,
                        user,
                        body_limit: self.config.body_limit,
                        watch_queue_size: self.config.watch_queue_size,
                        shutdown: &self.shutdown,
                        watch_url: info.watch,
                    };
                    resource::serve(context, action, body).await
                }
                Err(NoAction::NotFound) => exchange.not_found(),
                Err(NoAction::Status(status)) => exchange.error(&status),
            },
            Path::Root => exchange.raw_json(&discovery::paths(&catalog, self.has_roles())),
            Path::Other("/version" | "/version/") => version::serve(exchange),
            Path::Other("/statusz") => zpages::status(exchange),
            Path::Other("/flagz") => zpages::flags(exchange, &self.config.flags),
            // Numbers of all views together, as the base view's clients expect them from a server.
            Path::Other("/metrics") if view.is_base() => self.metrics.serve(exchange, &self.views),
            Path::Other("/metrics/slis") if view.is_base() => self.metrics.slis.serve(exchange),
            Path::Other(path @ (openid::CONFIGURATION | openid::KEYS)) => {
                openid::serve(exchange, &view, path, self.scheme()).unwrap_or_else(|| exchange.not_found())
            }
            Path::Other(other) if other.starts_with("/openapi/") => {
                let documents = self.documents.of(&view, &catalog);
                openapi::serve(exchange, &view, &catalog, &documents.openapi, other).unwrap_or_else(|| exchange.not_found())
            }
            Path::Other(other) => {
                health::serve(exchange, other, self.condition(), &self.metrics.slis).unwrap_or_else(|| exchange.not_found())
            }
            document => discovery::serve(exchange, &catalog, document, || self.documents.of(&view, &catalog).aggregated()),
        }
    }
}

/// A path's first segment, and the rest of the path.
fn segments(path: &str) -> (&str, &str) {
    match path.trim_start_matches('/').find('/') {
        _ if path.starts_with("//") => ("", "/"),
        Some(at) => (path.get(1..=at).unwrap_or_default(), path.get(at + 1..).unwrap_or_default()),
        None => (path.trim_start_matches('/'), "/"),
    }
}

/// An answer that comes in time, or the one that says that it did not.
async fn within(timeout: Duration, exchange: &Exchange<'_>, answer: impl Future<Output = Reply>) -> Reply {
    match tokio::time::timeout(timeout, answer).await {
        Ok(reply) => reply,
        Err(_) => exchange.error(&errors::timeout()),
    }
}

/// The `timeout` parameter; none and 0 are as long as a request may take anyway.
fn timeout(exchange: &Exchange<'_>) -> Result<Option<Duration>, Status> {
    let text = exchange.query.text("timeout");
    if text.is_empty() {
        return Ok(None);
    }
    let nanos = minkapi_schema::duration::parse(text)
        .map_err(|e| Status::bad_request(format!("invalid timeout specified in the request URL - {e}")))?;
    Ok(u64::try_from(nanos).ok().filter(|n| *n > 0).map(Duration::from_nanos))
}
