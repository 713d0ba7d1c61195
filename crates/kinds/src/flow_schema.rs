//! FlowSchema: which requests go to which priority level.

use crate::{
    Column, Context, Row, Strategy, Traits, flow_mandatory, table, update,
    value::{at, field, flag, has, int, items, object_mut, set, set_default_nonzero, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The strategy of FlowSchema.
#[derive(Debug)]
pub struct FlowSchema;

const DEFAULT_PRECEDENCE: i64 = 1000;
const MAX_PRECEDENCE: i64 = 10_000;
const METHODS: &[&str] = &["ByNamespace", "ByUser"];
const SUBJECT_KINDS: &[&str] = &["Group", "ServiceAccount", "User"];
const VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

impl Strategy for FlowSchema {
    fn traits(&self) -> Traits {
        Traits { reset_fields: &[("", &[&["status"]]), ("status", &[&["metadata"], &["spec"]])], name_on_update: true, ..Traits::DEFAULT }
    }

    fn default(&self, schema: &mut Value) {
        if let Some(spec) = object_mut(schema, "spec") {
            set_default_nonzero(spec, "matchingPrecedence", DEFAULT_PRECEDENCE);
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, schema: &mut Value) {
        set(schema, "status", json!({}));
        set(&mut schema["metadata"], "generation", 1);
    }

    fn validate(&self, _: &Context<'_>, schema: &Value) -> ErrorList {
        validate(schema)
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        update::keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource.is_empty() {
            update::raise_generation_if_changed(new, old, &["spec"]);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> ErrorList {
        if cx.subresource == "status" { validate_status(new) } else { validate(new) }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, schema: &Value, now_millis: i64, _: bool) -> Row {
        let spec = spec(schema);
        let dangling = conditions(schema).iter().find(|c| text(c, "type") == "Dangling").map_or("?", |c| text(c, "status"));
        Row::of(vec![
            table::name(schema),
            json!(field(spec, "priorityLevelConfiguration").map_or("", |p| text(p, "name"))),
            json!(int(spec, "matchingPrecedence").unwrap_or_default()),
            json!(field(spec, "distinguisherMethod").map_or(table::NONE, |m| text(m, "type"))),
            table::age(schema, now_millis),
            json!(dangling),
        ])
    }
}

fn spec(schema: &Value) -> &Value {
    field(schema, "spec").unwrap_or(&Value::Null)
}

fn conditions(object: &Value) -> &[Value] {
    field(object, "status").map_or(&[], |s| items(s, "conditions"))
}

/// Everything wrong with the status of a FlowSchema or PriorityLevelConfiguration.
pub fn validate_status(object: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let status = Path::new("status");
    let path = status.child("conditions");
    let mut seen = BTreeSet::new();
    for (i, condition) in conditions(object).iter().enumerate() {
        let path = path.index(i);
        let kind = text(condition, "type");
        if !seen.insert(kind) {
            errors.push(Error::duplicate(&path.child("type"), kind));
        }
        if kind.is_empty() {
            errors.push(Error::required(&path.child("type"), ""));
        }
    }
    errors
}

fn validate(schema: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let (spec, path) = (spec(schema), Path::new("spec"));
    let name = field(schema, "metadata").map_or("", |m| text(m, "name"));
    let precedence = int(spec, "matchingPrecedence").unwrap_or_default();
    let mut tell = |why: String| errors.push(Error::invalid(&path.child("matchingPrecedence"), precedence, why));
    if precedence <= 0 {
        tell("must be a positive value".to_owned());
    }
    if precedence > MAX_PRECEDENCE {
        tell(format!("must not be greater than {MAX_PRECEDENCE}"));
    }
    if precedence == 1 && name != "exempt" {
        tell("only the schema named 'exempt' may have matchingPrecedence 1".to_owned());
    }
    if let Some(method) = field(spec, "distinguisherMethod").filter(|m| !METHODS.contains(&text(m, "type"))) {
        let path = path.child("distinguisherMethod");
        errors.push(Error::not_supported(&path.child("type"), json!({"Type": text(method, "type")}), METHODS));
    }
    let level_path = path.child("priorityLevelConfiguration");
    match at(spec, &["priorityLevelConfiguration", "name"]).and_then(Value::as_str).unwrap_or_default() {
        "" => errors.push(Error::required(&level_path.child("name"), "must reference a priority level")),
        level => invalid_each(&mut errors, &level_path.child("name"), level, names::is_dns1123_subdomain(level)),
    }
    let rules = path.child("rules");
    for (i, rule) in items(spec, "rules").iter().enumerate() {
        validate_rule(&mut errors, rule, &rules.index(i));
    }
    errors.extend(flow_mandatory::flow_schema_error(name, spec, &path));
    errors.extend(validate_status(schema));
    errors
}

fn validate_rule(errors: &mut ErrorList, rule: &Value, path: &Path<'_>) {
    let subjects = path.child("subjects");
    if items(rule, "subjects").is_empty() {
        errors.push(Error::required(&subjects, "subjects must contain at least one value"));
    }
    for (i, subject) in items(rule, "subjects").iter().enumerate() {
        validate_subject(errors, subject, &subjects.index(i));
    }
    let (resources, others) = (items(rule, "resourceRules"), items(rule, "nonResourceRules"));
    if resources.is_empty() && others.is_empty() {
        errors.push(Error::required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"));
    }
    for (i, rule) in resources.iter().enumerate() {
        validate_resource_rule(errors, rule, &path.child("resourceRules").index(i));
    }
    for (i, rule) in others.iter().enumerate() {
        validate_url_rule(errors, rule, &path.child("nonResourceRules").index(i));
    }
}

/// The members of a subject, by kind.
const SUBJECTS: &[(&str, &str)] = &[("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")];

fn validate_subject(errors: &mut ErrorList, subject: &Value, path: &Path<'_>) {
    let kind = text(subject, "kind");
    let Some((_, own)) = SUBJECTS.iter().find(|(k, _)| *k == kind) else {
        errors.push(Error::not_supported(&path.child("kind"), kind, SUBJECT_KINDS));
        return;
    };
    let own_path = path.child(own);
    match field(subject, own) {
        None => errors.push(Error::required(&own_path, format!("{own} is required when subject kind is '{kind}'"))),
        Some(member) => {
            let name = text(member, "name");
            if name.is_empty() {
                errors.push(Error::required(&own_path.child("name"), ""));
            } else if kind == "ServiceAccount" && name != "*" {
                invalid_each(errors, &own_path.child("name"), name, names::is_dns1123_subdomain(name));
            }
            if kind == "ServiceAccount" {
                match text(member, "namespace") {
                    "" => errors.push(Error::required(&own_path.child("namespace"), "must specify namespace for service account")),
                    namespace => invalid_each(errors, &own_path.child("namespace"), namespace, names::is_dns1123_label(namespace)),
                }
            }
        }
    }
    for (other, key) in SUBJECTS.iter().filter(|(k, key)| *k != kind && has(subject, key)) {
        errors.push(Error::forbidden(&path.child(key), format!("{key} is forbidden when subject kind is not '{other}'")));
    }
}

/// A required list in which `*` stands alone. False where it says nothing of single members.
fn wildcard_alone(errors: &mut ErrorList, rule: &Value, key: &str, what: &str, if_empty: &str, path: &Path<'_>) -> bool {
    let list = items(rule, key);
    if list.is_empty() {
        errors.push(Error::required(&path.child(key), if_empty));
        return false;
    }
    let wild = list.iter().any(|v| v == "*");
    if wild && list.len() > 1 {
        errors.push(Error::invalid(&path.child(key), list.to_vec(), format!("if '*' is present, must not specify other {what}")));
    }
    !wild
}

fn validate_verbs(errors: &mut ErrorList, rule: &Value, path: &Path<'_>) {
    let named = wildcard_alone(errors, rule, "verbs", "verbs", "verbs must contain at least one value", path);
    let verbs = items(rule, "verbs");
    if named && !verbs.iter().filter_map(Value::as_str).all(|v| VERBS.contains(&v)) {
        errors.push(Error::not_supported(&path.child("verbs"), verbs.to_vec(), VERBS));
    }
}

fn validate_resource_rule(errors: &mut ErrorList, rule: &Value, path: &Path<'_>) {
    validate_verbs(errors, rule, path);
    let _ = wildcard_alone(errors, rule, "apiGroups", "api groups", "resource rules must supply at least one api group", path);
    let _ = wildcard_alone(errors, rule, "resources", "resources", "resource rules must supply at least one resource", path);
    if flag(rule, "clusterScope") && items(rule, "namespaces").is_empty() {
        return;
    }
    let missing = "resource rules that are not cluster scoped must supply at least one namespace";
    if wildcard_alone(errors, rule, "namespaces", "namespaces", missing, path) {
        let path = path.child("namespaces");
        for (i, namespace) in items(rule, "namespaces").iter().filter_map(Value::as_str).enumerate() {
            let why = |m| format!("each member of this list must be '*' or a DNS-1123 label; {m}");
            let messages = names::is_dns1123_label(namespace).into_iter().map(why).collect();
            invalid_each(errors, &path.index(i), namespace, messages);
        }
    }
}

fn validate_url_rule(errors: &mut ErrorList, rule: &Value, path: &Path<'_>) {
    validate_verbs(errors, rule, path);
    let (key, missing) = ("nonResourceURLs", "nonResourceURLs must contain at least one value");
    if wildcard_alone(errors, rule, key, "non-resource URLs", missing, path) {
        let path = path.child(key);
        for (i, url) in items(rule, key).iter().filter_map(Value::as_str).enumerate() {
            errors.extend(url_error(url).map(|why| Error::invalid(&path.index(i), url, why)));
        }
    }
}

fn url_error(url: &str) -> Option<&'static str> {
    match url {
        "" => Some("must not be empty"),
        "/" => None,
        _ if !url.starts_with('/') => Some("must start with slash"),
        _ if url.contains(' ') => Some("must not contain white-space"),
        _ if url.contains("//") => Some("must not contain double slash"),
        _ => match url.matches('*').count() {
            0 => None,
            1 if url.ends_with("/*") => None,
            _ => Some("wildcard can only do suffix matching"),
        },
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("PriorityLevel", "string", "", 0, "`name` is the name of the priority level configuration being referenced Required."),
    Column::new(
        "MatchingPrecedence",
        "string",
        "",
        0,
        "`matchingPrecedence` is used to choose among the FlowSchemas that match a given request. The chosen FlowSchema is among those with the numerically lowest (which we take to be logically highest) MatchingPrecedence.  Each MatchingPrecedence value must be ranged in [1,10000]. Note that if the precedence is not specified, it will be set to 1000 as default.",
    ),
    Column::new(
        "DistinguisherMethod",
        "string",
        "",
        0,
        "`distinguisherMethod` defines how to compute the flow distinguisher for requests that match this schema. `nil` specifies that the distinguisher is disabled and thus will always be the empty string.",
    ),
    table::AGE,
    Column::new("MissingPL", "string", "", 0, "references a broken or non-existent PriorityLevelConfiguration"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn a_subject_has_the_member_of_its_kind() {
        let mut errors = ErrorList::new();
        validate_subject(&mut errors, &json!({"kind": "User", "group": {"name": "g"}}), &Path::new("s"));
        assert_eq!(
            texts(&errors),
            [
                "s.user: Required value: user is required when subject kind is 'User'",
                "s.group: Forbidden: group is forbidden when subject kind is not 'Group'",
            ]
        );
    }

    #[test]
    fn wildcards_in_urls_end_them() {
        assert_eq!((url_error("/a/*"), url_error("/a*")), (None, Some("wildcard can only do suffix matching")));
        assert_eq!(url_error("a"), Some("must start with slash"));
    }
}
