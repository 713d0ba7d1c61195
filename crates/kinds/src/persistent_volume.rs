//! PersistentVolume: what is special about it.

use crate::Strategy;

/// The strategy of PersistentVolume.
#[derive(Debug)]
pub struct PersistentVolume;

impl Strategy for PersistentVolume {}
