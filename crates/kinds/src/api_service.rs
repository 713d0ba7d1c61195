//! APIService: what is special about it.

use crate::Strategy;

/// The strategy of APIService.
#[derive(Debug)]
pub struct APIService;

impl Strategy for APIService {}
