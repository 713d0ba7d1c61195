//! Binding: what is special about it.

use crate::Strategy;

/// The strategy of Binding.
#[derive(Debug)]
pub struct Binding;

impl Strategy for Binding {}
