//! ReplicationController: what is special about it.

use crate::Strategy;

/// The strategy of ReplicationController.
#[derive(Debug)]
pub struct ReplicationController;

impl Strategy for ReplicationController {}
