//! Ingress: HTTP routes from outside to services.

use crate::{
    Column, Context, Row, Strategy, Traits, table, update,
    value::{at, field, has, int, items, set, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    ip, names,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The strategy of Ingress.
#[derive(Debug)]
pub struct Ingress;

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const PATH_TYPES: &[&str] = &["Exact", "ImplementationSpecific", "Prefix"];
const INVALID_SEQUENCES: &[&str] = &["//", "/./", "/../", "%2f", "%2F"];
const INVALID_SUFFIXES: &[&str] = &["/..", "/."];
const NOT_AN_ADDRESS: &str = "must be a DNS name, not an IP address";
const ABSOLUTE: &str = "must be an absolute path";
/// Hosts that a table shows before it says how many more there are.
const SHOWN_HOSTS: usize = 3;

impl Strategy for Ingress {
    fn traits(&self) -> Traits {
        Traits { name_on_update: true, ..Traits::WITH_STATUS }
    }

    fn prepare_for_create(&self, _: &Context<'_>, ingress: &mut Value) {
        set(ingress, "status", json!({"loadBalancer": {}}));
        set(&mut ingress["metadata"], "generation", 1);
    }

    fn validate(&self, _: &Context<'_>, ingress: &Value) -> ErrorList {
        let mut errors = validate(ingress, None);
        let (annotation, class) = (annotation(ingress), text_if_set(spec(ingress), "ingressClassName"));
        if let (Some(annotation), Some(class)) = (annotation, class)
            && annotation != class
        {
            let annotations = Path::new("annotations");
            let why = "must match `ingressClassName` when both are specified";
            errors.push(Error::invalid(&annotations.child(CLASS_ANNOTATION), annotation, why));
        }
        errors
    }

    fn warnings_on_create(&self, _: &Context<'_>, ingress: &Value) -> Vec<String> {
        if annotation(ingress).is_some() && !has(spec(ingress), "ingressClassName") {
            vec![format!("annotation \"{CLASS_ANNOTATION}\" is deprecated, please use 'spec.ingressClassName' instead")]
        } else {
            Vec::new()
        }
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        update::keep_other_side(self.traits(), cx.subresource, new, old);
        if cx.subresource.is_empty() {
            update::raise_generation_if_changed(new, old, &["spec"]);
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" { validate_status(new, old) } else { validate(new, Some(old)) }
    }

    fn warnings_on_update(&self, cx: &Context<'_>, new: &Value, _: &Value) -> Vec<String> {
        if cx.subresource != "status" {
            return Vec::new();
        }
        let warn = |(i, point)| ip::warning_for_ip(&format!("status.loadBalancer.ingress[{i}]"), text(point, "ip"));
        load_balancers(new).iter().enumerate().filter_map(warn).collect()
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, ingress: &Value, now_millis: i64, _: bool) -> Row {
        let spec = spec(ingress);
        let address = |point| if text(point, "ip").is_empty() { text(point, "hostname") } else { text(point, "ip") };
        let addresses: BTreeSet<&str> = load_balancers(ingress).iter().map(address).filter(|a| !a.is_empty()).collect();
        Row::of(vec![
            table::name(ingress),
            json!(text_if_set(spec, "ingressClassName").unwrap_or(table::NONE)),
            json!(shown_hosts(items(spec, "rules"))),
            json!(addresses.into_iter().collect::<Vec<_>>().join(",")),
            json!(if items(spec, "tls").is_empty() { "80" } else { "80, 443" }),
            table::age(ingress, now_millis),
        ])
    }
}

fn spec(ingress: &Value) -> &Value {
    field(ingress, "spec").unwrap_or(&Value::Null)
}

fn annotation(ingress: &Value) -> Option<&str> {
    at(ingress, &["metadata", "annotations"]).and_then(|a| text_if_set(a, CLASS_ANNOTATION))
}

fn load_balancers(ingress: &Value) -> &[Value] {
    at(ingress, &["status", "loadBalancer"]).map_or(&[], |b| items(b, "ingress"))
}

fn shown_hosts(rules: &[Value]) -> String {
    let mut hosts: Vec<&str> = Vec::new();
    let mut more = false;
    for rule in rules {
        more |= hosts.len() == SHOWN_HOSTS;
        let host = text(rule, "host");
        if !more && !host.is_empty() {
            hosts.push(host);
        }
    }
    match (hosts.join(","), more) {
        (hosts, _) if hosts.is_empty() => "*".to_owned(),
        (hosts, true) => format!("{hosts} + {} more...", rules.len().saturating_sub(SHOWN_HOSTS)),
        (hosts, false) => hosts,
    }
}

fn validate(ingress: &Value, old: Option<&Value>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (spec, path) = (spec(ingress), Path::new("spec"));
    let rules = items(spec, "rules");
    let backend = field(spec, "defaultBackend");
    if rules.is_empty() && backend.is_none() {
        let value = spec.get("rules").cloned().unwrap_or_default();
        errors.push(Error::invalid(&path, value, "either `defaultBackend` or `rules` must be specified"));
    }
    if let Some(backend) = backend {
        validate_backend(&mut errors, backend, &path.child("defaultBackend"));
    }
    let any_wildcard_rule = old.is_some_and(has_invalid_wildcard_rule);
    for (i, rule) in rules.iter().enumerate() {
        validate_rule(&mut errors, rule, any_wildcard_rule, &path.child("rules").index(i));
    }
    let old_tls = old.map_or(&[][..], |old| items(self::spec(old), "tls"));
    let any_secret = old_tls.iter().any(|tls| !secret_name_errors(tls).is_empty());
    for (i, tls) in items(spec, "tls").iter().enumerate() {
        validate_tls(&mut errors, tls, any_secret, &path.child("tls").index(i));
    }
    if let Some(class) = text_if_set(spec, "ingressClassName") {
        invalid_each(&mut errors, &path.child("ingressClassName"), class, names::is_dns1123_subdomain(class));
    }
    errors
}

fn host_errors(host: &str) -> names::Messages {
    if host.contains('*') { names::is_wildcard_dns1123_subdomain(host) } else { names::is_dns1123_subdomain(host) }
}

fn validate_rule(errors: &mut ErrorList, rule: &Value, any_wildcard_rule: bool, path: &Path<'_>) {
    let host = text(rule, "host");
    if !host.is_empty() {
        let path = path.child("host");
        if ip::parse_sloppy(host).is_some() {
            errors.push(Error::invalid(&path, host, NOT_AN_ADDRESS));
        }
        invalid_each(errors, &path, host, host_errors(host));
    }
    if !host.contains('*') || !any_wildcard_rule {
        validate_paths(errors, rule, path);
    }
}

fn validate_paths(errors: &mut ErrorList, rule: &Value, path: &Path<'_>) {
    let Some(http) = field(rule, "http") else { return };
    let http_path = path.child("http");
    let path = http_path.child("paths");
    if items(http, "paths").is_empty() {
        errors.push(Error::required(&path, ""));
    }
    for (i, route) in items(http, "paths").iter().enumerate() {
        validate_path(errors, route, &path.index(i));
    }
}

fn has_invalid_wildcard_rule(ingress: &Value) -> bool {
    items(spec(ingress), "rules").iter().filter(|rule| text(rule, "host").contains('*')).any(|rule| {
        let mut errors = ErrorList::new();
        validate_paths(&mut errors, rule, &Path::ROOT);
        !errors.is_empty()
    })
}

fn validate_path(errors: &mut ErrorList, route: &Value, path: &Path<'_>) {
    let (target, target_path) = (text(route, "path"), path.child("path"));
    match text_if_set(route, "pathType") {
        None => {
            errors.push(Error::required(&path.child("pathType"), "pathType must be specified"));
            return;
        }
        Some("Exact" | "Prefix") => {
            if !target.starts_with('/') {
                errors.push(Error::invalid(&target_path, target, ABSOLUTE));
            }
            for sequence in INVALID_SEQUENCES.iter().filter(|s| target.contains(**s)) {
                errors.push(Error::invalid(&target_path, target, format!("must not contain '{sequence}'")));
            }
            for suffix in INVALID_SUFFIXES.iter().filter(|s| target.ends_with(**s)) {
                errors.push(Error::invalid(&target_path, target, format!("cannot end with '{suffix}'")));
            }
        }
        Some("ImplementationSpecific") => {
            if !target.is_empty() && !target.starts_with('/') {
                errors.push(Error::invalid(&target_path, target, ABSOLUTE));
            }
        }
        Some(other) => errors.push(Error::not_supported(&path.child("pathType"), other, PATH_TYPES)),
    }
    validate_backend(errors, field(route, "backend").unwrap_or(&Value::Null), &path.child("backend"));
}

fn validate_backend(errors: &mut ErrorList, backend: &Value, path: &Path<'_>) {
    match (field(backend, "resource"), field(backend, "service")) {
        (Some(_), Some(_)) => errors.push(Error::invalid(path, "", "cannot set both resource and service backends")),
        (Some(resource), None) => validate_resource(errors, resource, &path.child("resource")),
        (None, Some(service)) => validate_service(errors, service, path),
        (None, None) => errors.push(Error::invalid(path, "", "resource or service backend is required")),
    }
}

fn validate_service(errors: &mut ErrorList, service: &Value, backend: &Path<'_>) {
    let path = backend.child("service");
    match text(service, "name") {
        "" => errors.push(Error::required(&path.child("name"), "")),
        name => invalid_each(errors, &path.child("name"), name, names::is_dns1123_label(name)),
    }
    let port = field(service, "port").unwrap_or(&Value::Null);
    let path = path.child("port");
    match (text(port, "name"), int(port, "number").unwrap_or_default()) {
        ("", 0) => errors.push(Error::required(backend, "port name or number is required")),
        ("", number) => {
            let messages = names::is_valid_port_num(number);
            errors.extend(messages.into_iter().map(|message| Error::invalid(&path.child("number"), number, message)));
        }
        (name, 0) => invalid_each(errors, &path.child("name"), name, names::is_valid_port_name(name)),
        _ => errors.push(Error::invalid(backend, "", "cannot set both port name & port number")),
    }
}

/// A reference to an object of any kind in the same namespace.
fn validate_resource(errors: &mut ErrorList, resource: &Value, path: &Path<'_>) {
    if let Some(group) = text_if_set(resource, "apiGroup") {
        invalid_each(errors, &path.child("apiGroup"), group, names::is_dns1123_subdomain(group));
    }
    for key in ["kind", "name"] {
        match text(resource, key) {
            "" => errors.push(Error::required(&path.child(key), "")),
            value => invalid_each(errors, &path.child(key), value, names::is_valid_path_segment_name(value)),
        }
    }
}

fn secret_name_errors(tls: &Value) -> names::Messages {
    match text(tls, "secretName") {
        "" => names::Messages::new(),
        name => names::is_dns1123_subdomain(name),
    }
}

fn validate_tls(errors: &mut ErrorList, tls: &Value, any_secret: bool, path: &Path<'_>) {
    for (i, host) in items(tls, "hosts").iter().filter_map(Value::as_str).enumerate() {
        invalid_each(errors, &path.child("hosts").index(i), host, host_errors(host));
    }
    if !any_secret {
        invalid_each(errors, &path.child("secretName"), text(tls, "secretName"), secret_name_errors(tls));
    }
}

fn validate_status(new: &Value, old: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let before: Vec<&str> = load_balancers(old).iter().map(|point| text(point, "ip")).collect();
    let (status, balancer) = (Path::new("status"), "loadBalancer");
    let balancer = status.child(balancer);
    let path = balancer.child("ingress");
    for (i, point) in load_balancers(new).iter().enumerate() {
        let path = path.index(i);
        let (address, host) = (text(point, "ip"), text(point, "hostname"));
        if !address.is_empty() && !before.contains(&address) {
            invalid_each(&mut errors, &path.child("ip"), address, ip::is_valid_ip_for_legacy_field(address));
        }
        if !host.is_empty() {
            invalid_each(&mut errors, &path.child("hostname"), host, names::is_dns1123_subdomain(host));
            if ip::parse_sloppy(host).is_some() {
                errors.push(Error::invalid(&path.child("hostname"), host, NOT_AN_ADDRESS));
            }
        }
    }
    errors
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("Class", "string", "", 0, "The name of the IngressClass resource that should be used for additional configuration"),
    Column::new("Hosts", "string", "", 0, "Hosts that incoming requests are matched against before the ingress rule"),
    Column::new("Address", "string", "", 0, "Address is a list containing ingress points for the load-balancer"),
    Column::new("Ports", "string", "", 0, "Ports of TLS configurations that open"),
    table::AGE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn a_table_shows_three_hosts() {
        let rules: Vec<Value> = ["a", "b", "c", "d", "e"].iter().map(|h| json!({"host": h})).collect();
        assert_eq!(shown_hosts(&rules), "a,b,c + 2 more...");
        assert_eq!(shown_hosts(&rules[..3]), "a,b,c");
        assert_eq!(shown_hosts(&[json!({})]), "*");
    }

    #[test]
    fn paths_are_absolute_and_clean() {
        let mut errors = ErrorList::new();
        let route = json!({"path": "/a//b/..", "pathType": "Prefix", "backend": {"service": {"name": "s", "port": {"number": 80}}}});
        validate_path(&mut errors, &route, &Path::new("p"));
        assert_eq!(
            texts(&errors),
            ["p.path: Invalid value: \"/a//b/..\": must not contain '//'", "p.path: Invalid value: \"/a//b/..\": cannot end with '/..'"]
        );
    }
}
