//! What is measured.

use crate::client::{get, post, server};
use serde_json::json;

#[tokio::test]
async fn requests_are_counted_under_kube_apiservers_names() {
    let server = server();
    for name in ["a", "b"] {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        assert_eq!(post(&server, "/base/api/v1/namespaces/default/configmaps", &object).await.status, 201);
    }
    get(&server, "/base/api/v1/configmaps").await;
    get(&server, "/base/apis/apps/v1/namespaces/default/deployments/x").await;
    post(&server, "/views/blue", &json!({})).await;
    let answer = get(&server, "/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let has = |line: &str| assert!(answer.text().lines().any(|l| l == line), "{line} is not in\n{}", answer.text());
    has(
        r#"apiserver_request_total{code="201",component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="POST",version="v1"} 2"#,
    );
    has(
        r#"apiserver_request_total{code="200",component="apiserver",group="",resource="configmaps",scope="cluster",subresource="",verb="LIST",version="v1"} 1"#,
    );
    has(
        r#"apiserver_request_total{code="404",component="apiserver",group="apps",resource="deployments",scope="resource",subresource="",verb="GET",version="v1"} 1"#,
    );
    has(
        r#"apiserver_request_duration_seconds_count{component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="POST",version="v1"} 2"#,
    );
    has(r#"apiserver_current_inflight_requests{request_kind="readOnly"} 1"#);
    assert!(answer.text().contains("\napiserver_storage_objects{resource=\"configmaps\"} "), "{}", answer.text());
    has("minkapi_views 1");
}
