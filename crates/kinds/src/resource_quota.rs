//! ResourceQuota: limits on what a namespace may hold, and the scopes they count for.

use crate::{
    Column, Context, DeletedAnswer, Row, Strategy, Traits,
    go_struct::{self, GoField, GoType},
    pod_spec::{resource_list, round_resources, validate_resource_name, validate_resource_quantity},
    table,
    update::{IMMUTABLE, clear_status, keep_other_side},
    value::{at, entries, field_mut, has, items, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    quantity::Quantity,
};
use serde_json::{Value, json};

const SCOPES: &[&str] = &[
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "VolumeAttributesClass",
    "CrossNamespacePodAffinity",
];
const CONFLICTS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];

/// The strategy of ResourceQuota.
#[derive(Debug)]
pub struct ResourceQuota;

impl Strategy for ResourceQuota {
    fn traits(&self) -> Traits {
        Traits { deleted: DeletedAnswer::Object, ..Traits::WITH_STATUS }
    }

    fn default(&self, object: &mut Value) {
        for (part, lists) in [("spec", &["hard"][..]), ("status", &["hard", "used"])] {
            if let Some(part) = field_mut(object, part) {
                lists.iter().for_each(|list| round_resources(part, list));
            }
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        clear_status(object);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        validate_spec(object)
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        let hard = object.get("spec").map(|spec| resource_list(spec, "hard")).unwrap_or_default();
        ["cpu", "memory", "storage", "ephemeral-storage"].into_iter().filter_map(|name| inverted_warning(name, &hard)).collect()
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        keep_other_side(self.traits(), cx.subresource, new, old);
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            let status = new.get("status").unwrap_or(&Value::Null);
            let path = Path::new("status");
            return ["hard", "used"].iter().flat_map(|list| validate_list(status, list, &path)).collect();
        }
        let mut errors = validate_spec(new);
        let scopes = |object| -> std::collections::BTreeSet<String> {
            at(object, &["spec"])
                .map_or(&[][..], |spec| items(spec, "scopes"))
                .iter()
                .filter_map(|s| s.as_str().map(str::to_owned))
                .collect()
        };
        if scopes(new) != scopes(old) {
            let printed = at(new, &["spec", "scopes"]).cloned().unwrap_or_default();
            errors.push(Error::invalid(&Path::new("spec").child("scopes"), printed, IMMUTABLE));
        }
        errors
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let status = object.get("status").unwrap_or(&Value::Null);
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        for (name, hard) in entries(status, "hard") {
            let used = at(status, &["used", name]).and_then(Value::as_str).unwrap_or("0");
            let cell = format!("{name}: {used}/{}", hard.as_str().unwrap_or_default());
            if name.starts_with("limits.") { limits.push(cell) } else { requests.push(cell) }
        }
        Row::of(vec![table::name(object), requests.join(", ").into(), limits.join(", ").into(), table::age(object, now_millis)])
    }
}

fn inverted_warning(name: &str, hard: &std::collections::BTreeMap<String, Quantity>) -> Option<String> {
    let requests = format!("requests.{name}");
    let limits = format!("limits.{name}");
    let plain = matches!(name, "cpu" | "memory").then_some(name).filter(|name| hard.contains_key(*name));
    let request_name = if hard.contains_key(&requests) { requests.as_str() } else { plain? };
    let (request, limit) = (hard.get(request_name)?, hard.get(&limits)?);
    (request > limit).then(|| format!("ResourceQuota {request_name} ({request}) should be less than {limits} ({limit})"))
}

fn is_standard_quota_resource(name: &str) -> bool {
    name != "storage" && crate::pod_spec::is_standard_resource(name)
}

fn validate_list(holder: &Value, key: &str, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = path.child(key);
    for (name, amount) in resource_list(holder, key) {
        let path = path.key(&name);
        validate_resource_name(&mut errors, &name, &path);
        if !name.contains('/') && !is_standard_quota_resource(&name) {
            errors.push(Error::invalid(&path, name.as_str(), "must be a standard resource for quota"));
        }
        validate_resource_quantity(&mut errors, &name, &amount, &path);
    }
    errors
}

fn validate_spec(object: &Value) -> ErrorList {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let mut errors = validate_list(spec, "hard", &path);
    errors.extend(validate_scopes(spec, &path.child("scopes")));
    if has(spec, "scopeSelector") {
        let path = path.child("scopeSelector");
        errors.extend(validate_scope_selector(spec, &path.child("matchExpressions")));
    }
    errors
}

/// Whether quotas of a scope can count a resource.
fn counts(scope: &str, resource: &str) -> bool {
    let compute = matches!(resource, "cpu" | "memory" | "limits.cpu" | "limits.memory" | "requests.cpu" | "requests.memory");
    match scope {
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => resource == "pods" || compute,
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => matches!(resource, "persistentvolumeclaims" | "requests.storage"),
        _ => true,
    }
}

/// How many of the quota's resources the scope cannot count: each is told.
fn uncountable(spec: &Value, scope: &str) -> usize {
    entries(spec, "hard").filter(|(name, _)| is_standard_quota_resource(name) && !counts(scope, name)).count()
}

fn has_conflict(scopes: &[&str]) -> bool {
    CONFLICTS.iter().any(|pair| pair.iter().all(|scope| scopes.contains(scope)))
}

fn validate_scopes(spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let scopes: Vec<&str> = items(spec, "scopes").iter().filter_map(Value::as_str).collect();
    let mut refuse = |why: &str| errors.push(Error::invalid(path, json!(scopes), why));
    for scope in &scopes {
        if !SCOPES.contains(scope) {
            refuse("unsupported scope");
        }
        (0..uncountable(spec, scope)).for_each(|_| refuse("unsupported scope applied to resource"));
    }
    if has_conflict(&scopes) {
        refuse("conflicting scopes");
    }
    errors
}

const SCOPE_SELECTOR: &[GoField] = &[go_struct::field(
    "MatchExpressions",
    "matchExpressions",
    GoType::List(&[
        go_struct::text("ScopeName", "scopeName"),
        go_struct::text("Operator", "operator"),
        go_struct::nullable("Values", "values"),
    ]),
)];

fn validate_scope_selector(spec: &Value, path: &Path<'_>) -> ErrorList {
    const ONLY_EXISTS: &str = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    let mut errors = ErrorList::new();
    let selector = spec.get("scopeSelector").unwrap_or(&Value::Null);
    let requirements = items(selector, "matchExpressions");
    for requirement in requirements {
        let (scope, operator) = (text(requirement, "scopeName"), text(requirement, "operator"));
        if !SCOPES.contains(&scope) {
            errors.push(Error::invalid(&path.child("scopeName"), scope, "unsupported scope"));
        }
        for _ in 0..uncountable(spec, scope) {
            let printed = go_struct::compact(selector, SCOPE_SELECTOR);
            errors.push(Error::invalid_printed(path, printed, "unsupported scope applied to resource"));
        }
        if !matches!(scope, "PriorityClass" | "VolumeAttributesClass") && SCOPES.contains(&scope) && operator != "Exists" {
            errors.push(Error::invalid(&path.child("operator"), operator, ONLY_EXISTS));
        }
        errors.extend(operator_error(operator, requirement, path));
    }
    let scopes: Vec<&str> = requirements.iter().map(|r| text(r, "scopeName")).collect();
    if has_conflict(&scopes) {
        errors.push(Error::invalid(path, spec.get("scopes").cloned().unwrap_or_default(), "conflicting scopes"));
    }
    errors
}

fn operator_error(operator: &str, requirement: &Value, path: &Path<'_>) -> Option<Error> {
    let values = items(requirement, "values");
    match operator {
        "In" | "NotIn" => values.is_empty().then(|| {
            Error::required(&path.child("values"), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
        }),
        "Exists" | "DoesNotExist" => (!values.is_empty()).then(|| {
            let detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
            Error::invalid(&path.child("values"), values.to_vec(), detail)
        }),
        other => Some(Error::invalid(&path.child("operator"), other, "not a valid selector operator")),
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Request", "string", "", 0, "Request represents a minimum amount of cpu/memory that a container may consume."),
    Column::new(
        "Limit",
        "string",
        "",
        0,
        "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
    ),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn errors(spec: Value) -> Vec<String> {
        texts(&ResourceQuota.validate(&Context::example(), &json!({"spec": spec})))
    }

    #[test]
    fn amounts_are_whole_and_not_negative() {
        assert_eq!(errors(json!({"hard": {"pods": "-1"}})), ["spec.hard[pods]: Invalid value: \"-1\": must be greater than or equal to 0"]);
        assert_eq!(errors(json!({"hard": {"pods": "1500m"}})), ["spec.hard[pods]: Invalid value: \"1500m\": must be an integer"]);
        assert_eq!(
            errors(json!({"hard": {"podz": "1"}})),
            [
                "spec.hard[podz]: Invalid value: \"podz\": must be a standard resource type or fully qualified",
                "spec.hard[podz]: Invalid value: \"podz\": must be a standard resource for quota"
            ]
        );
    }

    #[test]
    fn scopes_count_what_they_can() {
        assert_eq!(
            errors(json!({"hard": {"cpu": "1"}, "scopes": ["BestEffort"]})),
            ["spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource"]
        );
        assert_eq!(
            errors(json!({"scopes": ["Terminating", "NotTerminating"]})),
            ["spec.scopes: Invalid value: [\"Terminating\",\"NotTerminating\"]: conflicting scopes"]
        );
    }

    #[test]
    fn requests_above_limits_are_warned_about() {
        let object = json!({"spec": {"hard": {"cpu": "2", "limits.cpu": "1"}}});
        assert_eq!(
            ResourceQuota.warnings_on_create(&Context::example(), &object),
            ["ResourceQuota cpu (2) should be less than limits.cpu (1)"]
        );
    }

    #[test]
    fn limits_have_a_cell_of_their_own() {
        let object = json!({"status": {"hard": {"limits.cpu": "2", "pods": "5"}, "used": {"pods": "1"}}});
        assert_eq!(ResourceQuota.row(&object, 0, true).cells[1..3], ["pods: 1/5", "limits.cpu: 0/2"]);
    }
}
