//! The objects that the measurements create.

use serde_json::{Value, json};

/// The namespace they live in.
pub const NAMESPACE: &str = "bench";

/// How many different values the label `slice` has, and how many nodes the pods run on.
pub const SLICES: u64 = 100;

/// A pod as a Deployment's controller makes it; stored with defaults and managed fields it has about 3 KB.
pub fn pod(name: &str, number: u64) -> Value {
    let slice = (number % SLICES).to_string();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": NAMESPACE,
            "labels": {"app.kubernetes.io/name": "web", "pod-template-hash": "6d4cf56db6", "slice": slice},
            "annotations": {"prometheus.io/scrape": "true"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d4cf56db6",
                "uid": "0d2f6e5c-2b9f-4c9e-9d58-6f6a3f1f7a11", "controller": true, "blockOwnerDeletion": true}]
        },
        "spec": {
            "nodeName": format!("node-{slice}"),
            "containers": [{
                "name": "web", "image": "registry.example.org/team/web:1.4.2",
                "ports": [{"name": "http", "containerPort": 8080}],
                "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
                "volumeMounts": [{"name": "config", "mountPath": "/etc/web"}]
            }],
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
            "volumes": [{"name": "config", "configMap": {"name": "web"}}]
        }
    })
}

/// The body that creates a pod, made from a template that is encoded once.
#[derive(Debug, Clone)]
pub struct Template {
    parts: Vec<String>,
}

/// Stands for the name in the template.
const NAME: &str = "@name@";

impl Template {
    /// The pods of a slice.
    pub fn new(slice: u64) -> Self {
        Self { parts: pod(NAME, slice).to_string().split(NAME).map(str::to_owned).collect() }
    }

    /// The body of the pod of this name.
    pub fn body(&self, name: &str) -> Vec<u8> {
        self.parts.join(name).into_bytes()
    }
}
