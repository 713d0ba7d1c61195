//! A cursor over the changes of one kind in one view.

use crate::{
    Convert, Selector, Start, WatchEvent, WatchOptions,
    bookmarks::BookmarkTimer,
    convert::{self, Awaited},
};
use futures_core::Stream;
use minkapi_object::{Object, Status};
use minkapi_store::{Changed, Event, Key, Kind, Revision, Snapshot, View};
use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};

/// Changes are taken from the history in batches of this size.
const BATCH: usize = 128;

/// How long a watch waits for a revision that is in the future, and how often it looks (C-06-23).
const FRESHNESS_WAIT: Duration = Duration::from_secs(3);
const FRESHNESS_CHECK: Duration = Duration::from_millis(20);

/// A watch of one kind in one view: a stream that pulls from the history. Nobody pushes to it, so one that is read
/// slowly costs nobody anything; when the history does not reach back to its place any more it ends with an error.
///
/// It ends at its timeout and when the view is removed, without an error.
///
/// # Cancel safety
/// The place in the history moves only when an event is handed out, so dropping the future of [`Self::next`] loses
/// nothing.
pub struct Watcher {
    view: View<Object>,
    kind: Kind,
    selector: Selector,
    phase: Phase,
    changes: Changes,
    bookmarks: Option<BookmarkTimer>,
    end: Option<Pin<Box<Sleep>>>,
    too_old_message: Option<&'static str>,
    convert: Option<Arc<dyn Convert>>,
    /// The next event, if its objects are being converted.
    awaited: Option<Awaited>,
}

enum Phase {
    /// The server is not yet at the revision that is asked for.
    Waiting {
        revision: Revision,
        marker: bool,
        until: Instant,
        check: Pin<Box<Sleep>>,
    },
    /// The current objects are sent: those taken, then those after the key.
    Initial {
        state: Snapshot<Object>,
        taken: VecDeque<Arc<Object>>,
        after: Option<Key>,
        marker: bool,
    },
    /// The changes are sent.
    Following,
    /// This is still to be told.
    Failed(Status),
    Ended,
}

/// Where a watch is in the history.
struct Changes {
    /// Taken from the history but not yet handed out.
    batch: VecDeque<Arc<Event<Object>>>,
    /// All changes up to here are in the batch or before it.
    taken: Revision,
    /// There may be more changes at once, since the last batch was full.
    more: bool,
    /// Registered before the last look at the history.
    changed: Option<Changed>,
    /// The newest change of the kind, selected or not.
    seen: Revision,
    /// Where the watch began.
    start: Revision,
}

impl Changes {
    const fn after(start: Revision) -> Self {
        Self { batch: VecDeque::new(), taken: start, more: true, changed: None, seen: start, start }
    }
}

impl Watcher {
    /// Starts a watch. Must be called in a tokio runtime with time, as it has timers.
    pub fn new(view: View<Object>, kind: Kind, options: WatchOptions) -> Self {
        let end = options.timeout.map(|timeout| Instant::now() + timeout);
        let state = view.snapshot();
        let (phase, start) = match options.start {
            Start::After(revision) => (Phase::Following, revision),
            Start::Now => (Phase::Following, state.revision()),
            Start::InitialState { not_older_than, marker } => {
                let revision = state.revision();
                let marker = marker && options.bookmarks;
                (Self::initial(state, not_older_than, marker), revision)
            }
        };
        Self {
            view,
            kind,
            selector: options.selector,
            phase,
            changes: Changes::after(start),
            bookmarks: options.bookmarks.then(|| BookmarkTimer::new(options.bookmark_interval, end)),
            end: end.map(|at| Box::pin(sleep_until(at))),
            too_old_message: options.too_old_message,
            convert: options.convert,
            awaited: None,
        }
    }

    fn initial(state: Snapshot<Object>, not_older_than: Revision, marker: bool) -> Phase {
        if state.revision() >= not_older_than {
            return Phase::Initial { state, taken: VecDeque::new(), after: None, marker };
        }
        let now = Instant::now();
        let check = Box::pin(sleep_until(now + FRESHNESS_CHECK));
        Phase::Waiting { revision: not_older_than, marker, until: now + FRESHNESS_WAIT, check }
    }

    /// The next event; none when the watch has ended.
    pub async fn next(&mut self) -> Option<WatchEvent> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        loop {
            if let Some(awaited) = &mut self.awaited {
                let event = std::task::ready!(awaited.as_mut().poll(cx));
                self.awaited = None;
                match event {
                    Ok(Some(event)) => return Poll::Ready(Some(event)),
                    Ok(None) => {}
                    Err(status) => self.phase = Phase::Failed(status),
                }
                continue;
            }
            match &mut self.phase {
                Phase::Ended => return Poll::Ready(None),
                Phase::Failed(status) => {
                    let event = WatchEvent::error(status.clone());
                    self.phase = Phase::Ended;
                    return Poll::Ready(Some(event));
                }
                Phase::Waiting { .. } => {
                    if self.timed_out(cx) || self.view.is_closed() {
                        self.phase = Phase::Ended;
                        continue;
                    }
                    std::task::ready!(self.poll_fresh(cx));
                }
                Phase::Initial { .. } => {
                    if let Some(event) = self.next_initial() {
                        return Poll::Ready(Some(event));
                    }
                }
                Phase::Following => {
                    let event = std::task::ready!(self.poll_change(cx));
                    if self.awaited.is_none() {
                        return Poll::Ready(event);
                    }
                }
            }
        }
    }

    /// Ready when the phase has changed from waiting to another.
    fn poll_fresh(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Phase::Waiting { revision, marker, until, check } = &mut self.phase else { return Poll::Ready(()) };
        loop {
            std::task::ready!(check.as_mut().poll(cx));
            let state = self.view.snapshot();
            if state.revision() >= *revision {
                self.changes = Changes::after(state.revision());
                self.phase = Self::initial(state, 0, *marker);
                return Poll::Ready(());
            }
            let now = Instant::now();
            if now >= *until {
                self.phase = Phase::Failed(Status::too_large_resource_version(*revision, state.revision()));
                return Poll::Ready(());
            }
            check.as_mut().reset(now + FRESHNESS_CHECK);
        }
    }

    /// The next of the current objects, and after the last one the marker. None when all were sent, or the next is
    /// awaited.
    fn next_initial(&mut self) -> Option<WatchEvent> {
        let Phase::Initial { state, taken, after, marker } = &mut self.phase else { return None };
        if taken.is_empty() {
            let selector = &self.selector;
            let rest = state.range(self.kind, selector.namespace.as_deref(), after.as_ref());
            let mut last = None;
            let converted = self.convert.is_some();
            let may_match = |o: &Object| if converted { selector.covers(&o.head().namespace, &o.head().name) } else { selector.matches(o) };
            for (key, object) in rest.filter(|(_, o)| may_match(o)).take(BATCH) {
                taken.push_back(object.clone());
                last = Some(key.clone());
            }
            *after = last;
        }
        if let Some(object) = taken.pop_front() {
            if let Some(convert) = &self.convert {
                self.awaited = Some(convert::initial(convert.clone(), self.selector.clone(), object));
                return None;
            }
            return Some(WatchEvent::initial(object));
        }
        let end = marker.then(|| WatchEvent::bookmark(state.revision(), true));
        self.phase = Phase::Following;
        end
    }

    /// The next change; nothing, at once, when it is awaited.
    fn poll_change(&mut self, cx: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        loop {
            while let Some(event) = self.changes.batch.pop_front() {
                self.changes.seen = event.revision;
                if let Some(convert) = &self.convert {
                    if self.selector.covers(event.key.namespace(), event.key.name()) {
                        self.awaited = Some(convert::change(convert.clone(), self.selector.clone(), event));
                        return Poll::Ready(None);
                    }
                    continue;
                }
                if let Some(event) = self.selector.translate(&event) {
                    return Poll::Ready(Some(event));
                }
            }
            if self.timed_out(cx) {
                self.phase = Phase::Ended;
                return Poll::Ready(None);
            }
            match self.poll_batch(cx) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => {
                    self.phase = Phase::Ended;
                    return Poll::Ready(None);
                }
                Poll::Ready(Err(status)) => {
                    self.phase = Phase::Ended;
                    return Poll::Ready(Some(WatchEvent::error(status)));
                }
                Poll::Pending => return self.poll_bookmark(cx).map(Some),
            }
        }
    }

    /// Takes the next changes from the history. False when there will be none any more.
    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Status>> {
        let changes = &mut self.changes;
        loop {
            if !changes.more {
                if let Some(changed) = &mut changes.changed {
                    std::task::ready!(Pin::new(changed).poll(cx));
                }
                // Registered before looking, so that a change made after the look is not missed.
                changes.changed = Some(self.view.changed(self.kind));
            }
            let closed = self.view.is_closed();
            let events = match self.view.events(self.kind, changes.taken, BATCH) {
                Ok(events) => events,
                Err(too_old) => {
                    let usual = || format!("too old resource version: {} ({})", changes.taken, too_old.floor);
                    let message = self.too_old_message.map_or_else(usual, str::to_owned);
                    return Poll::Ready(Err(Status::expired(message)));
                }
            };
            changes.taken = events.upto;
            // After a full batch there may be more at once, and of a view that is gone nobody will tell.
            changes.more = closed || events.events.len() == BATCH;
            if !events.events.is_empty() {
                changes.batch = events.events.into();
                return Poll::Ready(Ok(true));
            }
            if closed {
                return Poll::Ready(Ok(false));
            }
        }
    }

    /// A bookmark, if one is due and something newer than the start was seen (chapter 18 of the contract).
    fn poll_bookmark(&mut self, cx: &mut Context<'_>) -> Poll<WatchEvent> {
        let Some(timer) = &mut self.bookmarks else { return Poll::Pending };
        while timer.poll_due(cx).is_ready() {
            if self.changes.seen > self.changes.start {
                return Poll::Ready(WatchEvent::bookmark(self.changes.taken, false));
            }
        }
        Poll::Pending
    }

    fn timed_out(&mut self, cx: &mut Context<'_>) -> bool {
        self.end.as_mut().is_some_and(|end| end.as_mut().poll(cx).is_ready())
    }
}

impl Stream for Watcher {
    type Item = WatchEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        self.poll(cx)
    }
}
