//! What the validation of a pod spec lets pass.

use super::{
    affinity, containers, has_users_of_its_own, paths, requirements,
    resources::{is_huge_page, list, of_container},
    restart_policy::is_sidecar,
    security_context,
};
use crate::{
    label_selector, node_selector,
    value::{at, field, flag, items, text},
};
use minkapi_schema::field::{ErrorList, Path};
use serde_json::Value;

/// Looser rules, for what an older version of the object says already: objects stored under older rules, or with features
/// that are off now, must stay writable.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The spec is that of a pod, not of a template.
    pub is_pod: bool,
    /// The deletion cost may be no number.
    pub any_deletion_cost: bool,
    /// Huge pages may be no multiple of their size.
    pub indivisible_huge_pages: bool,
    /// Selectors of pod affinity may have values that are no label values.
    pub selector_values: bool,
    /// Required node affinity may have values that are no label values.
    pub node_affinity_values: bool,
    /// Selectors of spread constraints may be invalid.
    pub spread_selectors: bool,
    /// Label keys of spread constraints were not merged into their selectors.
    pub unmerged_label_keys: bool,
    /// Projected tokens may lie outside of their volume.
    pub non_local_token_path: bool,
    /// Sysctls may be of namespaces shared with the host.
    pub sysctls_of_host_namespaces: bool,
    /// Init containers may want a restart on resize.
    pub restart_on_resize_of_init_container: bool,
    /// Pods with users of their own may use block devices.
    pub own_users_with_devices: bool,
    /// Pods with users of their own may be on the host's network.
    pub own_users_on_host_network: bool,
    /// Image volumes may name no image.
    pub empty_image_reference: bool,
    /// Containers may have `CAP_SYS_ADMIN` without privilege escalation.
    pub sys_admin_without_escalation: bool,
    /// Tolerations may compare numbers.
    pub comparing_tolerations: bool,
}

impl Options {
    /// For a pod given its older version.
    pub fn for_pod(old: Option<&Value>) -> Self {
        Self { is_pod: true, ..Self::from_holder(old) }
    }

    /// For a pod template given its older version.
    pub fn for_template(_template: &Value, old: Option<&Value>) -> Self {
        Self::from_holder(old)
    }

    fn from_holder(old: Option<&Value>) -> Self {
        let Some(old) = old else { return Self::default() };
        let options = field(old, "spec").map(Self::from_old).unwrap_or_default();
        Self { any_deletion_cost: field(old, "metadata").is_some_and(|m| !has_valid_deletion_cost(m)), ..options }
    }

    fn from_old(old: &Value) -> Self {
        let wrong = |check: &dyn Fn(&mut ErrorList)| {
            let mut errors = ErrorList::new();
            check(&mut errors);
            !errors.is_empty()
        };
        let path = Path::ROOT;
        let constraints = items(old, "topologySpreadConstraints");
        let tokens = || items(old, "volumes").iter().filter_map(|v| field(v, "projected")).flat_map(|p| items(p, "sources"));
        let sysctls = at(old, &["securityContext"]).map(|c| items(c, "sysctls")).unwrap_or_default();
        let own_users = has_users_of_its_own(old);
        Self {
            indivisible_huge_pages: uses_indivisible_huge_pages(old),
            selector_values: affinity::pod_terms(old).any(|term| {
                ["labelSelector", "namespaceSelector"].iter().any(|key| !label_selector::validate(field(term, key), &path).is_empty())
            }),
            node_affinity_values: at(old, REQUIRED_NODES).is_some_and(node_selector::has_invalid_value),
            spread_selectors: constraints.iter().any(|c| !label_selector::validate(field(c, "labelSelector"), &path).is_empty()),
            unmerged_label_keys: constraints.iter().any(|c| wrong(&|e| affinity::validate_label_keys(e, c, &path))),
            non_local_token_path: tokens()
                .filter_map(|s| at(s, &["serviceAccountToken", "path"])?.as_str())
                .any(|target| wrong(&|e| paths::local_non_reserved(e, target, &path))),
            sysctls_of_host_namespaces: sysctls.iter().any(|s| security_context::host_namespace(text(s, "name"), old).is_some()),
            restart_on_resize_of_init_container: items(old, "initContainers")
                .iter()
                .filter(|c| !is_sidecar(c))
                .any(|c| items(c, "resizePolicy").iter().any(|p| text(p, "restartPolicy") == "RestartContainer")),
            own_users_with_devices: own_users && containers(old).any(|c| !items(c, "volumeDevices").is_empty()),
            own_users_on_host_network: own_users && flag(old, "hostNetwork"),
            empty_image_reference: items(old, "volumes").iter().filter_map(|v| field(v, "image")).any(|i| text(i, "reference").is_empty()),
            sys_admin_without_escalation: containers(old).any(security_context::adds_sys_admin),
            comparing_tolerations: items(old, "tolerations").iter().any(|t| matches!(text(t, "operator"), "Lt" | "Gt")),
            ..Self::default()
        }
    }
}

const REQUIRED_NODES: &[&str] = &["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];

/// Whether the annotation with a pod's deletion cost is a number or missing.
pub fn has_valid_deletion_cost(metadata: &Value) -> bool {
    let Some(cost) = field(metadata, "annotations").and_then(|a| field(a, DELETION_COST)).and_then(Value::as_str) else { return true };
    let first = cost.as_bytes().first();
    let starts_well = cost == "0" || matches!(first, Some(b'-' | b'1'..=b'9'));
    starts_well && cost.parse::<i32>().is_ok()
}

/// The annotation that orders pods when a ReplicaSet shrinks.
pub const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";

fn uses_indivisible_huge_pages(spec: &Value) -> bool {
    let of_containers = containers(spec).flat_map(|c| ["limits", "requests"].map(|key| of_container(c, key)));
    of_containers
        .chain([list(spec, "overhead")])
        .flatten()
        .any(|(name, quantity)| is_huge_page(&name) && !requirements::is_huge_page_multiple(&name, &quantity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_stored_may_stay() {
        let old = json!({"spec": {"tolerations": [{"key": "a", "operator": "Gt"}], "containers": []}});
        assert!(Options::for_pod(Some(&old)).comparing_tolerations);
        assert!(!Options::for_pod(None).comparing_tolerations);
    }

    #[test]
    fn a_deletion_cost_is_a_number() {
        for (cost, fine) in [("1", true), ("-5", true), ("0", true), ("+1", false), ("01", false), ("x", false), ("3000000000", false)] {
            assert_eq!(has_valid_deletion_cost(&json!({"annotations": {DELETION_COST: cost}})), fine, "{cost}");
        }
    }
}
