//! Bodies of requests, up to a size (C-02-30).

use crate::errors;
use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt as _;
use minkapi_object::Status;
use std::pin::pin;

/// Reads a whole body.
///
/// # Errors
/// 413 for one of more than `limit` bytes, 400 for one that breaks off.
pub(crate) async fn read<B>(body: B, limit: usize) -> Result<Bytes, Status>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Display,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(errors::too_large(limit));
    }
    let mut body = pin!(body);
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

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::StreamBody;
    use std::convert::Infallible;

    async fn read_parts(parts: &[&'static str], limit: usize) -> Result<Bytes, u16> {
        let frames: Vec<_> = parts.iter().map(|p| Ok::<_, Infallible>(http_body::Frame::data(Bytes::from_static(p.as_bytes())))).collect();
        read(StreamBody::new(futures_util::stream::iter(frames)), limit).await.map_err(|s| s.code)
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
}
