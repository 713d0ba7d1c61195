//! CustomResource: what is special about it.

use crate::Strategy;

/// The strategy of CustomResource.
#[derive(Debug)]
pub struct CustomResource;

impl Strategy for CustomResource {}
