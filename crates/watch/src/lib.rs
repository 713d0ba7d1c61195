//! Watch: a cursor over the history of a store, as Kubernetes watch events (chapter 6 of the API contract).
//!
//! The store remembers what changed; a [`Watcher`] walks along that and tells what each change means to one who selects
//! by namespace, name, labels and fields. It pulls, so it costs the writers nothing but a wake-up, and what is derived
//! from a change (the last state of a deleted object, an encoded frame) is derived once for all watchers.
//!
//! This crate knows nothing of HTTP: how events are framed and encoded is the business of who serves them.

mod bookmarks;
mod convert;
mod event;
mod options;
mod selector;
mod watcher;

pub use convert::{Convert, Converting};
pub use event::{WatchEvent, WatchEventKind};
pub use options::{Start, WatchOptions};
pub use selector::{FieldMatcher, Selector};
pub use watcher::Watcher;

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeExamples;
