//! What Jobs and the job templates of CronJobs have in common.

use crate::{
    go_struct::{self, GoField, GoType},
    ingress_class::domain_prefixed_path,
    job_indexes, object_meta,
    pod_spec::{Options, POD_SPEC},
    pod_template,
    value::{field, has, int, items, set_default_nonzero, text, text_if_set},
    workload,
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

const MAX_PARALLELISM_INDEXED: i64 = 100_000;
const MAX_FAILED_INDEXES: i64 = 100_000;
const MANY_COMPLETIONS: i64 = 100_000;
const MAX_WITH_MANY_COMPLETIONS: i64 = 10_000;
const MAX_POLICY_RULES: usize = 20;
const MAX_EXIT_CODES: usize = 255;
const MAX_MANAGED_BY: usize = 63;
const MAX_SUCCEEDED_INDEXES: usize = 64 * 1024;
const ACTIONS: &[&str] = &["Count", "FailIndex", "FailJob", "Ignore"];

/// Fills in the defaults inside a job's spec but not its own, which job templates do not get.
pub fn default(spec: &mut Value) {
    if let Some(policy) = crate::value::field_mut(spec, "podFailurePolicy") {
        for rule in crate::value::items_mut(policy, "rules") {
            for pattern in crate::value::items_mut(rule, "onPodConditions") {
                set_default_nonzero(pattern, "status", "True");
            }
        }
    }
    workload::default_template(spec, &["template"]);
}

/// Everything wrong with a job's spec at `path` but its selector.
pub fn validate(spec: &Value, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
    const COUNTS: &[&str] =
        &["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex"];
    let mut errors = workload::validate_counts(spec, COUNTS, path);
    errors.extend(workload::validate_counts(spec, &["maxFailedIndexes"], path));
    if has(spec, "maxFailedIndexes") && !has(spec, "backoffLimitPerIndex") {
        errors.push(Error::required(&path.child("backoffLimitPerIndex"), "when maxFailedIndexes is specified"));
    }
    if let Some(manager) = text_if_set(spec, "managedBy") {
        let path = path.child("managedBy");
        domain_prefixed_path(&mut errors, manager, &path);
        if manager.len() > MAX_MANAGED_BY {
            errors.push(Error::too_long(&path, MAX_MANAGED_BY));
        }
    }
    errors.extend(validate_completion_mode(spec, path));
    if let Some(policy) = field(spec, "podFailurePolicy") {
        errors.extend(validate_failure_policy(policy, spec, &path.child("podFailurePolicy")));
    }
    if let Some(policy) = field(spec, "successPolicy") {
        errors.extend(validate_success_policy(policy, spec, &path.child("successPolicy")));
    }
    errors.extend(replacement_policy_error(spec, &path.child("podReplacementPolicy")));
    errors.extend(validate_template(spec, old, &path.child("template")));
    errors
}

/// Warnings for the spec of a new or changed job.
pub fn warnings(spec: &Value, old: Option<&Value>, path: &Path<'_>) -> Vec<String> {
    let count = |key| int(spec, key).unwrap_or_default();
    let mut warnings = Vec::new();
    if is_indexed(spec) && count("completions") > MANY_COMPLETIONS && count("parallelism") > MAX_WITH_MANY_COMPLETIONS {
        warnings.push(format!(
            "{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        ));
    }
    if let Some(template) = field(spec, "template") {
        warnings.extend(pod_template::warnings(template, old.and_then(|old| field(old, "template")), &path.child("template")));
    }
    warnings
}

/// Whether the job's pods are numbered.
pub fn is_indexed(spec: &Value) -> bool {
    text(spec, "completionMode") == "Indexed"
}

fn validate_completion_mode(spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mode = text_if_set(spec, "completionMode");
    let mode_path = path.child("completionMode");
    if let Some(mode) = mode.filter(|mode| !matches!(*mode, "NonIndexed" | "Indexed")) {
        errors.push(Error::not_supported(&mode_path, mode, &["NonIndexed", "Indexed"]));
    }
    match mode {
        Some("Indexed") => errors.extend(validate_indexed(spec, path)),
        None | Some("NonIndexed") => {
            for key in ["backoffLimitPerIndex", "maxFailedIndexes"] {
                errors.extend(int(spec, key).map(|n| Error::invalid(&path.child(key), n, "requires indexed completion mode")));
            }
        }
        Some(_) => {}
    }
    errors
}

fn validate_indexed(spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (completions, parallelism) = (int(spec, "completions"), int(spec, "parallelism"));
    let failed = int(spec, "maxFailedIndexes");
    let failed_path = path.child("maxFailedIndexes");
    let too_parallel = |max: i64, when: &str, errors: &mut ErrorList| {
        if let Some(n) = parallelism.filter(|n| *n > max) {
            errors.push(Error::invalid(&path.child("parallelism"), n, format!("must be less than or equal to {max} when {when}")));
        }
    };
    if completions.is_none() {
        errors.push(Error::required(&path.child("completions"), "when completion mode is Indexed"));
    }
    too_parallel(MAX_PARALLELISM_INDEXED, "completion mode is Indexed", &mut errors);
    if let (Some(completions), Some(failed)) = (completions, failed)
        && failed > completions
    {
        errors.push(Error::invalid(&failed_path, failed, "must be less than or equal to completions"));
    }
    if let Some(n) = failed.filter(|n| *n > MAX_FAILED_INDEXES) {
        errors.push(Error::invalid(&failed_path, n, format!("must be less than or equal to {MAX_FAILED_INDEXES}")));
    }
    if completions.is_some_and(|n| n > MANY_COMPLETIONS) && has(spec, "backoffLimitPerIndex") {
        if failed.is_none() {
            errors.push(Error::required(&failed_path, format!("must be specified when completions is above {MANY_COMPLETIONS}")));
        }
        let when = format!("completions are above {MANY_COMPLETIONS} and used with backoff limit per index");
        too_parallel(MAX_WITH_MANY_COMPLETIONS, &when, &mut errors);
        if let Some(n) = failed.filter(|n| *n > MAX_WITH_MANY_COMPLETIONS) {
            errors.push(Error::invalid(&failed_path, n, format!("must be less than or equal to {MAX_WITH_MANY_COMPLETIONS} when {when}")));
        }
    }
    errors
}

fn validate_failure_policy(policy: &Value, spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let rules = items(policy, "rules");
    let path = path.child("rules");
    if rules.len() > MAX_POLICY_RULES {
        errors.push(Error::too_many(&path, rules.len(), MAX_POLICY_RULES));
    }
    for (i, rule) in rules.iter().enumerate() {
        errors.extend(validate_failure_rule(rule, spec, &path.index(i)));
    }
    errors
}

fn validate_failure_rule(rule: &Value, spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let action_path = path.child("action");
    match text(rule, "action") {
        "" => errors.push(Error::required(&action_path, format!("valid values: {}", quoted_list(ACTIONS)))),
        "FailIndex" if !has(spec, "backoffLimitPerIndex") => {
            errors.push(Error::invalid(&action_path, "FailIndex", "requires the backoffLimitPerIndex to be set"));
        }
        action if !ACTIONS.contains(&action) => errors.push(Error::not_supported(&action_path, action, ACTIONS)),
        _ => {}
    }
    let (exit_codes, conditions) = (field(rule, "onExitCodes"), items(rule, "onPodConditions"));
    if let Some(requirement) = exit_codes {
        errors.extend(validate_exit_codes(requirement, spec, &path.child("onExitCodes")));
    }
    errors.extend(validate_pod_conditions(conditions, &path.child("onPodConditions")));
    match (exit_codes.is_some(), conditions.is_empty()) {
        (true, false) => {
            errors.push(Error::invalid_unprinted(path, "specifying both OnExitCodes and OnPodConditions is not supported"));
        }
        (false, true) => {
            errors.push(Error::invalid_unprinted(path, "specifying one of OnExitCodes and OnPodConditions is required"));
        }
        _ => {}
    }
    errors
}

fn validate_exit_codes(requirement: &Value, spec: &Value, path: &Path<'_>) -> ErrorList {
    const OPERATORS: &[&str] = &["In", "NotIn"];
    let mut errors = ErrorList::new();
    let operator = text(requirement, "operator");
    if operator.is_empty() {
        errors.push(Error::required(&path.child("operator"), format!("valid values: {}", quoted_list(OPERATORS))));
    } else if !OPERATORS.contains(&operator) {
        errors.push(Error::not_supported(&path.child("operator"), operator, OPERATORS));
    }
    if let Some(name) = text_if_set(requirement, "containerName").filter(|name| !has_container(spec, name)) {
        let detail = "must be one of the container or initContainer names in the pod template";
        errors.push(Error::invalid(&path.child("containerName"), name, detail));
    }
    let path = path.child("values");
    let values: Vec<i64> = items(requirement, "values").iter().filter_map(Value::as_i64).collect();
    let printed = || field(requirement, "values").cloned().unwrap_or_default();
    if values.is_empty() {
        errors.push(Error::invalid(&path, printed(), "at least one value is required"));
    } else if values.len() > MAX_EXIT_CODES {
        errors.push(Error::too_many(&path, values.len(), MAX_EXIT_CODES));
    }
    for (i, code) in values.iter().enumerate() {
        if operator == "In" && *code == 0 {
            errors.push(Error::invalid(&path.index(i), 0, "must not be 0 for the In operator"));
        }
        if values.iter().take(i).any(|earlier| earlier == code) {
            errors.push(Error::duplicate(&path.index(i), *code));
        }
    }
    if !values.is_sorted() {
        errors.push(Error::invalid(&path, printed(), "must be ordered"));
    }
    errors
}

fn has_container(spec: &Value, name: &str) -> bool {
    let pod = crate::value::at(spec, &["template", "spec"]).unwrap_or(&Value::Null);
    ["containers", "initContainers"].iter().flat_map(|list| items(pod, list)).any(|c| text(c, "name") == name)
}

fn validate_pod_conditions(conditions: &[Value], path: &Path<'_>) -> ErrorList {
    const STATUSES: &[&str] = &["False", "True", "Unknown"];
    let mut errors = ErrorList::new();
    if conditions.len() > MAX_POLICY_RULES {
        errors.push(Error::too_many(path, conditions.len(), MAX_POLICY_RULES));
    }
    for (i, pattern) in conditions.iter().enumerate() {
        let path = path.index(i);
        let kind = text(pattern, "type");
        invalid_each(&mut errors, &path.child("type"), kind, names::is_qualified_name(kind));
        match text(pattern, "status") {
            "" => errors.push(Error::required(&path.child("status"), format!("valid values: {}", quoted_list(STATUSES)))),
            status if !STATUSES.contains(&status) => errors.push(Error::not_supported(&path.child("status"), status, STATUSES)),
            _ => {}
        }
    }
    errors
}

/// Texts as Go's `%q` prints a list of them.
fn quoted_list(texts: &[&str]) -> String {
    format!("[{}]", texts.iter().map(|t| minkapi_schema::field::quoted(t)).collect::<Vec<_>>().join(" "))
}

fn validate_success_policy(policy: &Value, spec: &Value, path: &Path<'_>) -> ErrorList {
    if !is_indexed(spec) {
        return vec![Error::invalid_printed(path, go_struct::compact(policy, SUCCESS_POLICY), "requires indexed completion mode")];
    }
    let mut errors = ErrorList::new();
    let rules = items(policy, "rules");
    let path = path.child("rules");
    if rules.is_empty() {
        errors.push(Error::required(&path, "at least one rules must be specified when the successPolicy is specified"));
    }
    if rules.len() > MAX_POLICY_RULES {
        errors.push(Error::too_many(&path, rules.len(), MAX_POLICY_RULES));
    }
    let completions = int(spec, "completions").unwrap_or_default();
    for (i, rule) in rules.iter().enumerate() {
        errors.extend(validate_success_rule(rule, completions, &path.index(i)));
    }
    errors
}

fn validate_success_rule(rule: &Value, completions: i64, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (count, indexes) = (int(rule, "succeededCount"), text_if_set(rule, "succeededIndexes"));
    if count.is_none() && indexes.is_none() {
        errors.push(Error::required(path, "at least one of succeededCount or succeededIndexes must be specified"));
    }
    let mut total = 0;
    if let Some(indexes) = indexes {
        let path = path.child("succeededIndexes");
        if indexes.len() > MAX_SUCCEEDED_INDEXES {
            errors.push(Error::too_long(&path, MAX_SUCCEEDED_INDEXES));
        }
        match job_indexes::count(indexes, completions) {
            Ok(n) => total = n,
            Err(why) => errors.push(Error::invalid(&path, indexes, format!("error parsing succeededIndexes: {why}"))),
        }
    }
    if let Some(count) = count {
        let path = path.child("succeededCount");
        errors.extend(crate::object_meta::non_negative(count, &path));
        let mut at_most = |max: i64, of: &str| {
            if count > max {
                errors.push(Error::invalid(&path, count, format!("must be less than or equal to {max} ({of})")));
            }
        };
        at_most(completions, "the number of specified completions");
        if indexes.is_some() {
            at_most(total, "the number of indexes in the specified succeededIndexes field");
        }
    }
    errors
}

fn replacement_policy_error(spec: &Value, path: &Path<'_>) -> Option<Error> {
    let supported: &[&str] = if has(spec, "podFailurePolicy") { &["Failed"] } else { &["Failed", "TerminatingOrFailed"] };
    let policy = text_if_set(spec, "podReplacementPolicy").filter(|policy| !supported.contains(policy))?;
    Some(Error::not_supported(path, policy, supported))
}

fn validate_template(spec: &Value, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let template = field(spec, "template").unwrap_or(&Value::Null);
    let options = Options::for_template(template, old.and_then(|old| field(old, "template")));
    let mut errors = pod_template::validate(template, path, &options);
    let spec_path = path.child("spec");
    let path = spec_path.child("restartPolicy");
    match field(template, "spec").map_or("", |pod| text(pod, "restartPolicy")) {
        "" | "Always" => errors.push(Error::required(&path, "valid values: \"OnFailure\", \"Never\"")),
        "OnFailure" if has(spec, "podFailurePolicy") => {
            errors.push(Error::invalid(&path, "OnFailure", "only \"Never\" is supported when podFailurePolicy is specified"));
        }
        "OnFailure" | "Never" => {}
        other => errors.push(Error::not_supported(&path, other, &["OnFailure", "Never"])),
    }
    errors
}

const SUCCESS_POLICY: &[GoField] = &[go_struct::field(
    "Rules",
    "rules",
    GoType::List(&[go_struct::nullable("SucceededIndexes", "succeededIndexes"), go_struct::nullable("SucceededCount", "succeededCount")]),
)];

const EXIT_CODES: &[GoField] = &[
    go_struct::nullable("ContainerName", "containerName"),
    go_struct::text("Operator", "operator"),
    go_struct::nullable("Values", "values"),
];

const FAILURE_POLICY: &[GoField] = &[go_struct::field(
    "Rules",
    "rules",
    GoType::List(&[
        go_struct::text("Action", "action"),
        go_struct::field("OnExitCodes", "onExitCodes", GoType::Pointer(EXIT_CODES)),
        go_struct::field(
            "OnPodConditions",
            "onPodConditions",
            GoType::List(&[go_struct::text("Type", "type"), go_struct::text("Status", "status")]),
        ),
    ]),
)];

/// The error with its policy printed as Go has it.
pub fn printed_as_go(mut error: Error, key: &str, value: Option<&Value>) -> Error {
    let fields = match key {
        "successPolicy" => SUCCESS_POLICY,
        "podFailurePolicy" => FAILURE_POLICY,
        _ => return error,
    };
    if let Some(value) = value {
        error.bad_value = Some(go_struct::compact(value, fields));
    }
    error
}

/// A pod template as Go prints it: its metadata in place, then its spec.
pub fn printed_template(template: &Value) -> String {
    let mut parts = object_meta::printed(field(template, "metadata").unwrap_or(&Value::Null));
    parts.push(format!("\"Spec\":{}", printed_pod_spec(field(template, "spec").unwrap_or(&Value::Null))));
    format!("{{{}}}", parts.join(","))
}

/// A pod's spec as Go prints it.
pub fn printed_pod_spec(spec: &Value) -> String {
    go_struct::compact(spec, POD_SPEC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    fn spec(mut with: Value) -> Value {
        with["template"] = json!({"spec": {"restartPolicy": "Never", "containers": [{"name": "app"}]}});
        with
    }

    fn fields(with: Value) -> Vec<String> {
        let errors = validate_completion_mode(&with, &Path::new("spec"));
        texts(&errors)
    }

    #[test]
    fn indexed_jobs_need_completions() {
        assert_eq!(fields(json!({"completionMode": "Indexed"})), ["spec.completions: Required value: when completion mode is Indexed"]);
        assert_eq!(
            fields(json!({"completionMode": "NonIndexed", "backoffLimitPerIndex": 1})),
            ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]
        );
    }

    #[test]
    fn exit_codes_are_ordered_unique_and_not_zero() {
        let rule = json!({"operator": "In", "containerName": "x", "values": [0, 2, 1, 1]});
        assert_eq!(
            texts(&validate_exit_codes(&rule, &spec(json!({})), &Path::new("c"))),
            [
                "c.containerName: Invalid value: \"x\": must be one of the container or initContainer names in the pod template",
                "c.values[0]: Invalid value: 0: must not be 0 for the In operator",
                "c.values[3]: Duplicate value: 1",
                "c.values: Invalid value: [0,2,1,1]: must be ordered"
            ]
        );
    }

    #[test]
    fn a_rule_looks_at_exit_codes_or_conditions() {
        let errors = validate_failure_rule(&json!({"action": "Retry"}), &spec(json!({})), &Path::new("r"));
        assert_eq!(
            texts(&errors),
            [
                "r.action: Unsupported value: \"Retry\": supported values: \"Count\", \"FailIndex\", \"FailJob\", \"Ignore\"",
                "r: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"
            ]
        );
    }

    #[test]
    fn pods_of_jobs_end() {
        let always = json!({"template": {"spec": {"restartPolicy": "Always"}}});
        let errors = validate_template(&always, None, &Path::new("template"));
        assert_eq!(
            errors.last().unwrap().to_string(),
            "template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\""
        );
    }

    #[test]
    fn a_success_rule_counts_no_more_than_its_indexes() {
        let rule = json!({"succeededIndexes": "0-1,3", "succeededCount": 4});
        assert_eq!(
            texts(&validate_success_rule(&rule, 5, &Path::new("r"))),
            [
                "r.succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of indexes in the specified succeededIndexes field)"
            ]
        );
    }
}
