//! RoleBinding: what is special about it.

use crate::Strategy;

/// The strategy of RoleBinding.
#[derive(Debug)]
pub struct RoleBinding;

impl Strategy for RoleBinding {}
