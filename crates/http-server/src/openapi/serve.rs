//! `/openapi/v2` and `/openapi/v3` (C-01-30 to C-01-32).

use super::{Document, OpenApi};
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

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Answers paths that begin with `/openapi/`; none for others that are not known.
pub(crate) fn serve(exchange: &Exchange<'_>, view: &View, catalog: &Catalog, openapi: &OpenApi, path: &str) -> Option<Reply> {
    match path {
        "/openapi/v2" => Some(match accepts_json(exchange) {
            true => document(exchange, openapi.v2(view, catalog), true),
            false => exchange.empty(406),
        }),
        "/openapi/v3" => Some(index(exchange, view, catalog, openapi)),
        _ => path.strip_prefix("/openapi/v3/").map(|key| version_3(exchange, view, catalog, openapi, key)),
    }
}

fn accepts_json(exchange: &Exchange<'_>) -> bool {
    exchange.accept().is_empty() || clauses(exchange.accept()).iter().any(|clause| clause.covers(Encoding::Json))
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
    if !accepts_json(exchange) {
        return exchange.empty(406);
    }
    match exchange.query.text("hash") {
        "" => self::document(exchange, document, false),
        hash if hash == document.hash => {
            let mut reply = self::document(exchange, document, false);
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
fn document(exchange: &Exchange<'_>, document: &Document, compress: bool) -> Reply {
    let etag = format!("\"{}\"", document.hash);
    let mut reply = if exchange.header(IF_NONE_MATCH) == etag {
        exchange.empty(304)
    } else {
        let body = ResponseBody::full(document.json.clone());
        match compress && exchange.accepts_gzip() {
            true => exchange.compressed(200, JSON, body),
            false => exchange.reply(200, JSON, body),
        }
    };
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        reply.headers_mut().insert(ETAG, etag);
    }
    reply.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
    reply
}
