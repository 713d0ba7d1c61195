//! MinKAPI to embed: an in-memory Kubernetes API server whose whole state forks in microseconds.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let server = minkapi::Server::launch(minkapi::Config::default()).await?;
//! println!("kubectl --kubeconfig {} get nodes", server.kubeconfig().display());
//!
//! let sandbox = server.create_view("what-if", &minkapi::CreateView::default())?;
//! sandbox.view.create_object(&serde_json::json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})).await?;
//! assert_eq!(server.base().nodes().len(), 0);
//!
//! server.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! A [`Server`] listens on a socket and keeps kubeconfig files; [`Views`] is the same without socket and files.
//! With the feature `kube`, `Server::client` and `Server::network_client` make a `kube::Client` for a view, in process
//! or over the network.

mod access;
#[cfg(feature = "kube")]
mod client;
mod config;
mod error;
mod files;
mod kubeconfig;
mod scheduler_config;
mod self_made;
mod server;

pub use access::{Access, AuthorizationMode};
#[cfg(feature = "kube")]
pub use client::ClientError;
pub use config::Config;
pub use error::{FileError, LaunchError, ShutdownError, ViewError};
pub use minkapi_admission as admission;
pub use minkapi_object::{FieldSelector, LabelSelector, Object, Status};
pub use minkapi_persist as persist;
pub use minkapi_schema::duration;
pub use minkapi_store::MatchCriteria;
pub use minkapi_view::{
    Amounts, ChangeKind, CreateView, DeleteOptions, EventSink, Imported, ListOptions, Merged, Mode, NodeUse, ObjectChange, PatchType,
    ResourceVersion, Summary, Uids, View, ViewDiff, Views,
};
pub use server::{Sandbox, Server};

/// This program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The Kubernetes version that it behaves as.
pub const KUBERNETES_VERSION: &str = minkapi_registry::KUBERNETES_VERSION;
