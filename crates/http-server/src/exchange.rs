//! One request as handlers see it, and the responses that it can get.

use crate::{
    body::ResponseBody,
    encode::{self, Encoded},
    media_type::Encoding,
    negotiate::{self, Negotiated, Offer},
    query::Query,
    warnings,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT, VARY, X_CONTENT_TYPE_OPTIONS,
    },
    request::Parts,
};
use minkapi_object::Status;
use minkapi_view::Warnings;

/// Larger answers are compressed for clients that like it (C-11-30).
const GZIP_FROM: u64 = 131_072;

/// A response of this service.
pub(crate) type Reply = Response<ResponseBody>;

/// A request without its body.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    pub parts: &'a Parts,
    pub query: Query<'a>,
}

pub(crate) const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache, private");
const PLAIN_TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

impl<'a> Exchange<'a> {
    pub fn new(parts: &'a Parts) -> Self {
        Self { parts, query: Query::parse(parts.uri.query()) }
    }

    pub const fn method(&self) -> &Method {
        &self.parts.method
    }

    /// A header as text; empty when absent.
    pub fn header(&self, name: HeaderName) -> &'a str {
        self.parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    pub fn accept(&self) -> &'a str {
        self.header(ACCEPT)
    }

    pub fn content_type(&self) -> &'a str {
        self.header(CONTENT_TYPE)
    }

    pub fn user_agent(&self) -> &'a str {
        self.header(USER_AGENT)
    }

    /// Negotiates the encoding of the answer.
    ///
    /// # Errors
    /// 406.
    pub fn negotiate(&self, offer: Offer) -> Result<Negotiated, Status> {
        let mut negotiated = negotiate::negotiate(self.accept(), offer)?;
        negotiated.pretty |= negotiate::wants_pretty(&self.query, self.user_agent());
        Ok(negotiated)
    }

    /// An encoded success.
    pub fn success(&self, code: u16, negotiated: Negotiated, encoded: Encoded, warned: &Warnings) -> Reply {
        let body = match encoded {
            Encoded::Whole(bytes) => ResponseBody::full(bytes),
            Encoded::Pieces(pieces) => ResponseBody::pieces(pieces),
        };
        let mut reply = self.reply(code, HeaderValue::from_static(negotiated.encoding.media_type()), body);
        warnings::add_headers(reply.headers_mut(), warned);
        reply
    }

    /// A failure, in the encoding that the client would have got; in JSON if there is none (C-02-01, C-11-04).
    pub fn failure(&self, status: &Status, warned: &Warnings) -> Reply {
        let negotiated = self.negotiate(Offer::PLAIN).unwrap_or(Negotiated { pretty: true, ..Negotiated::JSON });
        let (bytes, encoding) = match encode::status(status, negotiated) {
            Ok(bytes) => (bytes, negotiated.encoding),
            Err(_) => (encode::status(status, Negotiated::JSON).unwrap_or_default(), Encoding::Json),
        };
        let mut reply = self.reply(status.code, HeaderValue::from_static(encoding.media_type()), ResponseBody::full(bytes));
        let headers = reply.headers_mut();
        if let Some(seconds) = status.details.as_ref().map(|d| d.retry_after_seconds).filter(|s| *s > 0) {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        warnings::add_headers(headers, warned);
        reply
    }

    /// A failure without warnings.
    pub fn error(&self, status: &Status) -> Reply {
        self.failure(status, &Warnings::default())
    }

    /// JSON as kube-apiserver writes it without negotiation: indented.
    pub fn raw_json(&self, value: &impl serde::Serialize) -> Reply {
        let bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
        self.reply(200, HeaderValue::from_static("application/json"), ResponseBody::full(bytes))
    }

    /// A plain text.
    pub fn text(&self, code: u16, text: impl Into<bytes::Bytes>) -> Reply {
        let mut reply = self.reply(code, PLAIN_TEXT, ResponseBody::full(text));
        reply.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        reply
    }

    /// C-01-08.
    pub fn not_found(&self) -> Reply {
        self.text(404, "404 page not found\n")
    }

    /// Any body with the headers that every response has, compressed if it is large and the client likes it.
    pub fn reply(&self, code: u16, content_type: HeaderValue, body: ResponseBody) -> Reply {
        // What is made as it is sent, without its length being known, is large.
        let large = !body.is_watch() && http_body::Body::size_hint(&body).exact().is_none_or(|n| n > GZIP_FROM);
        if large && self.accepts_gzip() { self.compressed(code, content_type, body) } else { self.bare(code, Some(content_type), body) }
    }

    /// The same compressed whatever its size.
    pub fn compressed(&self, code: u16, content_type: HeaderValue, body: ResponseBody) -> Reply {
        let mut reply = self.bare(code, Some(content_type), body.gzip());
        reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        reply.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
        reply
    }

    /// An answer without a body.
    pub fn empty(&self, code: u16) -> Reply {
        self.bare(code, None, ResponseBody::empty())
    }

    fn bare(&self, code: u16, content_type: Option<HeaderValue>, body: ResponseBody) -> Reply {
        let body = if *self.method() == Method::HEAD { ResponseBody::empty() } else { body };
        let mut reply = Response::new(body);
        *reply.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = reply.headers_mut();
        headers.insert(AUDIT_ID, audit_id(&self.parts.headers));
        headers.insert(CACHE_CONTROL, NO_CACHE);
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, content_type);
        }
        reply
    }

    pub fn accepts_gzip(&self) -> bool {
        self.header(ACCEPT_ENCODING).split(',').any(|e| e.split(';').next().unwrap_or_default().trim() == "gzip")
    }
}

/// The request's `Audit-ID`, else a new one (C-01-13).
fn audit_id(headers: &HeaderMap) -> HeaderValue {
    if let Some(id) = headers.get(AUDIT_ID) {
        return id.clone();
    }
    let mut buffer = uuid::Uuid::encode_buffer();
    let text = uuid::Uuid::new_v4().hyphenated().encode_lower(&mut buffer);
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unknown"))
}
