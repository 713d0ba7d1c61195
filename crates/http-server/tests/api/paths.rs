//! What paths and methods stand for.

use crate::client::{config_map, get, send, server};

#[tokio::test]
async fn an_unknown_resource_of_a_known_group_is_told_in_a_status_and_an_unknown_group_in_plain_text() {
    let server = server();
    let resource = get(&server, "/base/api/v1/foos").await;
    assert_eq!((resource.status.as_u16(), resource.header("content-type")), (404, "application/json"));
    assert_eq!(resource.message(), "the server could not find the requested resource");
    let group = get(&server, "/base/apis/foo.example.com/v1").await;
    assert_eq!((group.status.as_u16(), group.header("content-type")), (404, "text/plain; charset=utf-8"));
    assert_eq!(group.text(), "404 page not found\n");
}

#[tokio::test]
async fn a_method_that_is_not_routed_is_405() {
    let server = server();
    for (method, path) in [
        ("PUT", "/base/api/v1/namespaces/default/configmaps"),
        ("POST", "/base/api/v1/namespaces/default/configmaps/a"),
        ("POST", "/base/api/v1/configmaps"),
        ("DELETE", "/base/api/v1/namespaces"),
        ("OPTIONS", "/base/api/v1/nodes"),
        ("GET", "/base/api/v1/namespaces/default/pods/a/binding"),
    ] {
        let answer = send(&server, method, path, &[], "").await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.json()["details"], serde_json::json!({}));
    }
}

#[tokio::test]
async fn names_that_could_be_paths_are_refused() {
    let server = server();
    let answer = get(&server, "/base/api/v1/namespaces/default/configmaps/a%25b").await;
    assert_eq!((answer.status.as_u16(), answer.message().as_str()), (400, "Name parameter invalid: \"a%b\": may not contain '%'"));
    let answer = get(&server, "/base/api/v1/namespaces/default/configmaps/%2E%2E").await;
    assert_eq!(answer.message(), "Name parameter invalid: \"..\": may not be '..'");
    let slash = get(&server, "/base/api/v1/namespaces/default/configmaps/a%2Fb").await;
    assert_eq!(slash.message(), "the server could not find the requested resource", "an encoded slash separates segments");
}

#[tokio::test]
async fn a_trailing_slash_is_ignored() {
    let server = server();
    config_map(&server, "a").await;
    assert_eq!(get(&server, "/base/api/v1/namespaces/default/configmaps/a/").await.json()["metadata"]["name"], "a");
}

#[tokio::test]
async fn a_timeout_that_is_no_duration_is_refused() {
    let server = server();
    let answer = get(&server, "/base/api/v1/namespaces?timeout=abc").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.message(), "invalid timeout specified in the request URL - time: invalid duration \"abc\"");
    assert_eq!(get(&server, "/base/api/v1/namespaces?timeout=32s").await.status, 200);
}
