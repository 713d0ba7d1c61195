//! Ingresses that name no class get the default one.

use crate::{Attributes, Cluster, Plugin, default_class::newest_default};
use minkapi_object::Status;

const MARKS: &[&str] = &["ingressclass.kubernetes.io/is-default-class"];

/// Where ingresses named their class before `spec.ingressClassName`.
const OLD_CLASS: &str = "kubernetes.io/ingress.class";

#[derive(Debug)]
pub(crate) struct DefaultIngressClass;

impl Plugin for DefaultIngressClass {
    fn name(&self) -> &'static str {
        "DefaultIngressClass"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if !attributes.creates("networking.k8s.io", "ingresses") {
            return Ok(());
        }
        let ingress = &mut *attributes.object;
        if !ingress["metadata"]["annotations"][OLD_CLASS].is_null() || !ingress["spec"]["ingressClassName"].is_null() {
            return Ok(());
        }
        if let Some(name) = newest_default(cluster, "ingressclasses.networking.k8s.io", MARKS) {
            ingress["spec"]["ingressClassName"] = name.into();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::{Value, json};

    fn admitted(meta: Value) -> Value {
        let class = json!({"metadata": {"name": "nginx", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}});
        let cluster = FakeCluster::with("ingressclasses.networking.k8s.io", class);
        let mut request = Request::create("networking.k8s.io", "v1", "Ingress", json!({"metadata": meta, "spec": {}}));
        request.admit(&DefaultIngressClass, &cluster).unwrap();
        request.object["spec"]["ingressClassName"].take()
    }

    #[test]
    fn an_ingress_without_class_gets_the_default_one() {
        assert_eq!(admitted(json!({"namespace": "x"})), "nginx");
        assert_eq!(admitted(json!({"namespace": "x", "annotations": {OLD_CLASS: "other"}})), Value::Null);
    }
}
