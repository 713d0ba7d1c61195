//! EndpointSlice: what is special about it.

use crate::Strategy;

/// The strategy of EndpointSlice.
#[derive(Debug)]
pub struct EndpointSlice;

impl Strategy for EndpointSlice {}
