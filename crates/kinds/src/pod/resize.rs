//! Resizing a running pod: cpu and memory of its containers, and of itself.

use super::{SPEC, keep_pod_level_resources, pod_spec_of, qos, status_text, update::is_mirror, validate_metadata_and_spec};
use crate::{
    pod_spec::{self, Options},
    update::{keep_client_metadata, restore, same},
    value::{at, entries, field, field_mut, has, items, items_mut, map, object_mut, set, text, unset},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

const ONLY_CPU_AND_MEMORY: &str = "only cpu and memory resources are mutable";
const RESIZABLE: &[&str] = &["cpu", "memory"];
const LISTS: &[&str] = &["limits", "requests"];

/// Takes nothing but resources and resize policies. Where containers were added, removed or renamed, all is left for
/// [`validate`] to refuse.
pub fn prepare(new: &mut Value, old: &Value) {
    let (after, before) = (pod_spec_of(new), pod_spec_of(old));
    let lists = ["containers", "initContainers"];
    if lists.iter().all(|list| items(after, list).len() == items(before, list).len()) {
        let own = field(after, "resources").cloned();
        let containers = lists.map(|list| merged(items(after, list), items(before, list)));
        restore(new, old, &["spec"]);
        restore(new, old, &["status"]);
        keep_client_metadata(new, old);
        if let Some(spec) = field_mut(new, "spec") {
            match own {
                Some(own) => set(spec, "resources", own),
                None => unset(spec, "resources"),
            }
            for (list, containers) in lists.into_iter().zip(containers).filter(|(_, c)| !c.is_empty()) {
                set(spec, list, containers);
            }
        }
    }
    keep_pod_level_resources(new, old);
    if let Some(spec) = field_mut(new, "spec") {
        pod_spec::default_pod_level_resources(spec);
    }
}

fn merged(new: &[Value], old: &[Value]) -> Vec<Value> {
    if new.iter().zip(old).any(|(n, o)| text(n, "name") != text(o, "name")) {
        return new.to_vec();
    }
    let merge = |(new, old): (&Value, &Value)| {
        let mut container = old.clone();
        for key in ["resources", "resizePolicy"] {
            restore(&mut container, new, &[key]);
        }
        container
    };
    new.iter().zip(old).map(merge).collect()
}

/// Everything wrong with a resize.
pub fn validate(new: &Value, old: &Value) -> ErrorList {
    let whole = Path::new("");
    if is_mirror(old) {
        return vec![Error::forbidden(&whole, "static pods cannot be resized")];
    }
    let before = pod_spec_of(old);
    if pod_spec::os_name(before) == Some("windows") {
        return vec![Error::forbidden(&whole, "windows pods cannot be resized")];
    }
    let mut errors = ErrorList::new();
    validate_metadata_and_spec(&mut errors, new, &Options::for_pod(Some(old)));
    let after = pod_spec_of(new);
    let class = match status_text(old, "qosClass") {
        "" => qos::class(before),
        class => class,
    };
    if class != qos::class(after) {
        errors.push(Error::invalid(&SPEC, status_text(new, "qosClass"), "Pod QOS Class may not change as a result of resizing"));
    }
    if !can_be_resized(old) {
        errors.push(Error::forbidden(&SPEC, "Pod running on node without support for resize"));
    }
    let mut rest = after.clone();
    if [before, after].iter().any(|spec| field(spec, "resources").is_some_and(pod_spec::is_resources_set)) {
        validate_pod_level(&mut errors, &mut rest, before);
    }
    let known = errors.len();
    same_containers(&mut errors, after, before);
    if errors.len() > known {
        return errors;
    }
    for list in ["initContainers", "containers"] {
        let path = SPEC.child(list);
        for (i, (new, old)) in items(after, list).iter().zip(items(before, list)).enumerate() {
            let at_index = path.index(i);
            let resources = at_index.child("resources");
            for (key, detail) in [("requests", "resource requests cannot be removed"), ("limits", "resource limits cannot be removed")] {
                if removed(at(new, &["resources"]), at(old, &["resources"]), key) {
                    errors.push(Error::forbidden(&resources.child(key), detail));
                }
            }
        }
    }
    forgive_containers(&mut errors, &mut rest, before);
    if !same(after.get("volumes"), before.get("volumes")) {
        let detail = "volumes are immutable on resize when InPlacePodVerticalScalingMemoryBackedVolumes feature gate is disabled";
        errors.push(Error::forbidden(&SPEC.child("volumes"), detail));
    }
    if errors.is_empty() && !same(Some(&rest), Some(before)) {
        errors.push(Error::forbidden(&SPEC, ONLY_CPU_AND_MEMORY));
    }
    errors
}

/// The node tells that it can resize by telling the resources of what runs.
fn can_be_resized(pod: &Value) -> bool {
    let statuses = field(pod, "status").map(|s| items(s, "containerStatuses")).unwrap_or_default();
    statuses.iter().find(|s| at(s, &["state", "running"]).is_some()).is_none_or(|s| has(s, "resources"))
}

fn validate_pod_level(errors: &mut ErrorList, rest: &mut Value, before: &Value) {
    let path = SPEC.child("resources");
    let old = field(before, "resources");
    if let Some(old) = old {
        let Some(new) = field(rest, "resources") else {
            errors.push(Error::forbidden(&path, "pod-level resources cannot be removed"));
            return;
        };
        for key in ["requests", "limits"] {
            if removed(Some(new), Some(old), key) {
                errors.push(Error::forbidden(&path.child(key), format!("pod-level resource {key} cannot be removed")));
            }
        }
    }
    if let Some(new) = field_mut(rest, "resources") {
        forgive(new, old);
        if old.is_none() && !pod_spec::is_resources_set(new) && items(new, "claims").is_empty() {
            unset(rest, "resources");
        }
    }
    if !same(field(rest, "resources"), old) {
        errors.push(Error::forbidden(&SPEC, "only cpu and memory resources are mutable at pod-level"));
    }
}

fn same_containers(errors: &mut ErrorList, new: &Value, old: &Value) {
    for list in ["containers", "initContainers"] {
        let path = SPEC.child(list);
        let (new, old) = (items(new, list), items(old, list));
        if new.len() != old.len() {
            errors.push(Error::forbidden(&path, format!("{list} may not be added or removed on resize")));
            continue;
        }
        for (i, _) in new.iter().zip(old).enumerate().filter(|(_, (n, o))| text(n, "name") != text(o, "name")) {
            errors.push(Error::forbidden(&path.index(i).child("name"), format!("{list} may not be renamed or reordered on resize")));
        }
    }
}

fn removed(new: Option<&Value>, old: Option<&Value>, key: &str) -> bool {
    let list = |v: Option<&'_ Value>| v.and_then(|v| map(v, key)).cloned().unwrap_or_default();
    let new = list(new);
    list(old).keys().any(|name| !new.contains_key(name))
}

/// Takes back the changes of cpu and memory.
fn forgive(resources: &mut Value, old: Option<&Value>) {
    for list in LISTS {
        let before: Vec<(&str, &Value)> =
            old.map(|o| entries(o, list).filter(|(name, _)| RESIZABLE.contains(name)).collect()).unwrap_or_default();
        if !has(resources, list) && before.is_empty() {
            continue;
        }
        let Some(amounts) = object_mut(resources, list) else { continue };
        for name in RESIZABLE {
            unset(amounts, name);
        }
        for (name, amount) in before {
            set(amounts, name, amount.clone());
        }
    }
}

fn forgive_containers(errors: &mut ErrorList, rest: &mut Value, before: &Value) {
    for list in ["containers", "initContainers"] {
        let path = SPEC.child(list);
        for (i, (container, old)) in items_mut(rest, list).iter_mut().zip(items(before, list)).enumerate() {
            let changed = !same(Some(container), Some(old));
            if let Some(own) = object_mut(container, "resources") {
                forgive(own, field(old, "resources"));
            }
            let is_regular = list == "containers";
            if !same(Some(container), Some(old)) {
                errors.push(if is_regular {
                    Error::forbidden(&SPEC, ONLY_CPU_AND_MEMORY)
                } else {
                    let detail = "only cpu and memory resources for init or sidecar containers are mutable";
                    Error::forbidden(&path.index(i), detail)
                });
            }
            if changed && !is_regular && !pod_spec::is_sidecar(container) {
                let restarts = items(container, "resizePolicy").iter().filter(|p| text(p, "restartPolicy") == "RestartContainer");
                for _ in restarts {
                    let detail = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized";
                    errors.push(Error::forbidden(&path.index(i), detail));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Strategy, pod::Pod, testing::texts};
    use serde_json::json;

    fn pod(cpu: &str) -> Value {
        let container = json!({"name": "a", "image": "a:1", "resources": {"requests": {"cpu": cpu, "example.com/x": "1"}, "limits": {"example.com/x": "1"}}});
        let mut pod = json!({"metadata": {"name": "web", "namespace": "ns"}, "spec": {"containers": [container]}, "status": {"qosClass": "Burstable"}});
        Pod.default(&mut pod);
        pod
    }

    #[test]
    fn cpu_and_memory_may_change_and_nothing_else_is_taken() {
        let old = pod("1");
        let mut new = pod("2");
        new["spec"]["containers"][0]["image"] = "b".into();
        prepare(&mut new, &old);
        assert_eq!(new["spec"]["containers"][0]["image"], "a:1");
        assert_eq!(texts(&validate(&new, &old)), [""; 0]);
    }

    #[test]
    fn other_resources_stay_as_they_are() {
        let old = pod("1");
        let mut new = pod("1");
        for list in LISTS {
            new["spec"]["containers"][0]["resources"][list]["example.com/x"] = "2".into();
        }
        assert_eq!(texts(&validate(&new, &old)), [format!("spec: Forbidden: {ONLY_CPU_AND_MEMORY}")]);
    }
}
