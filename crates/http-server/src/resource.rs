//! Requests for resources: decoded, handed to the view, answered. The order of the checks is C-03-01's.

use crate::{
    action::{self, Action},
    authenticate::manager_of,
    body::ResponseBody,
    encode::{self, Writer},
    errors,
    exchange::{Exchange, Reply},
    limits,
    media_type::{Encoding, MEDIA_TYPES, STREAM_MEDIA_TYPES, router_accepts, router_types},
    negotiate::{Negotiated, Offer, Transform, check_stream},
    options::{self, ListKind, WriteKind},
    table::IncludeObject,
    watch_stream::{Events, WatchBody},
    websocket,
};
use bytes::Bytes;
use http::HeaderValue;
use minkapi_codec::{protobuf, yaml};
use minkapi_object::{FieldRequirement, Status};
use minkapi_registry::Verb;
use minkapi_view::{Body, Call, Conversions, DeleteOptions, FieldValidation, ListOptions, Outcome, PatchType, UserInfo, View, Warnings};
use tokio::sync::watch;

/// What a request for a resource is served with.
pub(crate) struct Context<'a> {
    pub exchange: &'a Exchange<'a>,
    pub view: &'a View,
    pub user: UserInfo,
    pub body_limit: usize,
    pub watch_queue_size: usize,
    pub shutdown: &'a watch::Sender<bool>,
    /// A `/watch/` URL (C-06-42).
    pub watch_url: bool,
}

/// Answers a request for a resource.
pub(crate) async fn serve<B>(context: Context<'_>, action: Action, body: B) -> Reply
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let exchange = context.exchange;
    let served = action.target.served.clone();
    let checked = check_media_types(exchange, &action).and_then(|()| {
        let table = action::has_table(&served, &action.target.subresource);
        exchange.negotiate(Offer { protobuf: !served.resource.custom, metadata: true, table })
    });
    let negotiated = match checked {
        Ok(negotiated) => negotiated,
        Err(status) => return exchange.error(&status),
    };
    let mut call = Call {
        target: action.target,
        user: context.user.clone(),
        user_agent: manager_of(exchange.user_agent()),
        warnings: Warnings::default(),
        emptied: Vec::new(),
        conversions: Conversions::default(),
    };
    if let Some(warning) = call.target.served.deprecation_warning() {
        let warning = warning.to_owned();
        call.warnings.add(warning);
    }
    if context.view.connects(&call.target) {
        return match context.view.connect(&mut call, &exchange.query.pairs()).await {
            Ok(outcome) => exchange.empty(outcome.code),
            Err(status) => exchange.failure(&status, &call.warnings),
        };
    }
    let request = Request { context, negotiated, call: &mut call };
    // Writes are kept in boxes of their own: their states are large, and reads would have to make room for them.
    let result = match action.verb {
        Verb::Watch => return request.watch().await,
        Verb::Create => Box::pin(request.create(body)).await,
        Verb::Update => Box::pin(request.update(body)).await,
        Verb::Patch => Box::pin(request.patch(body)).await,
        Verb::Get => request.get().await,
        Verb::List => request.list().await,
        Verb::Delete => Box::pin(request.delete(body)).await,
        Verb::DeleteCollection => Box::pin(request.delete_collection(body)).await,
    };
    match result {
        Ok(reply) => reply,
        Err(status) => exchange.failure(&status, &call.warnings),
    }
}

/// The media types that each patch is sent as (C-07-01).
const PATCHES: [(&str, PatchType); 4] = [
    ("application/json-patch+json", PatchType::Json),
    ("application/merge-patch+json", PatchType::Merge),
    ("application/strategic-merge-patch+json", PatchType::StrategicMerge),
    ("application/apply-patch+yaml", PatchType::Apply),
];

/// The same that custom resources take.
const CUSTOM_PATCHES: &str = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";

/// What kube-apiserver's router checks for built-in resources before any handler: the types by their text. Of custom
/// resources a patch's type is looked at first (chapter 18 on C-02-18, C-02-19).
fn check_media_types(exchange: &Exchange<'_>, action: &Action) -> Result<(), Status> {
    let custom = action.target.served.resource.custom;
    if action.verb == Verb::Patch {
        if custom {
            let known = patch_type(exchange).filter(|t| *t != PatchType::StrategicMerge);
            return known.map(|_| ()).ok_or_else(|| errors::unsupported_media_type(CUSTOM_PATCHES));
        }
        if !router_types(exchange.content_type()).any(|t| PATCHES.iter().any(|(name, _)| *name == t)) {
            return Err(errors::router_unsupported_media_type());
        }
    }
    if custom || router_accepts(exchange.accept(), &Encoding::ALL.map(Encoding::media_type)) {
        return Ok(());
    }
    Err(match action.verb {
        Verb::List | Verb::Watch => errors::router_not_acceptable(&format!("{MEDIA_TYPES}, {STREAM_MEDIA_TYPES}")),
        _ => errors::router_not_acceptable(MEDIA_TYPES),
    })
}

fn patch_type(exchange: &Exchange<'_>) -> Option<PatchType> {
    let essence = exchange.content_type().split(';').next().unwrap_or_default();
    PATCHES.iter().find(|(name, _)| *name == essence).map(|(_, kind)| *kind)
}

struct Request<'a, 'b> {
    context: Context<'a>,
    negotiated: Negotiated,
    call: &'b mut Call,
}

impl Request<'_, '_> {
    async fn read<B>(&self, body: B) -> Result<Bytes, Status>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        limits::read(body, self.context.body_limit).await
    }

    /// The encoding of the request's body.
    fn input(&self) -> Result<Encoding, Status> {
        let custom = self.call.target.served.resource.custom;
        Encoding::of_content_type(self.context.exchange.content_type())
            .filter(|e| !(custom && *e == Encoding::Protobuf))
            .ok_or_else(|| errors::unsupported_media_type(MEDIA_TYPES))
    }

    async fn create<B>(self, body: B) -> Result<Reply, Status>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let encoding = self.input()?;
        let bytes = self.read(body).await?;
        let options = options::write_options(&self.context.exchange.query, WriteKind::Create)?;
        errors::check_name(&self.call.target.name)?;
        let body = decode(self.call, encoding, bytes)?;
        let outcome = self.context.view.create(self.call, body, &options).await?;
        self.answer(outcome)
    }

    async fn update<B>(self, body: B) -> Result<Reply, Status>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let bytes = self.read(body).await?;
        let options = options::write_options(&self.context.exchange.query, WriteKind::Update)?;
        let encoding = self.input()?;
        errors::check_name(&self.call.target.name)?;
        let body = decode(self.call, encoding, bytes)?;
        let outcome = self.context.view.update(self.call, body, &options).await?;
        self.answer(outcome)
    }

    async fn patch<B>(self, body: B) -> Result<Reply, Status>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let kind = patch_type(self.context.exchange).ok_or_else(errors::router_unsupported_media_type)?;
        let patch = self.read(body).await?;
        let options = options::write_options(&self.context.exchange.query, WriteKind::Patch(kind))?;
        errors::check_name(&self.call.target.name)?;
        let patch = match kind {
            PatchType::Apply => apply_json(self.call, &patch, options.field_validation)?,
            PatchType::Json | PatchType::Merge | PatchType::StrategicMerge => patch,
        };
        let outcome = self.context.view.patch(self.call, kind, patch, &options).await?;
        self.answer(outcome)
    }

    async fn get(self) -> Result<Reply, Status> {
        options::refuse_export(&self.context.exchange.query)?;
        let version = options::get_version(&self.context.exchange.query)?;
        errors::check_name(&self.call.target.name)?;
        let outcome = self.context.view.get(self.call, version).await?;
        self.answer(outcome)
    }

    async fn list(self) -> Result<Reply, Status> {
        let options = options::list_options(&self.context.exchange.query, ListKind::List)?;
        let outcome = self.context.view.list(self.call, &options).await?;
        self.answer(outcome)
    }

    async fn delete<B>(self, body: B) -> Result<Reply, Status>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let options = self.delete_options(body).await?;
        errors::check_name(&self.call.target.name)?;
        let outcome = self.context.view.delete(self.call, &options).await?;
        self.answer(outcome)
    }

    async fn delete_collection<B>(self, body: B) -> Result<Reply, Status>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let list = options::list_options(&self.context.exchange.query, ListKind::List)?;
        let options = self.delete_options(body).await?;
        let outcome = self.context.view.delete_collection(self.call, &list, &options).await?;
        self.answer(outcome)
    }

    /// From the body, or from the query when there is none (C-08-01).
    async fn delete_options<B>(&self, body: B) -> Result<DeleteOptions, Status>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: std::fmt::Display,
    {
        let body = self.read(body).await?;
        if body.is_empty() {
            return options::delete_options(&self.context.exchange.query);
        }
        DeleteOptions::decoded(&encode::decode_options(&body, self.context.exchange.content_type(), "DeleteOptions")?)
    }

    async fn watch(self) -> Reply {
        let exchange = self.context.exchange;
        match self.start_watch().await {
            Ok(reply) => reply,
            Err((status, warnings)) => exchange.failure(&status, &warnings),
        }
    }

    async fn start_watch(self) -> Result<Reply, (Status, Warnings)> {
        let exchange = self.context.exchange;
        let bare = |status| (status, Warnings::default());
        let url = self.context.watch_url && exchange.query.flag("watch") != Some(true);
        let kind = if url { ListKind::WatchUrl } else { ListKind::Watch };
        let mut options = options::list_options(&exchange.query, kind).map_err(bare)?;
        if self.context.watch_url {
            watch_url_options(self.call, &mut options).map_err(bare)?;
        }
        let include = IncludeObject::of(&exchange.query).map_err(bare)?;
        check_stream(self.negotiated).map_err(bare)?;
        let watcher = match self.context.view.watch(self.call, &options).await {
            Ok(watcher) => watcher,
            Err(status) => return Err((status, self.call.warnings.clone())),
        };
        let content_type = match self.negotiated.encoding {
            Encoding::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
            Encoding::Json | Encoding::Yaml => "application/json",
        };
        let negotiated = Negotiated { pretty: false, ..self.negotiated };
        let events = Events::new(self.context.view.clone(), self.call.target.served.clone(), negotiated, include);
        let shutdown = self.context.shutdown.subscribe();
        if websocket::is_wanted(&exchange.parts.headers) {
            let text = self.negotiated.encoding != Encoding::Protobuf;
            return Ok(websocket::accept(exchange, WatchBody::new(watcher, events, 1, shutdown), text));
        }
        let body = ResponseBody::watch(WatchBody::new(watcher, events, self.context.watch_queue_size, shutdown));
        let mut reply = exchange.reply(200, HeaderValue::from_static(content_type), body);
        crate::warnings::add_headers(reply.headers_mut(), &self.call.warnings);
        Ok(reply)
    }

    fn answer(self, outcome: Outcome) -> Result<Reply, Status> {
        let exchange = self.context.exchange;
        let include = match self.negotiated.transform {
            Some(Transform::Table(_)) => IncludeObject::of(&exchange.query)?,
            _ => IncludeObject::default(),
        };
        let served = self.call.target.served.clone();
        let api_version = served.resource.api_version();
        let writer = Writer { view: self.context.view, served: &served, api_version: &api_version, negotiated: self.negotiated, include };
        let encoded = writer.content(outcome.content)?;
        Ok(exchange.success(outcome.code, self.negotiated, encoded, &self.call.warnings))
    }
}

/// A named `/watch/` URL watches one object, and none has the marker of initial events (chapter 18 on C-06-32, C-06-42).
fn watch_url_options(call: &mut Call, options: &mut ListOptions) -> Result<(), Status> {
    options.watch_prefix = true;
    let name = std::mem::take(&mut call.target.name);
    if name.is_empty() {
        return Ok(());
    }
    let selector = &mut options.field_selector;
    if !selector.is_empty() && selector.exact("metadata.name") != Some(&name) {
        return Err(Status::bad_request("fieldSelector metadata.name doesn't match requested name"));
    }
    selector.requirements = vec![FieldRequirement { path: "metadata.name".to_owned(), value: name, negated: false }];
    Ok(())
}

/// The body of a create or update as the view takes it.
fn decode(call: &Call, encoding: Encoding, bytes: Bytes) -> Result<Body, Status> {
    let resource = &call.target.served.resource;
    let (api_version, kind) = match resource.subresource(&call.target.subresource) {
        Some(sub) if sub.group.is_empty() => (sub.version.to_string(), sub.kind.to_string()),
        Some(sub) => (format!("{}/{}", sub.group, sub.version), sub.kind.to_string()),
        None => (resource.api_version().into_owned(), resource.kind.to_string()),
    };
    match encoding {
        Encoding::Json => Ok(Body::Json(bytes)),
        Encoding::Protobuf => {
            protobuf::decode_object(&bytes, &api_version, &kind).map(Body::Decoded).map_err(|e| e.into_status(&kind, &bytes))
        }
        Encoding::Yaml => {
            let document = yaml::read(&bytes).map_err(|e| minkapi_codec::DecodeError::unrecognized(e).into_status(&kind, &bytes))?;
            let json = serde_json::to_vec(&document.value).map_err(Status::internal)?.into();
            Ok(Body::Yaml { json, strict_error: document.strict_error(), duplicates: document.duplicates })
        }
    }
}

/// The body of an apply, which is YAML, as JSON (C-07-04).
fn apply_json(call: &mut Call, patch: &Bytes, validation: FieldValidation) -> Result<Bytes, Status> {
    let document = yaml::read(patch).map_err(|e| {
        // What looks like JSON is found out later, where it is called something else.
        let json = patch.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
        Status::bad_request(match json {
            true => format!("error decoding patch: error converting YAML to JSON: {e}"),
            false => format!("error encoding patch: {e}"),
        })
    })?;
    match (validation, document.strict_error()) {
        (FieldValidation::Strict, Some(problem)) => {
            return Err(Status::bad_request(format!("error strict decoding patch: error converting YAML to JSON: {problem}")));
        }
        (FieldValidation::Warn, Some(_)) => call.warnings.extend(document.duplicates.iter().cloned()),
        _ => {}
    }
    serde_json::to_vec(&document.value).map(Bytes::from).map_err(Status::internal)
}
