//! IngressClass: what is special about it.

use crate::Strategy;

/// The strategy of IngressClass.
#[derive(Debug)]
pub struct IngressClass;

impl Strategy for IngressClass {}
