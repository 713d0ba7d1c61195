//! VolumeAttachment: what is special about it.

use crate::Strategy;

/// The strategy of VolumeAttachment.
#[derive(Debug)]
pub struct VolumeAttachment;

impl Strategy for VolumeAttachment {}
