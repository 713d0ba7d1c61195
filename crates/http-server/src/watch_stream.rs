//! Watches as they are sent: one event after another, pulled from the history when the client can take it (C-06-01 to
//! C-06-03).

use crate::{
    encode::{self, Writer},
    media_type::Encoding,
    metrics::WatchMeter,
    negotiate::{MetaVersion, Negotiated, Transform},
    table::{self, IncludeObject},
};
use bytes::Bytes;
use futures_core::Stream;
use minkapi_codec::{partial_object_metadata_value, protobuf};
use minkapi_object::{Object, Status};
use minkapi_view::{Served, View};
use minkapi_watch::{WatchEvent, WatchEventKind, Watcher};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    task::{Context, Poll},
};

/// A future that is ready when the server shuts down.
type Shutdown = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The body of a watch. It ends when the watcher does or when the server shuts down.
pub(crate) struct WatchBody {
    watcher: Option<Watcher>,
    events: Events,
    shutdown: Shutdown,
    batch: usize,
    meter: Option<WatchMeter>,
}

/// How many pieces of a body hyper holds before it waits for the client.
const PIECES_AHEAD: usize = 16;

impl fmt::Debug for WatchBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchBody").field("events", &self.events).finish_non_exhaustive()
    }
}

impl WatchBody {
    /// `queue` is how many events may be encoded and unsent.
    pub fn new(watcher: Watcher, events: Events, queue: usize, mut shutdown: tokio::sync::watch::Receiver<bool>) -> Self {
        let shutdown = Box::pin(async move {
            // An error says that the service itself is gone, which is no reason to end a watch that is still read.
            if shutdown.wait_for(|down| *down).await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        Self { watcher: Some(watcher), events, shutdown, batch: (queue / PIECES_AHEAD).max(1), meter: None }
    }

    /// Has its events counted.
    pub fn meter(&mut self, meter: WatchMeter) {
        self.meter = Some(meter);
    }

    fn end(&mut self) {
        self.watcher = None;
        self.meter = None;
    }

    /// The events that are there, as they are sent: several go out in one write.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(watcher) = &mut self.watcher else { return Poll::Ready(None) };
        match Pin::new(&mut *watcher).poll_next(cx) {
            Poll::Ready(Some(event)) => {
                let first = self.events.frame(&event);
                count(self.meter.as_ref(), &first);
                let mut more: Vec<u8> = Vec::new();
                for _ in 1..self.batch {
                    let Poll::Ready(Some(event)) = Pin::new(&mut *watcher).poll_next(cx) else { break };
                    if more.is_empty() {
                        more.extend_from_slice(&first);
                    }
                    let frame = self.events.frame(&event);
                    count(self.meter.as_ref(), &frame);
                    more.extend_from_slice(&frame);
                }
                Poll::Ready(Some(if more.is_empty() { first } else { more.into() }))
            }
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Pending => {
                std::task::ready!(self.shutdown.as_mut().poll(cx));
                self.end();
                Poll::Ready(None)
            }
        }
    }
}

fn count(meter: Option<&WatchMeter>, frame: &Bytes) {
    if let Some(meter) = meter {
        meter.event(frame.len());
    }
}

/// Turns events into what is sent.
#[derive(Debug)]
pub(crate) struct Events {
    view: View,
    served: Arc<Served>,
    api_version: String,
    negotiated: Negotiated,
    include: IncludeObject,
    /// Stands for the encoding where events are encoded once for all who watch alike.
    shared: Option<u32>,
    /// Whether the column definitions of a Table were sent.
    columns_sent: bool,
}

impl Events {
    pub fn new(view: View, served: Arc<Served>, negotiated: Negotiated, include: IncludeObject) -> Self {
        let api_version = served.resource.api_version().into_owned();
        // Cells tell ages, so tables are made anew each time.
        let shared = match negotiated.transform {
            Some(Transform::Table(_)) => None,
            transform => Some(encoding_id(&api_version, negotiated.encoding, transform)),
        };
        Self { view, served, api_version, negotiated, include, shared, columns_sent: false }
    }

    /// One event as it is sent.
    pub fn frame(&mut self, event: &WatchEvent) -> Bytes {
        match self.shared {
            Some(id) => {
                let this: &Self = self;
                event.encoded(id, |event| this.encode(event, false))
            }
            None => {
                let with_columns = !std::mem::replace(&mut self.columns_sent, true);
                self.encode(event, with_columns)
            }
        }
    }

    fn encode(&self, event: &WatchEvent, with_columns: bool) -> Bytes {
        match self.object(event, with_columns) {
            Ok(object) => self.put_in_frame(type_of(&event.kind), &object),
            Err(status) => {
                tracing::error!(%status, "a watch event could not be encoded");
                self.put_in_frame("ERROR", &encode::status(&status, self.plain()).unwrap_or_default())
            }
        }
    }

    const fn plain(&self) -> Negotiated {
        Negotiated { encoding: self.negotiated.encoding, pretty: false, transform: None }
    }

    fn writer(&self) -> Writer<'_> {
        Writer {
            view: &self.view,
            served: &self.served,
            api_version: &self.api_version,
            negotiated: self.negotiated,
            include: self.include,
        }
    }

    /// The object of an event in JSON, or in its protobuf envelope.
    fn object(&self, event: &WatchEvent, with_columns: bool) -> Result<Vec<u8>, Status> {
        match (&event.kind, &event.object) {
            (WatchEventKind::Error(status), _) => encode::status(status, self.plain()),
            (WatchEventKind::Bookmark { initial_events_end }, _) => self.bookmark(event.revision, *initial_events_end, with_columns),
            (_, Some(object)) => self.stored(object, with_columns),
            (_, None) => Err(Status::internal("an event has no object")),
        }
    }

    fn stored(&self, object: &Object, with_columns: bool) -> Result<Vec<u8>, Status> {
        match self.negotiated.transform {
            Some(Transform::Table(version)) => {
                let value = self.view.object_value(&self.served, object)?;
                table::of_event(&self.writer(), version, &value, with_columns)
            }
            Some(Transform::Metadata(version) | Transform::MetadataList(version)) => {
                self.metadata_only(encode::metadata_json(&*self.served.strategy, object, version)?, version)
            }
            None => self.writer().object(object),
        }
    }

    fn metadata_only(&self, json: Vec<u8>, version: MetaVersion) -> Result<Vec<u8>, Status> {
        if self.negotiated.encoding == Encoding::Protobuf { encode::metadata_envelope(&json, version) } else { Ok(json) }
    }

    /// An object of the watched kind with nothing but a version, and what the kind always writes (C-06-13, C-06-34).
    fn bookmark(&self, revision: u64, initial_events_end: bool, with_columns: bool) -> Result<Vec<u8>, Status> {
        let resource = &self.served.resource;
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if initial_events_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let mut object = json!({"metadata": metadata});
        if !resource.custom
            && let Ok(decoded) = minkapi_schema::decode::decode_value(&object, &resource.schema)
        {
            object = decoded.value;
            self.served.strategy.complete_zero(&mut object);
        }
        object["apiVersion"] = self.api_version.as_str().into();
        object["kind"] = (&*resource.kind).into();
        match self.negotiated.transform {
            Some(Transform::Table(version)) => table::of_event(&self.writer(), version, &object, with_columns),
            Some(Transform::Metadata(version) | Transform::MetadataList(version)) => {
                self.metadata_only(text(&partial_object_metadata_value(&object, version.api_version()))?, version)
            }
            None if self.negotiated.encoding == Encoding::Protobuf => protobuf::encode_object(&object).map_err(Status::internal),
            None => encode::json_of(&object),
        }
    }

    fn put_in_frame(&self, event_type: &str, object: &[u8]) -> Bytes {
        if self.negotiated.encoding == Encoding::Protobuf {
            return protobuf::watch_frame(event_type, object).into();
        }
        let object = object.strip_suffix(b"\n").unwrap_or(object);
        let mut out = Vec::with_capacity(object.len() + 40);
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(event_type.as_bytes());
        out.extend_from_slice(b"\",\"object\":");
        out.extend_from_slice(object);
        out.extend_from_slice(b"}\n");
        out.into()
    }
}

fn text(value: &Value) -> Result<Vec<u8>, Status> {
    serde_json::to_vec(value).map_err(Status::internal)
}

/// C-06-10.
const fn type_of(kind: &WatchEventKind) -> &'static str {
    match kind {
        WatchEventKind::Added => "ADDED",
        WatchEventKind::Modified => "MODIFIED",
        WatchEventKind::Deleted => "DELETED",
        WatchEventKind::Bookmark { .. } => "BOOKMARK",
        WatchEventKind::Error(_) => "ERROR",
    }
}

/// The number that stands for one way to encode events: the same for all watches that are sent the same bytes.
fn encoding_id(api_version: &str, encoding: Encoding, transform: Option<Transform>) -> u32 {
    type Ids = HashMap<(String, Encoding, Option<Transform>), u32>;
    static IDS: LazyLock<Mutex<Ids>> = LazyLock::new(Mutex::default);
    let mut ids = IDS.lock().unwrap_or_else(PoisonError::into_inner);
    let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    *ids.entry((api_version.to_owned(), encoding, transform)).or_insert(next)
}
