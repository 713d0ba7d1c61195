//! Webhooks over real sockets.

use super::*;
use crate::{
    AsyncPlugin, Chain,
    testing::{FakeCluster, Request},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A webhook that gives these answers in turn, and remembers what it was asked.
async fn webhook(answers: Vec<Value>) -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let questions = Arc::new(Mutex::new(Vec::new()));
    let asked = questions.clone();
    tokio::spawn(async move {
        for mut answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            let question: Value = loop {
                let mut part = [0; 4096];
                let n = stream.read(&mut part).await.unwrap();
                read.extend_from_slice(&part[..n]);
                let text = String::from_utf8_lossy(&read);
                if let Some((_, body)) = text.split_once("\r\n\r\n")
                    && let Ok(question) = serde_json::from_str(body)
                {
                    break question;
                }
            };
            answer["uid"] = question["request"]["uid"].clone();
            let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}).to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", review.len());
            asked.lock().unwrap().push(question);
            stream.write_all(format!("{head}{review}").as_bytes()).await.unwrap();
        }
    });
    (url, questions)
}

fn configuration(kind: &str, url: &str, more: &Value) -> FakeCluster {
    let mut webhook = json!({
        "name": "check.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 2,
        "clientConfig": {"url": url},
        "rules": [{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}]
    });
    for (key, value) in more.as_object().unwrap() {
        webhook[key.as_str()] = value.clone();
    }
    let storage = format!("{kind}webhookconfigurations.admissionregistration.k8s.io");
    FakeCluster::with(&storage, json!({"metadata": {"name": "c", "uid": "1"}, "webhooks": [webhook]}))
}

fn config() -> Request {
    Request::create("", "v1", "ConfigMap", json!({"metadata": {"name": "app", "namespace": "x"}, "data": {"a": "b"}}))
}

async fn validate(request: &mut Request, cluster: &FakeCluster) -> Result<(), minkapi_object::Status> {
    let plugin = ValidatingAdmissionWebhook::default();
    let mut attributes = request.attributes();
    plugin.validate(&mut attributes, cluster).wait().await
}

async fn admit(request: &mut Request, cluster: &FakeCluster) -> Result<(), minkapi_object::Status> {
    let plugin = MutatingAdmissionWebhook::default();
    let mut attributes = request.attributes();
    plugin.admit(&mut attributes, cluster).wait().await
}

#[tokio::test]
async fn a_webhook_is_told_of_the_request_and_its_refusal_is_the_answer() {
    let status = json!({"message": "not today", "code": 418});
    let (url, questions) = webhook(vec![json!({"allowed": false, "status": status, "warnings": ["careful"]})]).await;
    let mut request = config();
    let refused = validate(&mut request, &configuration("validating", &url, &json!({}))).await.unwrap_err();
    assert_eq!((refused.code, &*refused.message), (418, "admission webhook \"check.example.com\" denied the request: not today"));
    assert_eq!(request.warnings, ["careful"]);
    let question = &questions.lock().unwrap()[0]["request"];
    assert_eq!(question["object"]["data"], json!({"a": "b"}));
    assert_eq!((&question["operation"], &question["resource"]["resource"]), (&json!("CREATE"), &json!("configmaps")));
    assert_eq!(question["userInfo"]["username"], "alice");
}

#[tokio::test]
async fn one_that_cannot_be_reached_refuses_unless_failures_are_ignored() {
    let at = |policy: &str| configuration("validating", "https://127.0.0.1:1/check", &json!({"failurePolicy": policy}));
    let refused = validate(&mut config(), &at("Fail")).await.unwrap_err();
    assert_eq!(
        refused.message,
        "Internal error occurred: failed calling webhook \"check.example.com\": failed to call webhook: Post \"https://127.0.0.1:1/check?timeout=2s\": dial tcp 127.0.0.1:1: connect: connection refused"
    );
    validate(&mut config(), &at("Ignore")).await.unwrap();
}

#[tokio::test]
async fn one_that_does_not_answer_in_time_fails() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/check", silent.local_addr().unwrap());
    let at = |policy: &str| configuration("validating", &url, &json!({"failurePolicy": policy, "timeoutSeconds": 1}));
    let refused = validate(&mut config(), &at("Fail")).await.unwrap_err();
    let expected = format!(
        "Internal error occurred: failed calling webhook \"check.example.com\": failed to call webhook: Post \"{url}?timeout=1s\": context deadline exceeded"
    );
    assert_eq!(refused.message, expected);
    validate(&mut config(), &at("Ignore")).await.unwrap();
}

#[tokio::test]
async fn a_mutating_webhook_patches_the_object() {
    let patch = STANDARD.encode(r#"[{"op": "add", "path": "/data/c", "value": "d"}]"#);
    let (url, _) = webhook(vec![json!({"allowed": true, "patchType": "JSONPatch", "patch": patch})]).await;
    let mut request = config();
    admit(&mut request, &configuration("mutating", &url, &json!({}))).await.unwrap();
    assert_eq!(request.object["data"], json!({"a": "b", "c": "d"}));
}

#[tokio::test]
async fn a_patch_without_a_type_is_no_valid_answer() {
    let (url, _) = webhook(vec![json!({"allowed": true, "patch": STANDARD.encode("[]")})]).await;
    let refused = admit(&mut config(), &configuration("mutating", &url, &json!({}))).await.unwrap_err();
    assert!(refused.message.ends_with("received invalid webhook response: webhook returned response.patch but not response.patchType"));
}

#[tokio::test]
async fn side_effects_forbid_dry_runs() {
    let mut request = config();
    request.dry_run = true;
    let cluster = configuration("validating", "https://127.0.0.1:1", &json!({"sideEffects": "Some"}));
    let refused = validate(&mut request, &cluster).await.unwrap_err();
    assert_eq!(refused.message, "admission webhook \"check.example.com\" does not support dry run");
}

#[tokio::test]
async fn match_conditions_keep_a_webhook_from_being_called() {
    let condition = json!({"matchConditions": [{"name": "c", "expression": "object.metadata.name == 'other'"}]});
    validate(&mut config(), &configuration("validating", "https://127.0.0.1:1", &condition)).await.unwrap();
}

#[tokio::test]
async fn a_webhook_that_wants_it_sees_what_others_changed_after_it() {
    let patch = STANDARD.encode(r#"[{"op": "add", "path": "/data/c", "value": "d"}]"#);
    let (first, questions) = webhook(vec![json!({"allowed": true}), json!({"allowed": true})]).await;
    let (second, _) = webhook(vec![json!({"allowed": true, "patchType": "JSONPatch", "patch": patch})]).await;
    let storage = "mutatingwebhookconfigurations.admissionregistration.k8s.io";
    let cluster = configuration("mutating", &first, &json!({"reinvocationPolicy": "IfNeeded"}));
    let mut later = cluster.first(storage);
    later["metadata"] = json!({"name": "d", "uid": "2"});
    later["webhooks"][0]["clientConfig"]["url"] = second.into();
    later["webhooks"][0]["reinvocationPolicy"] = "Never".into();
    let namespace = json!({"metadata": {"name": "x"}});
    let cluster = cluster.and(storage, later).and("namespaces", namespace);
    let mut request = config();
    let mut attributes = request.attributes();
    Chain::new(&[], &[]).unwrap().admit(&mut attributes, &cluster).await.unwrap();
    drop(attributes);
    let questions = questions.lock().unwrap();
    assert_eq!(questions.len(), 2);
    assert_eq!(questions[1]["request"]["object"]["data"], json!({"a": "b", "c": "d"}));
}
