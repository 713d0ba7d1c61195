//! The decision.

use crate::{
    Attributes, Subject,
    rules::{Binding, Role, RoleRef},
};
use dashmap::DashMap;
use minkapi_object::{LabelSelector, Object};
use minkapi_store::{Key, Kind, Snapshot};
use serde::de::DeserializeOwned;
use std::{
    fmt,
    sync::{Arc, LazyLock},
};

/// Whoever is in this group may do everything, whatever is stored.
const MASTERS: &str = "system:masters";

/// How often a role that is selected may select others in turn.
const AGGREGATION_DEPTH: u8 = 8;

/// More parsed objects than this are not remembered.
const REMEMBERED: usize = 16_384;

static ROLES: LazyLock<Kind> = LazyLock::new(|| Kind::new("roles.rbac.authorization.k8s.io"));
static CLUSTER_ROLES: LazyLock<Kind> = LazyLock::new(|| Kind::new("clusterroles.rbac.authorization.k8s.io"));
static ROLE_BINDINGS: LazyLock<Kind> = LazyLock::new(|| Kind::new("rolebindings.rbac.authorization.k8s.io"));
static CLUSTER_ROLE_BINDINGS: LazyLock<Kind> = LazyLock::new(|| Kind::new("clusterrolebindings.rbac.authorization.k8s.io"));

/// Parsed objects by uid and resourceVersion.
type Parsed<V> = DashMap<(Arc<str>, u64), Arc<V>>;

/// Role-based access control. All views may share one: what is parsed belongs to a version of an object.
#[derive(Default)]
pub struct Rbac {
    roles: Parsed<Role>,
    bindings: Parsed<Binding>,
}

impl fmt::Debug for Rbac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rbac")
    }
}

impl Rbac {
    /// Whether somebody may do something in this state.
    pub fn allows(&self, state: &Snapshot<Object>, subject: &Subject<'_>, wanted: &Attributes<'_>) -> bool {
        if subject.groups.iter().any(|group| group == MASTERS) {
            return true;
        }
        let everywhere = state.range(*CLUSTER_ROLE_BINDINGS, None, None).map(|(_, binding)| (binding, ""));
        if self.any_allows(state, everywhere, subject, wanted) {
            return true;
        }
        // Bindings of a namespace grant nothing beyond it.
        if wanted.namespace.is_empty() || !wanted.is_resource() {
            return false;
        }
        let within = state.range(*ROLE_BINDINGS, Some(wanted.namespace), None).map(|(_, binding)| (binding, wanted.namespace));
        self.any_allows(state, within, subject, wanted)
    }

    fn any_allows<'a>(
        &self,
        state: &Snapshot<Object>,
        mut bindings: impl Iterator<Item = (&'a Arc<Object>, &'a str)>,
        subject: &Subject<'_>,
        wanted: &Attributes<'_>,
    ) -> bool {
        bindings.any(|(object, namespace)| {
            let binding = parsed(&self.bindings, object);
            binding.binds(subject, namespace) && self.role_allows(state, &binding.role_ref, namespace, wanted)
        })
    }

    fn role_allows(&self, state: &Snapshot<Object>, role: &RoleRef, namespace: &str, wanted: &Attributes<'_>) -> bool {
        let found = match role.kind.as_str() {
            "ClusterRole" => state.get(*CLUSTER_ROLES, &Key::new("", &role.name)),
            "Role" if !namespace.is_empty() => state.get(*ROLES, &Key::new(namespace, &role.name)),
            _ => None,
        };
        let Some(object) = found else { return false };
        self.united_allows(state, &object, wanted, AGGREGATION_DEPTH)
    }

    /// Whether a role allows it, itself or by those that its aggregation rule selects. A controller would have written the
    /// rules of these into it; here nobody needs to run one.
    fn united_allows(&self, state: &Snapshot<Object>, object: &Arc<Object>, wanted: &Attributes<'_>, depth: u8) -> bool {
        let role = parsed(&self.roles, object);
        if role.rules.iter().flatten().any(|rule| rule.allows(wanted)) {
            return true;
        }
        let selectors = role.aggregation_rule.iter().flat_map(|a| a.cluster_role_selectors.iter().flatten());
        let selectors: Vec<LabelSelector> = selectors.filter_map(|s| LabelSelector::from_value(s).ok()).collect();
        depth > 0
            && !selectors.is_empty()
            && state
                .range(*CLUSTER_ROLES, None, None)
                .filter(|(_, other)| !Arc::ptr_eq(other, object) && selectors.iter().any(|s| s.matches(&other.head().labels)))
                .any(|(_, other)| self.united_allows(state, other, wanted, depth - 1))
    }
}

fn parsed<V: DeserializeOwned + Default>(known: &Parsed<V>, object: &Object) -> Arc<V> {
    let id = (object.head().uid.clone(), object.resource_version());
    if let Some(found) = known.get(&id) {
        return found.clone();
    }
    if known.len() >= REMEMBERED {
        known.clear();
    }
    // What does not parse grants nothing.
    let value: Arc<V> = Arc::new(serde_json::from_slice(object.bytes()).unwrap_or_default());
    known.insert(id, value.clone());
    value
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use minkapi_object::Draft;
    use minkapi_store::{Change, Expect, Options, Store};
    use serde_json::{Value, json};

    fn put(store: &Store<Object>, kind: Kind, namespace: &str, name: &str, mut object: Value) {
        object["metadata"]["name"] = name.into();
        object["metadata"]["uid"] = format!("{kind}/{namespace}/{name}").into();
        let draft = Draft::new(&object, Box::default(), 1);
        store.base().commit(kind, Key::new(namespace, name), Expect::Any, |r, _| Change::Put(draft.stamp(r))).unwrap();
    }

    fn binding(kind: &str, role: &str, subject: Value) -> Value {
        json!({"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}, "subjects": [subject]})
    }

    fn rule(verbs: &[&str], resources: &[&str]) -> Value {
        json!({"rules": [{"verbs": verbs, "apiGroups": [""], "resources": resources}]})
    }

    fn allowed(store: &Store<Object>, user: &str, wanted: Attributes<'_>) -> bool {
        let groups = ["g".to_owned()];
        Rbac::default().allows(&store.base().snapshot(), &Subject { name: user, groups: &groups }, &wanted)
    }

    const GET: Attributes<'static> =
        Attributes { verb: "get", group: "", resource: "pods", subresource: "", namespace: "x", name: "a", path: "" };

    #[test]
    fn a_binding_of_a_namespace_grants_nothing_elsewhere() {
        let store = Store::new(Options::default());
        put(&store, *CLUSTER_ROLES, "", "reader", rule(&["get"], &["pods"]));
        put(&store, *ROLE_BINDINGS, "x", "b", binding("ClusterRole", "reader", json!({"kind": "User", "name": "anna"})));
        assert!(allowed(&store, "anna", GET));
        assert!(!allowed(&store, "anna", Attributes { namespace: "y", ..GET }));
        assert!(!allowed(&store, "anna", Attributes { namespace: "", ..GET }));
        assert!(!allowed(&store, "anna", Attributes { verb: "list", ..GET }));
        assert!(!allowed(&store, "bob", GET));
    }

    #[test]
    fn groups_and_service_accounts_are_bound_and_masters_need_nothing() {
        let store = Store::new(Options::default());
        put(&store, *CLUSTER_ROLES, "", "reader", rule(&["get"], &["pods"]));
        put(&store, *CLUSTER_ROLE_BINDINGS, "", "group", binding("ClusterRole", "reader", json!({"kind": "Group", "name": "g"})));
        assert!(allowed(&store, "whoever", GET));
        put(
            &store,
            *CLUSTER_ROLE_BINDINGS,
            "",
            "group",
            binding("ClusterRole", "reader", json!({"kind": "ServiceAccount", "name": "s", "namespace": "n"})),
        );
        assert!(allowed(&store, "system:serviceaccount:n:s", GET));
        assert!(!allowed(&store, "system:serviceaccount:m:s", GET));
        let groups = [MASTERS.to_owned()];
        assert!(Rbac::default().allows(
            &Store::new(Options::default()).base().snapshot(),
            &Subject { name: "root", groups: &groups },
            &GET
        ));
    }

    #[test]
    fn subresources_and_names_are_told_apart() {
        let store = Store::new(Options::default());
        put(
            &store,
            *ROLES,
            "x",
            "r",
            json!({"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods/log", "*/scale"], "resourceNames": ["a"]}]}),
        );
        put(&store, *ROLE_BINDINGS, "x", "b", binding("Role", "r", json!({"kind": "User", "name": "anna"})));
        assert!(allowed(&store, "anna", Attributes { subresource: "log", ..GET }));
        assert!(allowed(&store, "anna", Attributes { resource: "jobs", subresource: "scale", ..GET }));
        assert!(!allowed(&store, "anna", GET));
        assert!(!allowed(&store, "anna", Attributes { subresource: "log", name: "b", ..GET }));
    }

    #[test]
    fn paths_that_are_no_resources_match_by_prefix() {
        let store = Store::new(Options::default());
        put(&store, *CLUSTER_ROLES, "", "r", json!({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz/*", "/version"]}]}));
        put(&store, *CLUSTER_ROLE_BINDINGS, "", "b", binding("ClusterRole", "r", json!({"kind": "Group", "name": "g"})));
        let path = |path| Attributes { verb: "get", path, ..Attributes::default() };
        assert!(allowed(&store, "anna", path("/version")) && allowed(&store, "anna", path("/healthz/ping")));
        assert!(!allowed(&store, "anna", path("/version/more")) && !allowed(&store, "anna", path("/metrics")));
    }

    #[test]
    fn aggregated_roles_have_the_rules_of_those_they_select() {
        let store = Store::new(Options::default());
        let aggregate = |to: &str| json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {to: "true"}}]}});
        put(&store, *CLUSTER_ROLES, "", "admin", aggregate("to-admin"));
        let mut edit = aggregate("to-edit");
        edit["metadata"] = json!({"labels": {"to-admin": "true"}});
        put(&store, *CLUSTER_ROLES, "", "edit", edit);
        let mut part = rule(&["get"], &["pods"]);
        part["metadata"] = json!({"labels": {"to-edit": "true"}});
        put(&store, *CLUSTER_ROLES, "", "part", part);
        put(&store, *CLUSTER_ROLE_BINDINGS, "", "b", binding("ClusterRole", "admin", json!({"kind": "User", "name": "anna"})));
        assert!(allowed(&store, "anna", GET));
        assert!(!allowed(&store, "anna", Attributes { resource: "nodes", ..GET }));
    }
}
