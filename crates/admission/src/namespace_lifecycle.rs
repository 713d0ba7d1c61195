//! Nothing is created in a namespace that is not there or is going (C-03-15, C-03-16), and some namespaces stay.

use crate::{Attributes, Cluster, Operation, Plugin};
use minkapi_object::{GroupResource, Status, StatusCause};
use serde::Deserialize;

/// Namespaces that cannot be deleted.
const PROTECTED: &[&str] = &["default", "kube-system", "kube-public"];

#[derive(Debug)]
pub(crate) struct NamespaceLifecycle;

impl Plugin for NamespaceLifecycle {
    fn name(&self) -> &'static str {
        "NamespaceLifecycle"
    }

    fn admit(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if attributes.operation == Operation::Create {
            return admit_creation(attributes, cluster);
        }
        if attributes.operation == Operation::Delete && attributes.is("", "namespaces") && PROTECTED.contains(&attributes.name) {
            return Err(attributes.forbidden("this namespace may not be deleted"));
        }
        Ok(())
    }
}

fn admit_creation(attributes: &Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
    let namespace = attributes.namespace;
    // Reviews tell nothing about namespaces to those who may not know them.
    let is_review = attributes.is_resource("authorization.k8s.io", "localsubjectaccessreviews");
    if namespace.is_empty() || is_review || attributes.is_resource("", "namespaces") {
        return Ok(());
    }
    let Some(found) = cluster.get("namespaces", "", namespace) else {
        return Err(Status::not_found(&GroupResource::new("", "namespaces"), namespace));
    };
    if !is_terminating(found.bytes()) {
        return Ok(());
    }
    let cause = StatusCause {
        reason: "NamespaceTerminating".to_owned(),
        message: format!("namespace {namespace} is being terminated"),
        field: "metadata.namespace".to_owned(),
    };
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    Err(attributes.forbidden(why).with_causes(vec![cause]))
}

/// Whether a namespace's phase is `Terminating`. Every creation asks, so nothing but the phase is read.
fn is_terminating(namespace: &[u8]) -> bool {
    #[derive(Default, Deserialize)]
    struct NamespaceStatus<'a> {
        #[serde(default, borrow)]
        phase: &'a str,
    }
    #[derive(Deserialize)]
    struct Namespace<'a> {
        #[serde(default, borrow)]
        status: NamespaceStatus<'a>,
    }
    serde_json::from_slice::<Namespace<'_>>(namespace).is_ok_and(|n| n.status.phase == "Terminating")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FakeCluster, Request};
    use serde_json::json;

    fn cluster(phase: &str) -> FakeCluster {
        FakeCluster::with("namespaces", json!({"metadata": {"name": "x"}, "status": {"phase": phase}}))
    }

    #[test]
    fn nothing_is_created_in_a_namespace_that_is_not_there() {
        let mut request = Request::create("", "v1", "Pod", json!({"metadata": {"name": "web", "namespace": "x"}}));
        let status = request.admit(&NamespaceLifecycle, &FakeCluster::default()).unwrap_err();
        assert_eq!((status.code, &*status.message), (404, "namespaces \"x\" not found"));
        request.admit(&NamespaceLifecycle, &cluster("Active")).unwrap();
    }

    #[test]
    fn a_terminating_namespace_takes_nothing_new_and_says_so_in_a_cause() {
        let mut request = Request::create("", "v1", "Pod", json!({"metadata": {"name": "web", "namespace": "x"}}));
        let status = request.admit(&NamespaceLifecycle, &cluster("Terminating")).unwrap_err();
        assert_eq!(status.message, "pods \"web\" is forbidden: unable to create new content in namespace x because it is being terminated");
        assert_eq!(status.details.unwrap().causes[0].reason, "NamespaceTerminating");
        request.operation = Operation::Update;
        request.admit(&NamespaceLifecycle, &cluster("Terminating")).unwrap();
    }

    #[test]
    fn access_reviews_do_not_tell_whether_a_namespace_exists() {
        let review = json!({"metadata": {"namespace": "x"}});
        let mut request = Request::create("authorization.k8s.io", "v1", "LocalSubjectAccessReview", review);
        request.admit(&NamespaceLifecycle, &FakeCluster::default()).unwrap();
    }

    #[test]
    fn the_namespaces_of_the_system_cannot_be_deleted() {
        for (name, kept) in [("default", true), ("kube-public", true), ("kube-system", true), ("kube-node-lease", false)] {
            let mut request = Request::create("", "v1", "Namespace", json!({"metadata": {"name": name}}));
            request.operation = Operation::Delete;
            let result = request.admit(&NamespaceLifecycle, &FakeCluster::default());
            assert_eq!(result.is_err(), kept, "{name}");
        }
    }
}
