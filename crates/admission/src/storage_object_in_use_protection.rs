//! Volumes, claims and volume attributes classes stay until nothing uses them (C-03-44).

use crate::{Attributes, Cluster, Plugin};
use minkapi_object::Status;

/// Group, resource and the finalizer that it gets.
const FINALIZERS: &[(&str, &str, &str)] = &[
    ("", "persistentvolumes", "kubernetes.io/pv-protection"),
    ("", "persistentvolumeclaims", "kubernetes.io/pvc-protection"),
    ("storage.k8s.io", "volumeattributesclasses", "kubernetes.io/vac-protection"),
];

#[derive(Debug)]
pub(crate) struct StorageObjectInUseProtection;

impl Plugin for StorageObjectInUseProtection {
    fn name(&self) -> &'static str {
        "StorageObjectInUseProtection"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, _: &dyn Cluster) -> Result<(), Status> {
        let row = FINALIZERS.iter().find(|(group, resource, _)| attributes.creates(group, resource));
        let Some((_, _, finalizer)) = row else { return Ok(()) };
        let finalizers = &mut attributes.object["metadata"]["finalizers"];
        let mut list = finalizers.as_array().cloned().unwrap_or_default();
        if !list.iter().any(|f| f == finalizer) {
            list.push((*finalizer).into());
        }
        *finalizers = list.into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::json;

    #[test]
    fn the_finalizer_is_added_once_behind_others() {
        let claim = json!({"metadata": {"name": "a", "namespace": "x", "finalizers": ["example.com/f"]}});
        let mut request = Request::create("", "v1", "PersistentVolumeClaim", claim);
        for _ in 0..2 {
            request.admit(&StorageObjectInUseProtection, &FakeCluster::default()).unwrap();
            assert_eq!(request.object["metadata"]["finalizers"], json!(["example.com/f", "kubernetes.io/pvc-protection"]));
        }
    }

    #[test]
    fn other_kinds_get_none() {
        let mut request = Request::create("", "v1", "ConfigMap", json!({"metadata": {"name": "a", "namespace": "x"}}));
        request.admit(&StorageObjectInUseProtection, &FakeCluster::default()).unwrap();
        assert!(request.object["metadata"]["finalizers"].is_null());
    }
}
