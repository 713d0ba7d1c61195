//! The network, authentication and panics.

use crate::client::{get, server, with_config};
use http::request::Parts;
use minkapi_http_server::{Authenticate, Config, Plain, ServeConfig, serve};
use minkapi_view::{UserInfo, View};
use std::{sync::Arc, time::Duration};
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
    fn authenticate(&self, _: &Parts, _: &View) -> Option<UserInfo> {
        panic!("no")
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

#[tokio::test]
async fn a_panic_is_an_answer() {
    let server = with_config(Config { authenticate: Arc::new(Broken), ..Config::default() });
    assert_eq!(get(&server, "/version").await.status, 500);
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
