//! ServiceCIDR: what is special about it.

use crate::Strategy;

/// The strategy of ServiceCIDR.
#[derive(Debug)]
pub struct ServiceCIDR;

impl Strategy for ServiceCIDR {}
