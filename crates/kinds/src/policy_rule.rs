//! RBAC's shared parts: policy rules and the subjects and role references of bindings.

use crate::{
    table,
    value::{field, items, items_mut, set, set_default_nonzero, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};

/// The group of RBAC, which bindings refer to.
pub const GROUP: &str = "rbac.authorization.k8s.io";

/// Whether an object stands in a namespace or above them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Role and RoleBinding.
    Namespaced,
    /// ClusterRole and ClusterRoleBinding.
    Cluster,
}

/// Everything wrong with the `rules` of a role.
pub fn validate_rules(role: &Value, scope: Scope) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut declared = ErrorList::new();
    let rules = Path::new("rules");
    for (i, rule) in items(role, "rules").iter().enumerate() {
        let path = rules.index(i);
        validate_rule(&mut errors, rule, scope, &path);
        if items(rule, "verbs").is_empty() {
            declared.push(Error::required(&path.child("verbs"), ""));
        }
    }
    errors.append(&mut declared);
    errors
}

fn validate_rule(errors: &mut ErrorList, rule: &Value, scope: Scope, path: &Path<'_>) {
    let urls = items(rule, "nonResourceURLs");
    let names_resources = ["apiGroups", "resources", "resourceNames"].iter().any(|key| !items(rule, key).is_empty());
    if !urls.is_empty() {
        let field = path.child("nonResourceURLs");
        if scope == Scope::Namespaced {
            errors.push(Error::invalid(&field, urls.to_vec(), "namespaced rules cannot apply to non-resource URLs"));
        }
        if names_resources {
            errors.push(Error::invalid(&field, urls.to_vec(), "rules cannot apply to both regular resources and non-resource URLs"));
        }
        return;
    }
    if items(rule, "apiGroups").is_empty() {
        errors.push(Error::required(&path.child("apiGroups"), "resource rules must supply at least one api group"));
    }
    if items(rule, "resources").is_empty() {
        errors.push(Error::required(&path.child("resources"), "resource rules must supply at least one resource"));
    }
}

/// The API groups of a binding's references.
pub fn default_binding(binding: &mut Value) {
    if let Some(role) = crate::value::object_mut(binding, "roleRef") {
        set_default_nonzero(role, "apiGroup", GROUP);
    }
    for subject in items_mut(binding, "subjects") {
        if text(subject, "apiGroup").is_empty() && matches!(text(subject, "kind"), "User" | "Group") {
            set(subject, "apiGroup", GROUP);
        }
    }
}

/// Everything wrong with a binding, and with its change from `old`.
pub fn validate_binding(binding: &Value, old: Option<&Value>, scope: Scope) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut declared = ErrorList::new();
    let role_kinds: &[&str] = match scope {
        Scope::Namespaced => &["Role", "ClusterRole"],
        Scope::Cluster => &["ClusterRole"],
    };
    let role = field(binding, "roleRef").unwrap_or(&Value::Null);
    let changed = old.is_some_and(|old| field(old, "roleRef") != field(binding, "roleRef"));
    let path = Path::new("roleRef");
    let (group, kind, name) = (text(role, "apiGroup"), text(role, "kind"), text(role, "name"));
    if group != GROUP {
        errors.push(Error::not_supported(&path.child("apiGroup"), group, &[GROUP]));
    }
    if !role_kinds.contains(&kind) {
        errors.push(Error::not_supported(&path.child("kind"), kind, role_kinds));
    }
    if name.is_empty() && changed {
        // The immutable reference ends the declared checks below, so that the missing name is told here.
        errors.push(Error::required(&path.child("name"), ""));
    }
    invalid_each(&mut errors, &path.child("name"), name, names::is_valid_path_segment_name(name));
    let subjects = Path::new("subjects");
    for (i, subject) in items(binding, "subjects").iter().enumerate() {
        let path = subjects.index(i);
        validate_subject(&mut errors, subject, scope, &path);
        if text(subject, "name").is_empty() {
            declared.push(Error::required(&path.child("name"), ""));
        }
    }
    if changed {
        errors.push(Error::invalid_printed(&path, printed_role_ref(role), "field is immutable"));
    }
    errors.append(&mut declared);
    if name.is_empty() && !changed {
        errors.push(Error::required(&path.child("name"), ""));
    }
    errors
}

fn validate_subject(errors: &mut ErrorList, subject: &Value, scope: Scope, path: &Path<'_>) {
    let (kind, name, group) = (text(subject, "kind"), text(subject, "name"), text(subject, "apiGroup"));
    match kind {
        "ServiceAccount" => {
            if !name.is_empty() {
                invalid_each(errors, &path.child("name"), name, names::is_dns1123_subdomain(name));
            }
            if !group.is_empty() {
                errors.push(Error::not_supported(&path.child("apiGroup"), group, &[""]));
            }
            if scope == Scope::Cluster && text(subject, "namespace").is_empty() {
                errors.push(Error::required(&path.child("namespace"), ""));
            }
        }
        "User" | "Group" => {
            if group != GROUP {
                errors.push(Error::not_supported(&path.child("apiGroup"), group, &[GROUP]));
            }
        }
        other => errors.push(Error::not_supported(&path.child("kind"), other, &["ServiceAccount", "User", "Group"])),
    }
}

/// The role reference as Go prints it in errors: by the names of its struct's fields.
fn printed_role_ref(role: &Value) -> String {
    json!({"APIGroup": text(role, "apiGroup"), "Kind": text(role, "kind"), "Name": text(role, "name")}).to_string()
}

/// The cells of a binding's row: name, role, age, users, groups, service accounts.
pub fn binding_cells(binding: &Value, now_millis: i64) -> Vec<Value> {
    let role = field(binding, "roleRef").unwrap_or(&Value::Null);
    let of_kind = |kind: &'static str| items(binding, "subjects").iter().filter(move |s| text(s, "kind") == kind);
    let names = |kind| of_kind(kind).map(|s| text(s, "name")).collect::<Vec<_>>().join(", ");
    let accounts = of_kind("ServiceAccount").map(|s| format!("{}/{}", text(s, "namespace"), text(s, "name")));
    vec![
        table::name(binding),
        json!(format!("{}/{}", text(role, "kind"), text(role, "name"))),
        table::age(binding, now_millis),
        json!(names("User")),
        json!(names("Group")),
        json!(accounts.collect::<Vec<_>>().join(", ")),
    ]
}
