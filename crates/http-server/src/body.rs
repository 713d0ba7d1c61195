//! Bodies of responses.

use crate::{
    chunk::Chunk,
    metrics::WatchMeter,
    pieces::{Paced, Pieces, append},
    watch_stream::WatchBody,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    io::Write as _,
    pin::Pin,
    task::{Context, Poll},
};

/// The body of a response: whole, put together piece by piece as it is sent, or a watch.
#[derive(Debug)]
pub struct ResponseBody(Kind);

#[derive(Debug)]
enum Kind {
    Full(Option<Bytes>),
    Pieces(Paced),
    Compressed(Box<Compressed>),
    Watch(Box<WatchBody>),
}

/// A body that is compressed as it is sent, so that no request holds up others for long.
#[derive(Debug)]
struct Compressed {
    pieces: Paced,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl ResponseBody {
    /// Nothing.
    pub const fn empty() -> Self {
        Self(Kind::Full(None))
    }

    /// These bytes.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self(Kind::Full(if bytes.is_empty() { None } else { Some(bytes) }))
    }

    pub(crate) fn pieces(pieces: Box<dyn Pieces>) -> Self {
        Self(Kind::Pieces(Paced::new(pieces)))
    }

    pub(crate) fn watch(watch: WatchBody) -> Self {
        Self(Kind::Watch(Box::new(watch)))
    }

    /// Has the events of a watch counted.
    pub(crate) fn meter(&mut self, meter: WatchMeter) {
        if let Kind::Watch(watch) = &mut self.0 {
            watch.meter(meter);
        }
    }

    /// Whether this is a watch.
    pub(crate) const fn is_watch(&self) -> bool {
        matches!(self.0, Kind::Watch(_))
    }

    /// The same compressed (C-11-30).
    pub(crate) fn gzip(self) -> Self {
        match self.0 {
            Kind::Full(Some(bytes)) => {
                let mut encoder = gzip();
                // Writing to memory does not fail.
                let _ = encoder.write_all(&bytes);
                Self::full(encoder.finish().unwrap_or_default())
            }
            Kind::Pieces(pieces) => Self(Kind::Compressed(Box::new(Compressed { pieces, encoder: Some(gzip()) }))),
            other => Self(other),
        }
    }
}

fn gzip() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::fast())
}

impl Compressed {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Chunk>> {
        let Some(encoder) = &mut self.encoder else { return Poll::Ready(None) };
        match std::task::ready!(self.pieces.poll(cx)) {
            Some(piece) => {
                let mut plain = Vec::new();
                append(&mut plain, piece);
                let _ = encoder.write_all(&plain);
                let out = std::mem::take(encoder.get_mut());
                if out.is_empty() {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Some(out.into()))
            }
            None => Poll::Ready(self.encoder.take().and_then(|e| e.finish().ok()).map(Chunk::from)),
        }
    }
}

impl Body for ResponseBody {
    type Data = Chunk;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Chunk>, Infallible>>> {
        let next = match &mut self.0 {
            Kind::Full(bytes) => bytes.take().map(Chunk::from),
            Kind::Pieces(pieces) => std::task::ready!(pieces.poll(cx)),
            Kind::Compressed(compressed) => std::task::ready!(compressed.poll(cx)),
            Kind::Watch(watch) => std::task::ready!(watch.poll_chunk(cx)).map(Chunk::from),
        };
        Poll::Ready(next.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Kind::Pieces(pieces) => pieces.remaining().map_or_else(SizeHint::default, SizeHint::with_exact),
            Kind::Compressed(_) | Kind::Watch(_) => SizeHint::default(),
        }
    }
}
