//! PodTemplate: what is special about it.

use crate::Strategy;

/// The strategy of PodTemplate.
#[derive(Debug)]
pub struct PodTemplate;

impl Strategy for PodTemplate {}
