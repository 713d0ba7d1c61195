//! TokenReview: whose token is this? The answer, and the refusal of an empty token, are not made here.

use crate::{NameRule, Strategy, Traits};

/// The strategy of TokenReview.
#[derive(Debug)]
pub struct TokenReview;

impl Strategy for TokenReview {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::PathSegment, ..Traits::DEFAULT }
    }
}
