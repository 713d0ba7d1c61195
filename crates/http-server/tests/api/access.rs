//! Who is let in, and what they may do.

use crate::client::{self, send, with_roles};
use http::StatusCode;
use minkapi_http_server::{ApiService, Authentication, ViewTokens};
use minkapi_view::UserInfo;
use serde_json::{Value, json};

fn user(name: &str, groups: &[&str]) -> UserInfo {
    UserInfo { name: name.to_owned(), groups: groups.iter().map(|g| (*g).to_owned()).collect(), ..UserInfo::default() }
}

/// A server where `root` may do everything and `anna` what is bound to her.
fn authorizing() -> ApiService {
    let authentication = Authentication::default()
        .with_token("root", user("root", &["system:masters"]))
        .with_token("anna", user("anna", &["dev"]))
        .with_view_tokens(ViewTokens::new([1; 32]));
    with_roles(authentication)
}

async fn ask(server: &ApiService, token: &str, method: &str, path: &str, more: &[(&str, &str)], body: Value) -> client::Answer {
    let authorization = format!("Bearer {token}");
    let mut headers = vec![("content-type", "application/json")];
    if !token.is_empty() {
        headers.push(("authorization", &authorization));
    }
    headers.extend_from_slice(more);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(server, method, path, &headers, body).await
}

async fn bind(server: &ApiService, view: &str) {
    let rbac = format!("/{view}/apis/rbac.authorization.k8s.io/v1");
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader"},
        "rules": [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["configmaps"]}]});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "anna"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "User", "name": "anna", "apiGroup": "rbac.authorization.k8s.io"}]});
    for (resource, object) in [("roles", role), ("rolebindings", binding)] {
        let made = ask(server, "root", "POST", &format!("{rbac}/namespaces/default/{resource}"), &[], object).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    }
}

const CONFIG_MAPS: &str = "/base/api/v1/namespaces/default/configmaps";

#[tokio::test]
async fn an_unknown_token_is_refused_before_anything_is_looked_at() {
    let open = client::server();
    for path in ["/base/api/v1/namespaces/default/configmaps", "/base/apis/nosuch/v1/x", "/version", "/nosuch"] {
        let answer = ask(&open, "wrong", "GET", path, &[], Value::Null).await;
        assert_eq!((answer.status, answer.message().as_str()), (StatusCode::UNAUTHORIZED, "Unauthorized"), "{path}");
    }
    assert_eq!(client::get(&open, "/version").await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_is_let_in_without_credentials_where_they_are_needed() {
    let server = authorizing();
    assert_eq!(client::get(&server, CONFIG_MAPS).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&server, "root", "GET", CONFIG_MAPS, &[], Value::Null).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_not_granted_is_forbidden_in_upstreams_words() {
    let server = authorizing();
    let cases = [
        (
            "GET",
            "/base/api/v1/namespaces/default/pods",
            r#"pods is forbidden: User "anna" cannot list resource "pods" in API group "" in the namespace "default""#,
        ),
        (
            "GET",
            "/base/apis/apps/v1/deployments?watch=1",
            r#"deployments.apps is forbidden: User "anna" cannot watch resource "deployments" in API group "apps" at the cluster scope"#,
        ),
        (
            "GET",
            "/base/api/v1/namespaces/default/pods/a/log",
            r#"pods "a" is forbidden: User "anna" cannot get resource "pods/log" in API group "" in the namespace "default""#,
        ),
        (
            "DELETE",
            "/base/api/v1/namespaces/default/pods",
            r#"pods is forbidden: User "anna" cannot deletecollection resource "pods" in API group "" in the namespace "default""#,
        ),
        (
            "GET",
            "/base/api/v1/namespaces/default",
            r#"namespaces "default" is forbidden: User "anna" cannot get resource "namespaces" in API group "" in the namespace "default""#,
        ),
        ("GET", "/base/metrics", r#"forbidden: User "anna" cannot get path "/metrics""#),
        ("POST", "/views/blue", r#"forbidden: User "anna" cannot post path "/views/blue""#),
        (
            "GET",
            "/base/apis/no.such/v1/things",
            r#"things.no.such is forbidden: User "anna" cannot list resource "things" in API group "no.such" at the cluster scope"#,
        ),
    ];
    for (method, path, message) in cases {
        let answer = ask(&server, "anna", method, path, &[], Value::Null).await;
        assert_eq!((answer.status, answer.message().as_str()), (StatusCode::FORBIDDEN, message), "{method} {path}");
    }
    assert_eq!(ask(&server, "anna", "GET", "/readyz", &[], Value::Null).await.status, StatusCode::OK);
}

#[tokio::test]
async fn where_roles_decide_the_default_ones_are_among_the_health_checks() {
    let check = "poststarthook/rbac/bootstrap-roles";
    let with = ask(&authorizing(), "anna", "GET", "/readyz?verbose", &[], Value::Null).await;
    let next = "[+]poststarthook/scheduling/bootstrap-system-priority-classes ok";
    assert!(with.text().contains(&format!("\n[+]{check} ok\n{next}\n")), "{}", with.text());
    let without = client::get(&client::server(), "/readyz?verbose").await;
    assert!(without.text().contains(next) && !without.text().contains(check), "{}", without.text());
}

#[tokio::test]
async fn bindings_of_a_view_grant_in_that_view() {
    let server = authorizing();
    assert_eq!(ask(&server, "root", "POST", "/views/blue", &[], Value::Null).await.status, StatusCode::CREATED);
    bind(&server, "blue").await;
    let blue = CONFIG_MAPS.replace("base", "blue");
    assert_eq!(ask(&server, "anna", "GET", &blue, &[], Value::Null).await.status, StatusCode::OK);
    assert_eq!(ask(&server, "anna", "GET", CONFIG_MAPS, &[], Value::Null).await.status, StatusCode::FORBIDDEN);
    bind(&server, "base").await;
    assert_eq!(ask(&server, "anna", "GET", CONFIG_MAPS, &[], Value::Null).await.status, StatusCode::OK);
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    assert_eq!(ask(&server, "anna", "POST", CONFIG_MAPS, &[], object).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn whoever_may_impersonate_acts_as_the_other() {
    let server = authorizing();
    bind(&server, "base").await;
    let as_anna = [("impersonate-user", "anna")];
    assert_eq!(ask(&server, "root", "GET", CONFIG_MAPS, &as_anna, Value::Null).await.status, StatusCode::OK);
    let pods = ask(&server, "root", "GET", "/base/api/v1/pods", &as_anna, Value::Null).await;
    assert!(pods.message().contains(r#"User "anna" cannot list"#), "{}", pods.message());
    let refused = ask(&server, "anna", "GET", CONFIG_MAPS, &[("impersonate-user", "root")], Value::Null).await;
    let text = r#"configmaps is forbidden: User "anna" cannot impersonate-on:user-info:list resource "configmaps" in API group "" in the namespace "default""#;
    assert_eq!((refused.status, refused.message().as_str()), (StatusCode::FORBIDDEN, text));

    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let path = "/base/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let headers = [("impersonate-user", "bob"), ("impersonate-group", "x")];
    let answer =
        send(&client::server(), "POST", path, &[&headers[..], &[("content-type", "application/json")]].concat(), review.to_string()).await;
    assert_eq!(answer.json()["status"]["userInfo"], json!({"username": "bob", "groups": ["x", "system:authenticated"]}));
}

#[tokio::test]
async fn the_token_of_a_view_opens_that_view_only() {
    let server = authorizing();
    ask(&server, "root", "POST", "/views/blue", &[], Value::Null).await;
    let token = ViewTokens::new([1; 32]).token("blue");
    let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    let made = ask(&server, &token, "POST", &CONFIG_MAPS.replace("base", "blue"), &[], object).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    for path in [CONFIG_MAPS, "/views", "/views/blue", "/base", "/"] {
        assert_eq!(ask(&server, &token, "GET", path, &[], Value::Null).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(ask(&server, &token, "GET", "/version", &[], Value::Null).await.status, StatusCode::OK);
}
