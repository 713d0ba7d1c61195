//! SelfSubjectReview: who am I? The answer is not made here.

use crate::{NameRule, Strategy, Traits};

/// The strategy of SelfSubjectReview.
#[derive(Debug)]
pub struct SelfSubjectReview;

impl Strategy for SelfSubjectReview {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::PathSegment, ..Traits::DEFAULT }
    }
}
