//! Role: what is special about it.

use crate::Strategy;

/// The strategy of Role.
#[derive(Debug)]
pub struct Role;

impl Strategy for Role {}
