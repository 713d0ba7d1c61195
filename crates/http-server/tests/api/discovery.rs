//! Discovery.

use crate::client::{get, get_as, send, server};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

#[tokio::test]
async fn the_aggregated_form_wins_over_plain_json_and_is_not_sent_twice() {
    let server = server();
    let accept = format!("application/json,{AGGREGATED}");
    let answer = get_as(&server, "/base/apis", &accept).await;
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), (AGGREGATED, "public"));
    assert_eq!(answer.json()["items"][0]["metadata"]["name"], "apiregistration.k8s.io");
    let etag = answer.header("etag").to_owned();
    let again = send(&server, "GET", "/base/apis", &[("accept", AGGREGATED), ("if-none-match", &etag)], "").await;
    assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, etag.as_str()));
}

#[tokio::test]
async fn an_old_aggregated_version_is_not_offered() {
    let server = server();
    let old = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
    assert_eq!(get_as(&server, "/base/apis", old).await.status, 406);
    assert_eq!(get_as(&server, "/base/apis", &format!("{old},application/json")).await.json()["kind"], "APIGroupList");
}

#[tokio::test]
async fn subresources_are_entries_of_their_own() {
    let list = get(&server(), "/base/apis/apps/v1").await.json();
    let scale = list["resources"].as_array().unwrap().iter().find(|r| r["name"] == "deployments/scale").unwrap().clone();
    assert_eq!((scale["group"].as_str(), scale["kind"].as_str()), (Some("autoscaling"), Some("Scale")));
    assert_eq!(scale["singularName"], "");
}

#[tokio::test]
async fn the_core_document_has_no_api_version() {
    let answer = send(&server(), "GET", "/base/api", &[("host", "h:1")], "").await.json();
    assert_eq!(answer["versions"], serde_json::json!(["v1"]));
    assert_eq!(answer["serverAddressByClientCIDRs"][0]["serverAddress"], "h:1");
    assert!(answer.get("apiVersion").is_none());
}

#[tokio::test]
async fn groups_answer_any_method_and_versions_get_alone() {
    let server = server();
    assert_eq!(send(&server, "DELETE", "/base/apis/apps", &[], "").await.status, 200);
    assert_eq!(send(&server, "DELETE", "/base/apis/apps/v1", &[], "").await.status, 405);
}
