//! Secret: what is special about it.

use crate::Strategy;

/// The strategy of Secret.
#[derive(Debug)]
pub struct Secret;

impl Strategy for Secret {}
