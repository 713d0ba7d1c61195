//! The admission plugins that kube-apiserver runs by default, one file a plugin.
//!
//! A [`Plugin`] sees one request and may change its object ([`Plugin::admit`]) or refuse it. It looks other objects up
//! through [`Cluster`] and knows nothing of stores or HTTP.

mod attributes;
mod chain;

pub use attributes::{Attributes, Cluster, Operation};
pub use chain::{Chain, Plugin, UnknownPlugin};
