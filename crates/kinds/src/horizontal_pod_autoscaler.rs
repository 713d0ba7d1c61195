//! HorizontalPodAutoscaler: what is special about it.

use crate::Strategy;

/// The strategy of HorizontalPodAutoscaler.
#[derive(Debug)]
pub struct HorizontalPodAutoscaler;

impl Strategy for HorizontalPodAutoscaler {}
