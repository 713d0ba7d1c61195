//! ClusterRole: what is special about it.

use crate::Strategy;

/// The strategy of ClusterRole.
#[derive(Debug)]
pub struct ClusterRole;

impl Strategy for ClusterRole {}
