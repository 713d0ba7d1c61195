//! Job: what is special about it.

use crate::Strategy;

/// The strategy of Job.
#[derive(Debug)]
pub struct Job;

impl Strategy for Job {}
