//! ResourceSlice: what is special about it.

use crate::Strategy;

/// The strategy of ResourceSlice.
#[derive(Debug)]
pub struct ResourceSlice;

impl Strategy for ResourceSlice {}
