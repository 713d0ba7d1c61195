//! Bodies of requests, up to a size (C-02-30).

use crate::errors;
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use minkapi_object::Status;
use std::pin::{Pin, pin};
use std::time::Duration;

/// How long the rest of a body is still taken when the answer needed no more of it. A connection closed on a client that is still
/// sending is reset, and the answer that says why is lost with it.
const LINGER: Duration = Duration::from_secs(2);

/// Reads a whole body.
///
/// # Errors
/// 413 for one of more than `limit` bytes, 400 for one that breaks off.
pub(crate) async fn read<B>(body: B, limit: usize) -> Result<Bytes, Status>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    let mut body = pin!(body);
    if body.size_hint().lower() > limit as u64 {
        return Err(errors::too_large(limit));
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| Status::bad_request(format!("unable to read the request's body: {e}")))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Err(errors::too_large(limit));
        }
        // Most bodies come in one piece, which is then not copied.
        match (first.is_empty(), rest.is_empty()) {
            (true, true) => first = data,
            (false, _) => {
                rest.extend_from_slice(&std::mem::take(&mut first));
                rest.extend_from_slice(&data);
            }
            (true, false) => rest.extend_from_slice(&data),
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Takes what is left of a body and forgets it, for a while.
pub(crate) async fn discard<B: Body>(mut body: Pin<Box<B>>) {
    // Running out of time is no failure: the client was given its chance.
    let _ = tokio::time::timeout(LINGER, async { while body.frame().await.is_some_and(|frame| frame.is_ok()) {} }).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt as _;
    use http_body_util::StreamBody;
    use std::convert::Infallible;

    async fn read_parts(parts: &[&'static str], limit: usize) -> Result<Bytes, u16> {
        let parts = futures_util::stream::iter(parts.to_vec()).map(frame);
        read(StreamBody::new(parts), limit).await.map_err(|s| s.code)
    }

    #[tokio::test]
    async fn a_body_of_several_parts_is_put_together() {
        assert_eq!(read_parts(&["ab", "c", "de"], 5).await.unwrap(), "abcde");
        assert_eq!(read_parts(&[], 5).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_body_above_the_limit_is_refused() {
        assert_eq!(read_parts(&["ab", "cd", "e"], 4).await, Err(413));
    }

    fn frame(text: &'static str) -> Result<http_body::Frame<Bytes>, Infallible> {
        Ok(http_body::Frame::data(Bytes::from_static(text.as_bytes())))
    }

    #[tokio::test]
    async fn a_client_may_finish_sending_what_is_not_read() {
        let mut sent = 0;
        let parts = futures_util::stream::iter(["ab", "cd", "ef"]).map(frame).inspect(|_| sent += 1);
        discard(Box::pin(StreamBody::new(parts))).await;
        assert_eq!(sent, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_never_finishes_is_not_waited_for() {
        let parts = futures_util::stream::iter(["ab"]).map(frame).chain(futures_util::stream::pending());
        discard(Box::pin(StreamBody::new(parts))).await;
    }
}
