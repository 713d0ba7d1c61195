//! `/views` and what a view's name leads to.

use crate::client::{config_map, get, post, send, server};
use minkapi_http_server::{ApiService, Config};
use minkapi_view::{ViewFiles, Views};
use serde_json::json;
use std::{io, path::PathBuf, sync::Arc};

#[tokio::test]
async fn a_view_is_created_once_and_has_a_url_of_its_own() {
    let server = server();
    let created = send(&server, "POST", "/views/a", &[("host", "h:1")], "").await;
    assert_eq!((created.status.as_u16(), created.json()["url"].as_str()), (201, Some("http://h:1/a")));
    assert_eq!(send(&server, "POST", "/views/a", &[], "").await.status, 200);
    assert_eq!(post(&server, "/views/a", &json!({"mode": "frozen"})).await.status, 409);
    let names: Vec<_> = get(&server, "/views").await.json()["views"].as_array().unwrap().iter().map(|v| v["name"].clone()).collect();
    assert_eq!(names, ["base", "a"]);
}

#[tokio::test]
async fn what_is_written_to_a_view_stays_in_it() {
    let server = server();
    send(&server, "POST", "/views/a", &[], "").await;
    let maps = "/a/api/v1/namespaces/default/configmaps";
    assert_eq!(post(&server, maps, &json!({"metadata": {"name": "mine"}})).await.status, 201);
    assert_eq!(get(&server, &format!("{maps}/mine")).await.status, 200);
    assert_eq!(get(&server, "/base/api/v1/namespaces/default/configmaps/mine").await.status, 404);
    config_map(&server, "parents").await;
    assert_eq!(get(&server, &format!("{maps}/parents")).await.status, 200, "a live view sees its parent's changes");
}

#[tokio::test]
async fn a_deleted_view_is_gone() {
    let server = server();
    send(&server, "POST", "/views/a", &[], "").await;
    assert_eq!(send(&server, "DELETE", "/views/a", &[], "").await.status, 200);
    for path in ["/views/a", "/a/api/v1/namespaces"] {
        let answer = get(&server, path).await;
        assert_eq!((answer.status.as_u16(), answer.json()["reason"].as_str()), (404, Some("NotFound")));
    }
    assert_eq!(send(&server, "DELETE", "/views/base", &[], "").await.status, 403);
}

#[tokio::test]
async fn names_that_cannot_be_views_are_refused_with_the_reason() {
    let server = server();
    for name in ["Upper", "a.b", "base", "views", "healthz", "-a"] {
        let answer = send(&server, "POST", &format!("/views/{name}"), &[], "").await;
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.message().contains("is invalid: name: Invalid value"), "{}", answer.message());
    }
    assert_eq!(post(&server, "/views/a", &json!({"form": "b"})).await.status, 400, "a misspelt option is not passed over");
    assert_eq!(post(&server, "/views/a", &json!({"from": "nosuch"})).await.status, 404);
}

#[tokio::test]
async fn a_view_tells_where_its_kubeconfig_is() {
    #[derive(Debug)]
    struct Files;
    impl ViewFiles for Files {
        fn url(&self, view: &str) -> String {
            format!("http://h/{view}")
        }
        fn kubeconfig(&self, view: &str) -> io::Result<PathBuf> {
            Ok(format!("/tmp/{view}.kubeconfig").into())
        }
        fn removed(&self, _: &str) {}
    }
    let server = server();
    server.views().keep_files(Arc::new(Files));
    assert_eq!(send(&server, "POST", "/views/a", &[], "").await.json()["kubeconfig"], "/tmp/a.kubeconfig");
}

#[tokio::test]
async fn the_base_view_may_stand_under_another_name() {
    let views = Views::new(minkapi_view::Config { base_name: "cluster".to_owned(), ..minkapi_view::Config::default() });
    let server = ApiService::new(views, Config::default());
    assert_eq!(get(&server, "/cluster/api/v1/namespaces").await.status, 200);
    assert_eq!(get(&server, "/base/api/v1/namespaces").await.status, 404);
}
