//! MutatingAdmissionPolicy: what is special about it.

use crate::Strategy;

/// The strategy of MutatingAdmissionPolicy.
#[derive(Debug)]
pub struct MutatingAdmissionPolicy;

impl Strategy for MutatingAdmissionPolicy {}
