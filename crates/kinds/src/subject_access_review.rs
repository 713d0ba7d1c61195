//! SubjectAccessReview: what is special about it.

use crate::Strategy;

/// The strategy of SubjectAccessReview.
#[derive(Debug)]
pub struct SubjectAccessReview;

impl Strategy for SubjectAccessReview {}
