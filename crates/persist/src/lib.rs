//! Keeps the state of a store in a directory: a write-ahead log with group commit, and snapshots.
//!
//! [`DataDir::open`] makes a store of what is in the directory and keeps it up to date from then on. A change is kept once
//! [`minkapi_store::Store::settled`] has resolved after it: then neither the end of the process at any point nor, with
//! [`Fsync::Always`], that of the machine loses it. The formats are described in `docs/persistence.md`.
//!
//! This crate knows stored objects and nothing of what they mean.

mod data_dir;
mod decode;
mod encode;
mod error;
mod file;
mod frame;
mod log;
mod read_log;
mod signing_key;
mod snapshot;

pub use data_dir::{DataDir, Options, Stats, read_dir, write_dir};
pub use error::PersistError;
pub use log::Fsync;
pub use minkapi_store::Options as StoreOptions;
pub use signing_key::read_signing_key;
pub use snapshot::{read_snapshot, write_snapshot};

#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct ReadmeExamples;
