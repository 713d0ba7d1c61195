//! Version, health and OpenAPI.

use crate::client::{get, get_as, send, server, with_config};
use minkapi_http_server::Config;
use serde_json::json;

#[tokio::test]
async fn the_version_is_that_of_kubernetes() {
    let server = server();
    for path in ["/version", "/base/version"] {
        assert_eq!(get(&server, path).await.json()["gitVersion"], "v1.37.2");
    }
    assert_eq!(get_as(&server, "/version", "application/yaml").await.status, 406);
}

#[tokio::test]
async fn health_is_told_in_a_word_or_check_by_check() {
    let server = server();
    assert_eq!(get(&server, "/readyz").await.text(), "ok");
    assert_eq!(get(&server, "/base/livez/ping").await.text(), "ok");
    assert_eq!(get(&server, "/base/livez/nosuch").await.status, 404);
    let verbose = get(&server, "/readyz?verbose&exclude=etcd,foo").await;
    assert!(verbose.text().starts_with("[+]ping ok\n[+]log ok\n[+]etcd excluded: ok\n"));
    assert!(verbose.text().ends_with("no matches for \"foo\"\nreadyz check passed\n"), "{}", verbose.text());
    server.shut_down();
    let down = get(&server, "/readyz").await;
    assert_eq!(down.status, 500);
    assert!(down.text().contains("[-]shutdown failed: reason withheld\n"));
    assert_eq!(get(&server, "/livez").await.status, 200);
}

#[tokio::test]
async fn what_a_kube_apiserver_starts_can_be_asked_for_by_name() {
    let server = server();
    for check in ["poststarthook/crd-informer-synced", "autoregister-completion", "loopback-serving-certificate"] {
        assert_eq!(get(&server, &format!("/base/livez/{check}")).await.text(), "ok", "{check}");
    }
    assert!(get(&server, "/readyz?verbose").await.text().contains("\n[+]poststarthook/storage-readiness ok\n"));
}

#[tokio::test]
async fn tokens_of_service_accounts_can_be_checked_by_others() {
    let server = server();
    let response = send(&server, "GET", "/base/.well-known/openid-configuration", &[("host", "localhost:8091")], "").await;
    let configuration = response.json();
    assert_eq!(configuration["issuer"], "https://kubernetes.default.svc");
    assert_eq!(configuration["jwks_uri"], "http://localhost:8091/base/openid/v1/jwks");
    let keys = get(&server, "/base/openid/v1/jwks").await;
    assert_eq!(keys.header("content-type"), "application/jwk-set+json");
    let key = &keys.json()["keys"][0];
    assert_eq!((key["kty"].as_str(), key["alg"].as_str(), key["use"].as_str()), (Some("EC"), Some("ES256"), Some("sig")));
    assert_eq!(key["x"].as_str().map(str::len), Some(43), "32 bytes in base64url");
}

#[tokio::test]
async fn the_status_page_is_text_unless_a_version_of_it_is_asked_for() {
    let server = server();
    let page = get(&server, "/base/statusz").await;
    let text = page.text();
    assert!(text.contains("\nBinary version: 1.37.2\nEmulation version: 1.37\n"), "{text}");
    let typed = get_as(&server, "/base/statusz", "application/json;v=v1beta1;g=config.k8s.io;as=Statusz").await.json();
    assert_eq!((typed["kind"].as_str(), typed["binaryVersion"].as_str()), (Some("Statusz"), Some("1.37.2")));
    assert_eq!(get_as(&server, "/base/statusz", "application/json").await.status, 406);
    let yaml = get_as(&server, "/base/statusz", "application/yaml;v=v1beta1;g=config.k8s.io;as=Statusz").await;
    assert!(yaml.text().contains("kind: Statusz\nmetadata:\n  name: apiserver\npaths:\n- /flagz\n"), "{}", yaml.text());
}

#[tokio::test]
async fn flags_are_shown_as_they_were_given() {
    let flags = vec![("history-events".to_owned(), "100".to_owned()), ("tls".to_owned(), "true".to_owned())];
    let server = with_config(Config { flags, ..Config::default() });
    let page = get(&server, "/base/flagz").await;
    assert!(page.text().starts_with("\napiserver flagz\nWarning: "), "{}", page.text());
    assert!(page.text().ends_with(".\nhistory-events: 100\ntls: true\n"), "{}", page.text());
    let typed = get_as(&server, "/base/flagz", "application/json;v=v1beta1;g=config.k8s.io;as=Flagz").await.json();
    assert_eq!(typed["flags"], json!({"history-events": "100", "tls": "true"}));
}

#[tokio::test]
async fn parameters_stand_once_in_version_2_and_with_the_path_where_all_operations_have_them() {
    let server = server();
    let document = get(&server, "/base/openapi/v2").await.json();
    let pods = &document["paths"]["/api/v1/namespaces/{namespace}/pods"];
    let reference = pods["parameters"][0]["$ref"].as_str().unwrap();
    // The name ends with a hash of the parameter, which is upstream's when the parameter is.
    assert_eq!(reference, "#/parameters/namespace-vgWSWtn3");
    assert_eq!(document.pointer(&reference[1..]).unwrap()["in"], "path");
    let validation = pods["post"]["parameters"].as_array().unwrap().iter().find(|p| p["name"] == "fieldValidation");
    assert!(validation.is_some(), "old kubectls look for it where it is used");
}

#[tokio::test]
async fn fields_tell_what_values_they_may_have() {
    let server = server();
    let document = get(&server, "/base/openapi/v3/api/v1").await.json();
    let schemas = &document["components"]["schemas"];
    let policy = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["restartPolicy"];
    assert_eq!(policy["enum"], serde_json::json!(["Always", "Never", "OnFailure"]));
    let modes = &schemas["io.k8s.api.core.v1.PersistentVolumeClaimSpec"]["properties"]["accessModes"];
    assert_eq!(modes["items"]["enum"][0], "ReadOnlyMany");
}

#[tokio::test]
async fn patches_of_built_in_resources_tell_kubectl_how_to_validate_and_merge() {
    let server = server();
    let document = get(&server, "/base/openapi/v3/api/v1").await.json();
    let patch = &document["paths"]["/api/v1/namespaces/{name}"]["patch"];
    assert_eq!(patch["x-kubernetes-group-version-kind"], serde_json::json!({"group": "", "version": "v1", "kind": "Namespace"}));
    assert!(patch["parameters"].as_array().unwrap().iter().any(|p| p["name"] == "fieldValidation"));
    assert!(patch["requestBody"]["content"].get("application/strategic-merge-patch+json").is_some());
    let containers = &document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
    assert_eq!(
        (containers["x-kubernetes-patch-merge-key"].as_str(), containers["x-kubernetes-patch-strategy"].as_str()),
        (Some("name"), Some("merge"))
    );
    let selector = &document["components"]["schemas"]["io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"];
    assert_eq!(selector["x-kubernetes-map-type"], "atomic");
}

#[tokio::test]
async fn every_reference_leads_to_a_component() {
    fn references(value: &serde_json::Value, found: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(members) => {
                found.extend(members.get("$ref").and_then(|r| r.as_str()).map(str::to_owned));
                members.values().for_each(|v| references(v, found));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }
    let server = server();
    let index = get(&server, "/base/openapi/v3").await;
    assert_eq!(index.header("content-type"), "text/plain; charset=utf-8");
    let mut documents: Vec<_> = index.json()["paths"].as_object().unwrap().keys().map(|k| format!("/base/openapi/v3/{k}")).collect();
    assert!(documents.contains(&"/base/openapi/v3/apis/apps/v1".to_owned()));
    documents.push("/base/openapi/v2".to_owned());
    for path in documents {
        let document = get(&server, &path).await.json();
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in found {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{path} refers to {reference}");
        }
    }
}

#[tokio::test]
async fn a_hashed_document_may_be_kept_and_an_old_hash_leads_to_the_new_one() {
    let server = server();
    let index = get(&server, "/base/openapi/v3").await.json();
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap();
    let current = get(&server, &format!("/base{url}")).await;
    assert_eq!(current.header("cache-control"), "public, immutable");
    let etag = current.header("etag").to_owned();
    assert_eq!(send(&server, "GET", &format!("/base{url}"), &[("if-none-match", &etag)], "").await.status, 304);
    let old = get(&server, "/base/openapi/v3/apis/apps/v1?hash=OLD").await;
    assert_eq!((old.status.as_u16(), old.header("location")), (301, format!("/base{url}").as_str()));
}

#[tokio::test]
async fn documents_also_come_in_protobuf_under_one_name() {
    let server = server();
    for (path, version) in [("/base/openapi/v2", "v2"), ("/base/openapi/v3/apis/apps/v1", "v3")] {
        let asked = format!("application/com.github.proto-openapi.spec.{version}@v1.0+protobuf");
        let answer = get_as(&server, path, &asked).await;
        assert_eq!(answer.header("content-type"), format!("application/com.github.proto-openapi.spec.{version}.v1.0+protobuf"));
        // Field 1 is the version of the specification.
        assert_eq!(answer.body[..2], if version == "v2" { [0x0a, 3] } else { [0x0a, 5] });
        assert_eq!(get_as(&server, path, "application/yaml").await.status, 406);
    }
}
