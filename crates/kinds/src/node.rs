//! Node: what is special about it.

use crate::Strategy;

/// The strategy of Node.
#[derive(Debug)]
pub struct Node;

impl Strategy for Node {}
