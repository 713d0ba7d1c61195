//! The bounded log of one kind's changes in one view.

use crate::{Event, Revision, Versioned};
use imbl::Vector;
use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

/// Events to a chunk. Bounds how many events are kept beyond the limits, since chunks are freed whole.
const CHUNK: u64 = 16;

/// Younger events than this many keep what was derived from them.
const RECENT: u64 = 256;

/// How much history is kept, for each kind in each view on its own: a kind that is written often does not shorten the
/// history of others (C-14-02).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub events: u64,
    pub bytes: u64,
}

type Chunk<T> = [OnceLock<Arc<Event<T>>>; CHUNK as usize];

/// An append-only log, cheap to clone. Clones share their chunks: the only one who appends (the store's writer) fills
/// slots that lie beyond the end of all earlier clones, so that these never see them.
pub(crate) struct Log<T> {
    chunks: Vector<Arc<Chunk<T>>>,
    /// Sequence number of the oldest event kept; its chunk is the first one.
    first: u64,
    /// Sequence number of the next event.
    next: u64,
    bytes: u64,
    floor: Revision,
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.clone(), ..*self }
    }
}

impl<T> Log<T> {
    /// A log that is complete from `floor` on.
    pub fn new(floor: Revision) -> Self {
        Self { chunks: Vector::new(), first: 0, next: 0, bytes: 0, floor }
    }

    /// All changes later than this revision are still here.
    pub const fn floor(&self) -> Revision {
        self.floor
    }

    /// The revision of the newest event; the floor when there is none.
    pub fn latest(&self) -> Revision {
        self.next.checked_sub(1).filter(|last| *last >= self.first).and_then(|last| self.get(last)).map_or(self.floor, |e| e.revision)
    }

    fn get(&self, sequence: u64) -> Option<&Arc<Event<T>>> {
        let chunk = usize::try_from(sequence / CHUNK - self.first / CHUNK).ok()?;
        let slot = usize::try_from(sequence % CHUNK).ok()?;
        self.chunks.get(chunk)?.get(slot)?.get()
    }

    /// Sequence numbers of the events later than `revision`.
    fn sequences_after(&self, revision: Revision) -> Range<u64> {
        // Most readers follow closely, so look at the newest event before searching.
        let (mut low, mut high) = (self.first, self.next);
        if high > low && self.get(high - 1).is_some_and(|e| e.revision <= revision) {
            low = high;
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).is_some_and(|e| e.revision <= revision) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low..self.next
    }

    /// The events later than `revision`, in order.
    pub fn after(&self, revision: Revision) -> impl DoubleEndedIterator<Item = &Arc<Event<T>>> {
        self.sequences_after(revision).filter_map(|s| self.get(s))
    }

    /// This log without the events later than `revision`. Nothing may be appended to it.
    pub fn until(&self, revision: Revision) -> Self {
        Self { next: self.sequences_after(revision).start, ..self.clone() }
    }
}

impl<T: Versioned> Log<T> {
    /// Appends an event and drops the oldest ones beyond the limits.
    pub fn push(&mut self, event: Arc<Event<T>>, limits: Limits) {
        let revision = event.revision;
        self.bytes += event.size() as u64;
        if self.next.is_multiple_of(CHUNK) {
            self.chunks.push_back(Arc::new(std::array::from_fn(|_| OnceLock::new())));
        }
        let slot = usize::try_from(self.next % CHUNK).ok();
        if let Some(slot) = slot.and_then(|s| self.chunks.last()?.get(s)) {
            let taken = slot.set(event).is_err();
            debug_assert!(!taken, "two writers appended to one log");
        }
        self.next += 1;
        if let Some(old) = (self.next - self.first).checked_sub(RECENT).and_then(|back| self.get(self.first + back)) {
            old.release();
        }
        while self.next - self.first > limits.events || (self.bytes > limits.bytes && self.first < self.next) {
            self.drop_oldest(revision);
        }
    }

    fn drop_oldest(&mut self, newest: Revision) {
        let (revision, size) = self.get(self.first).map_or((newest, 0), |e| (e.revision, e.size() as u64));
        self.floor = revision;
        self.bytes = self.bytes.saturating_sub(size);
        self.first += 1;
        if self.first.is_multiple_of(CHUNK) {
            self.chunks.pop_front();
        }
    }
}
