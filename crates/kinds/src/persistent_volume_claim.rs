//! PersistentVolumeClaim: what is special about it.

use crate::Strategy;

/// The strategy of PersistentVolumeClaim.
#[derive(Debug)]
pub struct PersistentVolumeClaim;

impl Strategy for PersistentVolumeClaim {}
