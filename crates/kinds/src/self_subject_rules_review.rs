//! SelfSubjectRulesReview: what is special about it.

use crate::Strategy;

/// The strategy of SelfSubjectRulesReview.
#[derive(Debug)]
pub struct SelfSubjectRulesReview;

impl Strategy for SelfSubjectRulesReview {}
