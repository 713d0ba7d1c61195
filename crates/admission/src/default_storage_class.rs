//! Claims that name no storage class get the default one (C-03-44).

use crate::{Attributes, Cluster, Plugin, default_class::newest_default};
use minkapi_object::Status;

const MARKS: &[&str] = &["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

/// Where claims named their class before `spec.storageClassName`.
const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

#[derive(Debug)]
pub(crate) struct DefaultStorageClass;

impl Plugin for DefaultStorageClass {
    fn name(&self) -> &'static str {
        "DefaultStorageClass"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if !attributes.creates("", "persistentvolumeclaims") {
            return Ok(());
        }
        let claim = &mut *attributes.object;
        if !claim["metadata"]["annotations"][OLD_CLASS].is_null() || !claim["spec"]["storageClassName"].is_null() {
            return Ok(());
        }
        if let Some(name) = newest_default(cluster, "storageclasses.storage.k8s.io", MARKS) {
            claim["spec"]["storageClassName"] = name.into();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::{Value, json};

    fn class(name: &str, created: &str) -> Value {
        json!({"metadata": {"name": name, "creationTimestamp": created, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}})
    }

    fn admitted(spec: Value) -> Value {
        let classes = "storageclasses.storage.k8s.io";
        let cluster = FakeCluster::with(classes, class("a", "2026-01-01T00:00:00Z"))
            .and(classes, class("b", "2026-01-02T00:00:00Z"))
            .and(classes, class("c", "2026-01-02T00:00:00Z"));
        let mut request =
            Request::create("", "v1", "PersistentVolumeClaim", json!({"metadata": {"name": "x", "namespace": "x"}, "spec": spec}));
        request.admit(&DefaultStorageClass, &cluster).unwrap();
        request.object["spec"]["storageClassName"].take()
    }

    #[test]
    fn the_newest_default_class_is_taken() {
        assert_eq!(admitted(json!({})), "b");
    }

    #[test]
    fn an_empty_class_keeps_the_default_off() {
        assert_eq!(admitted(json!({"storageClassName": ""})), "");
    }
}
