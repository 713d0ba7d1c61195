//! IPAddress: what is special about it.

use crate::Strategy;

/// The strategy of IPAddress.
#[derive(Debug)]
pub struct IPAddress;

impl Strategy for IPAddress {}
