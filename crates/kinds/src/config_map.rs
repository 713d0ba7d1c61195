//! ConfigMap: what is special about it.

use crate::Strategy;

/// The strategy of ConfigMap.
#[derive(Debug)]
pub struct ConfigMap;

impl Strategy for ConfigMap {}
