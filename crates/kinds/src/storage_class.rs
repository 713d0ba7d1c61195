//! StorageClass: what is special about it.

use crate::Strategy;

/// The strategy of StorageClass.
#[derive(Debug)]
pub struct StorageClass;

impl Strategy for StorageClass {}
