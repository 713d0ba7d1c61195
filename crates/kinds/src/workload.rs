//! What Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController and Job have in common: a selector that must
//! match a pod template, a status that counts pods, and cells about containers.

use crate::{
    Column, label_selector,
    object_meta::non_negative,
    pod_spec::Options,
    pod_template,
    value::{at, has, int, items, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names,
};
use serde_json::Value;

/// The column of containers' names.
pub const CONTAINERS: Column = Column::new("Containers", "string", "", 1, "Names of each container in the template.");

/// The column of containers' images.
pub const IMAGES: Column = Column::new("Images", "string", "", 1, "Images referenced by each container in the template.");

/// Cells for [`CONTAINERS`] and [`IMAGES`].
pub fn container_cells(template: Option<&Value>) -> [Value; 2] {
    let containers = template.and_then(|t| at(t, &["spec"])).map_or(&[][..], |spec| items(spec, "containers"));
    ["name", "image"].map(|key| containers.iter().map(|c| text(c, key)).collect::<Vec<_>>().join(",").into())
}

/// The number at a path; 0 when unset.
pub fn number(object: &Value, path: &[&str]) -> i64 {
    at(object, path).and_then(Value::as_i64).unwrap_or_default()
}

/// The warning about names that make bad host names of pods.
pub fn name_warning(object: &Value) -> Option<String> {
    let wrong = names::is_dns1123_label(at(object, &["metadata", "name"])?.as_str()?);
    (!wrong.is_empty()).then(|| {
        let why = wrong.join(" ");
        format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [{why}]"
        )
    })
}

/// Warnings for the template of a new or changed workload.
pub fn template_warnings(new: &Value, old: Option<&Value>) -> Vec<String> {
    let spec = Path::new("spec");
    let template = |object| at(object, &["spec", "template"]);
    template(new).map_or_else(Vec::new, |new| pod_template::warnings(new, old.and_then(template), &spec.child("template")))
}

/// Everything wrong with a required selector; `kind` is what upstream calls the kind where the selector is empty.
pub fn validate_selector(spec: &Value, path: &Path<'_>, kind: &str) -> ErrorList {
    let path = path.child("selector");
    let Some(selector) = crate::value::field(spec, "selector") else { return vec![Error::required(&path, "")] };
    let mut errors = label_selector::validate(Some(selector), &path);
    errors.extend(empty_selector(selector, &path, kind));
    errors
}

/// `empty selector is invalid for <kind>`.
pub fn empty_selector(selector: &Value, path: &Path<'_>, kind: &str) -> Option<Error> {
    let printed = || label_selector::printed(Some(selector));
    label_selector::is_empty(selector).then(|| Error::invalid_printed(path, printed(), format!("empty selector is invalid for {kind}")))
}

/// C-03-49: the pods that a workload makes must be those that it selects. None where they are.
pub fn selector_mismatch(template: &Value, matches: bool, path: &Path<'_>) -> Option<Error> {
    let metadata = path.child("metadata");
    let labels = at(template, &["metadata", "labels"]).cloned().unwrap_or_default();
    (!matches).then(|| Error::invalid(&metadata.child("labels"), labels, "`selector` does not match template `labels`"))
}

/// Pods of workloads run for ever: they restart always and have no deadline.
pub fn validate_endless(template: &Value, path: &Path<'_>, kind: &str) -> ErrorList {
    let mut errors = ErrorList::new();
    let pod = at(template, &["spec"]).unwrap_or(&Value::Null);
    let path = path.child("spec");
    let policy = text(pod, "restartPolicy");
    if policy != "Always" {
        errors.push(Error::not_supported(&path.child("restartPolicy"), policy, &["Always"]));
    }
    if has(pod, "activeDeadlineSeconds") {
        let detail = format!("activeDeadlineSeconds in {kind} is not Supported");
        errors.push(Error::forbidden(&path.child("activeDeadlineSeconds"), detail));
    }
    errors
}

/// Selector and template of a Deployment or ReplicaSet.
pub fn validate_replicated_template(spec: &Value, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let selector = crate::value::field(spec, "selector");
    let template = spec.get("template").unwrap_or(&Value::Null);
    let Some(matches) = label_selector::matches(selector, at(template, &["metadata", "labels"])) else {
        return vec![Error::invalid_printed(&path.child("selector"), label_selector::printed(selector), "invalid label selector")];
    };
    let options = Options::for_template(template, old.and_then(|old| old.get("template")));
    let path = path.child("template");
    let mut errors: ErrorList = selector_mismatch(template, matches, &path).into_iter().collect();
    errors.extend(pod_template::validate(template, &path, &options));
    errors.extend(validate_endless(template, &path, "ReplicaSet"));
    errors
}

/// Non-negative numbers, each told under its own name.
pub fn validate_counts(object: &Value, keys: &[&str], path: &Path<'_>) -> ErrorList {
    keys.iter().filter_map(|key| non_negative(int(object, key)?, &path.child(key))).collect()
}

/// Numbers of a status that may not exceed its `replicas`, and `availableReplicas` not its `readyReplicas`.
pub fn validate_replica_bounds(status: &Value, keys: &[&str], ready: &str, path: &Path<'_>) -> ErrorList {
    let count = |key| int(status, key).unwrap_or_default();
    let mut errors: ErrorList = keys
        .iter()
        .filter(|key| count(key) > count("replicas"))
        .map(|key| Error::invalid(&path.child(key), count(key), "cannot be greater than status.replicas"))
        .collect();
    if count("availableReplicas") > count("readyReplicas") {
        let detail = format!("cannot be greater than {ready}");
        errors.push(Error::invalid(&path.child("availableReplicas"), count("availableReplicas"), detail));
    }
    errors
}

/// Wrong if `status.collisionCount` goes down or away.
pub fn decremented_collision_count(new: &Value, old: &Value) -> Option<Error> {
    let count = |object| at(object, &["status", "collisionCount"]).and_then(Value::as_i64);
    let before = count(old)?;
    let status = Path::new("status");
    let now = count(new);
    now.is_none_or(|now| now < before)
        .then(|| Error::invalid(&status.child("collisionCount"), now.unwrap_or_default(), "cannot be decremented"))
}

/// Fills in the template's defaults at `path` of the object.
pub fn default_template(object: &mut Value, path: &[&str]) {
    if let Some(template) = crate::value::at_mut(object, path) {
        pod_template::default(template);
    }
}

/// Drops the template's disabled fields unless the older object has them.
pub fn drop_disabled_template_fields(new: &mut Value, old: Option<&Value>, path: &[&str]) {
    let old = old.and_then(|old| at(old, path));
    if let Some(template) = crate::value::at_mut(new, path) {
        pod_template::drop_disabled_fields(template, old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn containers_are_listed_by_name_and_image() {
        let template = json!({"spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}});
        assert_eq!(container_cells(Some(&template)), ["a,b", "x,y"]);
    }

    #[test]
    fn a_dotted_name_is_warned_about() {
        assert!(name_warning(&json!({"metadata": {"name": "a.b"}})).unwrap().ends_with("[must not contain dots]"));
        assert_eq!(name_warning(&json!({"metadata": {"name": "a"}})), None);
    }

    #[test]
    fn an_absent_selector_is_required_and_an_empty_one_refused() {
        assert_eq!(texts(&validate_selector(&json!({}), &Path::new("spec"), "deployment")), ["spec.selector: Required value"]);
        assert_eq!(
            texts(&validate_selector(&json!({"selector": {}}), &Path::new("spec"), "deployment")),
            ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]
        );
    }

    #[test]
    fn available_pods_are_ready_pods() {
        let status = json!({"replicas": 1, "readyReplicas": 0, "availableReplicas": 1});
        assert_eq!(
            texts(&validate_replica_bounds(&status, &["availableReplicas"], "readyReplicas", &Path::new("status"))),
            ["status.availableReplicas: Invalid value: 1: cannot be greater than readyReplicas"]
        );
    }

    #[test]
    fn collision_counts_only_grow() {
        let with = |n| json!({"status": {"collisionCount": n}});
        assert!(decremented_collision_count(&with(1), &with(2)).is_some());
        assert!(decremented_collision_count(&json!({}), &with(2)).is_some());
        assert!(decremented_collision_count(&with(2), &with(2)).is_none());
    }
}
