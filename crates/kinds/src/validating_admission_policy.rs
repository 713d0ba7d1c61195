//! ValidatingAdmissionPolicy: what is special about it.

use crate::Strategy;

/// The strategy of ValidatingAdmissionPolicy.
#[derive(Debug)]
pub struct ValidatingAdmissionPolicy;

impl Strategy for ValidatingAdmissionPolicy {}
