//! Scale: what is special about it.

use crate::Strategy;

/// The strategy of Scale.
#[derive(Debug)]
pub struct Scale;

impl Strategy for Scale {}
