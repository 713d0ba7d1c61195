//! TokenRequest: what is special about it.

use crate::Strategy;

/// The strategy of TokenRequest.
#[derive(Debug)]
pub struct TokenRequest;

impl Strategy for TokenRequest {}
