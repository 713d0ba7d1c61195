//! PriorityClass: what is special about it.

use crate::Strategy;

/// The strategy of PriorityClass.
#[derive(Debug)]
pub struct PriorityClass;

impl Strategy for PriorityClass {}
