//! PriorityLevelConfiguration: what is special about it.

use crate::Strategy;

/// The strategy of PriorityLevelConfiguration.
#[derive(Debug)]
pub struct PriorityLevelConfiguration;

impl Strategy for PriorityLevelConfiguration {}
