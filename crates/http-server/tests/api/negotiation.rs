//! Media types of requests and answers.

use crate::client::{config_map, get_as, send, server};

const MAPS: &str = "/base/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn yaml_is_read_and_written() {
    let server = server();
    let yaml = [("content-type", "application/yaml"), ("accept", "application/yaml")];
    let created = send(&server, "POST", MAPS, &yaml, "metadata:\n  name: a\ndata:\n  key: value\n").await;
    assert_eq!((created.status.as_u16(), created.header("content-type")), (201, "application/yaml"));
    assert!(created.text().starts_with("apiVersion: v1\ndata:\n  key: value\nkind: ConfigMap\n"), "{}", created.text());
}

#[tokio::test]
async fn protobuf_answers_are_in_their_envelope_for_objects_lists_and_errors() {
    let server = server();
    config_map(&server, "a").await;
    for path in [format!("{MAPS}/a"), MAPS.to_owned(), format!("{MAPS}/nosuch")] {
        let answer = get_as(&server, &path, "application/vnd.kubernetes.protobuf").await;
        assert_eq!(answer.header("content-type"), "application/vnd.kubernetes.protobuf");
        assert!(answer.body.starts_with(b"k8s\0"), "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_in_json() {
    let server = server();
    let answer = get_as(&server, &format!("{MAPS}/a"), "text/html").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (406, "application/json"));
    assert_eq!(
        answer.message(),
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf"
    );
    let transform = get_as(&server, &format!("{MAPS}/a"), "application/json;as=Chart;v=v1;g=meta.k8s.io").await;
    assert!(transform.message().starts_with("only the following media types are accepted: "));
}

#[tokio::test]
async fn the_answer_is_negotiated_before_the_request_is_looked_at() {
    let server = server();
    let both = send(&server, "POST", MAPS, &[("accept", "text/html"), ("content-type", "text/plain")], "{").await;
    assert_eq!(both.status, 406);
    let request = send(&server, "POST", MAPS, &[("content-type", "text/plain")], "{").await;
    assert_eq!(request.status, 415);
    let patch = send(&server, "PATCH", &format!("{MAPS}/a"), &[("content-type", "application/json")], "{").await;
    assert_eq!((patch.status.as_u16(), patch.message().as_str()), (415, "415: Unsupported Media Type"));
}

#[tokio::test]
async fn people_get_indented_json() {
    let server = server();
    config_map(&server, "a").await;
    let curl = send(&server, "GET", &format!("{MAPS}/a"), &[("user-agent", "curl/8.5.0")], "").await;
    assert!(curl.text().starts_with("{\n  \"kind\": \"ConfigMap\",\n"));
    let asked = send(&server, "GET", &format!("{MAPS}/a?pretty=false"), &[("user-agent", "curl/8.5.0")], "").await;
    assert!(asked.text().starts_with("{\"kind\""));
}
