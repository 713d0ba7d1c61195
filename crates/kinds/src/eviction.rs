//! Eviction: a pod is deleted if its disruption budgets allow it, which is decided elsewhere.

use crate::{NameRule, Strategy, Traits};

/// The strategy of Eviction.
#[derive(Debug)]
pub struct Eviction;

impl Strategy for Eviction {
    fn traits(&self) -> Traits {
        Traits { name: NameRule::PathSegment, ..Traits::DEFAULT }
    }
}
