//! Namespace: what is special about it.

use crate::Strategy;

/// The strategy of Namespace.
#[derive(Debug)]
pub struct Namespace;

impl Strategy for Namespace {}
