//! Who may approve, sign or attest for a signer: three plugins that ask the authorizer.

use crate::{Attributes, Cluster, Operation, Plugin};
use minkapi_authorization::{Attributes as Wanted, Subject};
use minkapi_object::Status;
use minkapi_schema::field::quoted;
use serde_json::Value;

const GROUP: &str = "certificates.k8s.io";
const REQUESTS: &str = "certificatesigningrequests";

/// Whoever approves a CertificateSigningRequest must have the right to for its signer.
#[derive(Debug)]
pub(crate) struct CertificateApproval;

/// Whoever writes the certificate of a CertificateSigningRequest must have the right to sign for its signer.
#[derive(Debug)]
pub(crate) struct CertificateSigning;

/// Whoever writes a ClusterTrustBundle of a signer must have the right to attest for it.
#[derive(Debug)]
pub(crate) struct ClusterTrustBundleAttest;

impl Plugin for CertificateApproval {
    fn name(&self) -> &'static str {
        "CertificateApproval"
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        // The signer is that of the request as it is, whatever the new one says.
        let Some(old) = changed_request(attributes, "approval") else { return Ok(()) };
        ask(attributes, cluster, "approve", signer(old), "approve requests with signerName")
    }
}

impl Plugin for CertificateSigning {
    fn name(&self) -> &'static str {
        "CertificateSigning"
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let Some(old) = changed_request(attributes, "status") else { return Ok(()) };
        let same = |key: &str| without_empty(&attributes.object["status"][key]) == without_empty(&old["status"][key]);
        if same("certificate") && same("conditions") {
            return Ok(());
        }
        ask(attributes, cluster, "sign", signer(old), "sign requests with signerName")
    }
}

impl Plugin for ClusterTrustBundleAttest {
    fn name(&self) -> &'static str {
        "ClusterTrustBundleAttest"
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let writes = matches!(attributes.operation, Operation::Create | Operation::Update);
        if !writes || !attributes.is_resource(GROUP, "clustertrustbundles") || signer(attributes.object).is_empty() {
            return Ok(());
        }
        if attributes.old.is_some_and(|old| old["spec"] == attributes.object["spec"] && same_labels(old, attributes.object)) {
            return Ok(());
        }
        ask(attributes, cluster, "attest", signer(attributes.object), "attest for signerName")
    }
}

/// The CertificateSigningRequest as it is, when this subresource of it is changed.
fn changed_request<'a>(attributes: &Attributes<'a>, subresource: &str) -> Option<&'a Value> {
    let changes = attributes.operation == Operation::Update && attributes.subresource == subresource;
    attributes.old.filter(|_| changes && attributes.is_resource(GROUP, REQUESTS))
}

fn signer(object: &Value) -> &str {
    object["spec"]["signerName"].as_str().unwrap_or_default()
}

fn without_empty(value: &Value) -> Option<&Value> {
    Some(value).filter(|value| !value.is_null() && !value.as_array().is_some_and(Vec::is_empty) && *value != "")
}

fn same_labels(old: &Value, new: &Value) -> bool {
    ["labels", "annotations"].iter().all(|key| old["metadata"][key] == new["metadata"][key])
}

/// The right may be for the signer, or for all of its domain.
fn ask(attributes: &Attributes<'_>, cluster: &dyn Cluster, verb: &str, signer: &str, to: &str) -> Result<(), Status> {
    let subject = Subject { name: attributes.user, groups: attributes.groups };
    let domain = format!("{}/*", signer.split('/').next().unwrap_or_default());
    let may = |name: &str| cluster.allows(&subject, &Wanted { verb, group: GROUP, resource: "signers", name, ..Wanted::default() });
    if may(signer) || may(&domain) {
        return Ok(());
    }
    Err(attributes.forbidden(format!("user not permitted to {to} {}", quoted(signer))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::json;

    fn granted(name: &str) -> FakeCluster {
        FakeCluster::with("grants", json!({"metadata": {"name": name}}))
    }

    fn request(subresource: &str, new: Value) -> Request {
        let spec = json!({"signerName": "acme.io/own"});
        let mut request =
            Request::create(GROUP, "v1", "CertificateSigningRequest", json!({"metadata": {"name": "a"}, "spec": spec, "status": new}));
        request.operation = Operation::Update;
        request.subresource = subresource.to_owned();
        request.old = Some(json!({"metadata": {"name": "a"}, "spec": spec}));
        request
    }

    #[test]
    fn approving_and_signing_need_a_right_for_the_signer_or_its_domain() {
        let approve = |cluster: &FakeCluster| request("approval", Value::Null).validate(&CertificateApproval, cluster);
        let refused = approve(&granted("approve:other.io/*")).unwrap_err();
        assert_eq!(
            refused.message,
            "certificatesigningrequests.certificates.k8s.io \"a\" is forbidden: user not permitted to approve requests with signerName \"acme.io/own\""
        );
        approve(&granted("approve:acme.io/own")).unwrap();
        approve(&granted("approve:acme.io/*")).unwrap();
        let sign = |status: Value| request("status", status).validate(&CertificateSigning, &granted("approve:acme.io/own"));
        assert_eq!(sign(json!({"certificate": "x"})).unwrap_err().code, 403);
        sign(json!({"conditions": []})).unwrap();
    }

    #[test]
    fn a_bundle_of_a_signer_needs_a_right_to_attest_and_one_of_nobody_none() {
        let write = |signer: &str| {
            let spec = json!({"signerName": signer, "trustBundle": "x"});
            let mut request = Request::create(GROUP, "v1", "ClusterTrustBundle", json!({"metadata": {"name": "b"}, "spec": spec}));
            request.validate(&ClusterTrustBundleAttest, &granted("attest:acme.io/own")).map_err(|status| status.message)
        };
        write("acme.io/own").unwrap();
        write("").unwrap();
        assert!(write("acme.io/other").unwrap_err().ends_with("user not permitted to attest for signerName \"acme.io/other\""));
    }
}
