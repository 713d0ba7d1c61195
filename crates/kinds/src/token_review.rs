//! TokenReview: what is special about it.

use crate::Strategy;

/// The strategy of TokenReview.
#[derive(Debug)]
pub struct TokenReview;

impl Strategy for TokenReview {}
