//! SelfSubjectReview: what is special about it.

use crate::Strategy;

/// The strategy of SelfSubjectReview.
#[derive(Debug)]
pub struct SelfSubjectReview;

impl Strategy for SelfSubjectReview {}
