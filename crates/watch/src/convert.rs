//! Watches of objects that are not sent as they are stored, where making what is sent takes time.

use crate::{Selector, WatchEvent, WatchEventKind};
use minkapi_object::{Object, Status};
use minkapi_store::Event;
use std::{fmt, future::Future, pin::Pin, sync::Arc};

/// An object being converted.
pub type Converting = Pin<Box<dyn Future<Output = Result<Arc<Object>, Status>> + Send>>;

/// Makes of stored objects what a watcher selects from and is sent. An error ends the watch.
pub trait Convert: fmt::Debug + Send + Sync {
    /// Begins to convert an object.
    fn convert(self: Arc<Self>, object: Arc<Object>) -> Converting;
}

/// An event that waits for its objects; it comes to nothing when they are not selected.
pub(crate) type Awaited = Pin<Box<dyn Future<Output = Result<Option<WatchEvent>, Status>> + Send>>;

/// An object that was there when the watch began.
pub(crate) fn initial(convert: Arc<dyn Convert>, selector: Selector, object: Arc<Object>) -> Awaited {
    Box::pin(async move {
        let object = convert.convert(object).await?;
        Ok(selector.matches(&object).then(|| WatchEvent::initial(object)))
    })
}

/// A change.
pub(crate) fn change(convert: Arc<dyn Convert>, selector: Selector, event: Arc<Event<Object>>) -> Awaited {
    Box::pin(async move {
        let [old, new] = [&event.old, &event.new].map(Clone::clone);
        let old = selected(&convert, &selector, old).await?;
        let new = selected(&convert, &selector, new).await?;
        let (kind, object) = match (old, new) {
            (None, None) => return Ok(None),
            (None, Some(new)) => (WatchEventKind::Added, new),
            (Some(_), Some(new)) => (WatchEventKind::Modified, new),
            (Some(old), None) => (WatchEventKind::Deleted, Arc::new(old.with_resource_version(event.revision))),
        };
        Ok(Some(WatchEvent { kind, object: Some(object), revision: event.revision, source: None }))
    })
}

async fn selected(convert: &Arc<dyn Convert>, selector: &Selector, object: Option<Arc<Object>>) -> Result<Option<Arc<Object>>, Status> {
    let Some(object) = object else { return Ok(None) };
    let object = convert.clone().convert(object).await?;
    Ok(Some(object).filter(|object| selector.matches(object)))
}
