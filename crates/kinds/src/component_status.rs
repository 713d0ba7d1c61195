//! ComponentStatus: what is special about it.

use crate::Strategy;

/// The strategy of ComponentStatus.
#[derive(Debug)]
pub struct ComponentStatus;

impl Strategy for ComponentStatus {}
