//! What the log tells of requests. Each line has the Audit-ID that the client got, so that the two can be brought together.

use crate::exchange::{AUDIT_ID, Reply};
use http::{header::USER_AGENT, request::Parts};
use std::time::Duration;

/// A request was answered: told when it took longer than `slow`, or at a level that shows every request.
pub(crate) fn request(parts: &Parts, reply: &Reply, took: Duration, slow: Duration) {
    if took > slow {
        let (method, uri, code, seconds) = (&parts.method, &parts.uri, reply.status().as_u16(), took.as_secs_f64());
        tracing::warn!(%method, %uri, code, seconds, audit_id = id(reply), user_agent = user_agent(parts), "a request took long");
        return;
    }
    // Nothing is put together unless somebody wants to see it.
    if tracing::enabled!(tracing::Level::DEBUG) {
        let (method, uri, code, seconds) = (&parts.method, &parts.uri, reply.status().as_u16(), took.as_secs_f64());
        tracing::debug!(%method, %uri, code, seconds, audit_id = id(reply), user_agent = user_agent(parts), "HTTP");
    }
}

/// A request caused a panic.
pub(crate) fn panicked(parts: &Parts, reply: &Reply) {
    tracing::error!(method = %parts.method, uri = %parts.uri, audit_id = id(reply), "a request caused a panic");
}

fn id(reply: &Reply) -> &str {
    reply.headers().get(AUDIT_ID).and_then(|id| id.to_str().ok()).unwrap_or_default()
}

fn user_agent(parts: &Parts) -> &str {
    parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default()
}
