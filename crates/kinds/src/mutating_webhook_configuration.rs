//! MutatingWebhookConfiguration: what is special about it.

use crate::Strategy;

/// The strategy of MutatingWebhookConfiguration.
#[derive(Debug)]
pub struct MutatingWebhookConfiguration;

impl Strategy for MutatingWebhookConfiguration {}
