//! RuntimeClass: what is special about it.

use crate::Strategy;

/// The strategy of RuntimeClass.
#[derive(Debug)]
pub struct RuntimeClass;

impl Strategy for RuntimeClass {}
