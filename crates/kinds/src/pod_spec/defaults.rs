//! Defaults of a pod spec: those that pods and pod templates share (C-03-40).

use super::{image_reference, resources};
use crate::value::{field_mut, items_mut, set, set_default, set_default_nonzero, text, unset};
use serde_json::{Map, Value, json};

/// Fills in what a pod spec and everything in it has by default, in pods and templates alike.
pub fn default(spec: &mut Value) {
    default_spec(spec);
    for volume in items_mut(spec, "volumes") {
        super::volume_defaults::default(volume);
    }
    for list in super::CONTAINER_LISTS {
        for container in items_mut(spec, list) {
            default_container(container);
        }
    }
    resources::round_list(spec, "overhead");
    if let Some(requirements) = field_mut(spec, "resources") {
        resources::round(requirements);
    }
}

fn default_spec(spec: &mut Value) {
    // The deprecated alias and the name are one; the name wins.
    if text(spec, "serviceAccountName").is_empty() {
        let alias = text(spec, "serviceAccount").to_owned();
        if !alias.is_empty() {
            set(spec, "serviceAccountName", alias);
        }
    }
    match text(spec, "serviceAccountName").to_owned() {
        name if name.is_empty() => unset(spec, "serviceAccount"),
        name => set(spec, "serviceAccount", name),
    }
    set_default_nonzero(spec, "dnsPolicy", "ClusterFirst");
    set_default_nonzero(spec, "restartPolicy", "Always");
    set_default(spec, "securityContext", Map::new());
    set_default(spec, "terminationGracePeriodSeconds", 30);
    set_default_nonzero(spec, "schedulerName", "default-scheduler");
}

fn default_container(container: &mut Value) {
    if text(container, "imagePullPolicy").is_empty() {
        let policy = pull_policy(text(container, "image"));
        set(container, "imagePullPolicy", policy);
    }
    set_default_nonzero(container, "terminationMessagePath", "/dev/termination-log");
    set_default_nonzero(container, "terminationMessagePolicy", "File");
    for port in items_mut(container, "ports") {
        set_default_nonzero(port, "protocol", "TCP");
    }
    for variable in items_mut(container, "env") {
        let Some(source) = field_mut(variable, "valueFrom") else { continue };
        if let Some(field_ref) = field_mut(source, "fieldRef") {
            default_field_ref(field_ref);
        }
        if let Some(file) = field_mut(source, "fileKeyRef") {
            set_default(file, "optional", false);
        }
    }
    if let Some(requirements) = field_mut(container, "resources") {
        resources::round(requirements);
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = field_mut(container, probe) {
            default_probe(probe);
        }
    }
    if let Some(lifecycle) = field_mut(container, "lifecycle") {
        for hook in ["postStart", "preStop"] {
            if let Some(http) = field_mut(lifecycle, hook).and_then(|h| field_mut(h, "httpGet")) {
                default_http_get(http);
            }
        }
    }
}

/// What pulling policy an image has by default.
pub fn pull_policy(image: &str) -> &'static str {
    if image_reference::is_latest(image) { "Always" } else { "IfNotPresent" }
}

/// The API version of a downward API field.
pub fn default_field_ref(field_ref: &mut Value) {
    set_default_nonzero(field_ref, "apiVersion", "v1");
}

fn default_probe(probe: &mut Value) {
    for (key, default) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)] {
        set_default_nonzero(probe, key, default);
    }
    if let Some(http) = field_mut(probe, "httpGet") {
        default_http_get(http);
    }
    if let Some(grpc) = field_mut(probe, "grpc") {
        set_default(grpc, "service", json!(""));
    }
}

fn default_http_get(http: &mut Value) {
    set_default_nonzero(http, "path", "/");
    set_default_nonzero(http, "scheme", "HTTP");
}

#[cfg(test)]
mod tests {
    use super::default;
    use serde_json::json;

    #[test]
    fn a_small_spec_is_filled_in() {
        let mut spec = json!({"containers": [{"name": "a", "image": "nginx", "resources": {}, "ports": [{"containerPort": 80}]}]});
        default(&mut spec);
        let expected = json!({
            "containers": [{
                "name": "a", "image": "nginx", "resources": {}, "imagePullPolicy": "Always",
                "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
                "ports": [{"containerPort": 80, "protocol": "TCP"}],
            }],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "securityContext": {}, "terminationGracePeriodSeconds": 30,
            "schedulerName": "default-scheduler",
        });
        assert_eq!(spec, expected);
    }

    #[test]
    fn the_deprecated_service_account_follows_the_name() {
        let mut spec = json!({"serviceAccount": "old"});
        default(&mut spec);
        assert_eq!((&spec["serviceAccountName"], &spec["serviceAccount"]), (&json!("old"), &json!("old")));
        let mut spec = json!({"serviceAccount": "old", "serviceAccountName": "new"});
        default(&mut spec);
        assert_eq!(spec["serviceAccount"], "new");
    }

    #[test]
    fn probes_are_filled_in_where_they_are_zero() {
        let mut spec = json!({"containers": [{"name": "a", "image": "x:1", "livenessProbe": {"httpGet": {"port": 80}, "periodSeconds": 5},
            "readinessProbe": {"grpc": {"port": 1}}}]});
        default(&mut spec);
        let probe = &spec["containers"][0]["livenessProbe"];
        assert_eq!(
            probe,
            &json!({"httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 5, "successThreshold": 1, "failureThreshold": 3})
        );
        assert_eq!(spec["containers"][0]["readinessProbe"]["grpc"]["service"], "");
    }
}
