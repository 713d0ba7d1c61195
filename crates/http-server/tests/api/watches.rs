//! Watches.

use crate::client::{config_map, open, send, server};
use bytes::{Buf as _, Bytes};
use http_body::Frame;
use http_body_util::BodyExt as _;
use minkapi_http_server::{Chunk, ResponseBody};
use serde_json::Value;
use std::{collections::VecDeque, time::Duration};

const MAPS: &str = "/base/api/v1/namespaces/default/configmaps";

/// The events of a watch; several may come in one write.
struct Events {
    body: ResponseBody,
    waiting: VecDeque<Value>,
}

fn events(body: ResponseBody) -> Events {
    Events { body, waiting: VecDeque::new() }
}

fn bytes_of(frame: Frame<Chunk>) -> Bytes {
    let mut chunk = frame.into_data().unwrap();
    chunk.copy_to_bytes(chunk.remaining())
}

async fn next(events: &mut Events) -> Option<Value> {
    if events.waiting.is_empty() {
        let frame = tokio::time::timeout(Duration::from_secs(5), events.body.frame()).await.expect("an event comes")?;
        let data = bytes_of(frame.unwrap());
        assert_eq!(data.last(), Some(&b'\n'));
        let lines = data.split(|b| *b == b'\n').filter(|line| !line.is_empty());
        events.waiting.extend(lines.map(|line| serde_json::from_slice::<Value>(line).unwrap()));
    }
    events.waiting.pop_front()
}

#[tokio::test]
async fn events_come_one_a_line_with_the_marker_after_the_initial_ones() {
    let server = server();
    config_map(&server, "a").await;
    let path =
        format!("{MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=name");
    let response = open(&server, "GET", &path, &[], "").await;
    assert_eq!((response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()), (200, "application/json"));
    let mut body = events(response.into_body());
    let added = next(&mut body).await.unwrap();
    assert_eq!((added["type"].as_str(), added["object"]["kind"].as_str()), (Some("ADDED"), Some("ConfigMap")));
    let marker = next(&mut body).await.unwrap();
    assert_eq!(marker["type"], "BOOKMARK");
    assert_eq!(marker["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    config_map(&server, "b").await;
    assert_eq!(next(&mut body).await.unwrap()["object"]["metadata"]["name"], "b");
    send(&server, "DELETE", &format!("{MAPS}/b"), &[], "").await;
    assert_eq!(next(&mut body).await.unwrap()["type"], "DELETED");
}

#[tokio::test]
async fn a_bookmark_has_what_its_kind_always_writes() {
    let server = server();
    let path = "/base/api/v1/pods?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut body = events(open(&server, "GET", path, &[], "").await.into_body());
    let marker = next(&mut body).await.unwrap();
    assert_eq!(marker["object"]["spec"], serde_json::json!({"containers": null}));
}

#[tokio::test]
async fn only_the_first_table_has_columns() {
    let server = server();
    config_map(&server, "a").await;
    config_map(&server, "b").await;
    let accept = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let mut body = events(open(&server, "GET", &format!("{MAPS}?watch=1&labelSelector=name"), &accept, "").await.into_body());
    let (first, second) = (next(&mut body).await.unwrap(), next(&mut body).await.unwrap());
    assert!(first["object"]["columnDefinitions"].is_array());
    assert!(second["object"]["columnDefinitions"].is_null());
    assert_eq!(second["object"]["rows"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn all_who_watch_alike_are_sent_the_same_bytes() {
    let server = server();
    let path = format!("{MAPS}?watch=1&resourceVersion=1&labelSelector=name");
    let mut bodies = Vec::new();
    for _ in 0..2 {
        bodies.push(open(&server, "GET", &path, &[], "").await.into_body());
    }
    config_map(&server, "a").await;
    let mut pointers = Vec::new();
    for body in &mut bodies {
        let data = bytes_of(body.frame().await.unwrap().unwrap());
        pointers.push(data.as_ptr());
    }
    assert_eq!(pointers[0], pointers[1], "the event was encoded once");
}

#[tokio::test]
async fn a_watch_ends_cleanly_at_its_timeout_and_when_the_server_shuts_down() {
    let server = server();
    let mut timed = events(open(&server, "GET", &format!("{MAPS}?watch=1&timeoutSeconds=1&resourceVersion=1"), &[], "").await.into_body());
    assert!(next(&mut timed).await.is_none());
    let mut open_ended = events(open(&server, "GET", &format!("{MAPS}?watch=1&labelSelector=nosuch"), &[], "").await.into_body());
    server.shut_down();
    assert!(next(&mut open_ended).await.is_none());
}

#[tokio::test]
async fn yaml_is_not_streamed() {
    let server = server();
    let answer = send(&server, "GET", &format!("{MAPS}?watch=1"), &[("accept", "application/yaml,application/json")], "").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (406, "application/yaml"));
}

#[tokio::test]
async fn protobuf_events_are_framed() {
    let server = server();
    config_map(&server, "a").await;
    let accept = [("accept", "application/vnd.kubernetes.protobuf")];
    let response = open(&server, "GET", &format!("{MAPS}?watch=1&labelSelector=name"), &accept, "").await;
    assert_eq!(response.headers()["content-type"], "application/vnd.kubernetes.protobuf;stream=watch");
    let data = bytes_of(response.into_body().frame().await.unwrap().unwrap());
    let length = u32::from_be_bytes(data[..4].try_into().unwrap()) as usize;
    assert_eq!(length, data.len() - 4);
    assert_eq!(&data[4..], [&b"\n\x05ADDED\x12"[..], &data[12..]].concat());
}

#[tokio::test]
async fn a_named_watch_url_watches_one_object() {
    let server = server();
    config_map(&server, "a").await;
    config_map(&server, "b").await;
    let mut body = events(open(&server, "GET", "/base/api/v1/watch/namespaces/default/configmaps/b", &[], "").await.into_body());
    assert_eq!(next(&mut body).await.unwrap()["object"]["metadata"]["name"], "b");
    let wrong = send(&server, "GET", "/base/api/v1/watch/namespaces/default/configmaps/b?fieldSelector=metadata.name%3Da", &[], "").await;
    assert_eq!(wrong.message(), "fieldSelector metadata.name doesn't match requested name");
}
