//! MutatingAdmissionPolicyBinding: what is special about it.

use crate::Strategy;

/// The strategy of MutatingAdmissionPolicyBinding.
#[derive(Debug)]
pub struct MutatingAdmissionPolicyBinding;

impl Strategy for MutatingAdmissionPolicyBinding {}
