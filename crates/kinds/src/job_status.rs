//! A Job's status: conditions that exclude each other, counters that only grow.

use crate::{
    job_indexes, job_spec, table,
    update::same,
    value::{at, field, flag, has, int, items, text, text_if_set},
    workload,
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// Whether the condition of this type is True.
pub fn condition(job: &Value, kind: &str) -> bool {
    at(job, &["status"])
        .is_some_and(|status| items(status, "conditions").iter().any(|c| text(c, "type") == kind && text(c, "status") == "True"))
}

/// The cell that sums up the job.
pub fn phase(job: &Value) -> &'static str {
    let first = |kind: &str| {
        let conditions = at(job, &["status"]).map_or(&[][..], |status| items(status, "conditions"));
        conditions.iter().find(|c| text(c, "type") == kind).is_some_and(|c| text(c, "status") == "True")
    };
    match () {
        () if first("Complete") => "Complete",
        () if first("Failed") => "Failed",
        () if at(job, &["metadata", "deletionTimestamp"]).is_some() => "Terminating",
        () if first("Suspended") => "Suspended",
        () if first("FailureTarget") => "FailureTarget",
        () if first("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn is_finished(job: &Value) -> bool {
    condition(job, "Complete") || condition(job, "Failed")
}

/// Everything wrong with a new status. What has not changed is not checked again, so that old jobs stay writable.
pub fn validate_update(new: &Value, old: &Value) -> ErrorList {
    let path = Path::new("status");
    let mut errors = validate_numbers(status(new), &path);
    errors.extend(validate_conditions(new, old, &path));
    errors.extend(validate_times(new, old, &path));
    errors.extend(validate_finished(new, old, &path));
    errors.extend(validate_indexes(new, old, &path));
    errors.extend(validate_transition(new, old, &path));
    errors
}

fn status(job: &Value) -> &Value {
    job.get("status").unwrap_or(&Value::Null)
}

fn changed(new: &Value, old: &Value, key: &str) -> bool {
    !same(status(new).get(key), status(old).get(key))
}

fn condition_changed(new: &Value, old: &Value, kind: &str) -> bool {
    condition(new, kind) != condition(old, kind)
}

fn validate_numbers(status: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = workload::validate_counts(status, &["active", "succeeded", "failed", "ready", "terminating"], path);
    let Some(uncounted) = field(status, "uncountedTerminatedPods") else { return errors };
    let path = path.child("uncountedTerminatedPods");
    let mut seen = Vec::new();
    for list in ["succeeded", "failed"] {
        let path = path.child(list);
        for (i, uid) in items(uncounted, list).iter().filter_map(Value::as_str).enumerate() {
            if uid.is_empty() {
                errors.push(Error::invalid(&path.index(i), uid, "must not be empty"));
            } else if seen.contains(&uid) {
                errors.push(Error::duplicate(&path.index(i), uid));
            } else {
                seen.push(uid);
            }
        }
    }
    errors
}

fn validate_conditions(new: &Value, old: &Value, path: &Path<'_>) -> ErrorList {
    let is = |kind| condition(new, kind);
    let changed_any = |kinds: &[&str]| kinds.iter().any(|kind| condition_changed(new, old, kind));
    let success_policy = at(new, &["spec", "successPolicy"]).is_some();
    let rules = [
        (changed_any(&["Complete", "Failed"]) && is("Complete") && is("Failed"), "cannot set Complete=True and Failed=true conditions"),
        (
            changed_any(&["Complete", "FailureTarget"]) && is("Complete") && is("FailureTarget"),
            "cannot set Complete=True and FailureTarget=true conditions",
        ),
        (
            (changed_any(&["Failed"]) || changed(new, old, "failedIndexes")) && is("Failed") && !is("FailureTarget"),
            "cannot set Failed=True condition without the FailureTarget=true condition",
        ),
        (
            changed_any(&["Complete", "SuccessCriteriaMet"]) && is("Complete") && !is("SuccessCriteriaMet"),
            "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
        ),
        (is("SuccessCriteriaMet") && is("Failed"), "cannot set SuccessCriteriaMet=True and Failed=true conditions"),
        (is("SuccessCriteriaMet") && is("FailureTarget"), "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"),
        (
            success_policy && !is("SuccessCriteriaMet") && is("Complete"),
            "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True",
        ),
    ];
    let path = path.child("conditions");
    rules.into_iter().filter(|(broken, _)| *broken).map(|(_, text)| Error::invalid_unprinted(&path, text)).collect()
}

fn validate_times(new: &Value, old: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let status = status(new);
    let (start, end) = (text_if_set(status, "startTime"), text_if_set(status, "completionTime"));
    let end_path = path.child("completionTime");
    let complete = condition(new, "Complete");
    if condition_changed(new, old, "Complete") || changed(new, old, "completionTime") {
        match end {
            Some(end) if !complete => {
                errors.push(Error::invalid(&end_path, end, "cannot set completionTime when there is no Complete=True condition"));
            }
            None if complete => errors.push(Error::required(&end_path, "completionTime is required for Complete jobs")),
            _ => {}
        }
    }
    if (changed(new, old, "startTime") || changed(new, old, "completionTime"))
        && let (Some(start), Some(end)) = (start, end)
        && table::millis(end) < table::millis(start)
    {
        errors.push(Error::invalid(&end_path, end, "must be equal to or after `startTime`"));
    }
    errors
}

fn validate_finished(new: &Value, old: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let status = status(new);
    let count = |key| int(status, key).unwrap_or_default();
    let finished = is_finished(new);
    let newly = finished != is_finished(old);
    let check = |key| finished && (newly || changed(new, old, key));
    if check("active") && count("active") > 0 {
        errors.push(Error::invalid(&path.child("active"), count("active"), "active>0 is invalid for finished job"));
    }
    let never_started = at(new, &["spec"]).is_some_and(|spec| flag(spec, "suspend") && int(spec, "completions") == Some(0));
    if check("startTime") && !never_started && !has(status, "startTime") {
        errors.push(Error::required(&path.child("startTime"), "startTime is required for finished job"));
    }
    if check("uncountedTerminatedPods")
        && let Some(uncounted) = field(status, "uncountedTerminatedPods")
        && ["succeeded", "failed"].iter().any(|list| !items(uncounted, list).is_empty())
    {
        let list = |key| field(uncounted, key).map_or_else(|| "null".to_owned(), ToString::to_string);
        let printed = format!("{{\"Succeeded\":{},\"Failed\":{}}}", list("succeeded"), list("failed"));
        errors.push(Error::invalid_printed(&path.child("uncountedTerminatedPods"), printed, "must be empty for finished job"));
    }
    if check("terminating") && count("terminating") > 0 {
        errors.push(Error::invalid(&path.child("terminating"), count("terminating"), "terminating>0 is invalid for finished job"));
    }
    if (changed(new, old, "ready") || changed(new, old, "active")) && count("ready") > count("active") {
        errors.push(Error::invalid(&path.child("ready"), count("ready"), "cannot set more ready pods than active"));
    }
    errors
}

fn validate_indexes(new: &Value, old: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (spec, status) = (at(new, &["spec"]).unwrap_or(&Value::Null), status(new));
    let (completed, failed) = (text(status, "completedIndexes"), text_if_set(status, "failedIndexes"));
    let (completed_path, failed_path) = (path.child("completedIndexes"), path.child("failedIndexes"));
    let (completed_changed, failed_changed) = (changed(new, old, "completedIndexes"), changed(new, old, "failedIndexes"));
    let per_index = has(spec, "backoffLimitPerIndex");
    let completions = int(spec, "completions");
    if let Some(completions) = completions {
        let mut parse = |text: &str, path: &Path<'_>, name: &str| {
            if let Err(why) = job_indexes::count(text, completions) {
                errors.push(Error::invalid(path, text, format!("error parsing {name}: {why}")));
            }
        };
        if completed_changed {
            parse(completed, &completed_path, "completedIndexes");
        }
        if let Some(failed) = failed.filter(|_| failed_changed && per_index) {
            parse(failed, &failed_path, "failedIndexes");
        }
    }
    if completed_changed && !completed.is_empty() && !job_spec::is_indexed(spec) {
        let detail = "cannot set non-empty completedIndexes when non-indexed completion mode";
        errors.push(Error::invalid(&completed_path, completed, detail));
    }
    if let Some(failed) = failed {
        if failed_changed && !per_index {
            let detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
            errors.push(Error::invalid(&failed_path, failed, detail));
        }
        if (failed_changed || completed_changed)
            && let Some(index) = completions.and_then(|n| job_indexes::overlap(completed, failed, n))
        {
            let detail = format!("failedIndexes and completedIndexes overlap at index: {index}");
            errors.push(Error::invalid(&failed_path, failed, detail));
        }
    }
    errors
}

fn validate_transition(new: &Value, old: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let conditions = path.child("conditions");
    let lost = |kind| condition(old, kind) && !condition(new, kind);
    for kind in ["Failed", "Complete", "FailureTarget"].into_iter().filter(|kind| lost(kind)) {
        errors.push(Error::invalid_unprinted(&conditions, format!("cannot disable the terminal {kind}=True condition")));
    }
    let (spec, before, now) = (at(new, &["spec"]).unwrap_or(&Value::Null), status(old), status(new));
    let resizable = job_spec::is_indexed(spec) && field(spec, "completions") == field(spec, "parallelism");
    for (key, checked) in [("failed", true), ("succeeded", !resizable)] {
        let count = |status| int(status, key).unwrap_or_default();
        if checked && count(now) < count(before) {
            errors.push(Error::invalid(&path.child(key), count(now), format!("cannot decrease the {key} counter")));
        }
    }
    let time_moved = |key| has(before, key) && changed(new, old, key);
    if has(now, "completionTime") && time_moved("completionTime") {
        errors.push(Error::invalid(&path.child("completionTime"), text(now, "completionTime"), "field is immutable"));
    }
    let resuming = condition(old, "Suspended")
        && items(now, "conditions").iter().any(|c| text(c, "type") == "Suspended" && text(c, "status") == "False");
    if time_moved("startTime") && !resuming && !flag(spec, "suspend") {
        let value = field(now, "startTime").cloned().unwrap_or_default();
        errors.push(Error::invalid(&path.child("startTime"), value, "field is immutable for unsuspended job once set"));
    }
    if lost("SuccessCriteriaMet") {
        errors.push(Error::invalid_unprinted(&conditions, "cannot disable the SuccessCriteriaMet=True condition"));
    }
    if condition(old, "Complete") && !condition(old, "SuccessCriteriaMet") && condition(new, "SuccessCriteriaMet") {
        let text = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions";
        errors.push(Error::invalid_unprinted(&conditions, text));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    fn job(conditions: &[&str], mut status: Value) -> Value {
        status["conditions"] = conditions.iter().map(|kind| json!({"type": kind, "status": "True"})).collect();
        json!({"spec": {}, "status": status})
    }

    #[test]
    fn a_complete_job_has_met_its_criteria_and_tells_when() {
        let new = job(&["Complete"], json!({"startTime": "2026-01-01T00:00:00Z"}));
        assert_eq!(
            texts(&validate_update(&new, &job(&[], json!({})))),
            [
                "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
                "status.completionTime: Required value: completionTime is required for Complete jobs"
            ]
        );
    }

    #[test]
    fn an_end_is_final_and_counters_only_grow() {
        let old = job(&["Failed", "FailureTarget"], json!({"failed": 2, "startTime": "2026-01-01T00:00:00Z"}));
        let new = job(&["FailureTarget"], json!({"failed": 1, "startTime": "2026-01-01T00:00:00Z"}));
        assert_eq!(
            texts(&validate_update(&new, &old)),
            [
                "status.conditions: Invalid value: cannot disable the terminal Failed=True condition",
                "status.failed: Invalid value: 1: cannot decrease the failed counter"
            ]
        );
    }

    #[test]
    fn the_phase_is_the_weightiest_condition() {
        assert_eq!(phase(&job(&["Suspended"], json!({}))), "Suspended");
        assert_eq!(phase(&job(&["SuccessCriteriaMet", "Complete"], json!({}))), "Complete");
        assert_eq!(phase(&json!({"metadata": {"deletionTimestamp": "t"}})), "Terminating");
        assert_eq!(phase(&json!({})), "Running");
    }
}
