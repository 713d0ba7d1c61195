//! Endpoints: what is special about it.

use crate::Strategy;

/// The strategy of Endpoints.
#[derive(Debug)]
pub struct Endpoints;

impl Strategy for Endpoints {}
