//! The admission plugins that kube-apiserver runs by default, one file a plugin.
//!
//! A [`Plugin`] sees one request and may change its object ([`Plugin::admit`]) or refuse it. It looks other objects up
//! through [`Cluster`] and knows nothing of stores or HTTP.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod attributes;
mod chain;
mod default_toleration_seconds;
mod namespace_lifecycle;
mod plugins;
mod priority;
mod taint_nodes_by_condition;
#[cfg(test)]
mod testing;

pub use attributes::{Attributes, Cluster, Operation};
pub use chain::{Chain, Plugin, PluginError};
