//! PodCertificateRequest: what is special about it.

use crate::Strategy;

/// The strategy of PodCertificateRequest.
#[derive(Debug)]
pub struct PodCertificateRequest;

impl Strategy for PodCertificateRequest {}
