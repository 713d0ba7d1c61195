//! StorageVersionMigration: objects are written anew in the version in which they are stored today.

use crate::{
    Column, Context, Row, Strategy, Traits, condition, go_struct,
    object_meta::IMMUTABLE,
    table,
    value::{at, field, items, set, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names,
};
use serde_json::{Value, json};

/// The strategy of StorageVersionMigration.
#[derive(Debug)]
pub struct StorageVersionMigration;

impl Strategy for StorageVersionMigration {
    fn traits(&self) -> Traits {
        Traits {
            unconditional_update: false,
            reset_fields: &[("", &[&["status"]]), ("status", &[&["metadata"], &["spec"]])],
            name_on_update: true,
            ..Traits::DEFAULT
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, migration: &mut Value) {
        set(migration, "status", json!({}));
    }

    fn validate(&self, _: &Context<'_>, migration: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let spec = Path::new("spec");
        let path = spec.child("resource");
        let (group, resource) = group_resource(migration);
        let wrong = names::is_dns1035_label(resource);
        if resource.is_empty() {
            errors.push(Error::required(&path.child("resource"), "resource is required to be set"));
        } else if !wrong.is_empty() {
            errors.push(Error::invalid(&path.child("resource"), resource, wrong.join(",")));
        }
        let wrong = names::is_dns1123_subdomain(group);
        if !group.is_empty() && !wrong.is_empty() {
            errors.push(Error::invalid(&path.child("group"), group, wrong.join(",")));
        }
        errors
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            return validate_status(new, old);
        }
        let mut errors = self.validate(cx, new);
        if group_resource(new) != group_resource(old) {
            let spec = field(new, "spec").unwrap_or(&Value::Null);
            let printed =
                format!("{{\"Resource\":{}}}", go_struct::in_order(spec.get("resource").unwrap_or(&json!({})), &["group", "resource"]));
            errors.push(Error::invalid_printed(&Path::new("spec"), printed, IMMUTABLE));
        }
        errors
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, migration: &Value, _: i64, _: bool) -> Row {
        let (group, resource) = group_resource(migration);
        let shown = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let reached = |c: &&Value| text(c, "status") == "True" && matches!(text(c, "type"), "Running" | "Failed" | "Succeeded");
        let state = conditions(migration).iter().rfind(reached).map_or("Unknown", |c| text(c, "type"));
        Row::of(vec![table::name(migration), json!(shown), json!(state)])
    }
}

fn group_resource(migration: &Value) -> (&str, &str) {
    at(migration, &["spec", "resource"]).map_or(("", ""), |r| (text(r, "group"), text(r, "resource")))
}

fn conditions(migration: &Value) -> &[Value] {
    field(migration, "status").map_or(&[], |s| items(s, "conditions"))
}

fn is(migration: &Value, kind: &str) -> bool {
    conditions(migration).iter().find(|c| text(c, "type") == kind).is_some_and(|c| text(c, "status") == "True")
}

fn validate_status(new: &Value, old: &Value) -> ErrorList {
    let status = Path::new("status");
    let path = status.child("conditions");
    let version = |m: &'_ Value| field(m, "status").map(|s| text(s, "resourceVersion").to_owned()).unwrap_or_default();
    let (after, before) = (version(new), version(old));
    let mut errors = condition::validate_all(conditions(new), &path);
    if !before.is_empty() && before != after {
        errors.push(Error::invalid(&status.child("resourceVersion"), after, IMMUTABLE));
    }
    let mut tell = |why: &str| errors.push(Error::invalid(&path, conditions(new).to_vec(), why));
    if is(new, "Succeeded") && is(new, "Failed") {
        tell("Both success and failed conditions cannot be true at the same time");
    }
    if is(old, "Succeeded") && !is(new, "Succeeded") {
        tell("Success condition cannot be set to false once it is true");
    }
    if is(old, "Failed") && !is(new, "Failed") {
        tell("Failed condition cannot be set to false once it is true");
    }
    errors
}

static COLUMNS: &[Column] = &[
    Column::new("Name", "string", "", 0, table::description::NAME),
    Column::new("Resource", "string", "", 0, "GroupResource to migrate"),
    Column::new("Status", "string", "", 0, "Status of the migration"),
];
