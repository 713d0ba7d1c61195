//! Whole requests at the tower seam.
//!
//! An input of [`request`] is one or more requests with `\n---\n` between them, each as HTTP writes it, without a version:
//!
//! ```text
//! PATCH /api/v1/namespaces/default/configmaps/a?fieldManager=x
//! content-type: application/merge-patch+json
//!
//! {"data": {"a": "b"}}
//! ```
//!
//! They are made one after another in a new sandbox, which goes afterwards: every input starts from the same state.

use crate::input;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use minkapi_admission::Chain;
use minkapi_http_server::{ApiService, Chunk, Config, ResponseBody};
use minkapi_view::{CreateView, Views};
use std::{
    str::from_utf8,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

/// More requests of one input are not made.
const MOST: usize = 8;

/// Requests in a sandbox of their own.
pub fn request(data: &[u8]) {
    let requests: Vec<_> = input::parts(data).into_iter().take(MOST).filter_map(read).collect();
    in_sandbox(requests);
}

/// The query of a list and a watch.
pub fn query(data: &[u8]) {
    let Ok(query) = from_utf8(data) else { return };
    let uri = |rest: &str| format!("/api/v1/namespaces/kube-system/configmaps?{rest}{query}");
    let get = |uri: String| Request::get(inside(&uri)).body(Full::default()).ok();
    in_sandbox(["", "watch=1&"].into_iter().filter_map(|rest| get(uri(rest))).collect());
}

/// The content of a continue token.
pub fn continue_token(data: &[u8]) {
    query(format!("limit=1&continue={}", URL_SAFE_NO_PAD.encode(data)).as_bytes());
}

struct Server {
    service: ApiService,
    runtime: Runtime,
}

/// One server for all inputs. Its webhooks are off: inputs must not reach the network. Its time only passes when all wait.
static SERVER: LazyLock<Mutex<Server>> = LazyLock::new(|| {
    let webhooks = ["MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"].map(str::to_owned);
    let admission = Chain::new(&[], &webhooks).expect("plugins that there are");
    let views = Views::new(minkapi_view::Config { admission, ..minkapi_view::Config::default() });
    let service = ApiService::new(views, Config::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    Mutex::new(Server { service, runtime })
});

const SANDBOX: &str = "fuzz";

/// A path in the sandbox; what is at the server's root stays there.
fn inside(path: &str) -> String {
    let at_root = ["/views", "/metrics", "/version", "/debug"].iter().any(|root| path.starts_with(root));
    if at_root { path.to_owned() } else { format!("/{SANDBOX}{path}") }
}

fn read(data: &[u8]) -> Option<Request<Full<Bytes>>> {
    let (line, mut rest) = input::first_line(data);
    let (method, path) = from_utf8(line).ok()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(inside(path));
    loop {
        let (line, after) = input::first_line(rest);
        rest = after;
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { break };
        let (name, value) = line.split_at(colon);
        request = request.header(name, value.get(1..)?.trim_ascii());
    }
    request.body(Full::new(Bytes::copy_from_slice(rest))).ok()
}

fn in_sandbox(requests: Vec<Request<Full<Bytes>>>) {
    let server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let views = server.service.views();
    views.create(SANDBOX, &CreateView::default()).expect("a sandbox");
    server.runtime.block_on(async {
        for request in requests {
            let told = format!("{} {}", request.method(), request.uri());
            let response = server.service.clone().oneshot(request).await.expect("an answer");
            check(&told, response).await;
        }
    });
    for view in views.list() {
        // Some are gone with others.
        let _ = views.delete(view.name(), true);
    }
}

async fn check(request: &str, response: Response<ResponseBody>) {
    let (parts, mut body) = response.into_parts();
    let mut text = Vec::new();
    // Watches do not end by themselves.
    while let Ok(Some(frame)) = tokio::time::timeout(Duration::from_millis(1), body.frame()).await {
        let Ok(frame) = frame;
        text.extend_from_slice(&frame.data_ref().map(Chunk::to_vec).unwrap_or_default());
    }
    // Other answers of 500 are kube-apiserver's own.
    let panicked = parts.status == 500 && text.starts_with(b"This request caused apiserver to panic");
    assert!(!panicked, "{request}");
}
