//! When bookmarks are due.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep, sleep_until};

/// A bookmark is sent this long before the end of a watch, so that the next one starts close to now.
const BEFORE_END: Duration = Duration::from_secs(2);

/// Times the bookmarks of one watch: one an interval, and one shortly before its end (C-06-13).
pub(crate) struct BookmarkTimer {
    interval: Duration,
    end: Option<Instant>,
    next: Option<Pin<Box<Sleep>>>,
}

impl BookmarkTimer {
    pub fn new(interval: Duration, end: Option<Instant>) -> Self {
        let mut timer = Self { interval, end, next: None };
        timer.schedule();
        timer
    }

    fn schedule(&mut self) {
        let now = Instant::now();
        let regular = now + self.interval;
        let at = match self.end {
            Some(end) => regular.min(end.checked_sub(BEFORE_END).unwrap_or(now)),
            None => regular,
        };
        self.next = (at > now).then(|| Box::pin(sleep_until(at)));
    }

    /// Ready when a bookmark is due; the next one is then scheduled.
    pub fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(sleep) = &mut self.next else { return Poll::Pending };
        std::task::ready!(sleep.as_mut().poll(cx));
        self.schedule();
        Poll::Ready(())
    }
}
