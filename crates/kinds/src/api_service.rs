//! APIService: who serves a group and version.

use crate::{
    Column, Context, NameRule, Row, Strategy, Traits, table,
    value::{at, at_mut, field, flag, has, int, items, set, set_default, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};

/// The strategy of APIService.
#[derive(Debug)]
pub struct APIService;

const STATUSES: &[&str] = &["True", "False", "Unknown"];

impl Strategy for APIService {
    fn traits(&self) -> Traits {
        Traits {
            unconditional_update: false,
            checks_finalizers: false,
            name: NameRule::Own(|service, name, _| name_errors(service, name)),
            reset_fields: &[("", &[&["status"]]), ("status", &[&["spec"], &["metadata"]])],
            ..Traits::DEFAULT
        }
    }

    fn default(&self, service: &mut Value) {
        if let Some(reference) = at_mut(service, &["spec", "service"]) {
            set_default(reference, "port", 443);
        }
    }

    fn prepare_for_create(&self, cx: &Context<'_>, service: &mut Value) {
        set(service, "status", json!({}));
        if !has(spec(service), "service") {
            let available = json!({
                "type": "Available",
                "status": "True",
                "lastTransitionTime": cx.now,
                "reason": "Local",
                "message": "Local APIServices are always available",
            });
            set(service, "status", json!({"conditions": [available]}));
        }
    }

    fn validate(&self, _: &Context<'_>, service: &Value) -> ErrorList {
        validate(service)
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> ErrorList {
        if cx.subresource == "status" { validate_status(new) } else { validate(new) }
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, service: &Value, now_millis: i64, _: bool) -> Row {
        let served_by = field(spec(service), "service").map(|s| format!("{}/{}", text(s, "namespace"), text(s, "name")));
        let available = conditions(service).iter().find(|c| text(c, "type") == "Available");
        let shown = available.map_or("Unknown".to_owned(), |c| match (text(c, "status"), text(c, "reason")) {
            ("True", _) => "True".to_owned(),
            (status, "") => status.to_owned(),
            (status, reason) => format!("{status} ({reason})"),
        });
        Row::of(vec![
            table::name(service),
            json!(served_by.unwrap_or_else(|| "Local".to_owned())),
            json!(shown),
            table::age(service, now_millis),
        ])
    }
}

fn spec(service: &Value) -> &Value {
    field(service, "spec").unwrap_or(&Value::Null)
}

fn conditions(service: &Value) -> &[Value] {
    field(service, "status").map_or(&[], |s| items(s, "conditions"))
}

/// A service is named after its version and group.
fn name_errors(service: &Value, name: &str) -> names::Messages {
    let problems = names::is_valid_path_segment_name(name);
    let required = format!("{}.{}", text(spec(service), "version"), text(spec(service), "group"));
    if !problems.is_empty() || name == required {
        return problems;
    }
    vec![format!("must be `spec.version+\".\"+spec.group`: \"{required}\"")]
}

fn validate(service: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let (spec, path) = (spec(service), Path::new("spec"));
    let (group, version) = (text(spec, "group"), text(spec, "version"));
    if group.is_empty() && version != "v1" {
        errors.push(Error::required(&path.child("group"), "only v1 may have an empty group and it better be legacy kube"));
    }
    if !group.is_empty() {
        invalid_each(&mut errors, &path.child("group"), group, names::is_dns1123_subdomain(group));
    }
    invalid_each(&mut errors, &path.child("version"), version, names::is_dns1035_label(version));
    for (key, max) in [("groupPriorityMinimum", 20_000), ("versionPriority", 1000)] {
        let priority = int(spec, key).unwrap_or_default();
        if !(1..=max).contains(&priority) {
            errors.push(Error::invalid(&path.child(key), priority, format!("must be positive and less than {max}")));
        }
    }
    validate_backend(&mut errors, spec, &path);
    errors
}

fn validate_backend(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let (bundle, insecure) = (text(spec, "caBundle"), flag(spec, "insecureSkipTLSVerify"));
    let insecure_path = path.child("insecureSkipTLSVerify");
    let Some(reference) = field(spec, "service") else {
        if !bundle.is_empty() {
            let bytes = bundle.len() / 4 * 3 - bundle.bytes().rev().take_while(|b| *b == b'=').count();
            errors.push(Error::invalid(&path.child("caBundle"), format!("{bytes} bytes"), "local APIServices may not have a caBundle"));
        }
        if insecure {
            errors.push(Error::invalid(&insecure_path, true, "local APIServices may not have insecureSkipTLSVerify"));
        }
        return;
    };
    let path = path.child("service");
    for key in ["namespace", "name"] {
        if text(reference, key).is_empty() {
            errors.push(Error::required(&path.child(key), ""));
        }
    }
    let port = int(reference, "port").unwrap_or_default();
    let wrong = names::is_valid_port_num(port);
    if !wrong.is_empty() {
        errors.push(Error::invalid(&path.child("port"), port, format!("port is not valid: {}", wrong.join(", "))));
    }
    if insecure && !bundle.is_empty() {
        errors.push(Error::invalid(&insecure_path, true, "may not be true if caBundle is present"));
    }
}

fn validate_status(service: &Value) -> ErrorList {
    let status = Path::new("status");
    let path = status.child("conditions");
    let wrong = |(i, condition): (usize, &Value)| {
        let value = at(condition, &["status"]).and_then(Value::as_str).unwrap_or_default();
        (!STATUSES.contains(&value)).then(|| Error::not_supported(&path.index(i).child("status"), value, STATUSES))
    };
    conditions(service).iter().enumerate().filter_map(wrong).collect()
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Service", "string", "", 0, "The reference to the service that hosts this API endpoint."),
    Column::new("Available", "string", "", 0, "Whether this service is available."),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::refused;

    #[test]
    fn it_is_named_after_what_it_serves() {
        let service = json!({"metadata": {"name": "v1.other"}, "spec": {"group": "a.io", "version": "v1", "groupPriorityMinimum": 1, "versionPriority": 0}});
        assert_eq!(
            refused(&APIService, &service),
            [
                "metadata.name: Invalid value: \"v1.other\": must be `spec.version+\".\"+spec.group`: \"v1.a.io\"",
                "spec.versionPriority: Invalid value: 0: must be positive and less than 1000",
            ]
        );
    }

    #[test]
    fn a_local_service_is_available() {
        let mut service = json!({"spec": {}});
        APIService.prepare_for_create(&Context::example(), &mut service);
        assert_eq!(APIService.row(&service, 0, false).cells[1..3], [json!("Local"), json!("True")]);
    }
}
