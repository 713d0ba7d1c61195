//! CustomResourceDefinition: what is special about it.

use crate::Strategy;

/// The strategy of CustomResourceDefinition.
#[derive(Debug)]
pub struct CustomResourceDefinition;

impl Strategy for CustomResourceDefinition {}
