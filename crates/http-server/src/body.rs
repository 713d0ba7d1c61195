//! Bodies of responses.

use crate::{list_body::ListBody, metrics::WatchMeter, watch_stream::WatchBody};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http_body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    io::Write as _,
    pin::Pin,
    task::{Context, Poll},
};

/// The body of a response: whole, a list that is put together as it is sent, or a watch.
#[derive(Debug)]
pub struct ResponseBody(Kind);

#[derive(Debug)]
enum Kind {
    Full(Option<Bytes>),
    List(Box<ListBody>),
    Compressed(Box<Compressed>),
    Watch(Box<WatchBody>),
}

/// A list that is compressed as it is sent, so that no request holds up others for long.
#[derive(Debug)]
struct Compressed {
    list: ListBody,
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

    pub(crate) fn list(list: ListBody) -> Self {
        Self(Kind::List(Box::new(list)))
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
            Kind::List(list) => Self(Kind::Compressed(Box::new(Compressed { list: *list, encoder: Some(gzip()) }))),
            other => Self(other),
        }
    }
}

fn gzip() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::fast())
}

impl Compressed {
    fn next(&mut self) -> Option<Bytes> {
        loop {
            let encoder = self.encoder.as_mut()?;
            match self.list.next_chunk() {
                Some(chunk) => {
                    let _ = encoder.write_all(&chunk);
                    let out = std::mem::take(encoder.get_mut());
                    if !out.is_empty() {
                        return Some(out.into());
                    }
                }
                None => return self.encoder.take().and_then(|e| e.finish().ok()).map(Bytes::from),
            }
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match &mut self.0 {
            Kind::Full(bytes) => bytes.take(),
            Kind::List(list) => list.next_chunk(),
            Kind::Compressed(compressed) => compressed.next(),
            Kind::Watch(watch) => std::task::ready!(watch.poll_chunk(cx)),
        };
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Kind::List(list) => SizeHint::with_exact(list.remaining()),
            Kind::Compressed(_) | Kind::Watch(_) => SizeHint::default(),
        }
    }
}
