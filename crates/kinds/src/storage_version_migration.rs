//! StorageVersionMigration: what is special about it.

use crate::Strategy;

/// The strategy of StorageVersionMigration.
#[derive(Debug)]
pub struct StorageVersionMigration;

impl Strategy for StorageVersionMigration {}
