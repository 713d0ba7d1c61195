//! Pod: what is special about it.

use crate::Strategy;

/// The strategy of Pod.
#[derive(Debug)]
pub struct Pod;

impl Strategy for Pod {}
