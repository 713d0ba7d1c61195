//! A client without a socket.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use minkapi_admission::Chain;
use minkapi_authorization::{Authorization, Rbac};
use minkapi_http_server::{ApiService, Authentication, Config, ResponseBody};
use minkapi_view::Views;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt as _;

/// A server with an empty base view.
pub fn server() -> ApiService {
    with_config(Config::default())
}

/// The same with another configuration.
pub fn with_config(config: Config) -> ApiService {
    ApiService::new(Views::new(minkapi_view::Config::default()), config)
}

/// A server where roles decide.
pub fn with_roles(authentication: Authentication) -> ApiService {
    let admission = Chain::new(&[], &["ServiceAccount".to_owned()]).unwrap();
    let views = minkapi_view::Config { authorization: Authorization::Rbac(Rbac::default()), admission, ..minkapi_view::Config::default() };
    ApiService::new(Views::new(views), Config { authenticate: Arc::new(authentication), ..Config::default() })
}

/// A response whose body was read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.body))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    pub fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends a request and waits for the response's headers.
pub async fn open(
    server: &ApiService,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> http::Response<ResponseBody> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).unwrap();
    server.clone().oneshot(request).await.unwrap()
}

/// Sends a request and reads the response.
pub async fn send(server: &ApiService, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let (parts, body) = open(server, method, path, headers, body).await.into_parts();
    Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
}

pub async fn get(server: &ApiService, path: &str) -> Answer {
    send(server, "GET", path, &[], "").await
}

pub async fn get_as(server: &ApiService, path: &str, accept: &str) -> Answer {
    send(server, "GET", path, &[("accept", accept)], "").await
}

pub async fn post(server: &ApiService, path: &str, body: &Value) -> Answer {
    send(server, "POST", path, &[("content-type", "application/json")], body.to_string()).await
}

/// Creates a ConfigMap in the namespace `default` of the base view.
pub async fn config_map(server: &ApiService, name: &str) -> Value {
    let body = json!({"metadata": {"name": name, "labels": {"name": name}}, "data": {"key": "value"}});
    let created = post(server, "/base/api/v1/namespaces/default/configmaps", &body).await;
    assert_eq!(created.status, 201, "{}", created.text());
    created.json()
}
