//! Deployment: what is special about it.

use crate::Strategy;

/// The strategy of Deployment.
#[derive(Debug)]
pub struct Deployment;

impl Strategy for Deployment {}
