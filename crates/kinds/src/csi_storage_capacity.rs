//! CSIStorageCapacity: what is special about it.

use crate::Strategy;

/// The strategy of CSIStorageCapacity.
#[derive(Debug)]
pub struct CSIStorageCapacity;

impl Strategy for CSIStorageCapacity {}
