//! Service: what is special about it.

use crate::Strategy;

/// The strategy of Service.
#[derive(Debug)]
pub struct Service;

impl Strategy for Service {}
