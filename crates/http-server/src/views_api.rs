//! `/views`: making, listing, comparing, committing and deleting sandboxes. The same as Kubernetes objects are the Views
//! of `views.minkapi.dev` on the base view; both show one state.

mod compare;
mod import;
mod info;

use crate::{
    exchange::{Exchange, Reply},
    limits,
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use minkapi_object::{GroupResource, Status};
use minkapi_view::{CreateView, View, Views, mode_of};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeMap, fmt};

/// The body of `POST /views/<name>`; it may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct CreateBody {
    from: Option<String>,
    mode: Option<String>,
    at_revision: Option<u64>,
    labels: BTreeMap<String, String>,
    ttl_seconds: Option<u64>,
}

impl CreateBody {
    fn options(self) -> Result<CreateView, Status> {
        let defaults = CreateView::default();
        let mode = match self.mode.as_deref() {
            None => defaults.mode,
            Some(name) => mode_of(name).ok_or_else(|| Status::bad_request(format!("mode \"{name}\" is neither live nor frozen")))?,
        };
        if self.ttl_seconds == Some(0) {
            return Err(Status::bad_request("ttlSeconds must be at least 1"));
        }
        Ok(CreateView {
            from: self.from.unwrap_or(defaults.from),
            mode,
            at_revision: self.at_revision,
            labels: self.labels,
            ttl_seconds: self.ttl_seconds,
        })
    }
}

/// What `/views` is served with.
pub(crate) struct ViewsApi<'a> {
    pub views: &'a Views,
    pub scheme: &'static str,
}

impl ViewsApi<'_> {
    /// Answers a request below `/views`.
    pub async fn serve<B>(&self, exchange: &Exchange<'_>, path: &str, body: B) -> Reply
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: fmt::Display,
    {
        let (name, verb) = path.split_once('/').unwrap_or((path, ""));
        let answered = match (exchange.method().as_str(), name, verb) {
            ("GET", "", "") => self.list(exchange),
            ("GET", "compare", "") => compare::serve(self, exchange),
            ("GET", name, "") => self.get(exchange, name),
            ("GET", name, "diff") => self.diff(exchange, name),
            ("POST" | "PUT", name, "") if !name.is_empty() => self.create(exchange, name, body).await,
            ("POST", name, "import") => import::serve(self, exchange, name, body).await,
            ("POST", name, "commit") => self.commit(exchange, name),
            ("POST", name, "reset") => self.reset(exchange, name),
            ("POST", name, "rewind") => self.rewind(exchange, name),
            ("DELETE", name, "") if !name.is_empty() => self.delete(exchange, name),
            (_, _, "" | "diff" | "import" | "commit" | "reset" | "rewind") => Err(Status::method_not_allowed()),
            _ => return exchange.not_found(),
        };
        answered.unwrap_or_else(|status| exchange.error(&status))
    }

    fn find(&self, name: &str) -> Result<View, Status> {
        self.views.get(name).ok_or_else(|| unknown(name))
    }

    fn list(&self, exchange: &Exchange<'_>) -> Result<Reply, Status> {
        let all = std::iter::once(self.views.base()).chain(self.views.list());
        let infos: Vec<_> = all.map(|view| self.info(exchange, &view)).collect();
        Ok(json_reply(exchange, 200, &json!({"views": infos})))
    }

    fn get(&self, exchange: &Exchange<'_>, name: &str) -> Result<Reply, Status> {
        Ok(json_reply(exchange, 200, &self.info(exchange, &self.find(name)?)))
    }

    async fn create<B>(&self, exchange: &Exchange<'_>, name: &str, body: B) -> Result<Reply, Status>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: fmt::Display,
    {
        let body = limits::read(body, 1 << 20).await?;
        let body: CreateBody = match body.iter().all(u8::is_ascii_whitespace) {
            true => CreateBody::default(),
            false => serde_json::from_slice(&body).map_err(|e| Status::bad_request(format!("the view's options do not decode: {e}")))?,
        };
        let (view, created) = self.views.create(name, &body.options()?)?;
        Ok(json_reply(exchange, if created { 201 } else { 200 }, &self.info(exchange, &view)))
    }

    fn delete(&self, exchange: &Exchange<'_>, name: &str) -> Result<Reply, Status> {
        let gone = self.views.delete(name, exchange.query.flag("cascade").unwrap_or(false))?;
        Ok(json_reply(exchange, 200, &json!({"deleted": gone.iter().map(|n| &**n).collect::<Vec<_>>()})))
    }

    /// Against the parent, or the view that `against` names; for people with `Accept: text/plain`.
    fn diff(&self, exchange: &Exchange<'_>, name: &str) -> Result<Reply, Status> {
        let view = self.find(name)?;
        let against = match exchange.query.text("against") {
            "" => view.parent().ok_or_else(|| Status::bad_request("the base view has no parent; name a view with against"))?,
            other => self.find(other)?,
        };
        let diff = view.diff(&against);
        if exchange.accept().split(',').next().is_some_and(|first| first.trim().starts_with("text/plain")) {
            return Ok(exchange.text(200, diff.to_string()));
        }
        Ok(json_reply(exchange, 200, &diff.to_json()))
    }

    fn commit(&self, exchange: &Exchange<'_>, name: &str) -> Result<Reply, Status> {
        let dry_run = match exchange.query.first("dryRun") {
            None => false,
            Some("All") => true,
            Some(other) => return Err(Status::bad_request(format!("dryRun \"{other}\" is not All"))),
        };
        let merged = self.find(name)?.commit(dry_run)?;
        let counts = json!({"created": merged.created, "modified": merged.modified, "deleted": merged.deleted, "dryRun": dry_run});
        Ok(json_reply(exchange, 200, &counts))
    }

    fn reset(&self, exchange: &Exchange<'_>, name: &str) -> Result<Reply, Status> {
        let view = self.find(name)?;
        view.reset()?;
        Ok(json_reply(exchange, 200, &self.info(exchange, &view)))
    }

    fn rewind(&self, exchange: &Exchange<'_>, name: &str) -> Result<Reply, Status> {
        let view = self.find(name)?;
        let text = exchange.query.text("revision");
        let revision = text.parse().map_err(|_| Status::bad_request(format!("revision \"{text}\" is no number")))?;
        let changed = view.rewind(revision)?;
        Ok(json_reply(exchange, 200, &json!({"changed": changed, "revision": view.revision()})))
    }
}

/// The failure that an unknown view is answered with.
pub(crate) fn unknown(name: &str) -> Status {
    Status::not_found(&GroupResource::new("views.minkapi.dev", "views"), name)
}

fn json_reply(exchange: &Exchange<'_>, code: u16, value: &impl Serialize) -> Reply {
    let mut reply = exchange.raw_json(value);
    *reply.status_mut() = StatusCode::from_u16(code).unwrap_or_default();
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}
