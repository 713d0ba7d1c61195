//! `/.well-known/openid-configuration` and `/openid/v1/jwks`: how others check tokens of service accounts.

use crate::{
    body::ResponseBody,
    exchange::{Exchange, Reply},
};
use http::{
    HeaderValue,
    header::{CACHE_CONTROL, HOST},
};
use minkapi_view::View;

pub(crate) const CONFIGURATION: &str = "/.well-known/openid-configuration";
pub(crate) const KEYS: &str = "/openid/v1/jwks";

/// Answers these two paths; none for others.
pub(crate) fn serve(exchange: &Exchange<'_>, view: &View, path: &str, scheme: &str) -> Option<Reply> {
    let (content_type, json) = match path {
        CONFIGURATION | KEYS if !view.has_openid() => return None,
        CONFIGURATION => {
            // Both documents are below the view's prefix, as the client sees it.
            let prefix = exchange.parts.uri.path().strip_suffix(CONFIGURATION).unwrap_or_default();
            let host = exchange.parts.uri.authority().map_or_else(|| exchange.header(HOST), |authority| authority.as_str());
            let configuration = view.openid_configuration(format!("{scheme}://{host}{prefix}{KEYS}"));
            ("application/json", serde_json::to_vec(&configuration))
        }
        KEYS => ("application/jwk-set+json", serde_json::to_vec(&view.json_web_keys())),
        _ => return None,
    };
    let mut reply = exchange.reply(200, HeaderValue::from_static(content_type), ResponseBody::full(json.unwrap_or_default()));
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    Some(reply)
}
