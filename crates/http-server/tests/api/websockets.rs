//! Watches over WebSocket, on real connections.

use crate::client::{config_map, server};
use futures_util::StreamExt as _;
use http::{HeaderValue, Request, StatusCode};
use minkapi_http_server::{ApiService, Plain, ServeConfig, serve};
use serde_json::Value;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, handshake::client::Response, protocol::frame::coding::CloseCode},
};

const WATCH: &str = "/base/api/v1/namespaces/default/configmaps?watch=1";

async fn connect(
    server: ApiService,
    path: &str,
    headers: &[(&'static str, &'static str)],
) -> Result<(WebSocketStream<TcpStream>, Response), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, Plain, server, ServeConfig::default(), std::future::pending()));
    let mut request: Request<()> = format!("ws://{address}{path}").into_client_request().unwrap();
    request.headers_mut().insert("origin", HeaderValue::from_static("http://localhost"));
    for (name, value) in headers {
        match *value {
            "" => drop(request.headers_mut().remove(*name)),
            value => drop(request.headers_mut().insert(*name, HeaderValue::from_static(value))),
        }
    }
    client_async(request, TcpStream::connect(address).await.unwrap()).await
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> Message {
    tokio::time::timeout(Duration::from_secs(5), socket.next()).await.expect("a message comes").unwrap().unwrap()
}

#[tokio::test]
async fn each_event_is_a_message_of_text() {
    let server = server();
    config_map(&server, "a").await;
    let (mut socket, response) = connect(server.clone(), WATCH, &[("sec-websocket-protocol", "base64.binary.k8s.io")]).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "base64.binary.k8s.io");
    config_map(&server, "b").await;
    config_map(&server, "c").await;
    let mut names = Vec::new();
    for _ in 0..3 {
        let text = next(&mut socket).await.into_text().unwrap();
        assert!(text.ends_with('\n'));
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["type"], "ADDED");
        names.push(event["object"]["metadata"]["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(names, ["a", "b", "c"]);
}

#[tokio::test]
async fn protobuf_events_are_binary_messages_without_their_length() {
    let server = server();
    config_map(&server, "a").await;
    let (mut socket, _) = connect(server, WATCH, &[("accept", "application/vnd.kubernetes.protobuf")]).await.unwrap();
    let message = next(&mut socket).await;
    assert!(message.is_binary());
    assert!(message.into_data().starts_with(b"\x0a\x05ADDED\x12"));
}

#[tokio::test]
async fn the_end_of_a_watch_closes_the_socket_in_order() {
    let (mut socket, _) = connect(server(), &format!("{WATCH}&resourceVersion=1&timeoutSeconds=1"), &[]).await.unwrap();
    let Message::Close(Some(frame)) = next(&mut socket).await else { panic!("nothing but the end comes") };
    assert_eq!(frame.code, CloseCode::Normal);
}

#[tokio::test]
async fn what_is_wrong_with_the_handshake_is_told_by_the_code() {
    let cases: [(&[(&'static str, &'static str)], u16); 4] = [
        (&[("origin", "")], 403),
        (&[("sec-websocket-version", "8")], 400),
        (&[("sec-websocket-protocol", "a, b")], 400),
        (&[("accept", "application/yaml")], 406),
    ];
    for (headers, code) in cases {
        let Err(Error::Http(response)) = connect(server(), WATCH, headers).await else { panic!("{headers:?} is refused") };
        assert_eq!(response.status(), StatusCode::from_u16(code).unwrap(), "{headers:?}");
    }
}
