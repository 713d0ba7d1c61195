//! Pod Security: namespaces say by labels what their pods may do (C-03-44).

mod baseline;
mod checks;
mod pod;
mod policy;
mod restricted;

use crate::{Attributes, Cluster, Operation, Plugin};
use checks::{Violation, evaluate};
use minkapi_object::{Labels, Status};
use pod::Pod;
use policy::{Level, Policy, Rule};
use serde_json::Value;
use std::collections::BTreeMap;

/// Existing pods that are looked at when a namespace is put under a stricter rule.
const MAX_PODS: usize = 3000;

/// Where templates of pods stand, by group and resource.
const TEMPLATES: &[(&str, &str, &str)] = &[
    ("", "replicationcontrollers", "/spec/template"),
    ("", "podtemplates", "/template"),
    ("apps", "replicasets", "/spec/template"),
    ("apps", "deployments", "/spec/template"),
    ("apps", "statefulsets", "/spec/template"),
    ("apps", "daemonsets", "/spec/template"),
    ("batch", "jobs", "/spec/template"),
    ("batch", "cronjobs", "/spec/jobTemplate/spec/template"),
];

/// Subresources of pods whose body is no pod, or that do not change what it may do.
const IGNORED_SUBRESOURCES: &[&str] = &["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"];

#[derive(Debug)]
pub(crate) struct PodSecurity;

impl Plugin for PodSecurity {
    fn name(&self) -> &'static str {
        "PodSecurity"
    }

    fn validate(&self, attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
        if !matches!(attributes.operation, Operation::Create | Operation::Update) {
            return Ok(());
        }
        if attributes.is("", "namespaces") {
            return validate_namespace(attributes, cluster);
        }
        if attributes.is_resource("", "pods") {
            return if IGNORED_SUBRESOURCES.contains(&attributes.subresource) { Ok(()) } else { validate_pod(attributes, cluster) };
        }
        if let Some((_, _, template)) = TEMPLATES.iter().find(|(group, resource, _)| attributes.is(group, resource)) {
            warn_of_template(attributes, cluster, template);
        }
        Ok(())
    }
}

fn policy_of(attributes: &Attributes<'_>, cluster: &dyn Cluster) -> Policy {
    let namespace = cluster.get("namespaces", "", attributes.namespace);
    let labels = namespace.as_ref().map_or(&Labels::EMPTY, |namespace| &namespace.head().labels);
    Policy::of(|key| labels.get(key)).0
}

fn validate_pod(attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
    let policy = policy_of(attributes, cluster);
    if policy.is_privileged() {
        return Ok(());
    }
    if let (Operation::Update, Some(old)) = (attributes.operation, attributes.old)
        && !changes_images(attributes.object, old)
    {
        return Ok(());
    }
    let pod = Pod::of(attributes.object);
    let violations = evaluate(policy.enforce, pod);
    if !violations.is_empty() {
        let why = format!("violates PodSecurity \"{}\": {}", policy.enforce, details(&violations));
        return Err(Status::forbidden(&attributes.group_resource(), attributes.name, why));
    }
    warn(policy.warn, pod, attributes.warnings);
    Ok(())
}

/// Templates are never refused: their pods are.
fn warn_of_template(attributes: &mut Attributes<'_>, cluster: &dyn Cluster, place: &str) {
    let policy = policy_of(attributes, cluster);
    if let Some(template) = attributes.object.pointer(place).filter(|template| template.is_object()) {
        warn(policy.warn, Pod::of(template), attributes.warnings);
    }
}

fn warn(rule: Rule, pod: Pod<'_>, warnings: &mut Vec<String>) {
    let violations = evaluate(rule, pod);
    if !violations.is_empty() {
        warnings.push(format!("would violate PodSecurity \"{rule}\": {}", details(&violations)));
    }
}

fn details(violations: &[Violation]) -> String {
    let told = violations.iter().map(|v| if v.detail.is_empty() { v.reason.to_owned() } else { format!("{} ({})", v.reason, v.detail) });
    told.collect::<Vec<_>>().join(", ")
}

/// Whether an update changes anything that a check looks at: images are all that can change, and ephemeral containers.
fn changes_images(new: &Value, old: &Value) -> bool {
    let list = |pod: &Value, key: &str| pod["spec"][key].as_array().cloned().unwrap_or_default();
    for key in ["containers", "initContainers"] {
        let (new, old) = (list(new, key), list(old, key));
        if new.len() != old.len() || new.iter().zip(&old).any(|(new, old)| new["image"] != old["image"]) {
            return true;
        }
    }
    let before = list(old, "ephemeralContainers");
    list(new, "ephemeralContainers").iter().any(|container| {
        before.iter().find(|other| other["name"] == container["name"]).is_none_or(|other| other["image"] != container["image"])
    })
}

fn validate_namespace(attributes: &mut Attributes<'_>, cluster: &dyn Cluster) -> Result<(), Status> {
    fn of(namespace: &Value) -> (Policy, Vec<minkapi_schema::field::Error>) {
        Policy::of(|key| namespace["metadata"]["labels"][key].as_str())
    }
    let (policy, errors) = of(attributes.object);
    let (before, old_errors) = match attributes.old {
        Some(old) if attributes.operation == Operation::Update => of(old),
        _ => (policy, Vec::new()),
    };
    if !errors.is_empty() && errors != old_errors {
        return Err(minkapi_schema::field::invalid("", "Namespace", attributes.name, &errors));
    }
    let (new, old) = (policy.enforce, before.enforce);
    let stricter = new != old && new.level != Level::Privileged && (new.version != old.version || new.level > old.level);
    if stricter {
        let warnings = warnings_of_existing_pods(cluster, attributes.name, new);
        attributes.warnings.extend(warnings);
    }
    Ok(())
}

fn warnings_of_existing_pods(cluster: &dyn Cluster, namespace: &str, rule: Rule) -> Vec<String> {
    let pods = cluster.list("pods", Some(namespace));
    // One pod of each controller comes before the others, so that all kinds are seen.
    let (mut first, mut others, mut controllers) = (Vec::new(), Vec::new(), Vec::new());
    for pod in &pods {
        match pod.head().owner_references.iter().find(|owner| owner.controller) {
            Some(owner) if controllers.contains(&&owner.uid) => others.push(pod),
            owner => {
                controllers.extend(owner.map(|owner| &owner.uid));
                first.push(pod);
            }
        }
    }
    // By reasons: the first pod's name and how many pods there are.
    let mut found: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for pod in first.into_iter().chain(others).take(MAX_PODS) {
        let violations = evaluate(rule, Pod::of(&pod.to_value()));
        if violations.is_empty() {
            continue;
        }
        let reasons = violations.iter().map(|violation| violation.reason).collect::<Vec<_>>().join(", ");
        let name = pod.head().name.to_string();
        let entry = found.entry(reasons).or_insert_with(|| (name.clone(), 0));
        entry.1 += 1;
        if name < entry.0 {
            entry.0 = name;
        }
    }
    let mut warnings = Vec::new();
    if pods.len() > MAX_PODS {
        let count = pods.len();
        warnings.push(format!("new PodSecurity enforce level only checked against the first {MAX_PODS} of {count} existing pods"));
    }
    if found.is_empty() {
        return warnings;
    }
    warnings.push(format!("existing pods in namespace \"{namespace}\" violate the new PodSecurity enforce level \"{rule}\""));
    let mut each: Vec<String> = found
        .into_iter()
        .map(|(reasons, (name, count))| match count {
            1 => format!("{name}: {reasons}"),
            2 => format!("{name} (and 1 other pod): {reasons}"),
            _ => format!("{name} (and {} other pods): {reasons}", count - 1),
        })
        .collect();
    each.sort();
    warnings.extend(each);
    warnings
}

#[cfg(test)]
mod tests;
