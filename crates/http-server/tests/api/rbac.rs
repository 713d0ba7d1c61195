//! What a kube-apiserver 1.37.2 answered that ran with `--authorization-mode=RBAC`. No controller filled its aggregated roles;
//! here they are full, so none of them is granted in the recording.

use crate::client::{send, with_roles};
use minkapi_http_server::Authentication;
use serde_json::Value;

/// Whose tokens the recording names.
const TOKENS: &str = "root,root,r,\"system:masters\"\nanna,anna,a,\"dev\"\nbob,bob,b,\nsched,system:kube-scheduler,s,\n";

const CONVERSATION: &str = include_str!("../data/rbac.json");

/// Expressions of policies ask what a service account, and the user of the request, may do.
const POLICIES: &str = include_str!("../data/policy_authorizer.json");

/// What differs between two servers, or is told in no order.
fn comparable(mut answer: Value) -> Value {
    if let Some(metadata) = answer.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in ["uid", "creationTimestamp", "resourceVersion", "managedFields", "generation"] {
            metadata.remove(key);
        }
    }
    if let Some(uid) = answer.pointer_mut("/details/uid") {
        *uid = Value::Null;
    }
    for rules in ["/status/resourceRules", "/status/nonResourceRules"] {
        if let Some(rules) = answer.pointer_mut(rules).and_then(Value::as_array_mut) {
            rules.sort_by_key(ToString::to_string);
        }
    }
    answer
}

#[tokio::test]
async fn every_answer_is_that_of_kube_apiserver() {
    check(CONVERSATION).await;
}

#[tokio::test]
async fn policies_ask_whether_somebody_may_do_something() {
    check(POLICIES).await;
}

async fn check(conversation: &str) {
    let server = with_roles(Authentication::default().with_token_file(TOKENS).unwrap().anonymous());
    let steps: Vec<Value> = serde_json::from_str(conversation).unwrap();
    let mut failed = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let text = |key: &str| step[key].as_str().unwrap_or_default();
        let authorization = format!("Bearer {}", text("as"));
        let mut headers = vec![("content-type", step["type"].as_str().unwrap_or("application/json"))];
        if !step["as"].is_null() {
            headers.push(("authorization", &authorization));
        }
        let more = step["headers"].as_object().into_iter().flatten();
        headers.extend(more.map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default())));
        let body = step.get("body").map(ToString::to_string).unwrap_or_default();
        let answer = send(&server, text("method"), &format!("/base{}", text("path")), &headers, body).await;
        let same_code = u64::from(answer.status.as_u16()) == step["code"];
        let same = match step.get("answer") {
            Some(expected) if same_code => comparable(answer.json()) == comparable(expected.clone()),
            _ => same_code,
        };
        if !same {
            let (user, method, path) = (text("as"), text("method"), text("path"));
            failed.push(format!("{at}: {user} {method} {path}\n  {}\n  {} {}", step["answer"], answer.status, answer.text()));
        }
    }
    assert!(failed.is_empty(), "{} of {} differ\n{}", failed.len(), steps.len(), failed.join("\n"));
}
