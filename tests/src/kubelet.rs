//! What kubelets would do for pods: run them at once, and let go of those that are being deleted.

use crate::Target;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Plays the kubelets of all nodes of a view until it is dropped.
#[derive(Debug)]
pub struct Kubelets {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Kubelets {
    /// Starts to run what is bound. Given a node, pods that are bound to none are bound to it, as a scheduler would.
    pub fn start(view: Target, bind_to: Option<&str>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let bind_to = bind_to.map(str::to_owned);
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                for pod in view.get("/api/v1/pods")["items"].as_array().into_iter().flatten() {
                    tend(&view, pod, bind_to.as_deref());
                }
                thread::sleep(Duration::from_millis(100));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Kubelets {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The next step for a pod. Refusals are other clients' doing: the next round sees what they did.
fn tend(view: &Target, pod: &Value, bind_to: Option<&str>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text(&pod["metadata"]["namespace"]), text(&pod["metadata"]["name"]));
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let bound = !pod["spec"]["nodeName"].is_null();
    if !pod["metadata"]["deletionTimestamp"].is_null() {
        if bound {
            view.call("DELETE", &format!("{path}?gracePeriodSeconds=0"), &Value::Null);
        }
    } else if let (false, Some(node)) = (bound, bind_to) {
        let target = json!({"apiVersion": "v1", "kind": "Node", "name": node});
        let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target});
        view.call("POST", &format!("{path}/binding"), &binding);
    } else if bound && pod["status"]["phase"] == "Pending" {
        let runs_once = pod["spec"]["restartPolicy"] == "Never";
        let ready = if runs_once { "False" } else { "True" };
        let address = pod["metadata"]["uid"].as_str().and_then(|uid| u8::from_str_radix(uid.get(..2)?, 16).ok()).unwrap_or(1);
        let status = json!({
            "phase": if runs_once { "Succeeded" } else { "Running" },
            "podIP": format!("10.1.0.{address}"),
            "podIPs": [{"ip": format!("10.1.0.{address}")}],
            "conditions": [{"type": "Ready", "status": ready}, {"type": "ContainersReady", "status": ready}]
        });
        view.call("PATCH", &format!("{path}/status"), &json!({"status": status}));
    }
}
