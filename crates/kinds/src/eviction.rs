//! Eviction: what is special about it.

use crate::Strategy;

/// The strategy of Eviction.
#[derive(Debug)]
pub struct Eviction;

impl Strategy for Eviction {}
