//! ResourceClaimTemplate: what is special about it.

use crate::Strategy;

/// The strategy of ResourceClaimTemplate.
#[derive(Debug)]
pub struct ResourceClaimTemplate;

impl Strategy for ResourceClaimTemplate {}
