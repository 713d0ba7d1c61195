//! ClusterTrustBundle: what is special about it.

use crate::Strategy;

/// The strategy of ClusterTrustBundle.
#[derive(Debug)]
pub struct ClusterTrustBundle;

impl Strategy for ClusterTrustBundle {}
