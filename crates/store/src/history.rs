//! The changes of a view as one sequence.

use crate::{Event, Kind, Revision, Snapshot};
use std::sync::Arc;

/// Consecutive changes of one kind in one view.
#[derive(Debug)]
pub struct Events<T> {
    /// The changes in order of revision.
    pub events: Vec<Arc<Event<T>>>,
    /// The sequence is complete up to here; ask for what comes after this next.
    pub upto: Revision,
}

/// Some of the changes asked for are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too old: the kept history begins after revision {floor}")]
pub struct TooOld {
    /// The least revision after which all changes are known.
    pub floor: Revision,
}

pub(crate) fn events<T>(snapshot: &Snapshot<T>, kind: Kind, after: Revision, max: usize) -> Result<Events<T>, TooOld> {
    let floor = snapshot.floor(kind);
    if after < floor {
        return Err(TooOld { floor });
    }
    let mut events = Vec::new();
    if snapshot.below.is_empty() {
        events.extend(snapshot.top.events_after(kind, after).take(max).cloned());
    } else {
        merge(snapshot, kind, after, max, &mut events);
    }
    let upto = match events.last() {
        Some(last) if events.len() == max => last.revision,
        _ => snapshot.revision.max(after),
    };
    Ok(Events { events, upto })
}

/// Merges the logs of the layers by revision, leaving out what layers above hid at the time.
fn merge<T>(snapshot: &Snapshot<T>, kind: Kind, after: Revision, max: usize, out: &mut Vec<Arc<Event<T>>>) {
    let mut logs: Vec<_> = snapshot.layers().map(|l| l.events_after(kind, after).peekable()).collect();
    while out.len() < max {
        let next = logs.iter_mut().enumerate().filter_map(|(depth, log)| Some((log.peek()?.revision, depth))).min();
        let Some((_, depth)) = next else { return };
        let event = logs.get_mut(depth).and_then(Iterator::next);
        out.extend(event.filter(|e| snapshot.shows(depth, kind, e)).cloned());
    }
}
