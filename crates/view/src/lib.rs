//! The verbs of the Kubernetes API over one view.
//!
//! [`Views`] is a whole server without a socket: the base view and its sandboxes over one store. A [`View`] has the
//! verbs, each one pipeline for every kind; what is special about a kind is asked of its
//! [`minkapi_kinds::Strategy`]. This crate knows nothing of HTTP: a request arrives as a [`Call`] with a target, a
//! caller and options, and leaves as an [`Outcome`] or a [`minkapi_object::Status`].

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod admit;
mod bootstrap;
mod call;
mod catalog;
mod clock;
mod continue_token;
mod conversion;
mod crd;
mod create;
mod create_view;
mod decode;
mod delete;
mod delete_options;
mod diff;
mod event_sink;
mod fork;
mod form;
mod get;
mod hooks;
mod housekeeping;
mod import;
mod list;
mod managed_fields;
mod merge;
mod metadata;
mod objects;
mod openid;
mod options;
mod outcome;
mod patch;
mod restore;
mod sandboxes;
mod selection;
mod service_account_issuer;
mod service_account_tokens;
mod storage_key;
mod subresource;
mod summary;
mod type_meta;
mod update;
mod view;
mod view_files;
mod view_kind;
mod view_name;
mod views;
mod watch;

pub use call::{Body, Call, FieldValidation, Target, UserInfo, Warnings, WriteOptions};
pub use catalog::{Catalog, CatalogGroup, CatalogVersion, CustomServed, Served, StrategyRef};
pub use clock::{Clock, IdSource, RandomIds, SystemClock};
pub use conversion::Conversions;
pub use create_view::{CreateView, mode_name, mode_of};
pub use delete_options::{DeleteOptions, Propagation, is_dry_run};
pub use diff::{ChangeKind, ObjectChange, ViewDiff};
pub use event_sink::EventSink;
pub use import::{Imported, Uids};
pub use merge::Merged;
pub use minkapi_store::Mode;
pub use openid::{JsonWebKeySet, OpenIdConfiguration};
pub use options::{ListOptions, PatchType, ResourceVersion, ResourceVersionMatch};
pub use outcome::{Content, List, Outcome};
pub use service_account_issuer::{KeyError, ServiceAccountIssuer};
pub use summary::{Amounts, NodeUse, Summary};
pub use view::View;
pub use view_files::ViewFiles;
pub use views::{Config, Views};
