//! Pod specs as Go declares them inside kube-apiserver, where fields have other names and another order than in JSON. They
//! show in errors that print a whole struct, and in the diff that tells what of a pod may not change.

mod container;
mod spec;
/// The sources of volumes, which persistent volumes share.
pub mod volume;

pub use container::{EPHEMERAL_CONTAINER, SECCOMP_PROFILE, SECURITY_CONTEXT};
pub use spec::{HOST_IP, NODE_SELECTOR_TERM, POD_IP, POD_RESOURCE_CLAIM, POD_SPEC};
pub use volume::CLUSTER_TRUST_BUNDLE_PROJECTION;
