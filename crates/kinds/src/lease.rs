//! Lease: what is special about it.

use crate::Strategy;

/// The strategy of Lease.
#[derive(Debug)]
pub struct Lease;

impl Strategy for Lease {}
