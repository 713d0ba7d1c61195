//! Watches over WebSocket (C-06-05): one event a message, as text where the encoding is text. Nobody is asked for a subprotocol;
//! a single one that the client names is said to be spoken, and changes nothing.

use crate::{
    body::ResponseBody,
    exchange::{Exchange, Reply},
    watch_stream::WatchBody,
};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
    header::{CONNECTION, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use minkapi_object::Status;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

/// Clients have nothing to say: larger messages end the watch.
const LARGEST_MESSAGE: usize = 1 << 16;

/// Whether the client would speak WebSocket.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let has = |name: &HeaderName, test: fn(&str) -> bool| headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).any(test);
    has(&UPGRADE, |value| value.eq_ignore_ascii_case("websocket"))
        && has(&CONNECTION, |value| value.to_ascii_lowercase().contains("upgrade"))
}

/// Why there is no WebSocket, with what the body says of it.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    NoKey,
    Version,
    Origin,
    /// The client offers several subprotocols, of which none is chosen.
    Protocols,
}

/// Answers with a WebSocket, on which the watch then goes on.
pub(crate) fn accept(exchange: &Exchange<'_>, watch: WatchBody, text: bool) -> Reply {
    let headers = match handshake(&exchange.parts.headers) {
        Ok(headers) => headers,
        Err(refusal) => return refuse(exchange, &refusal),
    };
    let Some(upgrade) = exchange.parts.extensions.get::<OnUpgrade>().cloned() else {
        return exchange.error(&Status::bad_request("this connection cannot be upgraded"));
    };
    tokio::spawn(async move {
        match upgrade.await {
            Ok(connection) => {
                let config = WebSocketConfig::default().max_message_size(Some(LARGEST_MESSAGE)).max_frame_size(Some(LARGEST_MESSAGE));
                let socket = WebSocketStream::from_raw_socket(TokioIo::new(connection), Role::Server, Some(config)).await;
                if let Err(err) = send(socket, watch, text).await {
                    tracing::debug!(%err, "a watch over WebSocket ended");
                }
            }
            Err(err) => tracing::debug!(%err, "a connection was not upgraded"),
        }
    });
    let mut reply = Reply::new(ResponseBody::empty());
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *reply.headers_mut() = headers;
    reply
}

/// The headers of the answer, checked in the order of golang.org/x/net/websocket.
fn handshake(headers: &HeaderMap) -> Result<HeaderMap, Refusal> {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().trim();
    let key = text(SEC_WEBSOCKET_KEY);
    if key.is_empty() {
        return Err(Refusal::NoKey);
    }
    if text(SEC_WEBSOCKET_VERSION) != "13" {
        return Err(Refusal::Version);
    }
    if text(ORIGIN).parse::<Uri>().is_err() {
        return Err(Refusal::Origin);
    }
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| Refusal::NoKey)?;
    let mut answer = HeaderMap::from_iter([
        (UPGRADE, HeaderValue::from_static("websocket")),
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (SEC_WEBSOCKET_ACCEPT, accept),
    ]);
    let protocol = text(SEC_WEBSOCKET_PROTOCOL);
    match HeaderValue::from_str(protocol) {
        Ok(value) if !protocol.is_empty() && !protocol.contains(',') => drop(answer.insert(SEC_WEBSOCKET_PROTOCOL, value)),
        _ if protocol.is_empty() => {}
        _ => return Err(Refusal::Protocols),
    }
    Ok(answer)
}

fn refuse(exchange: &Exchange<'_>, refusal: &Refusal) -> Reply {
    let (code, text) = match refusal {
        Refusal::NoKey => (400, "mismatch challenge/response"),
        Refusal::Version => (400, "missing or bad WebSocket Version"),
        Refusal::Origin => (403, ""),
        Refusal::Protocols => (400, ""),
    };
    tracing::debug!(?refusal, host = ?exchange.parts.headers.get(HOST), "no WebSocket");
    let mut reply = Reply::new(ResponseBody::full(Bytes::from_static(text.as_bytes())));
    *reply.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
    reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    if *refusal == Refusal::Version {
        reply.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    reply
}

/// Sends events until the watch ends or the client goes.
async fn send<S>(mut socket: WebSocketStream<S>, mut watch: WatchBody, text: bool) -> Result<(), Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    loop {
        tokio::select! {
            event = std::future::poll_fn(|cx| watch.poll_chunk(cx)) => match event {
                Some(event) => socket.send(message(event, text)?).await?,
                None => {
                    socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() })).await?;
                    return Ok(());
                }
            },
            received = socket.next() => match received {
                None => return Ok(()),
                Some(message) => drop(message?),
            },
        }
    }
}

/// Messages have frames of their own, so the length before a protobuf event is left out.
fn message(event: Bytes, text: bool) -> Result<Message, Error> {
    const LENGTH: usize = 4;
    if text { Ok(Message::Text(event.try_into()?)) } else { Ok(Message::Binary(event.slice(LENGTH.min(event.len())..))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(more: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([
            (SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==")),
            (SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
            (ORIGIN, HeaderValue::from_static("http://localhost")),
        ]);
        more.iter().for_each(|(name, value)| drop(headers.insert(name, HeaderValue::from_static(value))));
        headers
    }

    #[test]
    fn the_key_is_answered_as_rfc_6455_has_it() {
        let answer = handshake(&headers(&[]));
        assert_eq!(answer.map(|h| h[SEC_WEBSOCKET_ACCEPT].clone()), Ok(HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    }

    #[test]
    fn one_subprotocol_is_taken_and_several_are_refused() {
        let one = handshake(&headers(&[(SEC_WEBSOCKET_PROTOCOL, "base64.binary.k8s.io")]));
        assert_eq!(one.map(|h| h[SEC_WEBSOCKET_PROTOCOL].clone()), Ok(HeaderValue::from_static("base64.binary.k8s.io")));
        assert_eq!(handshake(&headers(&[(SEC_WEBSOCKET_PROTOCOL, "a, b")])), Err(Refusal::Protocols));
    }

    #[test]
    fn a_client_needs_a_key_a_version_and_an_origin() {
        assert_eq!(handshake(&headers(&[(SEC_WEBSOCKET_KEY, "")])), Err(Refusal::NoKey));
        assert_eq!(handshake(&headers(&[(SEC_WEBSOCKET_VERSION, "8")])), Err(Refusal::Version));
        assert_eq!(handshake(&headers(&[(ORIGIN, "")])), Err(Refusal::Origin));
    }
}
