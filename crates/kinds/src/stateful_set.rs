//! StatefulSet: what is special about it.

use crate::Strategy;

/// The strategy of StatefulSet.
#[derive(Debug)]
pub struct StatefulSet;

impl Strategy for StatefulSet {}
