//! ReplicaSet: what is special about it.

use crate::Strategy;

/// The strategy of ReplicaSet.
#[derive(Debug)]
pub struct ReplicaSet;

impl Strategy for ReplicaSet {}
