//! The admission plugins that kube-apiserver runs by default, one file a plugin.
//!
//! A [`Plugin`] sees one request and may change its object ([`Plugin::admit`]) or refuse it. It looks other objects up
//! through [`Cluster`] and knows nothing of stores or of how requests arrive. Webhooks are the plugins that wait for others
//! ([`AsyncPlugin`]); all other answers come at once.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod aggregate;
mod attributes;
mod certificate_subject_restriction;
mod chain;
mod default_class;
mod default_ingress_class;
mod default_storage_class;
mod default_toleration_seconds;
mod extension;
mod limit_ranger;
mod namespace_lifecycle;
mod node_declared_feature_validator;
mod persistent_volume_claim_resize;
mod plugins;
mod pod_resize_validator;
mod pod_resources;
mod pod_security;
mod pod_topology_labels;
mod policy;
mod priority;
mod resource_list;
mod resource_quota;
mod runtime_class;
mod service_account;
mod signer;
mod storage_object_in_use_protection;
mod taint_nodes_by_condition;
#[cfg(test)]
mod testing;
mod toleration;
mod webhook;

pub use attributes::{Attributes, Cluster, Operation};
pub use chain::{AsyncPlugin, Chain, Plugin, PluginError, Verdict};
pub use extension::Reinvocation;
pub use minkapi_cel::{Authorizer, Decision, Question};
pub use webhook::{Endpoint, post};
