//! Warnings for pod specs, in upstream's order (C-20-70).

mod ports;
mod volumes;

use super::{
    profile::{self, APP_ARMOR_CONTAINER, SECCOMP_CONTAINER, SECCOMP_POD},
    resources,
};
use crate::{
    node_label, node_selector,
    value::{at, entries, field, has, int, items, text},
};
use minkapi_schema::{
    field::{Path, quoted},
    ip, names,
};
use serde_json::Value;
use std::collections::BTreeSet;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const NULL_SELECTOR: &str = "a null labelSelector results in matching no pod";

const DEPRECATED_ANNOTATIONS: &[(&str, &str)] = &[
    ("scheduler.alpha.kubernetes.io/critical-pod", "non-functional in v1.16+; use the \"priorityClassName\" field instead"),
    ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
];

/// What is said of a container whose AppArmor profile is in an annotation only.
pub const APP_ARMOR_FIELD: &str = "deprecated since v1.30; use the \"appArmorProfile\" field instead";

/// Warnings for a pod, or for a template at `path` ([`Path::ROOT`] for pods).
pub fn warnings(holder: &Value, is_template: bool, path: &Path<'_>) -> Vec<String> {
    let nothing = Value::Null;
    let metadata = field(holder, "metadata").unwrap_or(&nothing);
    let spec = field(holder, "spec").unwrap_or(&nothing);
    let spec_path = path.child("spec");
    let mut out = Vec::new();
    scheduling(&mut out, spec, &spec_path);
    let metadata_path = path.child("metadata");
    let annotations_path = metadata_path.child("annotations");
    let annotation = |key: &str| field(metadata, "annotations").and_then(|a| field(a, key)).and_then(Value::as_str);
    for (key, message) in DEPRECATED_ANNOTATIONS.iter().filter(|(key, _)| annotation(key).is_some()) {
        out.push(format!("{}: {message}", annotations_path.key(key)));
    }
    volumes::plugins(&mut out, spec, &spec_path.child("volumes"));
    volumes::overlaps(&mut out, spec);
    duplicates(&mut out, spec, &spec_path);
    fractional_bytes(&mut out, spec, "overhead", &["memory", "ephemeral-storage"], &spec_path);
    let of_pod = at(spec, &["securityContext", "seccompProfile"]);
    if of_pod.is_none() && annotation(SECCOMP_POD).is_some() {
        out.push(unused_seccomp(&annotations_path.key(SECCOMP_POD)));
    }
    let app_armor = at(spec, &["securityContext", "appArmorProfile"]);
    super::visit_containers(spec, &spec_path, |container, container_path| {
        let name = text(container, "name");
        let key = format!("{SECCOMP_CONTAINER}{name}");
        if at(container, &["securityContext", "seccompProfile"]).is_none() && annotation(&key).is_some() {
            out.push(unused_seccomp(&annotations_path.key(&key)));
        }
        // Of pods it is told while the annotation is copied into the field.
        let key = format!("{APP_ARMOR_CONTAINER}{name}");
        if let Some(value) = annotation(&key).filter(|_| is_template && !profile::has_app_armor(container))
            && (app_armor.is_none() || app_armor != profile::app_armor_field(value).as_ref())
        {
            out.push(format!("{}: {APP_ARMOR_FIELD}", annotations_path.key(&key)));
        }
        if let Some(own) = field(container, "resources") {
            for resource in ["memory", "ephemeral-storage"] {
                for list in ["limits", "requests"] {
                    fractional_bytes(&mut out, own, list, &[resource], &container_path.child("resources"));
                }
            }
        }
        hidden_variables(&mut out, container, &container_path.child("env"));
    });
    ports::warn(&mut out, spec, &spec_path);
    if int(spec, "terminationGracePeriodSeconds").is_some_and(|s| s < 0) {
        let path = spec_path.child("terminationGracePeriodSeconds");
        out.push(format!("{path}: must be >= 0; negative values are invalid and will be treated as 1"));
    }
    null_selectors(&mut out, spec, &spec_path);
    addresses(&mut out, spec, &spec_path);
    out
}

fn unused_seccomp(path: &Path<'_>) -> String {
    format!("{path}: non-functional in v1.27+; use the \"seccompProfile\" field instead")
}

fn scheduling(out: &mut Vec<String>, spec: &Value, path: &Path<'_>) {
    let selector = path.child("nodeSelector");
    for (key, _) in entries(spec, "nodeSelector") {
        if let Some(why) = node_label::deprecation(key) {
            out.push(format!("{}: {why}", selector.key(key)));
        }
    }
    if let Some(nodes) = at(spec, &["affinity", "nodeAffinity"]) {
        let affinity = path.child("affinity");
        let nodes_path = affinity.child("nodeAffinity");
        if let Some(required) = field(nodes, REQUIRED) {
            out.extend(node_selector::warnings(required, &nodes_path.child(REQUIRED)));
        }
        let preferred = nodes_path.child(PREFERRED);
        for (i, term) in items(nodes, PREFERRED).iter().enumerate() {
            let at_index = preferred.index(i);
            preference(out, field(term, "preference").unwrap_or(&Value::Null), &at_index.child("preference"));
        }
    }
    let constraints = path.child("topologySpreadConstraints");
    for (i, constraint) in items(spec, "topologySpreadConstraints").iter().enumerate() {
        let at_index = constraints.index(i);
        let key = text(constraint, "topologyKey");
        if let Some(why) = node_label::deprecation(key) {
            out.push(format!("{}: {key} is {why}", at_index.child("topologyKey")));
        }
        if !has(constraint, "labelSelector") {
            out.push(format!("{}: {NULL_SELECTOR}", at_index.child("labelSelector")));
        }
    }
}

fn preference(out: &mut Vec<String>, term: &Value, path: &Path<'_>) {
    let expressions = path.child("matchExpressions");
    for (i, expression) in items(term, "matchExpressions").iter().enumerate() {
        let at_index = expressions.index(i);
        let key = text(expression, "key");
        if let Some(why) = node_label::deprecation(key) {
            out.push(format!("{}: {key} is {why}", at_index.child("key")));
        }
        let values = at_index.child("values");
        for (j, value) in items(expression, "values").iter().filter_map(Value::as_str).enumerate() {
            out.extend(names::is_valid_label_value(value).iter().map(|m| format!("{}: {value} is invalid, {m}", values.index(j))));
        }
    }
}

fn duplicates(out: &mut Vec<String>, spec: &Value, path: &Path<'_>) {
    for (list, key) in [("hostAliases", "ip"), ("imagePullSecrets", "name")] {
        let list_path = path.child(list);
        let mut seen = BTreeSet::new();
        for (i, item) in items(spec, list).iter().enumerate() {
            let value = text(item, key);
            if !seen.insert(value) {
                out.push(format!("{}: duplicate {key} {}", list_path.index(i).child(key), quoted(value)));
            }
        }
    }
    let secrets = path.child("imagePullSecrets");
    for (i, _) in items(spec, "imagePullSecrets").iter().enumerate().filter(|(_, s)| text(s, "name").is_empty()) {
        out.push(format!("{}: invalid empty name \"\"", secrets.index(i).child("name")));
    }
}

fn fractional_bytes(out: &mut Vec<String>, holder: &Value, list: &str, names: &[&str], path: &Path<'_>) {
    let Some(amounts) = field(holder, list) else { return };
    for name in names {
        if let Some(amount) = resources::quantity(amounts, name).filter(|q| q.milli_value() % 1000 != 0) {
            let path = path.child(list);
            out.push(format!("{}: fractional byte value \"{amount}\" is invalid, must be an integer", path.key(name)));
        }
    }
}

/// A variable may be defined again in terms of itself.
fn hidden_variables(out: &mut Vec<String>, container: &Value, path: &Path<'_>) {
    let mut seen = BTreeSet::new();
    for (i, variable) in items(container, "env").iter().enumerate() {
        let (name, value) = (text(variable, "name"), text(variable, "value"));
        if seen.insert(name) {
            continue;
        }
        let reference = format!("$({name})");
        if has(variable, "valueFrom") || value == reference || !value.contains(&reference) {
            let hides = "hides previous definition of";
            out.push(format!("{}: {hides} {}, which may be dropped when using apply", path.index(i), quoted(name)));
        }
    }
}

fn null_selectors(out: &mut Vec<String>, spec: &Value, path: &Path<'_>) {
    let affinity = path.child("affinity");
    for key in ["podAffinity", "podAntiAffinity"] {
        let Some(pods) = at(spec, &["affinity", key]) else { continue };
        let pods_path = affinity.child(key);
        let required = pods_path.child(REQUIRED);
        for (i, _) in items(pods, REQUIRED).iter().enumerate().filter(|(_, term)| !has(term, "labelSelector")) {
            out.push(format!("{}: {NULL_SELECTOR}", required.index(i).child("labelSelector")));
        }
        let preferred = pods_path.child(PREFERRED);
        for (i, weighted) in items(pods, PREFERRED).iter().enumerate() {
            if at(weighted, &["podAffinityTerm", "labelSelector"]).is_none() {
                let at_index = preferred.index(i);
                out.push(format!("{}: {NULL_SELECTOR}", at_index.child("podAffinityTerm").child("labelSelector")));
            }
        }
    }
}

fn addresses(out: &mut Vec<String>, spec: &Value, path: &Path<'_>) {
    let config = path.child("dnsConfig");
    let servers = config.child("nameservers");
    let listed = field(spec, "dnsConfig").map(|c| items(c, "nameservers")).unwrap_or_default();
    for (i, server) in listed.iter().filter_map(Value::as_str).enumerate() {
        out.extend(ip::warning_for_ip(&servers.index(i).to_string(), server));
    }
    let aliases = path.child("hostAliases");
    for (i, alias) in items(spec, "hostAliases").iter().enumerate() {
        out.extend(ip::warning_for_ip(&aliases.index(i).child("ip").to_string(), text(alias, "ip")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_variable_that_hides_another_is_told_of() {
        let pod = json!({"spec": {"containers": [{"name": "a", "env": [
            {"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}, {"name": "A", "value": "3"}]}]}});
        assert_eq!(
            warnings(&pod, false, &Path::ROOT),
            ["spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using apply"]
        );
    }

    #[test]
    fn paths_of_a_template_start_where_it_stands() {
        let template = json!({"spec": {"nodeSelector": {"beta.kubernetes.io/os": "linux"}, "containers": []}});
        assert_eq!(
            warnings(&template, true, &Path::new("template")),
            ["template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead"]
        );
    }
}
