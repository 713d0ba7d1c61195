//! `/views`: making, listing and deleting sandboxes.

use crate::{
    exchange::{Exchange, Reply},
    limits,
};
use bytes::Bytes;
use http::{HeaderValue, Method, header::HOST};
use minkapi_object::{GroupResource, Status, StatusReason};
use minkapi_view::{CreateView, View, Views};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, io, path::PathBuf};

/// Files that go with a view, such as its kubeconfig; made by whoever runs the server.
pub trait ViewFiles: Send + Sync + fmt::Debug {
    /// Writes the kubeconfig of the view that is served at `url`, if it is not there yet, and tells where it is.
    ///
    /// # Errors
    /// The file cannot be written.
    fn kubeconfig(&self, view: &str, url: &str) -> io::Result<PathBuf>;

    /// The view is gone.
    fn removed(&self, view: &str);
}

/// A view as the API shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ViewInfo {
    name: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubeconfig: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    frozen: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    created: String,
    revision: u64,
}

/// The body of `POST /views/<name>`; it may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct CreateBody {
    from: Option<String>,
    frozen: bool,
    at_revision: Option<u64>,
    labels: BTreeMap<String, String>,
}

/// Names that stand for something else at the root.
const RESERVED: [&str; 13] =
    ["base", "views", "debug", "healthz", "livez", "readyz", "version", "metrics", "api", "apis", "openapi", "logs", "static"];

/// What `/views` is served with.
pub(crate) struct ViewsApi<'a> {
    pub views: &'a Views,
    pub base: &'a str,
    pub files: Option<&'a dyn ViewFiles>,
    pub scheme: &'static str,
}

impl ViewsApi<'_> {
    /// Answers `/views` and `/views/<name>`. When a view was deleted, `removed` is told its name.
    pub async fn serve<B>(&self, exchange: &Exchange<'_>, name: &str, body: B, removed: impl Fn(&str)) -> Reply
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: fmt::Display,
    {
        let answered = match (exchange.method(), name) {
            (&Method::GET, "") => self.list(exchange),
            (&Method::GET, name) => self.get(exchange, name),
            (&Method::POST | &Method::PUT, name) if !name.is_empty() => self.create(exchange, name, body).await,
            (&Method::DELETE, name) if !name.is_empty() => self.delete(exchange, name, removed),
            _ => Err(Status::method_not_allowed()),
        };
        answered.unwrap_or_else(|status| exchange.error(&status))
    }

    fn list(&self, exchange: &Exchange<'_>) -> Result<Reply, Status> {
        let all = std::iter::once(self.views.base()).chain(self.views.list());
        let infos: Vec<ViewInfo> = all.map(|view| self.info(exchange, &view)).collect::<Result<_, _>>()?;
        Ok(json(exchange, 200, &serde_json::json!({"views": infos})))
    }

    fn get(&self, exchange: &Exchange<'_>, name: &str) -> Result<Reply, Status> {
        let view = if name == self.base { Some(self.views.base()) } else { self.views.get(name) };
        let view = view.ok_or_else(|| unknown(name))?;
        Ok(json(exchange, 200, &self.info(exchange, &view)?))
    }

    async fn create<B>(&self, exchange: &Exchange<'_>, name: &str, body: B) -> Result<Reply, Status>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: fmt::Display,
    {
        check_view_name(name, self.base)?;
        let body = limits::read(body, 1 << 20).await?;
        let body: CreateBody = match body.iter().all(u8::is_ascii_whitespace) {
            true => CreateBody::default(),
            false => serde_json::from_slice(&body).map_err(|e| Status::bad_request(format!("the view's options do not decode: {e}")))?,
        };
        let mut options = CreateView { frozen: body.frozen, at_revision: body.at_revision, labels: body.labels, ..CreateView::default() };
        if let Some(from) = body.from.filter(|from| from != self.base) {
            options.from = from;
        }
        let (view, created) = self.views.create(name, &options)?;
        Ok(json(exchange, if created { 201 } else { 200 }, &self.info(exchange, &view)?))
    }

    fn delete(&self, exchange: &Exchange<'_>, name: &str, removed: impl Fn(&str)) -> Result<Reply, Status> {
        if name == self.base {
            let gr = GroupResource::new("views.minkapi.dev", "views");
            return Err(Status::forbidden(&gr, name, "the base view may not be deleted"));
        }
        let cascade = exchange.query.flag("cascade").unwrap_or(false);
        let gone = self.views.delete(name, cascade)?;
        for name in &gone {
            removed(name);
            if let Some(files) = self.files {
                files.removed(name);
            }
        }
        Ok(json(exchange, 200, &serde_json::json!({"deleted": gone.iter().map(|n| &**n).collect::<Vec<_>>()})))
    }

    fn info(&self, exchange: &Exchange<'_>, view: &View) -> Result<ViewInfo, Status> {
        let made_with = view.made_with();
        let name = if made_with.is_none() { self.base } else { view.name() };
        let host = exchange.parts.uri.authority().map_or_else(|| exchange.header(HOST), |a| a.as_str());
        let url = format!("{}://{host}/{name}", exchange.parts.uri.scheme_str().unwrap_or(self.scheme));
        let kubeconfig = match self.files {
            Some(files) => Some(files.kubeconfig(name, &url).map_err(|e| Status::internal(format!("the kubeconfig of view {name}: {e}")))?),
            None => None,
        };
        let created = jiff::Timestamp::from_microsecond(view.created_micros()).map(|t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        Ok(ViewInfo {
            name: name.to_owned(),
            url,
            kubeconfig,
            from: made_with.map(|m| if m.from == self.views.base().name() { self.base.to_owned() } else { m.from.clone() }),
            frozen: made_with.is_some_and(|m| m.frozen),
            labels: made_with.map(|m| m.labels.clone()).unwrap_or_default(),
            created: created.unwrap_or_default(),
            revision: view.revision(),
        })
    }
}

/// The failure that an unknown view is answered with.
pub(crate) fn unknown(name: &str) -> Status {
    Status::not_found(&GroupResource::new("views.minkapi.dev", "views"), name)
}

/// A view's name is a path segment and a file's name: a DNS label that stands for nothing else.
///
/// # Errors
/// 422 with the reason.
pub fn check_view_name(name: &str, base: &str) -> Result<(), Status> {
    let problems = minkapi_schema::names::is_dns1123_label(name);
    if let Some(problem) = problems.first() {
        let text = format!("views.minkapi.dev \"{name}\" is invalid: name: Invalid value: \"{name}\": {problem}");
        return Err(Status::failure(422, StatusReason::Invalid, text));
    }
    if name == base || RESERVED.contains(&name) {
        let text = format!("views.minkapi.dev \"{name}\" is invalid: name: Invalid value: \"{name}\": is reserved");
        return Err(Status::failure(422, StatusReason::Invalid, text));
    }
    Ok(())
}

fn json(exchange: &Exchange<'_>, code: u16, value: &impl Serialize) -> Reply {
    let mut reply = exchange.raw_json(value);
    *reply.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    reply.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}
