//! NetworkPolicy: what is special about it.

use crate::Strategy;

/// The strategy of NetworkPolicy.
#[derive(Debug)]
pub struct NetworkPolicy;

impl Strategy for NetworkPolicy {}
