//! FlowSchema: what is special about it.

use crate::Strategy;

/// The strategy of FlowSchema.
#[derive(Debug)]
pub struct FlowSchema;

impl Strategy for FlowSchema {}
