//! AppArmor profiles in annotations become fields when a pod is made.

use crate::{
    pod_spec::{self, APP_ARMOR_CONTAINER, APP_ARMOR_FIELD},
    value::{at, field, field_mut, items_mut, object_mut, set, text, text_if_set},
};
use serde_json::Value;

/// Copies the profiles that annotations name into containers without one, unless the pod has the same.
pub fn copy_annotations(pod: &mut Value) {
    let Some(annotations) = at(pod, &["metadata", "annotations"]).filter(|a| mentions_app_armor(a)).cloned() else { return };
    let Some(spec) = field_mut(pod, "spec") else { return };
    if pod_spec::os_name(spec) == Some("windows") {
        return;
    }
    let of_pod = at(spec, &["securityContext", "appArmorProfile"]).cloned();
    for list in pod_spec::CONTAINER_LISTS {
        for container in items_mut(spec, list) {
            if pod_spec::has_app_armor(container) {
                continue;
            }
            let Some(annotation) = text_if_set(&annotations, &key(container)) else { continue };
            let profile = pod_spec::app_armor_field(annotation).filter(|p| Some(p) != of_pod.as_ref());
            if let (Some(profile), Some(context)) = (profile, object_mut(container, "securityContext")) {
                set(context, "appArmorProfile", profile);
            }
        }
    }
}

/// Warnings for annotations that became, or could not become, fields.
pub fn warnings(pod: &Value) -> Vec<String> {
    let spec = field(pod, "spec").unwrap_or(&Value::Null);
    let Some(annotations) = at(pod, &["metadata", "annotations"]).filter(|a| mentions_app_armor(a)) else { return Vec::new() };
    if pod_spec::os_name(spec) == Some("windows") {
        return Vec::new();
    }
    let of_pod = at(spec, &["securityContext", "appArmorProfile"]);
    let unneeded = |container: &Value| {
        let annotation = text_if_set(annotations, &key(container))?;
        let profile = pod_spec::app_armor_field(annotation);
        let own = at(container, &["securityContext", "appArmorProfile"]);
        let copied = profile.is_some() && own == profile.as_ref() && own != of_pod;
        let unreadable = profile.is_none() && own.is_none();
        (copied || unreadable).then(|| format!("metadata.annotations[{}]: {APP_ARMOR_FIELD}", key(container)))
    };
    pod_spec::containers(spec).filter_map(unneeded).collect()
}

fn mentions_app_armor(annotations: &Value) -> bool {
    annotations.as_object().is_some_and(|a| a.keys().any(|key| key.starts_with(APP_ARMOR_CONTAINER)))
}

fn key(container: &Value) -> String {
    format!("{APP_ARMOR_CONTAINER}{}", text(container, "name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_annotation_becomes_a_field() {
        let mut pod = json!({"metadata": {"annotations": {format!("{APP_ARMOR_CONTAINER}a"): "unconfined"}}, "spec": {"containers": [{"name": "a"}]}});
        copy_annotations(&mut pod);
        assert_eq!(pod["spec"]["containers"][0]["securityContext"], json!({"appArmorProfile": {"type": "Unconfined"}}));
        assert_eq!(warnings(&pod).len(), 1);
    }
}
