//! ValidatingWebhookConfiguration: what is special about it.

use crate::Strategy;

/// The strategy of ValidatingWebhookConfiguration.
#[derive(Debug)]
pub struct ValidatingWebhookConfiguration;

impl Strategy for ValidatingWebhookConfiguration {}
