//! The decision.

use crate::{
    Attributes, Decision, PolicyRule, RoleRef, Rules, Subject,
    rules::{Binding, Role},
};
use dashmap::DashMap;
use minkapi_object::{LabelSelector, Object};
use minkapi_schema::field::quoted;
use minkapi_store::{Key, Kind, Snapshot};
use serde::de::DeserializeOwned;
use std::{
    fmt,
    ops::ControlFlow::{self, Break, Continue},
    sync::{Arc, LazyLock},
};

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

/// A role that a binding names and that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoRole(String);

/// A binding that applies to somebody.
struct Applies<'a> {
    key: &'a Key,
    binding: &'a Binding,
}

/// What is seen on the way through somebody's rules.
enum Seen<'a> {
    Rule(&'a Applies<'a>, &'a PolicyRule),
    Missing(NoRole),
}

impl Rbac {
    /// Whether somebody may do something in this state.
    pub fn allows(&self, state: &Snapshot<Object>, subject: &Subject<'_>, wanted: &Attributes<'_>) -> bool {
        let seen = self.visit(state, subject, wanted.namespace, &mut |seen| match seen {
            Seen::Rule(_, rule) if rule.allows(wanted) => Break(()),
            _ => Continue(()),
        });
        seen.is_break()
    }

    /// The same with the reason.
    pub(crate) fn decide(&self, state: &Snapshot<Object>, subject: &Subject<'_>, wanted: &Attributes<'_>) -> Decision {
        let (mut reason, mut missing) = (String::new(), Vec::new());
        let seen = self.visit(state, subject, wanted.namespace, &mut |seen| match seen {
            Seen::Rule(source, rule) if rule.allows(wanted) => {
                reason = source.describe(subject);
                Break(())
            }
            Seen::Rule(..) => Continue(()),
            Seen::Missing(role) => {
                missing.push(role);
                Continue(())
            }
        });
        match (seen, together(missing)) {
            (Break(()), _) => Decision { allowed: true, reason: format!("RBAC: allowed by {reason}") },
            (Continue(()), None) => Decision::default(),
            (Continue(()), Some(missing)) => Decision { allowed: false, reason: format!("rbac: RBAC: {missing}") },
        }
    }

    /// All rules that apply to somebody in a namespace, or at the cluster scope.
    pub(crate) fn rules(&self, state: &Snapshot<Object>, subject: &Subject<'_>, namespace: &str) -> Rules {
        let (mut rules, mut missing) = (Vec::new(), Vec::new());
        let _ = self.visit(state, subject, namespace, &mut |seen| {
            match seen {
                Seen::Rule(_, rule) => rules.push(rule.clone()),
                Seen::Missing(role) => missing.push(role),
            }
            Continue(())
        });
        Rules { rules, error: together(missing) }
    }

    /// The rules of a role that a binding in a namespace names.
    ///
    /// # Errors
    /// There is no such role.
    pub(crate) fn rules_of(&self, state: &Snapshot<Object>, role: &RoleRef, namespace: &str) -> Result<Vec<PolicyRule>, NoRole> {
        let object = find(state, role, namespace)?;
        let mut rules: Vec<PolicyRule> = Vec::new();
        let _ = self.each_rule(state, object, &mut Vec::new(), &mut |rule| {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
            Continue(())
        });
        Ok(rules)
    }

    fn visit(
        &self,
        state: &Snapshot<Object>,
        subject: &Subject<'_>,
        namespace: &str,
        see: &mut dyn FnMut(Seen<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for (key, object) in state.range(*CLUSTER_ROLE_BINDINGS, None, None) {
            self.visit_binding(state, subject, key, object, see)?;
        }
        // Bindings of a namespace grant nothing beyond it.
        if !namespace.is_empty() {
            for (key, object) in state.range(*ROLE_BINDINGS, Some(namespace), None) {
                self.visit_binding(state, subject, key, object, see)?;
            }
        }
        Continue(())
    }

    fn visit_binding(
        &self,
        state: &Snapshot<Object>,
        subject: &Subject<'_>,
        key: &Key,
        object: &Object,
        see: &mut dyn FnMut(Seen<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let binding = parsed(&self.bindings, object);
        if binding.binds(subject, key.namespace()).is_none() {
            return Continue(());
        }
        let applies = Applies { key, binding: &binding };
        match find(state, &binding.role_ref, key.namespace()) {
            Ok(role) => self.each_rule(state, role, &mut Vec::new(), &mut |rule| see(Seen::Rule(&applies, rule))),
            Err(missing) => see(Seen::Missing(missing)),
        }
    }

    /// The rules of a role and of those that its aggregation rule selects. A controller would have written the rules of these
    /// into it; here nobody needs to run one.
    fn each_rule<'a>(
        &self,
        state: &'a Snapshot<Object>,
        object: &'a Arc<Object>,
        done: &mut Vec<&'a Arc<Object>>,
        see: &mut dyn FnMut(&PolicyRule) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if done.iter().any(|other| Arc::ptr_eq(other, object)) {
            return Continue(());
        }
        done.push(object);
        let role = parsed(&self.roles, object);
        for rule in role.rules.iter().flatten() {
            see(rule)?;
        }
        let selectors = role.aggregation_rule.iter().flat_map(|a| a.cluster_role_selectors.iter().flatten());
        let selectors: Vec<LabelSelector> = selectors.filter_map(|s| LabelSelector::from_value(s).ok()).collect();
        if selectors.is_empty() {
            return Continue(());
        }
        for (_, other) in state.range(*CLUSTER_ROLES, None, None) {
            if selectors.iter().any(|s| s.matches(&other.head().labels)) {
                // Where a controller runs, it has written the rules into this one already.
                let own = role.rules.as_deref().unwrap_or_default();
                self.each_rule(state, other, done, &mut |rule| if own.contains(rule) { Continue(()) } else { see(rule) })?;
            }
        }
        Continue(())
    }
}

impl Applies<'_> {
    /// As a reason names it.
    fn describe(&self, subject: &Subject<'_>) -> String {
        let (namespace, name) = (self.key.namespace(), self.key.name());
        let (kind, name) = match namespace.is_empty() {
            true => ("ClusterRoleBinding", quoted(name)),
            false => ("RoleBinding", quoted(&format!("{name}/{namespace}"))),
        };
        let RoleRef { kind: role_kind, name: role, .. } = &self.binding.role_ref;
        let bound = self.binding.binds(subject, namespace).map(|bound| bound.describe(namespace)).unwrap_or_default();
        format!("{kind} {name} of {role_kind} {} to {bound}", quoted(role))
    }
}

fn find<'a>(state: &'a Snapshot<Object>, role: &RoleRef, namespace: &str) -> Result<&'a Arc<Object>, NoRole> {
    let (kind, key) = match role.kind.as_str() {
        "ClusterRole" => (*CLUSTER_ROLES, Key::new("", &role.name)),
        "Role" => (*ROLES, Key::new(namespace, &role.name)),
        other => return Err(NoRole(format!("unsupported role reference kind: {}", quoted(other)))),
    };
    let missing = || {
        let kind = role.kind.to_ascii_lowercase();
        NoRole(format!("{kind}.rbac.authorization.k8s.io {} not found", quoted(&role.name)))
    };
    state.find(kind, &key).ok_or_else(missing)
}

/// All that went wrong, in upstream's form.
fn together(missing: Vec<NoRole>) -> Option<String> {
    let mut texts: Vec<String> = Vec::new();
    for NoRole(text) in missing {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        all => Some(format!("[{}]", all.join(", "))),
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
    use crate::Authorization;
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
        let groups = ["system:masters".to_owned()];
        assert!(Authorization::Rbac(Rbac::default()).allows(
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

    #[test]
    fn roles_that_select_each_other_come_to_an_end() {
        let store = Store::new(Options::default());
        for name in ["a", "b", "c"] {
            let mut role = json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"all": "true"}}]}});
            role["metadata"] = json!({"labels": {"all": "true"}});
            put(&store, *CLUSTER_ROLES, "", name, role);
        }
        put(&store, *CLUSTER_ROLE_BINDINGS, "", "b", binding("ClusterRole", "a", json!({"kind": "User", "name": "anna"})));
        assert!(!allowed(&store, "anna", GET));
    }

    #[test]
    fn reasons_name_the_binding_or_the_roles_that_are_missing() {
        let store = Store::new(Options::default());
        let anna = json!({"kind": "User", "name": "anna"});
        put(&store, *ROLE_BINDINGS, "x", "b", binding("Role", "gone", anna.clone()));
        let decide = || Rbac::default().decide(&store.base().snapshot(), &Subject { name: "anna", groups: &[] }, &GET);
        assert_eq!(decide().reason, "rbac: RBAC: role.rbac.authorization.k8s.io \"gone\" not found");
        put(&store, *CLUSTER_ROLE_BINDINGS, "", "b", binding("ClusterRole", "lost", anna));
        let both = "[clusterrole.rbac.authorization.k8s.io \"lost\" not found, role.rbac.authorization.k8s.io \"gone\" not found]";
        assert_eq!(decide(), Decision { allowed: false, reason: format!("rbac: RBAC: {both}") });
        put(&store, *ROLES, "x", "gone", rule(&["get"], &["pods"]));
        assert_eq!(decide().reason, "RBAC: allowed by RoleBinding \"b/x\" of Role \"gone\" to User \"anna\"");
    }
}
