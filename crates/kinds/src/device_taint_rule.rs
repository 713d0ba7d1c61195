//! DeviceTaintRule: what is special about it.

use crate::Strategy;

/// The strategy of DeviceTaintRule.
#[derive(Debug)]
pub struct DeviceTaintRule;

impl Strategy for DeviceTaintRule {}
