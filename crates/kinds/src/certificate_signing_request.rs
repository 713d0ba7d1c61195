//! CertificateSigningRequest: what is special about it.

use crate::Strategy;

/// The strategy of CertificateSigningRequest.
#[derive(Debug)]
pub struct CertificateSigningRequest;

impl Strategy for CertificateSigningRequest {}
