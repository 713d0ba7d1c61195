//! ValidatingAdmissionPolicyBinding: what is special about it.

use crate::Strategy;

/// The strategy of ValidatingAdmissionPolicyBinding.
#[derive(Debug)]
pub struct ValidatingAdmissionPolicyBinding;

impl Strategy for ValidatingAdmissionPolicyBinding {}
