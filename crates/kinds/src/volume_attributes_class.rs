//! VolumeAttributesClass: what is special about it.

use crate::Strategy;

/// The strategy of VolumeAttributesClass.
#[derive(Debug)]
pub struct VolumeAttributesClass;

impl Strategy for VolumeAttributesClass {}
