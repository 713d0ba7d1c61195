//! Numbers of clients at the end of what 64 bits hold: what Go does with them, and no panic.

use crate::client::{Answer, send, server};
use minkapi_http_server::ApiService;
use serde_json::{Value, json};

const CORE: &str = "/base/api/v1/namespaces/default";

async fn ask(server: &ApiService, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(server, method, &format!("{CORE}/{path}"), &[("content-type", "application/json")], body).await
}

fn pod(name: &str, resources: &Value) -> Value {
    json!({"metadata": {"name": name}, "spec": {"nodeName": "n", "containers": [{"name": "c", "image": "i", "resources": resources}]}})
}

#[tokio::test]
async fn a_watch_of_more_than_292_years_may_be_over_at_once() {
    let server = server();
    // As kube-apiserver answers, which counts nanoseconds in 64 bits.
    for seconds in ["9223372036854775807", "9223372036854775", "18446744073", "-5"] {
        let path = format!("pods?watch=1&resourceVersion=0&timeoutSeconds={seconds}");
        assert_eq!(ask(&server, "GET", &path, &Value::Null).await.status, 200, "{seconds}");
    }
}

#[tokio::test]
async fn a_pods_grace_is_added_as_go_adds_it() {
    let server = server();
    ask(&server, "POST", "pods", &pod("p", &json!({}))).await;
    let deleted = |grace: i64| {
        let server = &server;
        async move {
            let answer = ask(server, "DELETE", "pods/p", &json!({"gracePeriodSeconds": grace})).await;
            let meta = answer.json()["metadata"].clone();
            (meta["deletionTimestamp"].as_str().unwrap_or_default().to_owned(), meta["deletionGracePeriodSeconds"].as_i64())
        }
    };
    let (at, grace) = deleted(i64::MAX).await;
    assert!(at.starts_with("20") && grace == Some(i64::MAX), "a second ago: {at}");
    let (at, grace) = deleted(9_223_372_036).await;
    assert!(at.starts_with("23") && grace == Some(9_223_372_036), "in 292 years: {at}");
    let (at, grace) = deleted(i64::MIN).await;
    assert!(at.starts_with("20") && grace == Some(1), "now: {at}");
}

#[tokio::test]
async fn the_last_generation_is_followed_by_the_first() {
    let server = server();
    let object = json!({"metadata": {"name": "c", "generation": i64::MAX, "finalizers": ["a.b/c"]}});
    assert_eq!(ask(&server, "POST", "configmaps", &object).await.status, 201);
    assert_eq!(ask(&server, "DELETE", "configmaps/c", &Value::Null).await.json()["metadata"]["generation"], i64::MIN);
}

#[tokio::test]
async fn huge_pages_of_more_than_64_bits_divide_nothing() {
    let server = server();
    let limits = json!({"limits": {"cpu": "1", "memory": "1Gi", "hugepages-2000E": "1"}});
    let answer = ask(&server, "POST", "pods", &pod("h", &limits)).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.message().contains("not positive integer multiple of hugepages-2000E"), "{}", answer.message());
}

#[tokio::test]
async fn a_view_sums_up_requests_that_are_too_large_together() {
    let server = server();
    let requests = json!({"requests": {"memory": "8E", "cpu": "9E", "example.com/gpu": "9E"}, "limits": {"example.com/gpu": "9E"}});
    for name in ["a", "b", "c"] {
        let answer = ask(&server, "POST", "pods", &pod(name, &requests)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    let sums = || async { send(&server, "GET", "/views/base", &[], "").await };
    assert_eq!(sums().await.status, 200);
    for name in ["a", "b"] {
        ask(&server, "DELETE", &format!("pods/{name}?gracePeriodSeconds=0"), &Value::Null).await;
    }
    let summary = server.views().base().summary();
    assert_eq!((summary.bound, summary.requested.memory_bytes), (1, 8_000_000_000_000_000_000));
}
