//! `/openapi/v2` and `/openapi/v3` (C-01-30 to C-01-32).

use super::{Document, OpenApi, protobuf};
use crate::{
    body::ResponseBody,
    exchange::{Exchange, Reply},
    media_type::{Encoding, clauses},
};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, IF_NONE_MATCH, LOCATION, VARY},
};
use minkapi_view::{Catalog, View};
use serde_json::{Map, Value, json};

/// A form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Protobuf,
}

/// One version of OpenAPI as it is negotiated.
struct Version {
    /// The two spellings of its protobuf type after `application/`; answers have the second.
    protobuf: [&'static str; 2],
    content_type: HeaderValue,
    message: &'static protobuf::Message,
}

static V2: Version = Version {
    protobuf: ["com.github.proto-openapi.spec.v2@v1.0+protobuf", "com.github.proto-openapi.spec.v2.v1.0+protobuf"],
    content_type: HeaderValue::from_static("application/com.github.proto-openapi.spec.v2.v1.0+protobuf"),
    message: &protobuf::v2::DOCUMENT,
};

static V3: Version = Version {
    protobuf: ["com.github.proto-openapi.spec.v3@v1.0+protobuf", "com.github.proto-openapi.spec.v3.v1.0+protobuf"],
    content_type: HeaderValue::from_static("application/com.github.proto-openapi.spec.v3.v1.0+protobuf"),
    message: &protobuf::v3::DOCUMENT,
};

impl Version {
    /// The form of the first clause that names one.
    fn negotiate(&self, accept: &str) -> Option<Form> {
        if accept.is_empty() {
            return Some(Form::Json);
        }
        clauses(accept).iter().find_map(|clause| {
            if clause.covers(Encoding::Json) {
                Some(Form::Json)
            } else {
                self.protobuf.iter().any(|p| clause.is_application(p)).then_some(Form::Protobuf)
            }
        })
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers paths that begin with `/openapi/`; none for others that are not known.
pub(crate) fn serve(exchange: &Exchange<'_>, view: &View, catalog: &Catalog, openapi: &OpenApi, path: &str) -> Option<Reply> {
    match path {
        "/openapi/v2" => Some(match V2.negotiate(exchange.accept()) {
            Some(form) => document(exchange, openapi.v2(view, catalog), &V2, form),
            None => {
                let mut reply = exchange.empty(406);
                reply.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
                reply
            }
        }),
        "/openapi/v3" => Some(index(exchange, view, catalog, openapi)),
        _ => path.strip_prefix("/openapi/v3/").map(|key| version_3(exchange, view, catalog, openapi, key)),
    }
}

/// Plain text by its content type, whatever the client accepts (chapter 18 on C-01-31).
fn index(exchange: &Exchange<'_>, view: &View, catalog: &Catalog, openapi: &OpenApi) -> Reply {
    let paths: Map<String, Value> = openapi
        .v3(view, catalog)
        .iter()
        .map(|(key, document)| (key.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{key}?hash={}", document.hash)})))
        .collect();
    let text = json!({"paths": paths}).to_string();
    let mut reply = exchange.text(200, text);
    reply.headers_mut().remove(http::header::X_CONTENT_TYPE_OPTIONS);
    reply
}

fn version_3(exchange: &Exchange<'_>, view: &View, catalog: &Catalog, openapi: &OpenApi, key: &str) -> Reply {
    let Some(document) = openapi.v3(view, catalog).get(key) else { return exchange.empty(404) };
    let Some(form) = V3.negotiate(exchange.accept()) else { return exchange.empty(406) };
    match exchange.query.text("hash") {
        "" => self::document(exchange, document, &V3, form),
        hash if hash == document.hash => {
            let mut reply = self::document(exchange, document, &V3, form);
            reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, immutable"));
            let expires = jiff::Timestamp::now().as_second() + 365 * 24 * 3600;
            let expires = jiff::Timestamp::from_second(expires).map(|t| t.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
            if let Some(expires) = expires.ok().and_then(|e| HeaderValue::from_str(&e).ok()) {
                reply.headers_mut().insert(EXPIRES, expires);
            }
            reply
        }
        _ => {
            let mut reply = exchange.empty(301);
            let headers = reply.headers_mut();
            // Relative to the view, as the path in the request is not known to have a prefix.
            let location = format!("{}?hash={}", exchange.parts.uri.path(), document.hash);
            if let Ok(location) = HeaderValue::from_str(&location) {
                headers.insert(LOCATION, location);
            }
            headers.insert(CONTENT_TYPE, JSON);
            reply
        }
    }
}

/// A document, or 304 to a client that has it.
fn document(exchange: &Exchange<'_>, document: &Document, version: &'static Version, form: Form) -> Reply {
    // Both forms may be kept side by side.
    let etag = match form {
        Form::Json => format!("\"{}\"", document.hash),
        Form::Protobuf => format!("\"{}-protobuf\"", document.hash),
    };
    let mut reply = if exchange.header(IF_NONE_MATCH) == etag {
        exchange.empty(304)
    } else {
        let (content_type, body) = match form {
            Form::Json => (JSON, document.json.clone()),
            Form::Protobuf => (version.content_type.clone(), document.protobuf(version.message)),
        };
        exchange.reply(200, content_type, ResponseBody::full(body))
    };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        reply.headers_mut().insert(ETAG, etag);
    }
    reply.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
    reply
}
