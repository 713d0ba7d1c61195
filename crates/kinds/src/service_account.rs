//! ServiceAccount: what is special about it.

use crate::Strategy;

/// The strategy of ServiceAccount.
#[derive(Debug)]
pub struct ServiceAccount;

impl Strategy for ServiceAccount {}
