//! Only claims whose storage class allows it grow.

use crate::{Attributes, Cluster, Operation, Plugin, resource_list::ResourceList};
use minkapi_object::Status;
use minkapi_schema::quantity::Quantity;
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct PersistentVolumeClaimResize;

impl Plugin for PersistentVolumeClaimResize {
    fn name(&self) -> &'static str {
        "PersistentVolumeClaimResize"
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        let (Operation::Update, Some(old)) = (attributes.operation, attributes.old) else { return Ok(()) };
        let claim = &*attributes.object;
        if !attributes.is("", "persistentvolumeclaims") || size(claim) <= size(old) {
            return Ok(());
        }
        if old["status"]["phase"] != "Bound" {
            return Err(attributes.forbidden("Only bound persistent volume claims can be expanded"));
        }
        let class = class_of(claim);
        let grows = !class.is_empty()
            && class == class_of(old)
            && cluster.get("storageclasses.storage.k8s.io", "", class).is_some_and(|c| c.to_value()["allowVolumeExpansion"] == true);
        if grows {
            return Ok(());
        }
        Err(attributes
            .forbidden("only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"))
    }
}

fn size(claim: &Value) -> Quantity {
    ResourceList::read(&claim["spec"]["resources"]["requests"]).get("storage").cloned().unwrap_or(Quantity::ZERO)
}

/// The storage class that a claim names, by annotation or in its spec.
pub(crate) fn class_of(claim: &Value) -> &str {
    let annotated = claim["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"].as_str();
    annotated.or(claim["spec"]["storageClassName"].as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::json;

    fn claim(size: &str, phase: &str) -> Value {
        json!({
            "metadata": {"name": "data", "namespace": "x"},
            "spec": {"storageClassName": "std", "resources": {"requests": {"storage": size}}},
            "status": {"phase": phase}
        })
    }

    fn grow(phase: &str, expansion: bool) -> Result<(), Status> {
        let class = json!({"metadata": {"name": "std"}, "allowVolumeExpansion": expansion});
        let mut request = Request::create("", "v1", "PersistentVolumeClaim", claim("2Gi", phase));
        request.operation = Operation::Update;
        request.old = Some(claim("1Gi", phase));
        request.validate(&PersistentVolumeClaimResize, &FakeCluster::with("storageclasses.storage.k8s.io", class))
    }

    #[test]
    fn a_bound_claim_grows_where_its_class_allows_it() {
        grow("Bound", true).unwrap();
        assert!(grow("Bound", false).unwrap_err().message.contains("must support resize"));
        assert!(grow("Pending", true).unwrap_err().message.ends_with("Only bound persistent volume claims can be expanded"));
    }
}
