//! Nobody becomes an administrator by a client certificate.

use crate::{Attributes, Cluster, Plugin};
use minkapi_object::Status;

const SIGNER: &str = "kubernetes.io/kube-apiserver-client";

#[derive(Debug)]
pub(crate) struct CertificateSubjectRestriction;

impl Plugin for CertificateSubjectRestriction {
    fn name(&self) -> &'static str {
        "CertificateSubjectRestriction"
    }

    fn validate(&self, attributes: &mut Attributes<'_>, _: &dyn Cluster) -> Result<(), Status> {
        let object = &*attributes.object;
        if !attributes.creates("certificates.k8s.io", "certificatesigningrequests") || object["spec"]["signerName"] != SIGNER {
            return Ok(());
        }
        // What does not parse was refused by the kind's validation.
        let subject = minkapi_kinds::certificate_request_subject(object);
        if subject.is_some_and(|subject| subject.organizations.iter().any(|group| group == "system:masters")) {
            return Err(attributes.forbidden(format!("use of {SIGNER} signer with system:masters group is not allowed")));
        }
        Ok(())
    }
}
