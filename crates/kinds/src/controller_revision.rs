//! ControllerRevision: what is special about it.

use crate::Strategy;

/// The strategy of ControllerRevision.
#[derive(Debug)]
pub struct ControllerRevision;

impl Strategy for ControllerRevision {}
