//! A watch of one kind in one view, without the protocol of Kubernetes around it.

use crate::{Changed, Event, Kind, MatchCriteria, Resource, Revision, TooOld, Transition, View};
use futures_core::Stream;
use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};
use tokio::sync::{Notify, futures::OwnedNotified};

const BATCH: usize = 128;

/// A change of an object that matches.
#[derive(Debug, Clone)]
pub struct ResourceEvent<T> {
    /// What has happened.
    pub transition: Transition,
    /// The object; of a deleted one the last state under the revision of the deletion.
    pub object: Arc<T>,
}

/// The end of all watches of a store, before it has come and after.
#[derive(Default)]
pub(crate) struct Closing {
    closed: AtomicBool,
    notify: Arc<Notify>,
}

impl Closing {
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
    }
}

/// A stream of changes; ends when the view is removed or the store closed, and after an error.
pub struct ResourceWatch<T> {
    view: View<T>,
    kind: Kind,
    criteria: MatchCriteria,
    closing: Arc<Closing>,
    closed: Pin<Box<OwnedNotified>>,
    /// The objects that were there at the start and are still to be told.
    initial: VecDeque<Arc<T>>,
    batch: VecDeque<Arc<Event<T>>>,
    taken: Revision,
    changed: Option<Changed>,
    ended: bool,
}

impl<T: Resource> ResourceWatch<T> {
    pub(crate) fn new(view: View<T>, kind: Kind, start: Revision, criteria: MatchCriteria, closing: Arc<Closing>) -> Self {
        let (mut initial, mut taken) = (VecDeque::new(), start);
        if start == 0 {
            let state = view.snapshot();
            let objects = state.range(kind, criteria.namespace.as_deref(), None).map(|(_, object)| object);
            initial.extend(objects.filter(|o| criteria.matches(&***o)).cloned());
            taken = state.revision();
        }
        let closed = Box::pin(closing.notify.clone().notified_owned());
        Self { view, kind, criteria, closing, closed, initial, batch: VecDeque::new(), taken, changed: None, ended: false }
    }

    /// The next change; none when the watch has ended. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<ResourceEvent<T>, TooOld>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ResourceEvent<T>, TooOld>>> {
        if self.ended || self.closing.closed.load(Ordering::SeqCst) || self.closed.as_mut().poll(cx).is_ready() {
            self.ended = true;
            return Poll::Ready(None);
        }
        if let Some(object) = self.initial.pop_front() {
            return Poll::Ready(Some(Ok(ResourceEvent { transition: Transition::Added, object })));
        }
        loop {
            while let Some(event) = self.batch.pop_front() {
                if !self.criteria.covers(&event.key) {
                    continue;
                }
                if let Some((transition, object)) = event.transition(|o| self.criteria.label_selector.matches(o.labels())) {
                    return Poll::Ready(Some(Ok(ResourceEvent { transition, object: object.clone() })));
                }
            }
            if let Some(changed) = &mut self.changed {
                std::task::ready!(Pin::new(changed).poll(cx));
            }
            self.changed = Some(self.view.changed(self.kind));
            let view_closed = self.view.is_closed();
            match self.view.events(self.kind, self.taken, BATCH) {
                Ok(events) => {
                    // After a full batch there may be more at once, and of a view that is gone nobody will tell.
                    if events.events.len() == BATCH || view_closed {
                        self.changed = None;
                    }
                    self.ended = view_closed && events.events.is_empty();
                    (self.taken, self.batch) = (events.upto, events.events.into());
                }
                Err(too_old) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(too_old)));
                }
            }
            if self.ended {
                return Poll::Ready(None);
            }
        }
    }
}

impl<T: Resource> Stream for ResourceWatch<T> {
    type Item = Result<ResourceEvent<T>, TooOld>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(cx)
    }
}
