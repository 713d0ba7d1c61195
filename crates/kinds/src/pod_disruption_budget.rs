//! PodDisruptionBudget: what is special about it.

use crate::Strategy;

/// The strategy of PodDisruptionBudget.
#[derive(Debug)]
pub struct PodDisruptionBudget;

impl Strategy for PodDisruptionBudget {}
