//! CSIDriver: what is special about it.

use crate::Strategy;

/// The strategy of CSIDriver.
#[derive(Debug)]
pub struct CSIDriver;

impl Strategy for CSIDriver {}
