//! The roles that kube-apiserver makes where RBAC decides, and how they are kept complete: at every start what is missing
//! in them is added, unless their annotation forbids it.

use super::store;
use crate::{View, metadata};
use minkapi_authorization::{PolicyRule, uncovered};
use minkapi_object::Object;
use minkapi_store::{Change, Expect, Key};
use serde_json::{Map, Value, json};

/// Upstream's default ClusterRoles, ClusterRoleBindings, Roles and RoleBindings, in the order in which it makes them: what
/// kube-apiserver 1.37.2 holds after its first start with `--authorization-mode=RBAC`.
const POLICY: &str = include_str!("policy.json");

/// "false" keeps an object as it is.
const AUTO_UPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

/// Makes what is missing, and completes what is there.
pub(crate) fn reconcile(view: &View) {
    for expected in serde_json::from_str::<Vec<Value>>(POLICY).unwrap_or_default() {
        let text = |key: &str| expected[key].as_str().unwrap_or_default();
        let Ok(served) = view.served(text("apiVersion"), text("kind")) else { continue };
        let key = Key::new(metadata::text(&expected, "namespace"), metadata::text(&expected, "name"));
        let Some(existing) = view.snapshot().get(served.storage, &key) else {
            store(view, expected);
            continue;
        };
        let old = existing.to_value();
        let protected = old["metadata"]["annotations"][AUTO_UPDATE] == "false";
        let completed = if protected { None } else { completed(&old, &expected) };
        match completed {
            None => {}
            Some(Completed::Changed(new)) => put(view, &served, &key, &existing, new),
            Some(Completed::OtherRole) => {
                // The role of a binding cannot be changed.
                let _ = view.store.commit(served.storage, key, Expect::Revision(existing.resource_version()), |_, _| Change::Delete);
                store(view, expected);
            }
        }
    }
}

fn put(view: &View, served: &crate::Served, key: &Key, existing: &Object, new: Value) {
    let Ok(draft) = view.draft_at_once(served, new) else { return };
    let expect = Expect::Revision(existing.resource_version());
    let _ = view.store.commit(served.storage, key.clone(), expect, |revision, _| Change::Put(draft.stamp(revision)));
}

/// What is to be done with an object that lacks something.
#[derive(Debug, PartialEq)]
enum Completed {
    Changed(Value),
    OtherRole,
}

fn completed(old: &Value, expected: &Value) -> Option<Completed> {
    if old.get("roleRef") != expected.get("roleRef") {
        return Some(Completed::OtherRole);
    }
    let mut new = old.clone();
    for key in ["labels", "annotations"] {
        let mut all = expected["metadata"][key].as_object().cloned().unwrap_or_default();
        all.extend(old["metadata"][key].as_object().cloned().unwrap_or_default());
        if !all.is_empty() {
            metadata::of(&mut new).insert(key.to_owned(), all.into());
        }
    }
    let rules = |object: &Value| -> Vec<PolicyRule> { serde_json::from_value(object["rules"].clone()).unwrap_or_default() };
    append(&mut new, "rules", uncovered(&rules(old), &rules(expected)).iter().map(as_value));
    append(&mut new, "subjects", missing(&old["subjects"], &expected["subjects"]));
    let selectors = |object: &Value| object["aggregationRule"]["clusterRoleSelectors"].clone();
    let lacking: Vec<Value> = missing(&selectors(old), &selectors(expected)).collect();
    if expected["aggregationRule"].is_null() {
        new.as_object_mut().map(|object| object.remove("aggregationRule"));
    } else if !lacking.is_empty() {
        if new["aggregationRule"].is_null() {
            new["aggregationRule"] = json!({});
        }
        append(&mut new["aggregationRule"], "clusterRoleSelectors", lacking.into_iter());
    }
    (new != *old).then_some(Completed::Changed(new))
}

/// What the one list has and the other lacks.
fn missing<'a>(there: &'a Value, wanted: &'a Value) -> impl Iterator<Item = Value> + 'a {
    let there = there.as_array().map(Vec::as_slice).unwrap_or_default();
    wanted.as_array().into_iter().flatten().filter(|item| !there.contains(item)).cloned()
}

fn append(object: &mut Value, key: &str, items: impl Iterator<Item = Value>) {
    let items: Vec<Value> = items.collect();
    if items.is_empty() {
        return;
    }
    if !object[key].is_array() {
        object[key] = json!([]);
    }
    if let Some(list) = object[key].as_array_mut() {
        list.extend(items);
    }
}

/// A rule as the API writes it.
pub(crate) fn as_value(rule: &PolicyRule) -> Value {
    let lists = [
        ("verbs", &rule.verbs),
        ("apiGroups", &rule.api_groups),
        ("resources", &rule.resources),
        ("resourceNames", &rule.resource_names),
        ("nonResourceURLs", &rule.non_resource_urls),
    ];
    let lists = lists.into_iter().filter(|(key, list)| *key == "verbs" || !list.is_empty());
    lists.map(|(key, list)| (key.to_owned(), json!(list))).collect::<Map<_, _>>().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests fail by panicking")]
mod tests {
    use super::*;
    use crate::{Config, Views};
    use minkapi_authorization::{Authorization, Rbac};

    const ROLES: &str = "clusterroles.rbac.authorization.k8s.io";

    fn config() -> Config {
        Config { authorization: Authorization::Rbac(Rbac::default()), ..Config::default() }
    }

    #[test]
    fn the_default_roles_are_there_where_roles_decide() {
        let views = Views::new(config());
        let state = views.base().snapshot();
        let count = |kind: &str| state.len(minkapi_store::Kind::new(kind));
        let kinds = [ROLES, "clusterrolebindings.rbac.authorization.k8s.io", "roles.rbac.authorization.k8s.io"];
        assert_eq!(kinds.map(count), [73, 54, 7]);
        assert_eq!(count("rolebindings.rbac.authorization.k8s.io"), 7);
        assert_eq!(Views::new(Config::default()).base().snapshot().len(minkapi_store::Kind::new(ROLES)), 0, "as upstream");
    }

    #[test]
    fn a_start_completes_what_was_changed_unless_that_is_forbidden() {
        let views = Views::new(config());
        let base = views.base();
        let served = base.served("rbac.authorization.k8s.io/v1", "ClusterRole").unwrap();
        let get = |name: &str| base.snapshot().get(served.storage, &Key::new("", name)).unwrap();
        let change = |name: &str, edit: &dyn Fn(&mut Value)| {
            let stored = get(name);
            let mut value = stored.to_value();
            edit(&mut value);
            put(&base, &served, &Key::new("", name), &stored, value);
        };
        let extra = json!({"verbs": ["get"], "apiGroups": ["x"], "resources": ["y"]});
        let of_discovery = get("system:discovery").to_value()["rules"].clone();
        change("system:discovery", &|role| role["rules"] = json!([extra]));
        change("system:basic-user", &|role| {
            role["rules"] = json!([]);
            role["metadata"]["annotations"][AUTO_UPDATE] = "false".into();
        });
        reconcile(&base);
        let rules = get("system:discovery").to_value()["rules"].clone();
        assert_eq!(rules[0], extra, "what others added stays");
        let parsed = |rules: &Value| serde_json::from_value::<Vec<PolicyRule>>(rules.clone()).unwrap();
        assert!(uncovered(&parsed(&rules), &parsed(&of_discovery)).is_empty());
        assert!(get("system:basic-user").to_value()["rules"].as_array().is_none_or(Vec::is_empty));
        let revision = views.revision();
        reconcile(&base);
        assert_eq!(views.revision(), revision, "nothing is lacking any more");
    }
}
