//! CronJob: a schedule and a job template.

use crate::{
    Column, Context, Row, Strategy, Traits, cron_schedule, job_spec, label_selector, table,
    update::{bump_generation_on_spec, clear_status, keep_other_side, start_generation},
    value::{at, field, field_mut, flag_if_set, items, object_mut, set_default, set_default_nonzero, text, text_if_set, unset},
    workload::{self, number},
};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

const JOB_SPEC: &[&str] = &["spec", "jobTemplate", "spec"];
const TEMPLATE: &[&str] = &["spec", "jobTemplate", "spec", "template"];

/// Names leave room for `-` and the ten digits that jobs get.
const NAME_MAX: usize = 52;

/// The strategy of CronJob.
#[derive(Debug)]
pub struct CronJob;

impl Strategy for CronJob {
    fn traits(&self) -> Traits {
        Traits::WITH_STATUS
    }

    fn default(&self, object: &mut Value) {
        let Some(spec) = object_mut(object, "spec") else { return };
        set_default_nonzero(spec, "concurrencyPolicy", "Allow");
        set_default(spec, "suspend", false);
        set_default(spec, "successfulJobsHistoryLimit", 3);
        set_default(spec, "failedJobsHistoryLimit", 1);
        if let Some(job) = field_mut(spec, "jobTemplate").and_then(|template| field_mut(template, "spec")) {
            job_spec::default(job);
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, object: &mut Value) {
        clear_status(object);
        start_generation(object);
        drop_disabled_fields(object, None);
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> ErrorList {
        let mut errors = validate_spec(object, None);
        let name = at(object, &["metadata", "name"]).and_then(Value::as_str).unwrap_or_default();
        if name.len() > NAME_MAX {
            errors.push(Error::invalid(&Path::new("metadata").child("name"), name, "must be no more than 52 characters"));
        }
        errors.extend(declared(object));
        errors
    }

    fn warnings_on_create(&self, _: &Context<'_>, object: &Value) -> Vec<String> {
        workload::name_warning(object).into_iter().chain(job_warnings(object, None)).collect()
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource != "status" {
            drop_disabled_fields(new, Some(old));
            bump_generation_on_spec(new, old);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            return ErrorList::new();
        }
        let mut errors = validate_spec(new, Some(old));
        errors.extend(declared(new));
        errors
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> Vec<String> {
        if cx.subresource == "status" {
            return Vec::new();
        }
        let changed = number(new, &["metadata", "generation"]) != number(old, &["metadata", "generation"]);
        let mut warnings = if changed { job_warnings(new, Some(old)) } else { Vec::new() };
        if at(new, &["spec"]).is_some_and(|spec| text(spec, "schedule").contains("TZ")) {
            warnings.push(
                "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
                    .to_owned(),
            );
        }
        warnings
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, object: &Value, now_millis: i64, _: bool) -> Row {
        let [names, images] = workload::container_cells(at(object, TEMPLATE));
        let (spec, status) = (object.get("spec").unwrap_or(&Value::Null), object.get("status").unwrap_or(&Value::Null));
        let last = text_if_set(status, "lastScheduleTime").map_or_else(|| table::NONE.to_owned(), |time| table::since(time, now_millis));
        let suspend =
            flag_if_set(spec, "suspend").map_or_else(|| table::UNSET.to_owned(), |flag| if flag { "True" } else { "False" }.to_owned());
        Row::of(vec![
            table::name(object),
            text(spec, "schedule").into(),
            text_if_set(spec, "timeZone").unwrap_or(table::NONE).into(),
            suspend.into(),
            items(status, "active").len().into(),
            last.into(),
            table::age(object, now_millis),
            names,
            images,
            label_selector::format(at(object, JOB_SPEC).and_then(|job| field(job, "selector"))).into(),
        ])
    }
}

fn drop_disabled_fields(object: &mut Value, old: Option<&Value>) {
    let in_use = old.and_then(|old| at(old, JOB_SPEC)).is_some_and(|job| field(job, "scheduling").is_some());
    if let Some(job) = crate::value::at_mut(object, JOB_SPEC).filter(|_| !in_use) {
        unset(job, "scheduling");
    }
    workload::drop_disabled_template_fields(object, old, TEMPLATE);
}

fn job_warnings(new: &Value, old: Option<&Value>) -> Vec<String> {
    let spec = Path::new("spec");
    let template = spec.child("jobTemplate");
    at(new, JOB_SPEC).map_or_else(Vec::new, |job| job_spec::warnings(job, old.and_then(|old| at(old, JOB_SPEC)), &template.child("spec")))
}

fn validate_spec(object: &Value, old: Option<&Value>) -> ErrorList {
    let (spec, path) = (object.get("spec").unwrap_or(&Value::Null), Path::new("spec"));
    let before = old.and_then(|old| old.get("spec"));
    let mut errors = validate_schedule(spec, before, &path.child("schedule"));
    errors.extend(workload::validate_counts(spec, &["startingDeadlineSeconds"], &path));
    let zone = text_if_set(spec, "timeZone");
    if before.is_none_or(|before| text_if_set(before, "timeZone") != zone) {
        errors.extend(zone.and_then(|zone| time_zone_error(zone, &path.child("timeZone"))));
    }
    let concurrency = path.child("concurrencyPolicy");
    match text(spec, "concurrencyPolicy") {
        "Allow" | "Forbid" | "Replace" => {}
        "" => errors.push(Error::required(&concurrency, "")),
        other => errors.push(Error::not_supported(&concurrency, other, &["Allow", "Forbid", "Replace"])),
    }
    let template_path = path.child("jobTemplate");
    let job = at(object, JOB_SPEC).unwrap_or(&Value::Null);
    errors.extend(validate_job(job, old.and_then(|old| at(old, JOB_SPEC)), &template_path.child("spec")));
    errors.extend(workload::validate_counts(spec, &["successfulJobsHistoryLimit", "failedJobsHistoryLimit"], &path));
    errors
}

/// What upstream declares on the type and so tells last.
fn declared(object: &Value) -> Option<Error> {
    let schedule = at(object, &["spec", "schedule"]).and_then(Value::as_str).unwrap_or_default();
    schedule.is_empty().then(|| Error::required(&Path::new("spec").child("schedule"), ""))
}

fn validate_job(job: &Value, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let mut errors = job_spec::validate(job, old, path);
    if let Some(selector) = field(job, "selector") {
        let printed = label_selector::printed(Some(selector));
        errors.push(Error::invalid_printed(&path.child("selector"), printed, "`selector` will be auto-generated"));
    }
    if flag_if_set(job, "manualSelector") == Some(true) {
        errors.push(Error::not_supported(&path.child("manualSelector"), true, &["nil", "false"]));
    }
    errors
}

/// Time zones belong into `timeZone`; schedules that name one already may go on doing so.
fn validate_schedule(spec: &Value, old: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let schedule = text(spec, "schedule");
    let mut errors = ErrorList::new();
    if schedule.is_empty() {
        return errors;
    }
    let mut refuse = |why: &str| errors.push(Error::invalid(path, schedule, why));
    if let Err(why) = cron_schedule::validate(schedule) {
        refuse(&why);
    }
    let allowed = old.is_some_and(|old| text(old, "schedule").contains("TZ"));
    match (schedule.contains("TZ"), allowed) {
        (true, true) if text_if_set(spec, "timeZone").is_some() => refuse("cannot use both timeZone field and TZ or CRON_TZ in schedule"),
        (true, false) => refuse("cannot use TZ or CRON_TZ in schedule, use timeZone field instead"),
        _ => {}
    }
    errors
}

fn time_zone_error(zone: &str, path: &Path<'_>) -> Option<Error> {
    let well_formed = |part: &str| {
        let characters = part.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_+".contains(&b));
        (1..=14).contains(&part.len()) && characters && !matches!(part, "." | "..") && !part.starts_with('-')
    };
    if zone.is_empty() {
        Some(Error::invalid(path, zone, "timeZone must be nil or non-empty string"))
    } else if !zone.split('/').all(well_formed) {
        Some(Error::invalid(path, zone, format!("unknown time zone {zone}")))
    } else if zone.eq_ignore_ascii_case("local") {
        Some(Error::invalid(path, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"))
    } else if !cron_schedule::is_time_zone(zone) {
        Some(Error::invalid(path, zone, format!("unknown time zone {zone}")))
    } else {
        None
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Schedule", "string", "", 0, "The schedule in Cron format, see https://en.wikipedia.org/wiki/Cron."),
    Column::new(
        "Timezone",
        "string",
        "",
        0,
        "The time zone name for the given schedule, see https://en.wikipedia.org/wiki/List_of_tz_database_time_zones. If not specified, this will default to the time zone of the kube-controller-manager process. The set of valid time zone names and the time zone offset is loaded from the system-wide time zone database by the API server during CronJob validation and the controller manager during execution. If no system-wide time zone database can be found a bundled version of the database is used instead. If the time zone name becomes invalid during the lifetime of a CronJob or due to a change in host configuration, the controller will stop creating new new Jobs and will create a system event with the reason UnknownTimeZone. More information can be found in https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones",
    ),
    Column::new(
        "Suspend",
        "boolean",
        "",
        0,
        "This flag tells the controller to suspend subsequent executions, it does not apply to already started executions.  Defaults to false.",
    ),
    Column::new("Active", "integer", "", 0, "A list of pointers to currently running jobs."),
    Column::new("Last Schedule", "string", "", 0, "Information when was the last time the job was successfully scheduled."),
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
    use serde_json::json;

    #[test]
    fn job_templates_get_no_job_defaults() {
        let mut object = json!({"spec": {"jobTemplate": {"spec": {}}}});
        CronJob.default(&mut object);
        assert_eq!(object["spec"]["jobTemplate"]["spec"], json!({}));
        assert_eq!((&object["spec"]["concurrencyPolicy"], &object["spec"]["failedJobsHistoryLimit"]), (&json!("Allow"), &json!(1)));
    }

    #[test]
    fn zones_in_schedules_stay_where_they_are_already() {
        let spec = json!({"schedule": "TZ=Europe/Berlin 0 3 * * *"});
        let path = Path::new("schedule");
        assert!(validate_schedule(&spec, Some(&spec), &path).is_empty());
        assert_eq!(
            texts(&validate_schedule(&spec, None, &path)),
            ["schedule: Invalid value: \"TZ=Europe/Berlin 0 3 * * *\": cannot use TZ or CRON_TZ in schedule, use timeZone field instead"]
        );
    }

    #[test]
    fn a_zone_is_one_of_the_database() {
        let error = |zone| time_zone_error(zone, &Path::new("z")).map(|e| e.detail);
        assert_eq!(error("Europe/Berlin"), None);
        assert_eq!(error("Mars/Olympus").unwrap(), "unknown time zone Mars/Olympus");
        assert!(error("Local").unwrap().starts_with("timeZone must be an explicit time zone"));
    }

    #[test]
    fn suspend_is_a_word_in_its_cell() {
        let object = json!({"metadata": {"name": "a"}, "spec": {"schedule": "@daily", "suspend": false}});
        assert_eq!(
            CronJob.row(&object, 0, true).cells[1..6],
            ["@daily", "<none>", "False", "0", "<none>"].map(|s| if s == "0" { json!(0) } else { json!(s) })
        );
    }
}
