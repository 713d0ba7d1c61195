//! The verbs of the Kubernetes API over one view.
//!
//! [`Views`] is a whole server without a socket: the base view and its sandboxes over one store. A [`View`] has the
//! verbs, each one pipeline for every kind; what is special about a kind is asked of its
//! [`minkapi_kinds::Strategy`]. This crate knows nothing of HTTP: a request arrives as a [`Call`] with a target, a
//! caller and options, and leaves as an [`Outcome`] or a [`minkapi_object::Status`].

mod call;
mod catalog;
mod clock;
mod options;
mod outcome;

pub use call::{Body, Call, FieldValidation, Target, UserInfo, Warnings, WriteOptions};
pub use catalog::{Catalog, Served};
pub use clock::{Clock, IdSource, RandomIds, SystemClock};
pub use options::{DeleteOptions, ListOptions, PatchType, Propagation, ResourceVersion, ResourceVersionMatch};
pub use outcome::{Content, List, Outcome};
