//! Job: a selector made from its uid, and a template that only a suspended job may change.

use crate::{
    Column, Context, GarbageCollection, Row, SelectableField, Strategy, Traits, job_spec, job_status, label_selector, table,
    update::{bump_generation_on_spec, clear_status, immutable, keep_other_side, same, start_generation},
    value::{at, field, flag, flag_if_set, has, int, is_zero, map, object_mut, set, set_default, text, unset},
    workload::{self, number},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names,
};
use serde_json::{Value, json};
use std::borrow::Cow;

const TEMPLATE: &[&str] = &["spec", "template"];

/// Labels that tell the job's name and uid, in their old and new form.
const NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
const UID_LABELS: [&str; 2] = ["controller-uid", CONTROLLER_UID];
const CONTROLLER_UID: &str = "batch.kubernetes.io/controller-uid";

const PODS_ARE_PRESERVED: &str = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";

/// The strategy of Job.
#[derive(Debug)]
pub struct Job;

impl Strategy for Job {
    fn traits(&self) -> Traits {
        Traits { garbage_collection: GarbageCollection::Orphan, propagation_warning: Some(PODS_ARE_PRESERVED), ..Traits::WITH_STATUS }
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = object_mut(object, "spec") else { return };
        if !has(spec, "completions") && !has(spec, "parallelism") {
            set(spec, "completions", 1);
        }
        set_default(spec, "parallelism", 1);
        let backoff_limit = if has(spec, "backoffLimitPerIndex") { i32::MAX } else { 6 };
        set_default(spec, "backoffLimit", backoff_limit);
        set_default(spec, "completionMode", "NonIndexed");
        set_default(spec, "suspend", false);
        let replacement = if has(spec, "podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
        set_default(spec, "podReplacementPolicy", replacement);
        set_default(spec, "manualSelector", false);
        job_spec::default(spec);
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        if !manual_selector(object) {
            generate_selector(object);
        }
        default_labels(object);
        clear_status(object);
        start_generation(object);
        drop_disabled_fields(object, None);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let mut errors = validate_generated_selector(object);
        errors.extend(validate_spec(object, None));
        errors.extend(host_name_error(object));
        errors
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        workload::name_warning(object).into_iter().chain(job_spec::warnings(spec, None, &Path::new("spec"))).collect()
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        default_labels(new);
        keep_other_side(self.traits(), cx.subresource, new, old);
        // The answer is what is read, which has the labels of the template that it has kept.
        default_labels(new);
        if cx.subresource != "status" {
            drop_disabled_fields(new, Some(old));
            bump_generation_on_spec(new, old);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            return job_status::validate_update(new, old);
        }
        let mut errors = validate_spec(new, Some(old));
        errors.extend(validate_spec_change(new, old));
        errors.extend(host_name_error(new));
        errors
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        if cx.subresource == "status" || number(new, &["metadata", "generation"]) == number(old, &["metadata", "generation"]) {
            return Vec::new();
        }
        job_spec::warnings(new.get("spec").unwrap_or(&Value::Null), old.get("spec"), &Path::new("spec"))
    }

    fn tracked(&self, _: &Context<'_>, object: &Value) -> Option<Value> {
        let mut tracked = object.clone();
        default_labels(&mut tracked);
        Some(tracked)
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        static FIELDS: &[SelectableField] =
            &[SelectableField::new("status.successful", |object| Cow::Owned(number(object, &["status", "succeeded"]).to_string()))];
        FIELDS
    }

    fn field_label<'a>(&self, _: &str, _: &str, label: &'a str) -> Result<&'a str, String> {
        match label {
            "metadata.name" | "metadata.namespace" | "status.successful" => Ok(label),
            _ => Err(format!("field label \"{label}\" not supported for Job")),
        }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let [names, images] = workload::container_cells(at(object, TEMPLATE));
        Row::of(vec![
            table::name(object),
            job_status::phase(object).into(),
            completions_cell(object).into(),
            duration_cell(object, now_millis).into(),
            table::age(object, now_millis),
            names,
            images,
            label_selector::format(at(object, &["spec", "selector"])).into(),
        ])
    }
}

/// A job without labels has those of its template. Upstream lets the two share one map from the first decode on, so that
/// labels added to the template become the job's: hence this comes after they are.
fn default_labels(object: &mut Value) {
    if let Some(labels) = at(object, &["spec", "template", "metadata", "labels"]).filter(|labels| !is_zero(labels)).cloned()
        && let Some(meta) = object_mut(object, "metadata")
        && meta.get("labels").is_none_or(is_zero)
    {
        set(meta, "labels", labels);
    }
}

fn manual_selector(object: &Value) -> bool {
    at(object, &["spec"]).is_some_and(|spec| flag(spec, "manualSelector"))
}

/// Pods are told from those of other jobs by the job's uid; what the user says already stays.
fn generate_selector(object: &mut Value) {
    let meta = object.get("metadata").unwrap_or(&Value::Null);
    let (name, uid) = (text(meta, "name").to_owned(), text(meta, "uid").to_owned());
    let Some(spec) = object_mut(object, "spec") else { return };
    if let Some(labels) = object_mut(spec, "template").and_then(|t| object_mut(t, "metadata")).and_then(|m| object_mut(m, "labels")) {
        NAME_LABELS.iter().for_each(|key| set_default(labels, key, name.as_str()));
        UID_LABELS.iter().for_each(|key| set_default(labels, key, uid.as_str()));
    }
    if let Some(labels) = object_mut(spec, "selector").and_then(|s| object_mut(s, "matchLabels")) {
        set_default(labels, CONTROLLER_UID, uid);
    }
}

/// Drops `scheduling` (gate WorkloadWithJob, off) and the template's disabled fields unless the older job has them.
fn drop_disabled_fields(object: &mut Value, old: Option<&Value>) {
    let in_use = old.and_then(|old| at(old, &["spec", "scheduling"])).is_some();
    if let Some(spec) = crate::value::field_mut(object, "spec").filter(|_| !in_use) {
        unset(spec, "scheduling");
    }
    workload::drop_disabled_template_fields(object, old, TEMPLATE);
}

fn validate_generated_selector(object: &Value) -> ErrorList {
    let selector = at(object, &["spec", "selector"]);
    if manual_selector(object) || selector.is_none() {
        return ErrorList::new();
    }
    let mut errors = ErrorList::new();
    let meta = object.get("metadata").unwrap_or(&Value::Null);
    let (name, uid) = (text(meta, "name"), text(meta, "uid"));
    if uid.is_empty() {
        errors.push(Error::required(&Path::new("metadata").child("uid"), ""));
    }
    let spec = Path::new("spec");
    let template = spec.child("template");
    let metadata = template.child("metadata");
    let path = metadata.child("labels");
    let expected = [(UID_LABELS[0], uid), (NAME_LABELS[0], name), (UID_LABELS[1], uid), (NAME_LABELS[1], name)];
    let labels = at(object, &["spec", "template", "metadata", "labels"]).unwrap_or(&Value::Null);
    for (key, value) in expected {
        let detail = format!("must be '{value}'");
        match labels.get(key).and_then(Value::as_str) {
            None => errors.push(Error::required(&path.key(key), detail)),
            Some(found) if found != value => errors.push(Error::invalid(&path.key(key), labels.clone(), detail)),
            Some(_) => {}
        }
    }
    let generated = json!({UID_LABELS[0]: uid, UID_LABELS[1]: uid, NAME_LABELS[0]: name, NAME_LABELS[1]: name});
    if label_selector::matches(selector, Some(&generated)) == Some(false) {
        let detail = "`selector` not auto-generated";
        errors.push(Error::invalid_printed(&spec.child("selector"), label_selector::printed(selector), detail));
    }
    errors
}

fn validate_spec(object: &Value, old: Option<&Value>) -> ErrorList {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let mut errors = job_spec::validate(spec, old.and_then(|old| old.get("spec")), &path);
    let selector = field(spec, "selector");
    let selector_path = path.child("selector");
    errors.extend(match (selector, old) {
        (None, _) => vec![Error::required(&selector_path, "")],
        (_, Some(old)) => label_selector::validate_update(selector, at(old, &["spec", "selector"]), &selector_path),
        (_, None) => label_selector::validate(selector, &selector_path),
    });
    let template = spec.get("template").unwrap_or(&Value::Null);
    let matches = label_selector::matches(selector, at(template, &["metadata", "labels"])).unwrap_or(true);
    errors.extend(workload::selector_mismatch(template, matches, &path.child("template")));
    errors
}

/// An indexed job's pods are named with their index, which their host name must have room for.
fn host_name_error(object: &Value) -> Option<Error> {
    let spec = at(object, &["spec"])?;
    let completions = int(spec, "completions").filter(|n| *n > 0 && text(spec, "completionMode") == "Indexed")?;
    let name = at(object, &["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
    let last = format!("{name}-{}", completions - 1);
    let detail = format!("will not able to create pod with invalid DNS label: {last}");
    (!names::is_dns1123_label(&last).is_empty()).then(|| Error::invalid(&Path::new("metadata").child("name"), name, detail))
}

fn validate_spec_change(new: &Value, old: &Value) -> ErrorList {
    let path = Path::new("spec");
    let of = |object, key| at(object, &["spec", key]);
    let mut errors: ErrorList = completions_error(new, old, &path.child("completions")).into_iter().collect();
    errors.extend(label_selector::immutable(of(new, "selector"), of(old, "selector"), &path.child("selector")));
    errors.extend(template_error(new, old, &path));
    for key in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
        let changed = immutable(of(new, key), of(old, key), &path.child(key));
        errors.extend(changed.map(|error| job_spec::printed_as_go(error, key, of(new, key))));
    }
    errors
}

/// Indexed jobs are resized by changing completions and parallelism together.
fn completions_error(new: &Value, old: &Value, path: &Path<'_>) -> Option<Error> {
    let of = |object, key| at(object, &["spec", key]);
    if of(new, "completionMode").and_then(Value::as_str) != Some("Indexed") {
        return immutable(of(new, "completions"), of(old, "completions"), path);
    }
    let completions = of(new, "completions").filter(|now| Some(*now) != of(old, "completions"))?;
    (Some(completions) != of(new, "parallelism"))
        .then(|| Error::invalid(path, completions.clone(), "can only be modified in tandem with spec.parallelism"))
}

/// The template is immutable, except for where and with what resources the pods of a suspended job will run.
fn template_error(new: &Value, old: &Value, path: &Path<'_>) -> Option<Error> {
    let suspended = at(old, &["spec"]).is_some_and(|spec| flag_if_set(spec, "suspend") == Some(true));
    let resting = !at(old, &["status"]).is_some_and(|status| has(status, "startTime")) || job_status::condition(old, "Suspended");
    let mutable = suspended && resting && number(old, &["status", "active"]) == 0;
    let (now, mut before) = (at(new, TEMPLATE)?, at(old, TEMPLATE)?.clone());
    if mutable {
        take_scheduling_directives(&mut before, now);
        take_resources(&mut before, now);
        let (now, before) = (now.get("spec"), before.get("spec"));
        let printed = || job_spec::printed_pod_spec(now.unwrap_or(&Value::Null));
        return (!same(now, before)).then(|| Error::invalid_printed(&path.child("template.spec"), printed(), crate::update::IMMUTABLE));
    }
    (!same(Some(now), Some(&before)))
        .then(|| Error::invalid_printed(&path.child("template"), job_spec::printed_template(now), crate::update::IMMUTABLE))
}

fn take_scheduling_directives(before: &mut Value, now: &Value) {
    for path in [
        &["spec", "affinity", "nodeAffinity"][..],
        &["spec", "nodeSelector"],
        &["spec", "tolerations"],
        &["spec", "schedulingGates"],
        &["metadata", "annotations"],
        &["metadata", "labels"],
    ] {
        crate::update::restore(before, now, path);
    }
}

fn take_resources(before: &mut Value, now: &Value) {
    for list in ["containers", "initContainers"] {
        let containers = at(now, &["spec"]).map_or(&[][..], |spec| crate::value::items(spec, list));
        let Some(spec) = crate::value::field_mut(before, "spec") else { return };
        let old = crate::value::items_mut(spec, list);
        if old.len() != containers.len() {
            continue;
        }
        for (old, new) in old.iter_mut().zip(containers).filter(|(old, new)| text(old, "name") == text(new, "name")) {
            crate::update::restore(old, new, &["resources"]);
        }
    }
}

fn completions_cell(object: &Value) -> String {
    let succeeded = number(object, &["status", "succeeded"]);
    let parallelism = number(object, &["spec", "parallelism"]);
    match at(object, &["spec", "completions"]) {
        Some(completions) => format!("{succeeded}/{completions}"),
        None if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
        None => format!("{succeeded}/1"),
    }
}

fn duration_cell(object: &Value, now_millis: i64) -> String {
    let time = |key| map(object, "status").and_then(|status| table::millis(status.get(key)?.as_str()?));
    time("startTime").map_or_else(String::new, |start| table::human_duration(time("completionTime").unwrap_or(now_millis) - start))
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Status", "string", "", 0, "Status of the job."),
    Column::new(
        "Completions",
        "string",
        "",
        0,
        "The number of pods which reached phase Succeeded. The value increases monotonically for a given spec. However, it may decrease in reaction to scale down of elastic indexed jobs.",
    ),
    Column::new("Duration", "string", "", 0, "Time required to complete the job."),
    table::AGE,
    workload::CONTAINERS,
    workload::IMAGES,
    Column::new(
        "Selector",
        "string",
        "",
        1,
        "A label query over pods that should match the pod count. Normally, the system sets this field for you. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    fn job() -> Value {
        let mut object = json!({
            "metadata": {"name": "backup", "uid": "u1"},
            "spec": {"template": {"metadata": {"labels": {"a": "b"}}, "spec": {"restartPolicy": "Never", "containers": []}}},
        });
        Job.default(&mut object);
        Job.prepare_for_create(&Context::example(), &mut object);
        object
    }

    #[test]
    fn the_selector_is_made_from_the_uid() {
        let object = job();
        assert_eq!(object["spec"]["selector"], json!({"matchLabels": {"batch.kubernetes.io/controller-uid": "u1"}}));
        assert_eq!(
            object["spec"]["template"]["metadata"]["labels"],
            json!({
                "a": "b", "batch.kubernetes.io/controller-uid": "u1", "batch.kubernetes.io/job-name": "backup",
                "controller-uid": "u1", "job-name": "backup",
            })
        );
        assert_eq!(object["metadata"]["labels"], object["spec"]["template"]["metadata"]["labels"], "shared with the template");
        assert!(validate_generated_selector(&object).is_empty());
    }

    #[test]
    fn parallelism_alone_leaves_completions_open() {
        let mut object = json!({"spec": {"parallelism": 2, "backoffLimitPerIndex": 1, "podFailurePolicy": {}}});
        Job.default(&mut object);
        let spec = &object["spec"];
        assert_eq!((spec.get("completions"), &spec["backoffLimit"]), (None, &json!(i32::MAX)));
        assert_eq!(spec["podReplacementPolicy"], "Failed");
    }

    #[test]
    fn a_running_job_keeps_its_template_and_a_suspended_one_takes_resources() {
        let old = job();
        let mut new = old.clone();
        new["spec"]["template"]["spec"]["nodeSelector"] = json!({"a": "b"});
        assert_eq!(validate_spec_change(&new, &old)[0].field, "spec.template");
        let mut suspended = old.clone();
        suspended["spec"]["suspend"] = json!(true);
        assert!(validate_spec_change(&new, &suspended).is_empty());
        new["spec"]["template"]["spec"]["restartPolicy"] = json!("OnFailure");
        assert_eq!(validate_spec_change(&new, &suspended)[0].field, "spec.template.spec");
    }

    #[test]
    fn completions_of_indexed_jobs_change_with_parallelism() {
        let old = json!({"spec": {"completionMode": "Indexed", "completions": 2, "parallelism": 2}});
        let both = json!({"spec": {"completionMode": "Indexed", "completions": 3, "parallelism": 3}});
        let one = json!({"spec": {"completionMode": "Indexed", "completions": 3, "parallelism": 2}});
        assert!(validate_spec_change(&both, &old).is_empty());
        assert_eq!(
            texts(&validate_spec_change(&one, &old)),
            ["spec.completions: Invalid value: 3: can only be modified in tandem with spec.parallelism"]
        );
    }

    #[test]
    fn cells_tell_progress() {
        let mut object = job();
        assert_eq!(completions_cell(&object), "0/1");
        object["status"] = json!({"succeeded": 2, "startTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:02:05Z"});
        unset(&mut object["spec"], "completions");
        object["spec"]["parallelism"] = json!(3);
        assert_eq!((completions_cell(&object), duration_cell(&object, 0)), ("2/1 of 3".to_owned(), "2m5s".to_owned()));
    }
}
