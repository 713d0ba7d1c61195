//! The spec of a ResourceClaim, of its own or in a template: which devices are asked for.

use crate::{
    declarative::Findings,
    device_configuration, device_name, device_toleration,
    expression::{self, Expression, Role},
    go_struct,
    value::{at_mut, field, field_mut, flag, has, int, items, items_mut, set_default_nonzero, text, text_if_set, unset},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Most requests of a claim, and most results of its allocation.
pub const MAX_REQUESTS: usize = 32;
const MAX_SUB_REQUESTS: usize = 8;
const MAX_LIST: usize = 32;
const MAX_EXPRESSION_BYTES: usize = 10 * 1024;
const MODES: &[&str] = &["All", "ExactCount"];
const NOT_A_REQUEST: &str = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/// Fields of requests in the order of their Go structs.
const ORDER: &[&str] = &[
    "name",
    "exactly",
    "firstAvailable",
    "deviceClassName",
    "selectors",
    "cel",
    "expression",
    "allocationMode",
    "count",
    "adminAccess",
    "tolerations",
    "key",
    "operator",
    "value",
    "effect",
    "tolerationSeconds",
    "capacity",
    "derivedAttributes",
];

/// Fills in how many devices each request asks for and how it tolerates.
pub fn default(spec: &mut Value) {
    let Some(devices) = field_mut(spec, "devices") else { return };
    for request in items_mut(devices, "requests") {
        if let Some(exactly) = field_mut(request, "exactly") {
            default_request(exactly);
        }
        for alternative in items_mut(request, "firstAvailable") {
            default_request(alternative);
        }
    }
}

fn default_request(request: &mut Value) {
    set_default_nonzero(request, "allocationMode", "ExactCount");
    if text(request, "allocationMode") == "ExactCount" {
        set_default_nonzero(request, "count", 1);
    }
    default_tolerations(request);
}

/// Fills in the operators of the tolerations of a request or allocation result.
pub fn default_tolerations(holder: &mut Value) {
    for toleration in items_mut(holder, "tolerations") {
        set_default_nonzero(toleration, "operator", "Equal");
    }
}

/// Drops what is behind a gate that is off, unless the stored claim has it.
pub fn drop_disabled(spec: &mut Value, old: Option<&Value>) {
    let used = |spec: &Value| requests(spec).iter().any(|r| parts(r).any(|part| !items(part, "derivedAttributes").is_empty()));
    if old.is_some_and(used) {
        return;
    }
    let Some(devices) = at_mut(spec, &["devices"]) else { return };
    for request in items_mut(devices, "requests") {
        if let Some(exactly) = field_mut(request, "exactly") {
            unset(exactly, "derivedAttributes");
        }
        for alternative in items_mut(request, "firstAvailable") {
            unset(alternative, "derivedAttributes");
        }
    }
}

/// The requests of a claim.
pub fn requests(spec: &Value) -> &[Value] {
    field(spec, "devices").map_or(&[], |d| items(d, "requests"))
}

/// What a request asks for: itself, or its alternatives.
fn parts(request: &Value) -> impl Iterator<Item = &Value> {
    field(request, "exactly").into_iter().chain(items(request, "firstAvailable"))
}

/// The first request that asks for administrative access, which the namespace must allow by a label
/// (`resource.kubernetes.io/admin-access`).
pub fn asks_for_admin_access(spec: &Value) -> Option<usize> {
    requests(spec).iter().position(|r| field(r, "exactly").is_some_and(|e| flag(e, "adminAccess")))
}

/// Names of requests and, below them, of their alternatives.
#[derive(Debug)]
pub struct RequestNames<'a>(BTreeMap<&'a str, BTreeSet<&'a str>>);

impl<'a> RequestNames<'a> {
    /// Of a claim's spec.
    pub fn of(spec: &'a Value) -> Self {
        let alternatives = |r: &'a Value| items(r, "firstAvailable").iter().map(|a| text(a, "name")).collect();
        Self(requests(spec).iter().map(|r| (text(r, "name"), alternatives(r))).collect())
    }

    fn has(&self, name: &str) -> bool {
        match name.split_once('/') {
            None => self.0.contains_key(name),
            Some((request, alternative)) => self.0.get(request).is_some_and(|a| a.contains(alternative)),
        }
    }

    /// Everything wrong with a reference to a request.
    pub fn validate(&self, errors: &mut ErrorList, name: &str, path: &Path<'_>) {
        if name.split('/').count() > 2 {
            errors.push(Error::invalid(path, name, NOT_A_REQUEST));
            return;
        }
        for segment in name.split('/') {
            invalid_each(errors, path, segment, names::is_dns1123_label(segment));
        }
        if !self.has(name) {
            errors.push(Error::invalid(path, name, NOT_A_REQUEST));
        }
    }

    /// Everything wrong with a list of such references.
    pub fn validate_list(&self, found: &mut Findings, holder: &Value, path: &Path<'_>) {
        let (list, path) = (items(holder, "requests"), path.child("requests"));
        if too_many(&mut found.declared, list, MAX_REQUESTS, &path) {
            return;
        }
        let mut seen = BTreeSet::new();
        for (i, name) in list.iter().filter_map(Value::as_str).enumerate() {
            self.validate(&mut found.errors, name, &path.index(i));
            if !seen.insert(name) {
                found.declared.push(Error::duplicate(&path.index(i), name));
            }
        }
    }
}

/// Tells of a list that is too long, whose items are then not looked at.
pub fn too_many(errors: &mut ErrorList, list: &[Value], max: usize, path: &Path<'_>) -> bool {
    let too_many = list.len() > max;
    if too_many {
        errors.push(Error::too_many(path, list.len(), max));
    }
    too_many
}

/// Everything wrong with the spec of a claim.
pub fn validate(found: &mut Findings, spec: &Value, stored: bool, path: &Path<'_>) {
    let (devices, path) = (field(spec, "devices").unwrap_or(&Value::Null), path.child("devices"));
    let names = RequestNames::of(spec);
    let list = items(devices, "requests");
    let requests_path = path.child("requests");
    if !too_many(&mut found.declared, list, MAX_REQUESTS, &requests_path) {
        duplicates_by_name(&mut found.declared, list, &requests_path);
        for (i, request) in list.iter().enumerate() {
            validate_request(found, request, &requests_path.index(i));
        }
    }
    let constraints = path.child("constraints");
    if !too_many(&mut found.declared, items(devices, "constraints"), MAX_LIST, &constraints) {
        for (i, constraint) in items(devices, "constraints").iter().enumerate() {
            validate_constraint(found, constraint, &names, &constraints.index(i));
        }
    }
    let configurations = path.child("config");
    if !too_many(&mut found.declared, items(devices, "config"), MAX_LIST, &configurations) {
        for (i, configuration) in items(devices, "config").iter().enumerate() {
            let path = configurations.index(i);
            names.validate_list(found, configuration, &path);
            device_configuration::validate(found, configuration, stored, &path);
        }
    }
}

fn duplicates_by_name(errors: &mut ErrorList, list: &[Value], path: &Path<'_>) {
    let mut seen = BTreeSet::new();
    for (i, item) in list.iter().enumerate() {
        if !seen.insert(text(item, "name")) {
            errors.push(Error::duplicate_printed(&path.index(i), go_struct::in_order(item, ORDER)));
        }
    }
}

fn validate_name(errors: &mut ErrorList, holder: &Value, path: &Path<'_>) {
    let name = text(holder, "name");
    invalid_each(errors, &path.child("name"), name, names::is_dns1123_label(name));
}

fn validate_request(found: &mut Findings, request: &Value, path: &Path<'_>) {
    validate_name(&mut found.errors, request, path);
    let alternatives = items(request, "firstAvailable");
    match (field(request, "exactly"), alternatives.is_empty()) {
        (None, true) => found.errors.push(Error::required(path, "exactly one of `exactly` or `firstAvailable` is required")),
        (Some(exactly), false) => {
            let why = "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set";
            found.errors.push(Error::invalid(path, Value::Null, why));
            // What is declared on the types is looked at nevertheless.
            let mut both = Findings::default();
            validate_exactly(&mut both, exactly, &path.child("exactly"));
            validate_alternatives(&mut both, alternatives, &path.child("firstAvailable"));
            found.declared.extend(both.declared);
        }
        (Some(exactly), true) => validate_exactly(found, exactly, &path.child("exactly")),
        (None, false) => validate_alternatives(found, alternatives, &path.child("firstAvailable")),
    }
}

fn validate_exactly(found: &mut Findings, exactly: &Value, path: &Path<'_>) {
    match text(exactly, "deviceClassName") {
        "" => found.errors.push(Error::required(&path.child("deviceClassName"), "")),
        class => invalid_each(&mut found.errors, &path.child("deviceClassName"), class, names::is_dns1123_subdomain(class)),
    }
    validate_asked(found, exactly, path);
}

fn validate_alternatives(found: &mut Findings, alternatives: &[Value], path: &Path<'_>) {
    if too_many(&mut found.declared, alternatives, MAX_SUB_REQUESTS, path) {
        return;
    }
    duplicates_by_name(&mut found.declared, alternatives, path);
    for (i, alternative) in alternatives.iter().enumerate() {
        let path = path.index(i);
        validate_name(&mut found.errors, alternative, &path);
        match text(alternative, "deviceClassName") {
            "" => found.declared.push(Error::required(&path.child("deviceClassName"), "")),
            class => invalid_each(&mut found.declared, &path.child("deviceClassName"), class, names::is_dns1123_subdomain(class)),
        }
        validate_asked(found, alternative, &path);
    }
}

/// What a request and an alternative have in common.
fn validate_asked(found: &mut Findings, asked: &Value, path: &Path<'_>) {
    validate_selectors(found, asked, false, path);
    let (mode, count) = (text(asked, "allocationMode"), int(asked, "count").unwrap_or_default());
    match mode {
        "All" if count != 0 => {
            let why = "must not be specified when allocationMode is 'All'";
            found.errors.push(Error::invalid(&path.child("count"), count, why));
        }
        "ExactCount" if count <= 0 => found.errors.push(Error::invalid(&path.child("count"), count, "must be greater than zero")),
        mode if !MODES.contains(&mode) => {
            found.declared.push(Error::not_supported(&path.child("allocationMode"), mode, MODES));
        }
        _ => {}
    }
    let tolerations = path.child("tolerations");
    for (i, toleration) in items(asked, "tolerations").iter().enumerate() {
        device_toleration::validate_toleration(found, toleration, &tolerations.index(i));
    }
}

/// Everything wrong with the selectors of a request or class. `stored` ones are not compiled again.
pub fn validate_selectors(found: &mut Findings, holder: &Value, stored: bool, path: &Path<'_>) {
    let (list, path) = (items(holder, "selectors"), path.child("selectors"));
    if too_many(&mut found.declared, list, MAX_LIST, &path) {
        return;
    }
    for (i, selector) in list.iter().enumerate() {
        let path = path.index(i);
        let path = path.child("cel");
        let Some(cel) = field(selector, "cel") else {
            found.errors.push(Error::required(&path, ""));
            continue;
        };
        let path = path.child("expression");
        let expression = text(cel, "expression");
        if stored {
            continue;
        }
        if expression.len() > MAX_EXPRESSION_BYTES {
            found.errors.push(Error::too_long(&path, MAX_EXPRESSION_BYTES));
            continue;
        }
        let expression = Expression { text: expression, role: Role::DeviceSelector, params: false, variables: &[], stored: false };
        expression::check(&mut found.errors, &expression, &path);
    }
}

fn validate_constraint(found: &mut Findings, constraint: &Value, names: &RequestNames<'_>, path: &Path<'_>) {
    names.validate_list(found, constraint, path);
    let attributes = ["matchAttribute", "distinctAttribute"];
    for key in attributes {
        if let Some(name) = text_if_set(constraint, key) {
            device_name::declared_fully_qualified(&mut found.declared, name, &path.child(key));
        }
    }
    if !attributes.iter().any(|key| has(constraint, key)) {
        let why = "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set";
        found.errors.push(Error::required(path, why));
    }
}

/// The spec in a template by Go's names.
pub fn printed(spec: &Value) -> String {
    go_struct::compact(spec, go::CLAIM_SPEC)
}

/// How Go declares the spec.
mod go {
    use crate::go_struct::{GoField, GoType, field, nullable, number, text};

    const SELECTORS: GoField =
        field("Selectors", "selectors", GoType::List(&[field("CEL", "cel", GoType::Pointer(&[text("Expression", "expression")]))]));
    const TOLERATIONS: GoField = field(
        "Tolerations",
        "tolerations",
        GoType::List(&[
            text("Key", "key"),
            text("Operator", "operator"),
            text("Value", "value"),
            text("Effect", "effect"),
            nullable("TolerationSeconds", "tolerationSeconds"),
        ]),
    );
    const CAPACITY: GoField = field("Capacity", "capacity", GoType::Pointer(&[nullable("Requests", "requests")]));
    const DERIVED: GoField =
        field("DerivedAttributes", "derivedAttributes", GoType::List(&[text("Name", "name"), text("Expression", "expression")]));
    const CLASS: GoField = text("DeviceClassName", "deviceClassName");
    const MODE: GoField = text("AllocationMode", "allocationMode");
    const COUNT: GoField = number("Count", "count");

    const REQUEST: &[GoField] = &[
        text("Name", "name"),
        field(
            "Exactly",
            "exactly",
            GoType::Pointer(&[CLASS, SELECTORS, MODE, COUNT, nullable("AdminAccess", "adminAccess"), TOLERATIONS, CAPACITY, DERIVED]),
        ),
        field(
            "FirstAvailable",
            "firstAvailable",
            GoType::List(&[text("Name", "name"), CLASS, SELECTORS, MODE, COUNT, TOLERATIONS, CAPACITY, DERIVED]),
        ),
    ];
    const CONSTRAINT: &[GoField] = &[
        nullable("Requests", "requests"),
        nullable("MatchAttribute", "matchAttribute"),
        nullable("DistinctAttribute", "distinctAttribute"),
    ];
    const CONFIGURATION: &[GoField] = &[
        nullable("Requests", "requests"),
        field("Opaque", "opaque", GoType::Pointer(&[text("Driver", "driver"), nullable("Parameters", "parameters")])),
    ];

    /// `ResourceClaimSpec`.
    pub const CLAIM_SPEC: &[GoField] = &[field(
        "Devices",
        "devices",
        GoType::Struct(&[
            field("Requests", "requests", GoType::List(REQUEST)),
            field("Constraints", "constraints", GoType::List(CONSTRAINT)),
            field("Config", "config", GoType::List(CONFIGURATION)),
        ]),
    )];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    fn check(devices: Value) -> Vec<String> {
        let mut spec = json!({"devices": devices});
        default(&mut spec);
        let mut found = Findings::default();
        validate(&mut found, &spec, false, &Path::new("spec"));
        texts(&found.into_list())
    }

    #[test]
    fn a_request_asks_for_one_device_by_default() {
        let mut spec =
            json!({"devices": {"requests": [{"name": "a", "exactly": {"deviceClassName": "c", "tolerations": [{"key": "k"}]}}]}});
        default(&mut spec);
        let expected =
            json!({"deviceClassName": "c", "allocationMode": "ExactCount", "count": 1, "tolerations": [{"key": "k", "operator": "Equal"}]});
        assert_eq!(spec["devices"]["requests"][0]["exactly"], expected);
    }

    #[test]
    fn declared_rules_are_told_last() {
        let request = json!({"name": "a", "exactly": {"deviceClassName": "c", "allocationMode": "Some"}});
        assert_eq!(
            check(json!({"requests": [request, {"name": "b"}], "constraints": [{"requests": ["a", "a", "z"], "matchAttribute": "x"}]})),
            [
                "spec.devices.requests[1]: Required value: exactly one of `exactly` or `firstAvailable` is required".to_owned(),
                format!("spec.devices.constraints[0].requests[2]: Invalid value: \"z\": {NOT_A_REQUEST}"),
                "spec.devices.requests[0].exactly.allocationMode: Unsupported value: \"Some\": supported values: \"All\", \"ExactCount\"".to_owned(),
                "spec.devices.constraints[0].requests[1]: Duplicate value: \"a\"".to_owned(),
                "spec.devices.constraints[0].matchAttribute: Invalid value: \"x\": a fully qualified name must be a domain and a name separated by a slash".to_owned(),
            ]
        );
    }

    #[test]
    fn a_name_that_stands_twice_is_told_with_its_request() {
        let request = json!({"name": "a", "exactly": {"deviceClassName": "c"}});
        assert_eq!(
            check(json!({"requests": [request, request]})),
            [
                "spec.devices.requests[1]: Duplicate value: {\"name\":\"a\",\"exactly\":{\"deviceClassName\":\"c\",\"allocationMode\":\"ExactCount\",\"count\":1}}"
            ]
        );
    }
}
