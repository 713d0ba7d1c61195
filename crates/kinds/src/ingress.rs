//! Ingress: what is special about it.

use crate::Strategy;

/// The strategy of Ingress.
#[derive(Debug)]
pub struct Ingress;

impl Strategy for Ingress {}
