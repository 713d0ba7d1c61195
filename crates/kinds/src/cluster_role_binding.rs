//! ClusterRoleBinding: what is special about it.

use crate::Strategy;

/// The strategy of ClusterRoleBinding.
#[derive(Debug)]
pub struct ClusterRoleBinding;

impl Strategy for ClusterRoleBinding {}
