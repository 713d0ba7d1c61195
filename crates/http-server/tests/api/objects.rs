//! Objects and lists as they are answered.

use crate::client::{config_map, get, get_as, post, send, server, with_config};
use minkapi_http_server::Config;
use serde_json::json;

const MAPS: &str = "/base/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn an_object_is_answered_with_its_kind_and_every_header() {
    let server = server();
    config_map(&server, "a").await;
    let answer = send(&server, "GET", &format!("{MAPS}/a"), &[("audit-id", "mine")], "").await;
    assert!(answer.text().starts_with(r#"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"#));
    assert!(answer.text().ends_with("}\n"));
    assert_eq!(answer.header("cache-control"), "no-cache, private");
    assert_eq!(answer.header("audit-id"), "mine");
    assert_eq!(get(&server, MAPS).await.header("audit-id").len(), 36, "without one in the request it is a new uuid");
}

#[tokio::test]
async fn items_of_a_list_have_no_kind() {
    let server = server();
    config_map(&server, "a").await;
    config_map(&server, "b").await;
    let list = get(&server, &format!("{MAPS}?labelSelector=name")).await.json();
    assert_eq!((list["kind"].as_str(), list["items"].as_array().unwrap().len()), (Some("ConfigMapList"), 2));
    assert!(list["items"][0].get("kind").is_none());
}

#[tokio::test]
async fn a_list_of_nothing_has_an_empty_array() {
    assert_eq!(get(&server(), "/base/api/v1/namespaces/nosuch/pods").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_large_list_is_compressed_for_those_who_like_it() {
    let server = server();
    for n in 0..3 {
        let body = json!({"metadata": {"name": format!("a{n}")}, "data": {"key": "x".repeat(100_000)}});
        assert_eq!(post(&server, MAPS, &body).await.status, 201);
    }
    let plain = get(&server, MAPS).await;
    assert_eq!(plain.header("content-encoding"), "");
    let packed = send(&server, "GET", MAPS, &[("accept-encoding", "gzip")], "").await;
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("gzip", "Accept-Encoding"));
    let mut text = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(&*packed.body), &mut text).unwrap();
    assert_eq!(text, plain.body);
    let small = send(&server, "GET", &format!("{MAPS}/nosuch"), &[("accept-encoding", "gzip")], "").await;
    assert_eq!(small.header("content-encoding"), "");
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let server = with_config(Config { body_limit: 100, ..Config::default() });
    let answer = post(&server, MAPS, &json!({"metadata": {"name": "a"}, "data": {"key": "x".repeat(100)}})).await;
    assert_eq!((answer.status.as_u16(), answer.message().as_str()), (413, "Request entity too large: limit is 100"));
}

#[tokio::test]
async fn unknown_fields_are_told_in_warnings() {
    let server = server();
    let answer = post(&server, MAPS, &json!({"metadata": {"name": "a"}, "dat": {}})).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("warning"), r#"299 - "unknown field \"dat\"""#);
}

#[tokio::test]
async fn keys_that_yaml_has_twice_and_unknown_fields_are_told_together() {
    let server = server();
    let yaml = [("content-type", "application/yaml")];
    let body = "metadata:\n  name: a\ndata:\n  k: v\n  k: w\ndat: {}\n";
    let answer = send(&server, "POST", &format!("{MAPS}?fieldValidation=Strict"), &yaml, body).await;
    let told = "strict decoding error: yaml: unmarshal errors:\n  line 5: key \"k\" already set in map, unknown field \"dat\"";
    assert!(answer.message().ends_with(told), "{}", answer.message());
    let refused = send(&server, "POST", MAPS, &yaml, "metadata: 1\ndata:\n  k: x\n  k: y\n").await;
    assert_eq!((refused.status.as_u16(), refused.header("warning")), (400, ""));
}

#[tokio::test]
async fn a_deleted_job_warns_unless_it_is_said_what_becomes_of_its_pods() {
    const JOBS: &str = "/base/apis/batch/v1/namespaces/default/jobs";
    let server = server();
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}});
    let job = json!({"metadata": {"name": "a"}, "spec": {"template": template}});
    assert_eq!(post(&server, JOBS, &job).await.status, 201);
    let said = send(&server, "DELETE", &format!("{JOBS}/a?dryRun=All&propagationPolicy=Background"), &[], "").await;
    assert_eq!(said.header("warning"), "");
    let silent = send(&server, "DELETE", &format!("{JOBS}/a"), &[], "").await;
    assert!(silent.header("warning").contains("child pods are preserved by default when jobs are deleted"));
}

#[tokio::test]
async fn metadata_alone_does_not_show_the_generation_of_a_daemon_sets_template() {
    const SETS: &str = "/base/apis/apps/v1/namespaces/default/daemonsets";
    let server = server();
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}});
    let set = json!({"metadata": {"name": "a"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}});
    let created = post(&server, SETS, &set).await.json();
    assert_eq!(created["metadata"]["annotations"]["deprecated.daemonset.template.generation"], "1");
    let metadata = get_as(&server, &format!("{SETS}/a"), "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io").await.json();
    assert!(metadata["metadata"]["annotations"].is_null());
    let table = get_as(&server, SETS, "application/json;as=Table;v=v1;g=meta.k8s.io").await.json();
    assert!(table["rows"][0]["object"]["metadata"]["annotations"].is_null());
}

#[tokio::test]
async fn continue_tokens_that_are_not_ours_are_refused() {
    use base64::Engine as _;
    let server = server();
    for (token, why) in [
        (r#"{"v":"meta.k8s.io/v2","rv":1,"start":"a"}"#, "server does not recognize this encoded version meta.k8s.io/v2"),
        (r#"{"v":"meta.k8s.io/v1","start":"a"}"#, "incorrect encoded start resourceVersion (version meta.k8s.io/v1)"),
        (r#"{"v":"meta.k8s.io/v1","rv":1}"#, "encoded start key empty (version meta.k8s.io/v1)"),
        (r#"{"v":"meta.k8s.io/v1","rv":1,"start":"../a"}"#, "../a"),
    ] {
        let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(token);
        let answer = get(&server, &format!("{MAPS}?continue={token}")).await;
        assert_eq!(answer.message(), format!("invalid continue token: continue key is not valid: {why}"));
    }
}

#[tokio::test]
async fn invalid_options_are_refused_by_their_kind() {
    let server = server();
    let answer = post(&server, &format!("{MAPS}?dryRun=x"), &json!({"metadata": {"name": "a"}})).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.message(), r#"CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["x"]: supported values: "All""#);
    let body = [("content-type", "application/json")];
    let answer = send(&server, "DELETE", &format!("{MAPS}/a"), &body, r#"{"propagationPolicy":"Sideways"}"#).await;
    assert_eq!((answer.status.as_u16(), answer.json()["details"]["kind"].as_str()), (422, Some("DeleteOptions")));
}

#[tokio::test]
async fn a_table_has_a_row_for_each_object_and_metadata_in_it() {
    let server = server();
    config_map(&server, "a").await;
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let table = get_as(&server, &format!("{MAPS}?labelSelector=name%3Da"), accept).await.json();
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["rows"][0]["cells"][0], "a");
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    assert_eq!(table["columnDefinitions"].as_array().unwrap().len(), table["rows"][0]["cells"].as_array().unwrap().len());
    let none = get_as(&server, &format!("{MAPS}/a?includeObject=None"), accept).await.json();
    assert!(none["rows"][0]["object"].is_null());
    let wrong = get_as(&server, &format!("{MAPS}/a?includeObject=All"), accept).await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn metadata_alone_is_answered_for_objects_and_lists() {
    let server = server();
    config_map(&server, "a").await;
    let one = get_as(&server, &format!("{MAPS}/a"), "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").await.json();
    assert_eq!((one["kind"].as_str(), one["metadata"]["name"].as_str()), (Some("PartialObjectMetadata"), Some("a")));
    assert!(one.get("data").is_none());
    let list = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let all = get_as(&server, MAPS, list).await.json();
    assert_eq!(
        (all["kind"].as_str(), all["items"][0]["kind"].as_str()),
        (Some("PartialObjectMetadataList"), Some("PartialObjectMetadata"))
    );
    let mismatch = get_as(&server, &format!("{MAPS}/a"), list).await;
    assert_eq!(
        (mismatch.status.as_u16(), mismatch.message().as_str()),
        (406, "you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)")
    );
}
