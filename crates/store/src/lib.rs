//! Versioned keyed store with snapshots, preconditions, bounded history and constant-time forks.
//!
//! The state of a whole server is one immutable value behind one pointer. A reader takes the pointer and has a
//! consistent [`Snapshot`]; a writer makes the next value, sharing all but the changed path with the last one, and swaps
//! the pointer. Forking, reading the past and comparing are then a matter of keeping an older pointer.
//!
//! The store knows nothing of HTTP, and of what it stores only what [`Versioned`] says.

mod commit;
mod commit_log;
mod event;
mod fork;
mod history;
mod image;
mod key;
mod kind;
mod layer;
mod log;
mod match_criteria;
mod overlay;
mod range;
mod replay;
mod resource;
mod resource_store;
mod resource_watch;
mod revision;
mod snapshot;
mod store;
mod view;
mod wake;
mod world;

pub use commit::{Change, ChangeFn, CommitAllError, CommitError, Committed, Expect, Op};
pub use commit_log::{ChangedObject, CommitLog, Forked, LayerCover, LayerEntry, LogFailed, Record, TakenOver, Undone};
pub use event::{Event, Transition};
pub use fork::{Fork, ForkError, Mode, RemoveError};
pub use history::{Events, TooOld};
pub use image::{Below, Image, ImagePart, ImageView, RestoreError, Restoring};
pub use key::Key;
pub use kind::Kind;
pub use match_criteria::MatchCriteria;
pub use overlay::{Difference, RewindError, Settled};
pub use range::Range;
pub use replay::ReplayError;
pub use resource::Resource;
pub use resource_store::{List, ResourceError, ResourceStore};
pub use resource_watch::{ResourceEvent, ResourceWatch};
pub use revision::{Counter, Revision, RevisionSource, Versioned};
pub use snapshot::{AtError, Snapshot};
pub use store::{BASE, Options, Store};
pub use view::{View, ViewGone};
pub use wake::Changed;
pub use world::Origin;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeExamples;
