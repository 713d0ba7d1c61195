//! LimitRange: what is special about it.

use crate::Strategy;

/// The strategy of LimitRange.
#[derive(Debug)]
pub struct LimitRange;

impl Strategy for LimitRange {}
