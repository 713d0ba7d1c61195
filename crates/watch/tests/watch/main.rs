//! Watches of pods in a store.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod pods;
mod replay;
mod watcher;
