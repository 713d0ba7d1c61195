//! Tokens of service accounts as credentials.

use crate::client::{Answer, send, with_roles};
use minkapi_http_server::{ApiService, Authentication};
use minkapi_view::UserInfo;
use serde_json::{Value, json};

const ACCOUNTS: &str = "api/v1/namespaces/default/serviceaccounts";
const WHO: &str = "apis/authentication.k8s.io/v1/selfsubjectreviews";
const REVIEWS: &str = "apis/authentication.k8s.io/v1/tokenreviews";

fn server() -> ApiService {
    let root = UserInfo { name: "root".to_owned(), groups: vec!["system:masters".to_owned()], ..UserInfo::default() };
    with_roles(Authentication::default().with_token("root", root))
}

async fn ask(server: &ApiService, token: &str, method: &str, path: &str, body: Value) -> Answer {
    let authorization = format!("Bearer {token}");
    let headers = [("content-type", "application/json"), ("authorization", authorization.as_str())];
    send(server, method, path, &headers, if body.is_null() { String::new() } else { body.to_string() }).await
}

async fn make(server: &ApiService, path: &str, object: Value) {
    let made = ask(server, "root", "POST", path, object).await;
    assert_eq!(made.status, 201, "{}", made.text());
}

async fn account(server: &ApiService, view: &str) {
    make(server, &format!("/{view}/{ACCOUNTS}"), json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot"}}))
        .await;
}

async fn token(server: &ApiService, view: &str, spec: Value) -> String {
    let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec});
    let answer = ask(server, "root", "POST", &format!("/{view}/{ACCOUNTS}/robot/token"), request).await;
    answer.json()["status"]["token"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

/// The user that a token makes, or the code of the refusal.
async fn who(server: &ApiService, token: &str, view: &str) -> Result<Value, u16> {
    let question = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = ask(server, token, "POST", &format!("/{view}/{WHO}"), question).await;
    if answer.status == 201 { Ok(answer.json()["status"]["userInfo"].clone()) } else { Err(answer.status.as_u16()) }
}

async fn review(server: &ApiService, view: &str, token: &str, audiences: &[&str]) -> Value {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
        "spec": {"token": token, "audiences": audiences}});
    ask(server, "root", "POST", &format!("/{view}/{REVIEWS}"), review).await.json()["status"].clone()
}

#[tokio::test]
async fn a_token_makes_the_service_account() {
    let server = server();
    account(&server, "base").await;
    let token = token(&server, "base", json!({})).await;
    let robot = who(&server, &token, "base").await.unwrap();
    assert_eq!(robot["username"], "system:serviceaccount:default:robot");
    assert_eq!(robot["groups"], json!(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]));
    let credential = robot["extra"]["authentication.kubernetes.io/credential-id"][0].as_str().unwrap();
    assert!(credential.starts_with("JTI="), "{credential}");
    assert_eq!(review(&server, "base", &token, &[]).await["user"], robot, "a TokenReview agrees");

    let refused = ask(&server, &token, "GET", "/base/api/v1/pods", Value::Null).await;
    let text = "User \"system:serviceaccount:default:robot\" cannot list resource \"pods\" in API group \"\" at the cluster scope";
    assert_eq!(refused.message(), format!("pods is forbidden: {text}"));
    make(
        &server,
        "/base/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "robot"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "default"}]}),
    )
    .await;
    assert_eq!(ask(&server, &token, "GET", "/base/api/v1/pods", Value::Null).await.status, 200, "view is an aggregated role");
    assert_eq!(ask(&server, &token, "GET", "/base/api/v1/secrets", Value::Null).await.status, 403);
}

#[tokio::test]
async fn a_token_that_was_changed_or_is_for_others_is_refused() {
    let server = server();
    account(&server, "base").await;
    let good = token(&server, "base", json!({})).await;
    let (start, _) = good.rsplit_once('.').unwrap();
    let forged = format!("{start}.{}", "A".repeat(86));
    assert_eq!(who(&server, &forged, "base").await, Err(401));
    let error = "[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]";
    assert_eq!(review(&server, "base", &forged, &[]).await, json!({"user": {}, "error": error}));
    assert_eq!(review(&server, "base", "a.b.c", &[]).await, json!({"user": {}, "error": "invalid bearer token"}));

    let vault = token(&server, "base", json!({"audiences": ["vault"]})).await;
    assert_eq!(who(&server, &vault, "base").await, Err(401), "it is not for this server");
    assert_eq!(review(&server, "base", &vault, &["other", "vault"]).await["audiences"], json!(["vault"]));
    let error =
        "[invalid bearer token, token audiences [\"vault\"] is invalid for the target audiences [\"https://kubernetes.default.svc\"]]";
    assert_eq!(review(&server, "base", &vault, &[]).await["error"], error);
}

#[tokio::test]
async fn a_token_ends_with_its_account_and_with_what_it_is_bound_to() {
    let server = server();
    account(&server, "base").await;
    let core = "/base/api/v1/namespaces/default";
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"serviceAccountName": "robot", "containers": [{"name": "c", "image": "i"}]}});
    make(&server, &format!("{core}/pods"), pod.clone()).await;
    make(&server, &format!("{core}/secrets"), json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}})).await;
    make(&server, "/base/api/v1/nodes", json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})).await;
    let bound = |kind: &str, name: &str| json!({"boundObjectRef": {"apiVersion": "v1", "kind": kind, "name": name}});
    let plain = token(&server, "base", json!({})).await;
    let to_pod = token(&server, "base", bound("Pod", "p")).await;
    for (kind, path) in [("Secret", format!("{core}/secrets/s")), ("Node", "/base/api/v1/nodes/n".to_owned())] {
        let token = token(&server, "base", bound(kind, path.rsplit('/').next().unwrap())).await;
        assert!(who(&server, &token, "base").await.is_ok(), "{kind}");
        assert_eq!(ask(&server, "root", "DELETE", &path, Value::Null).await.status, 200);
        assert_eq!(who(&server, &token, "base").await, Err(401), "{kind}");
        assert_eq!(
            review(&server, "base", &token, &[]).await["error"],
            "[invalid bearer token, service account token has been invalidated]"
        );
    }
    let extra = who(&server, &to_pod, "base").await.unwrap()["extra"].clone();
    assert_eq!(extra["authentication.kubernetes.io/pod-name"], json!(["p"]));
    let gone = ask(&server, "root", "DELETE", &format!("{core}/pods/p?gracePeriodSeconds=0"), Value::Null).await;
    assert_eq!(gone.status, 200);
    make(&server, &format!("{core}/pods"), pod).await;
    assert_eq!(who(&server, &to_pod, "base").await, Err(401), "another pod of that name");
    let error = review(&server, "base", &to_pod, &[]).await["error"].as_str().unwrap().to_owned();
    assert!(error.contains("does not match service account pod ref claim"), "{error}");

    assert!(who(&server, &plain, "base").await.is_ok());
    ask(&server, "root", "DELETE", &format!("/base/{ACCOUNTS}/robot"), Value::Null).await;
    let error = review(&server, "base", &plain, &[]).await["error"].clone();
    assert_eq!(error, "[invalid bearer token, serviceaccounts \"robot\" not found]");
    account(&server, "base").await;
    assert_eq!(who(&server, &plain, "base").await, Err(401), "another account of that name");
}

#[tokio::test]
async fn a_token_is_good_in_forks_and_one_of_a_fork_is_not_good_in_its_parent() {
    let server = server();
    account(&server, "base").await;
    let of_base = token(&server, "base", json!({})).await;
    for name in ["blue", "green"] {
        make(&server, &format!("/views/{name}"), Value::Null).await;
    }
    make(&server, "/views/navy?from=blue", json!({"from": "blue"})).await;
    let of_blue = token(&server, "blue", json!({})).await;
    for view in ["base", "blue", "green", "navy"] {
        assert!(who(&server, &of_base, view).await.is_ok(), "the account lives in {view}");
    }
    let good = [("blue", true), ("navy", true), ("green", false), ("base", false)];
    for (view, good) in good {
        assert_eq!(who(&server, &of_blue, view).await.is_ok(), good, "{view}");
        assert_eq!(review(&server, view, &of_blue, &[]).await["authenticated"] == true, good, "{view}");
    }
    assert_eq!(ask(&server, &of_blue, "GET", "/views", Value::Null).await.status, 401);

    ask(&server, "root", "DELETE", &format!("/blue/{ACCOUNTS}/robot"), Value::Null).await;
    assert_eq!(who(&server, &of_base, "blue").await, Err(401), "the account is gone there");
    assert!(who(&server, &of_base, "base").await.is_ok());
    ask(&server, "root", "DELETE", "/views/blue?cascade=true", Value::Null).await;
    make(&server, "/views/blue", Value::Null).await;
    assert_eq!(who(&server, &of_blue, "blue").await, Err(401), "another view of that name");
}
