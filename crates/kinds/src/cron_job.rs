//! CronJob: what is special about it.

use crate::Strategy;

/// The strategy of CronJob.
#[derive(Debug)]
pub struct CronJob;

impl Strategy for CronJob {}
