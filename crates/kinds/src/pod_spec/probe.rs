//! Probes and lifecycle hooks of a container.

use super::paths::each;
use crate::value::{field, has, int, items, text, text_if_set};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

const NEGATIVE: &str = "must be greater than or equal to 0";
const SCHEMES: &[&str] = &["HTTP", "HTTPS"];

/// The handlers a probe may have, and those of a hook, in the order in which upstream looks at them.
const OF_PROBE: &[&str] = &["exec", "httpGet", "tcpSocket", "grpc"];
const OF_HOOK: &[&str] = &["exec", "httpGet", "tcpSocket", "sleep"];

/// Checks lifecycle and probes of a container that may have them. `grace` is the pod's termination grace period.
pub fn validate(errors: &mut ErrorList, container: &Value, grace: Option<i64>, path: &Path<'_>) {
    if let Some(lifecycle) = field(container, "lifecycle") {
        validate_lifecycle(errors, lifecycle, grace, &path.child("lifecycle"));
    }
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = field(container, key) else { continue };
        let probe_path = path.child(key);
        validate_probe(errors, probe, grace, &probe_path);
        let successes = int(probe, "successThreshold").unwrap_or_default();
        if key != "readinessProbe" {
            if successes != 1 {
                errors.push(Error::invalid(&probe_path.child("successThreshold"), successes, "must be 1"));
            }
        } else if let Some(seconds) = int(probe, "terminationGracePeriodSeconds") {
            let detail = "must not be set for readinessProbes";
            errors.push(Error::invalid(&probe_path.child("terminationGracePeriodSeconds"), seconds, detail));
        }
    }
}

fn validate_probe(errors: &mut ErrorList, probe: &Value, grace: Option<i64>, path: &Path<'_>) {
    handler(errors, probe, OF_PROBE, grace, path);
    for key in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        if let Some(value) = int(probe, key).filter(|v| *v < 0) {
            errors.push(Error::invalid(&path.child(key), value, NEGATIVE));
        }
    }
    if let Some(seconds) = int(probe, "terminationGracePeriodSeconds").filter(|s| *s <= 0) {
        errors.push(Error::invalid(&path.child("terminationGracePeriodSeconds"), seconds, "must be greater than 0"));
    }
}

fn validate_lifecycle(errors: &mut ErrorList, lifecycle: &Value, grace: Option<i64>, path: &Path<'_>) {
    for key in ["postStart", "preStop"] {
        if let Some(hook) = field(lifecycle, key) {
            handler(errors, hook, OF_HOOK, grace, &path.child(key));
        }
    }
}

fn handler(errors: &mut ErrorList, handler: &Value, kinds: &[&str], grace: Option<i64>, path: &Path<'_>) {
    let mut found = false;
    for kind in kinds {
        let Some(action) = field(handler, kind) else { continue };
        let action_path = path.child(kind);
        if found {
            errors.push(Error::forbidden(&action_path, "may not specify more than 1 handler type"));
            continue;
        }
        found = true;
        match *kind {
            "exec" if items(action, "command").is_empty() => errors.push(Error::required(&action_path.child("command"), "")),
            "httpGet" => http_get(errors, action, &action_path),
            "tcpSocket" | "grpc" => port(errors, action, &action_path.child("port")),
            "sleep" => sleep(errors, action, grace, &action_path),
            _ => {}
        }
    }
    if !found {
        errors.push(Error::required(path, "must specify a handler type"));
    }
}

fn http_get(errors: &mut ErrorList, action: &Value, path: &Path<'_>) {
    if text(action, "path").is_empty() {
        errors.push(Error::required(&path.child("path"), ""));
    }
    port(errors, action, &path.child("port"));
    let scheme = text(action, "scheme");
    if !SCHEMES.contains(&scheme) {
        errors.push(Error::not_supported(&path.child("scheme"), scheme, SCHEMES));
    }
    for header in items(action, "httpHeaders") {
        let name = text(header, "name");
        invalid_each(errors, &path.child("httpHeaders"), name, names::is_http_header_name(name));
    }
}

/// A port's number or name; unset is number 0.
fn port(errors: &mut ErrorList, action: &Value, path: &Path<'_>) {
    match text_if_set(action, "port") {
        Some(name) => invalid_each(errors, path, name, names::is_valid_port_name(name)),
        None => {
            let number = int(action, "port").unwrap_or_default();
            each(errors, path, number, names::is_valid_port_num(number));
        }
    }
}

fn sleep(errors: &mut ErrorList, action: &Value, grace: Option<i64>, path: &Path<'_>) {
    let seconds = int(action, "seconds").unwrap_or_default();
    if let Some(grace) = grace.filter(|grace| seconds < 0 || seconds > *grace) {
        let detail = format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})");
        errors.push(Error::invalid(path, seconds, detail));
    }
}

/// Init containers that end have neither lifecycle nor probes.
pub fn forbid(errors: &mut ErrorList, container: &Value, path: &Path<'_>) {
    for key in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
        if has(container, key) {
            errors.push(Error::forbidden(&path.child(key), "may not be set for init containers without restartPolicy=Always"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(container: Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate(&mut errors, &container, Some(30), &Path::new("c"));
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_probe_has_one_handler() {
        assert_eq!(
            texts(json!({"livenessProbe": {"successThreshold": 1}})),
            ["c.livenessProbe: Required value: must specify a handler type"]
        );
        let both = json!({"livenessProbe": {"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}, "successThreshold": 1}});
        assert_eq!(texts(both), ["c.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"]);
    }

    #[test]
    fn only_readiness_may_need_several_successes() {
        let probe = json!({"exec": {"command": ["a"]}, "successThreshold": 2});
        assert_eq!(
            texts(json!({"livenessProbe": probe, "readinessProbe": probe})),
            ["c.livenessProbe.successThreshold: Invalid value: 2: must be 1"]
        );
    }

    #[test]
    fn the_pod_outlives_the_sleep_before_stop() {
        let errors = texts(json!({"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}}));
        assert_eq!(
            errors,
            ["c.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)"]
        );
    }
}
