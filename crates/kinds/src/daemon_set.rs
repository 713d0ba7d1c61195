//! DaemonSet: what is special about it.

use crate::Strategy;

/// The strategy of DaemonSet.
#[derive(Debug)]
pub struct DaemonSet;

impl Strategy for DaemonSet {}
