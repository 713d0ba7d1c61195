//! A server of its own for a test: over a real socket, with its files in a folder that goes with it.

use crate::http::{Connection, Head};
use minkapi::{Config, CreateView, Sandbox, Server, View};
use serde_json::Value;
use std::{future::Future, io, path::PathBuf};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A server with a runtime of its own, so that tests may block. It stops in order when it is dropped.
#[derive(Debug)]
pub struct TestServer {
    server: Option<Server>,
    runtime: Runtime,
    _folder: TempDir,
}

/// Where an API is: `host:port` and the path in front of every request.
#[derive(Debug, Clone)]
pub struct Target {
    /// `127.0.0.1:8091`
    pub host: String,
    /// `/base`
    pub prefix: String,
}

impl TestServer {
    /// A server with the default settings.
    pub fn launch() -> Self {
        Self::launch_with(|_| {})
    }

    /// A server with settings changed.
    pub fn launch_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config { kubeconfig: folder.path().join("minkapi.yaml"), ..Config::default() };
        change(&mut config);
        let runtime = Runtime::new().expect("a runtime");
        let server = runtime.block_on(Server::launch(config)).expect("the server starts");
        Self { server: Some(server), runtime, _folder: folder }
    }

    /// The server.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs until it is dropped")
    }

    /// The runtime that it runs on.
    pub fn runtime(&self) -> tokio::runtime::Handle {
        self.runtime.handle().clone()
    }

    /// Runs something asynchronous on the server's runtime.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// A new sandbox over the base view.
    pub fn sandbox(&self, name: &str) -> Sandbox {
        self.sandbox_of("base", name)
    }

    /// A new sandbox over another view.
    pub fn sandbox_of(&self, parent: &str, name: &str) -> Sandbox {
        let options = CreateView { from: parent.to_owned(), ..CreateView::default() };
        self.server().create_view(name, &options).expect("a sandbox")
    }

    /// Where a view's API is.
    pub fn target(&self, view: &View) -> Target {
        Target::parse(&self.server().url_of(view)).expect("the server's own URL")
    }

    /// Where the base view's API is.
    pub fn base(&self) -> Target {
        self.target(&self.server().base())
    }

    /// The root of the server, where `/views` is.
    pub fn root(&self) -> Target {
        Target { prefix: String::new(), ..self.base() }
    }

    /// A new sandbox and the base view, for what must hold in both: in this order, as the base view shows through.
    pub fn both(&self) -> [View; 2] {
        [self.sandbox("blue").view, self.server().base()]
    }

    /// The kubeconfig of a view.
    pub fn kubeconfig(&self, view: &View) -> PathBuf {
        let base = self.server().kubeconfig();
        if view.made_with().is_none() { base } else { base.with_file_name(format!("minkapi-{}.yaml", view.name())) }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            let stopped = self.runtime.block_on(server.shutdown());
            if !std::thread::panicking() {
                stopped.expect("the server stops in order");
            }
        }
    }
}

impl Target {
    /// From a URL such as `http://127.0.0.1:8091/base`.
    ///
    /// # Errors
    /// Anything but plain HTTP.
    pub fn parse(url: &str) -> io::Result<Self> {
        let rest = url.strip_prefix("http://").ok_or_else(|| io::Error::other(format!("{url} is not an http:// URL")))?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = if path.is_empty() { String::new() } else { format!("/{}", path.trim_end_matches('/')) };
        Ok(Self { host: host.to_owned(), prefix })
    }

    /// One request with a JSON body, and its answer.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let content_type = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        let body = (!body.is_null()).then(|| body.to_string());
        let headers = [("Content-Type".to_owned(), content_type.to_owned())];
        let (head, raw) = self.send(method, path, &headers, body.as_deref().map(str::as_bytes)).expect("an answer");
        (head.status, serde_json::from_slice(&raw).unwrap_or_else(|_| String::from_utf8_lossy(&raw).into()))
    }

    /// A server-side apply.
    pub fn apply(&self, path: &str, object: &Value) -> (u16, Value) {
        let headers = [("Content-Type".to_owned(), "application/apply-patch+yaml".to_owned())];
        let (head, raw) = self.send("PATCH", path, &headers, Some(object.to_string().as_bytes())).expect("an answer");
        (head.status, serde_json::from_slice(&raw).unwrap_or(Value::Null))
    }

    /// The answer to a GET, which must be 200.
    pub fn get(&self, path: &str) -> Value {
        self.expect("GET", path, &Value::Null, 200)
    }

    /// The answer to a POST, which must be 201.
    pub fn create(&self, path: &str, body: &Value) -> Value {
        self.expect("POST", path, body, 201)
    }

    /// Creates many objects over one connection.
    pub fn create_all(&self, path: &str, objects: impl IntoIterator<Item = Value>) {
        let mut connection = Connection::open(&self.host).expect("a connection");
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
        for object in objects {
            let body = object.to_string();
            let answer = connection.call("POST", &format!("{}{path}", self.prefix), &headers, Some(body.as_bytes()));
            let (head, answer) = answer.expect("an answer");
            assert_eq!(head.status, 201, "{path}: {}", String::from_utf8_lossy(&answer));
        }
    }

    /// The answer to a request, which must have this status.
    pub fn expect(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let (got, answer) = self.call(method, path, body);
        assert_eq!(got, status, "{method} {path}: {answer}");
        answer
    }

    /// An open stream of watch events.
    pub fn watch(&self, path: &str) -> crate::http::Events {
        let path = format!("{}{path}", self.prefix);
        let (head, pieces) = Connection::open(&self.host).and_then(|c| c.stream(&path, &[])).expect("a stream");
        assert_eq!(head.status, 200, "{path}");
        crate::http::Events::new(pieces)
    }

    fn send(&self, method: &str, path: &str, headers: &[(String, String)], body: Option<&[u8]>) -> io::Result<(Head, Vec<u8>)> {
        Connection::open(&self.host)?.call(method, &format!("{}{path}", self.prefix), headers, body)
    }
}
