//! What is measured.

use crate::client::{get, post, send, server};
use http_body_util::BodyExt as _;
use minkapi_http_server::ApiService;
use serde_json::json;
use std::collections::{BTreeMap, HashSet};

async fn metrics(server: &ApiService) -> String {
    let answer = get(server, "/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    answer.text().to_owned()
}

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
}

#[tokio::test]
async fn health_checks_are_counted_when_they_are_made() {
    let server = server();
    for path in ["/base/readyz", "/readyz?verbose", "/livez?exclude=etcd", "/readyz/ping"] {
        assert_eq!(get(&server, path).await.status, 200, "{path}");
    }
    server.shut_down();
    assert_eq!(get(&server, "/readyz").await.status, 500);
    for path in ["/metrics/slis", "/base/metrics/slis"] {
        let text = get(&server, path).await.text().to_owned();
        has(&text, r#"kubernetes_healthcheck{name="ping",type="readyz"} 1"#);
        has(&text, r#"kubernetes_healthcheck{name="shutdown",type="readyz"} 0"#);
        has(&text, r#"kubernetes_healthchecks_total{name="shutdown",status="success",type="readyz"} 2"#);
        has(&text, r#"kubernetes_healthchecks_total{name="shutdown",status="error",type="readyz"} 1"#);
        has(&text, r#"kubernetes_healthchecks_total{name="ping",status="success",type="livez"} 1"#);
        assert!(!text.contains(r#"name="etcd",status="success",type="livez""#), "it was left out");
    }
}

#[tokio::test]
async fn requests_are_counted_under_kube_apiservers_names_and_labels() {
    let server = server();
    for name in ["a", "b"] {
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}});
        assert_eq!(post(&server, "/base/api/v1/namespaces/default/configmaps", &object).await.status, 201);
    }
    get(&server, "/base/api/v1/configmaps").await;
    get(&server, "/base/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Da").await;
    get(&server, "/base/apis/apps/v1/namespaces/default/deployments/x").await;
    let apply = [("content-type", "application/apply-patch+yaml")];
    let body = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}"#;
    let path = "/base/api/v1/namespaces/default/configmaps/c?fieldManager=x&dryRun=All";
    assert_eq!(send(&server, "PATCH", path, &apply, body).await.status, 201);
    get(&server, "/base/healthz").await;
    post(&server, "/views/blue", &json!({})).await;
    let text = metrics(&server).await;
    let of_maps = |scope: &str, verb: &str, dry_run: &str| {
        format!(
            "component=\"apiserver\",dry_run=\"{dry_run}\",group=\"\",resource=\"configmaps\",scope=\"{scope}\",subresource=\"\",verb=\"{verb}\",version=\"v1\""
        )
    };
    for (code, scope, verb, dry_run, count) in [
        (201, "resource", "POST", "", 2),
        (200, "cluster", "LIST", "", 1),
        (200, "resource", "LIST", "", 1),
        (201, "resource", "APPLY", "All", 1),
    ] {
        has(&text, &format!("apiserver_request_total{{code=\"{code}\",{}}} {count}", of_maps(scope, verb, dry_run)));
    }
    let posts = of_maps("resource", "POST", "");
    has(&text, &format!("apiserver_request_duration_seconds_count{{{posts}}} 2"));
    assert!(text.contains(&format!("apiserver_request_duration_seconds_bucket{{{posts},le=\"1.25\"}} 2\n")), "upstream's buckets");
    has(
        &text,
        r#"apiserver_request_total{code="404",component="apiserver",dry_run="",group="apps",resource="deployments",scope="resource",subresource="",verb="GET",version="v1"} 1"#,
    );
    has(
        &text,
        r#"apiserver_request_total{code="200",component="",dry_run="",group="",resource="",scope="",subresource="/healthz",verb="GET",version=""} 1"#,
    );
    let of_reads = r#"component="apiserver",group="",resource="configmaps",scope="cluster",subresource="",verb="LIST",version="v1""#;
    has(&text, &format!("apiserver_response_sizes_count{{{of_reads}}} 1"));
    has(&text, &format!("apiserver_response_sizes_bucket{{{of_reads},le=\"100000\"}} 1"));
    has(&text, &format!("apiserver_request_sli_duration_seconds_count{{{of_reads}}} 1"));
    assert!(!text.contains("apiserver_response_sizes_count{component=\"apiserver\",group=\"\",resource=\"configmaps\",scope=\"resource\",subresource=\"\",verb=\"POST\""), "of reads only");
    assert!(!text.contains("sli_duration_seconds_bucket{component=\"\",group=\"\",resource=\"\",scope=\"\",subresource=\"/healthz\",verb=\"GET\",version=\"\",le=\"0.025\""), "upstream's buckets");
    has(&text, r#"apiserver_current_inflight_requests{request_kind="readOnly"} 1"#);
    has(&text, r#"apiserver_resource_objects{group="",resource="namespaces"} 4"#);
    has(&text, "minkapi_views 1");
    has(&text, r#"minkapi_view_changes{view="blue"} 0"#);
}

#[tokio::test]
async fn watches_are_counted_while_they_are_open_and_by_what_they_send() {
    let server = server();
    let path = "/base/api/v1/namespaces?watch=true&resourceVersion=0";
    let mut watch = crate::client::open(&server, "GET", path, &[], "").await.into_body();
    let mut seen = 0;
    while seen < 4 {
        let frame = watch.frame().await.unwrap().unwrap();
        seen += frame.data_ref().unwrap().to_vec().iter().filter(|b| **b == b'\n').count();
    }
    let labels = r#"component="apiserver",group="",resource="namespaces",scope="cluster",subresource="",verb="WATCH",version="v1""#;
    let open = metrics(&server).await;
    has(&open, &format!("apiserver_longrunning_requests{{{labels}}} 1"));
    has(&open, r#"apiserver_watch_events_total{group="",resource="namespaces",version="v1"} 4"#);
    has(&open, r#"apiserver_watch_events_sizes_bucket{group="",resource="namespaces",version="v1",le="1024"} 4"#);
    drop(watch);
    let closed = metrics(&server).await;
    has(&closed, &format!("apiserver_longrunning_requests{{{labels}}} 0"));
    let counted = r#"code="200",component="apiserver",dry_run="",group="",resource="namespaces",scope="cluster",subresource="",verb="WATCH",version="v1""#;
    has(&closed, &format!("apiserver_request_total{{{counted}}} 1"));
}

/// Name and labels of a sample, and its value.
fn sample(line: &str) -> (String, String, f64) {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}').unwrap_or_else(|| panic!("no end of the labels: {line}"))),
        None => (series, ""),
    };
    let is_name =
        |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    assert!(!name.is_empty() && is_name(name), "{line}");
    let mut rest = labels;
    while !rest.is_empty() {
        let (key, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
        assert!(is_name(key), "{line}");
        let mut escaped = false;
        let end = after.find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        rest = after[end.unwrap_or_else(|| panic!("{line}")) + 1..].trim_start_matches(',');
    }
    (name.to_owned(), labels.to_owned(), value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
}

#[tokio::test]
async fn the_text_is_what_prometheus_reads() {
    let server = server();
    get(&server, "/base/api/v1/pods").await;
    get(&server, "/base/apis/od%22d/v1/th%5Cings").await;
    let text = metrics(&server).await;
    let (mut types, mut series): (BTreeMap<String, String>, HashSet<(String, String)>) = Default::default();
    let mut buckets: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (name, labels, value) = sample(line);
        let family =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).filter(|family| types.contains_key(*family));
        assert!(types.contains_key(family.unwrap_or(&name)), "{name} has no type before it");
        assert!(series.insert((name.clone(), labels.clone())), "{line} twice");
        let Some(family) = family else { continue };
        if name.ends_with("_bucket") {
            let (labels, le) = labels.rsplit_once(",le=\"").unwrap();
            let le: f64 = le.trim_end_matches('"').replace("+Inf", "inf").parse().unwrap();
            let last = buckets.entry((family.to_owned(), labels.to_owned())).or_insert((f64::MIN, 0.0));
            assert!(le > last.0 && value >= last.1, "{line} after {last:?}");
            *last = (le, value);
        } else if name.ends_with("_count") {
            assert_eq!(buckets[&(family.to_owned(), labels)], (f64::INFINITY, value), "{line}");
        }
    }
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"] {
        assert!(!cfg!(target_os = "linux") || types.contains_key(name), "{name}");
    }
}
