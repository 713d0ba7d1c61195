//! SelfSubjectRulesReview: what may I do in a namespace? The answer is not made here.

use crate::{NameRule, Strategy, Traits};

/// The strategy of SelfSubjectRulesReview.
#[derive(Debug)]
pub struct SelfSubjectRulesReview;

impl Strategy for SelfSubjectRulesReview {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::PathSegment, ..Traits::DEFAULT }
    }
}
