//! Waiting for changes without polling.

use crate::Kind;
use parking_lot::RwLock;
use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::{Notify, futures::OwnedNotified};

/// Where those wait who follow one view, by kind: a change wakes nobody who follows another kind.
#[derive(Default)]
pub(crate) struct Wakes {
    kinds: RwLock<HashMap<Kind, Arc<Notify>>>,
}

impl Wakes {
    fn of(&self, kind: Kind) -> Arc<Notify> {
        if let Some(notify) = self.kinds.read().get(&kind) {
            return notify.clone();
        }
        self.kinds.write().entry(kind).or_default().clone()
    }

    /// Wakes all who wait for a change of `kind`.
    pub fn wake(&self, kind: Kind) {
        if let Some(notify) = self.kinds.read().get(&kind) {
            notify.notify_waiters();
        }
    }

    /// Wakes all who wait for anything.
    pub fn wake_all(&self) {
        for notify in self.kinds.read().values() {
            notify.notify_waiters();
        }
    }
}

/// Resolves after the first change of one kind in a view, or in a live ancestor, that is made after this was created;
/// and when the view is removed or reset.
///
/// It may resolve for a change that the view does not show. Cancel safe: create it, then look, then wait.
#[must_use = "futures do nothing unless polled"]
pub struct Changed {
    waits: Vec<Pin<Box<OwnedNotified>>>,
}

impl Changed {
    pub(crate) fn new(wakes: &[Arc<Wakes>], kind: Kind) -> Self {
        // A `Notified` counts from its creation, not from its first poll.
        Self { waits: wakes.iter().map(|w| Box::pin(w.of(kind).notified_owned())).collect() }
    }
}

impl Future for Changed {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.waits.iter_mut().any(|w| w.as_mut().poll(cx).is_ready()) { Poll::Ready(()) } else { Poll::Pending }
    }
}
