//! The network, authentication and panics.

use crate::client::{get, post, send, server, with_config};
use http::request::Parts;
use minkapi_http_server::{ApiService, Authenticate, Config, EveryoneIsAdmin, Plain, ServeConfig, serve};
use minkapi_object::Object;
use minkapi_store::{CommitLog, LogFailed, Record, Store};
use minkapi_view::{UserInfo, View, Views};
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

#[derive(Debug)]
struct Nobody;
impl Authenticate for Nobody {
    fn authenticate(&self, _: &Parts, _: &View) -> Option<UserInfo> {
        None
    }
}

#[derive(Debug)]
struct Broken;
impl Authenticate for Broken {
    fn authenticate(&self, request: &Parts, view: &View) -> Option<UserInfo> {
        assert!(!request.headers.contains_key("x-panic"), "no");
        EveryoneIsAdmin.authenticate(request, view)
    }
}

#[tokio::test]
async fn those_who_are_not_known_are_refused_before_anything_else() {
    let server = with_config(Config { authenticate: Arc::new(Nobody), ..Config::default() });
    for path in ["/base/apis/nosuch/v1/x", "/version", "/views"] {
        let answer = get(&server, path).await;
        assert_eq!((answer.status.as_u16(), answer.json()["reason"].as_str()), (401, Some("Unauthorized")), "{path}");
    }
}

/// A log of which one can say that it has failed.
#[derive(Default)]
struct Failing(std::sync::atomic::AtomicBool);

impl Failing {
    fn check(&self) -> Result<(), LogFailed> {
        if self.0.load(std::sync::atomic::Ordering::Relaxed) { Err(LogFailed("no space left on device".into())) } else { Ok(()) }
    }
}

impl CommitLog<Object> for Failing {
    fn append(&self, _: Record<Object>) {}

    fn settled(&self) -> Pin<Box<dyn Future<Output = Result<(), LogFailed>> + Send>> {
        let settled = self.check();
        Box::pin(async move { settled })
    }

    fn failure(&self) -> Option<LogFailed> {
        self.check().err()
    }
}

#[tokio::test]
async fn a_server_that_cannot_keep_changes_any_more_is_neither_ready_nor_live_and_reads_go_on() {
    let store = Store::new(minkapi_store::Options::default());
    let log = Arc::new(Failing::default());
    let views = Views::over(store.clone(), minkapi_view::Config::default());
    store.attach(log.clone());
    let server = ApiService::new(views, Config::default());
    let node = serde_json::json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}});
    assert_eq!(post(&server, "/base/api/v1/nodes", &node).await.status, 201);
    assert_eq!(get(&server, "/readyz").await.status, 200);

    log.0.store(true, std::sync::atomic::Ordering::Relaxed);
    for (path, failed) in [("/readyz", "[-]etcd-readiness failed: reason withheld\n"), ("/livez", "[-]etcd failed: reason withheld\n")] {
        let answer = get(&server, path).await;
        assert_eq!(answer.status, 500, "{path}");
        assert!(answer.text().contains(failed), "{path}: {}", answer.text());
        assert!(answer.text().contains("[+]ping ok\n"), "{path}: {}", answer.text());
    }
    assert_eq!(get(&server, "/readyz/etcd").await.status, 500);
    assert_eq!(get(&server, "/readyz/ping").await.status, 200);
    assert_eq!(get(&server, "/base/readyz?exclude=etcd,etcd-readiness").await.status, 200);
    let refused = post(&server, "/base/api/v1/nodes", &node).await;
    assert_eq!(refused.message(), "Internal error occurred: changes cannot be kept: no space left on device");
    assert_eq!(get(&server, "/base/api/v1/nodes/n").await.status, 200, "reads go on");
    assert!(get(&server, "/metrics").await.text().contains("\nminkapi_log_failed 1\n"));
}

#[tokio::test]
async fn a_panic_is_an_answer_to_its_request_and_nothing_to_others() {
    let server = with_config(Config { authenticate: Arc::new(Broken), ..Config::default() });
    for _ in 0..3 {
        assert_eq!(send(&server, "GET", "/base/api/v1/pods", &[("x-panic", "1")], "").await.status, 500);
        assert_eq!(get(&server, "/base/api/v1/pods").await.status, 200);
    }
    let metrics = get(&server, "/metrics").await;
    for line in ["minkapi_request_panics_total 3", r#"apiserver_current_inflight_requests{request_kind="mutating"} 0"#] {
        assert!(metrics.text().lines().any(|l| l == line), "{line} is not in\n{}", metrics.text());
    }
}

#[tokio::test]
async fn shutdown_ends_watches_with_the_last_chunk_and_closes_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, Plain, server(), ServeConfig::default(), async { drop(stopped.await) }));
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /base/api/v1/pods?watch=1&resourceVersion=1 HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut buffer = [0; 4096];
    let read = client.read(&mut buffer).await.unwrap();
    assert!(buffer[..read].starts_with(b"HTTP/1.1 200 OK\r\n"), "headers come before any event");
    stop.send(()).unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), client.read_to_end(&mut rest)).await.expect("the connection is closed").unwrap();
    assert!(rest.ends_with(b"0\r\n\r\n"), "{:?}", String::from_utf8_lossy(&rest));
    tokio::time::timeout(Duration::from_secs(5), serving).await.expect("the server ends").unwrap().unwrap();
}
