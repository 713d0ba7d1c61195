//! ResourceClaim: what is special about it.

use crate::Strategy;

/// The strategy of ResourceClaim.
#[derive(Debug)]
pub struct ResourceClaim;

impl Strategy for ResourceClaim {}
