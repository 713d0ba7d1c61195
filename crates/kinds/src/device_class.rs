//! DeviceClass: what is special about it.

use crate::Strategy;

/// The strategy of DeviceClass.
#[derive(Debug)]
pub struct DeviceClass;

impl Strategy for DeviceClass {}
