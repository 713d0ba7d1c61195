//! Event: what is special about it.

use crate::Strategy;

/// The strategy of Event.
#[derive(Debug)]
pub struct Event;

impl Strategy for Event {}
