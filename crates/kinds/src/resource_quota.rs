//! ResourceQuota: what is special about it.

use crate::Strategy;

/// The strategy of ResourceQuota.
#[derive(Debug)]
pub struct ResourceQuota;

impl Strategy for ResourceQuota {}
