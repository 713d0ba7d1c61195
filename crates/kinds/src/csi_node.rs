//! CSINode: what is special about it.

use crate::Strategy;

/// The strategy of CSINode.
#[derive(Debug)]
pub struct CSINode;

impl Strategy for CSINode {}
