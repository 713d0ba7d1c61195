//! CertificateSigningRequest: a client asks for a certificate, an approver and a signer answer.

use crate::{
    Column, Context, NameRule, Row, SelectableField, Strategy, Traits,
    declarative::Findings,
    pem, pod_spec, table, update,
    value::{at, field, has, int, items, items_mut, object_mut, set, text, text_if_set, unset},
    x509,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::{Value, json};
use std::{borrow::Cow, collections::BTreeSet};

/// The strategy of CertificateSigningRequest.
#[derive(Debug)]
pub struct CertificateSigningRequest;

const LEGACY_SIGNER: &str = "kubernetes.io/legacy-unknown";
const MIN_SECONDS: i64 = 600;
const APPROVAL_TYPES: &[&str] = &["Approved", "Denied"];
const FINAL_TYPES: &[&str] = &["Approved", "Denied", "Failed"];
const STATUSES: &[&str] = &["False", "True", "Unknown"];
const USAGES: &[&str] = &[
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

static SELECTABLE: [SelectableField; 1] = [SelectableField::new("spec.signerName", |v| Cow::Borrowed(text(spec(v), "signerName")))];

impl Strategy for CertificateSigningRequest {
    fn traits(&self) -> Traits {
        Traits {
            name: NameRule::PathSegment,
            reset_fields: &[
                ("", &[&["spec"], &["status"]]),
                ("status", &[&["spec"], &["status", "conditions"]]),
                ("approval", &[&["spec"], &["status", "certificate"]]),
            ],
            ..Traits::DEFAULT
        }
    }

    fn prepare_for_create(&self, cx: &Context<'_>, request: &mut Value) {
        unset(request, "status");
        let Some(spec) = object_mut(request, "spec") else { return };
        unset(spec, "extra");
        for (key, value) in [("username", cx.user), ("uid", cx.user_uid)] {
            if value.is_empty() { unset(spec, key) } else { set(spec, key, value) }
        }
        if cx.groups.is_empty() {
            unset(spec, "groups")
        } else {
            set(spec, "groups", cx.groups.to_vec())
        }
        set(request, "status", json!({}));
    }

    fn validate(&self, _: &Context<'_>, request: &Value) -> ErrorList {
        let mut found = Findings::default();
        validate(&mut found, request, None);
        found.into_list()
    }

    fn prepare_for_update(&self, cx: &Context<'_>, new: &mut Value, old: &Value) {
        update::restore(new, old, &["spec"]);
        match cx.subresource {
            "status" => {
                keep_approval(new, old);
                stamp_conditions(new, old, cx.now);
            }
            "approval" => {
                stamp_conditions(new, old, cx.now);
                let conditions = at(new, &["status", "conditions"]).cloned();
                update::restore(new, old, &["status"]);
                if let Some(status) = object_mut(new, "status") {
                    match conditions {
                        Some(conditions) => set(status, "conditions", conditions),
                        None => unset(status, "conditions"),
                    }
                }
            }
            _ => update::restore(new, old, &["status"]),
        }
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut found = Findings::default();
        validate(&mut found, new, Some(old));
        validate_transition(&mut found.errors, cx.subresource, new, old);
        found.into_list()
    }

    fn selectable_fields(&self) -> &[SelectableField] {
        &SELECTABLE
    }

    fn field_label<'a>(&self, _: &str, _: &str, label: &'a str) -> Result<&'a str, String> {
        only_named(&SELECTABLE, label)
    }

    fn columns(&self, _: &str) -> Option<&[Column]> {
        Some(COLUMNS)
    }

    fn row(&self, request: &Value, now_millis: i64, _: bool) -> Row {
        let spec = spec(request);
        let signer = text(spec, "signerName");
        let duration = int(spec, "expirationSeconds").map(|seconds| table::human_duration(seconds.saturating_mul(1000)));
        Row::of(vec![
            table::name(request),
            table::age(request, now_millis),
            json!(if signer.is_empty() { table::NONE } else { signer }),
            json!(text(spec, "username")),
            json!(duration.unwrap_or_else(|| table::NONE.to_owned())),
            json!(shown_status(request)),
        ])
    }
}

/// The labels of kinds that name theirs, to which `metadata.namespace` does not belong.
pub fn only_named<'a>(fields: &[SelectableField], label: &'a str) -> Result<&'a str, String> {
    if label == "metadata.name" || fields.iter().any(|f| f.label == label) {
        Ok(label)
    } else {
        Err(format!("field label not supported: {label}"))
    }
}

fn spec(request: &Value) -> &Value {
    field(request, "spec").unwrap_or(&Value::Null)
}

fn conditions(request: &Value) -> &[Value] {
    field(request, "status").map_or(&[], |s| items(s, "conditions"))
}

fn of_type<'a>(request: &'a Value, kind: &str) -> Vec<&'a Value> {
    conditions(request).iter().filter(|c| text(c, "type") == kind).collect()
}

fn certificate(request: &Value) -> &str {
    field(request, "status").map_or("", |s| text(s, "certificate"))
}

fn shown_status(request: &Value) -> String {
    let any = |kind: &str| !of_type(request, kind).is_empty();
    let mut status = if any("Denied") {
        "Denied"
    } else if any("Approved") {
        "Approved"
    } else {
        "Pending"
    }
    .to_owned();
    if any("Failed") {
        status.push_str(",Failed");
    }
    if !certificate(request).is_empty() {
        status.push_str(",Issued");
    }
    status
}

/// The subject of the request inside, which admission looks at; None where it is unreadable.
pub fn subject(request: &Value) -> Option<x509::Subject> {
    let block = request_block(request)?;
    x509::Request::parse(&block.bytes).map(|r| r.subject)
}

fn request_block(request: &Value) -> Option<pem::Block> {
    let pem = STANDARD.decode(text(spec(request), "request")).ok()?;
    pem::blocks(&String::from_utf8_lossy(&pem)).into_iter().next().filter(|b| b.kind == "CERTIFICATE REQUEST")
}

fn validate(found: &mut Findings, request: &Value, old: Option<&Value>) {
    let (request_spec, path) = (spec(request), Path::new("spec"));
    let wrong = match request_block(request) {
        None => Some("PEM block type must be CERTIFICATE REQUEST"),
        Some(block) if x509::Request::parse(&block.bytes).is_none() => Some("asn1: structure error: tags don't match"),
        Some(_) => None,
    };
    let errors = &mut found.errors;
    errors.extend(wrong.map(|why| {
        Error::invalid(
            &path.child("request"),
            field(request_spec, "request").filter(|r| r.as_str() != Some("")).cloned().unwrap_or_default(),
            why,
        )
    }));
    validate_usages(errors, request_spec, old.map(spec), &path.child("usages"));
    let signer = text(request_spec, "signerName");
    if signer == LEGACY_SIGNER && old.is_none_or(|old| text(spec(old), "signerName") != LEGACY_SIGNER) {
        errors.push(Error::invalid(&path.child("signerName"), signer, "the legacy signerName is not allowed via this API version"));
    } else {
        pod_spec::signer_name(errors, signer, &path.child("signerName"));
    }
    if let Some(seconds) = int(request_spec, "expirationSeconds").filter(|s| *s < MIN_SECONDS) {
        let why = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.push(Error::invalid(&path.child("expirationSeconds"), seconds, why));
    }
    validate_conditions(found, request, old);
    let kept = old.is_some_and(|old| certificate(old) == certificate(request) || certificate_error(certificate(old)).is_some());
    if !kept && let Some(why) = certificate_error(certificate(request)) {
        let status = Path::new("status");
        found.errors.push(Error::invalid(&status.child("certificate"), "<certificate data>", why));
    }
}

fn usages(spec: &Value) -> Vec<&str> {
    items(spec, "usages").iter().filter_map(Value::as_str).collect()
}

fn validate_usages(errors: &mut ErrorList, spec: &Value, old: Option<&Value>, path: &Path<'_>) {
    let (all, before) = (usages(spec), old.map(usages).unwrap_or_default());
    if all.is_empty() {
        errors.push(Error::required(path, ""));
    }
    if before.iter().all(|u| USAGES.contains(u)) {
        for (i, usage) in all.iter().enumerate().filter(|(_, u)| !USAGES.contains(u)) {
            errors.push(Error::not_supported(&path.index(i), *usage, USAGES));
        }
    }
    if before.iter().collect::<BTreeSet<_>>().len() == before.len() {
        let mut seen = BTreeSet::new();
        for (i, usage) in all.iter().enumerate().filter(|(_, u)| !seen.insert(**u)) {
            errors.push(Error::duplicate(&path.index(i), *usage));
        }
    }
}

fn validate_conditions(found: &mut Findings, request: &Value, old: Option<&Value>) {
    let status = Path::new("status");
    let path = status.child("conditions");
    let types = |r| conditions(r).iter().map(|c| text(c, "type")).collect::<Vec<_>>();
    let before = old.map(types).unwrap_or_default();
    let (may_repeat, may_be_empty) = (before.iter().collect::<BTreeSet<_>>().len() < before.len(), before.contains(&""));
    let mut seen = BTreeSet::new();
    for (i, condition) in conditions(request).iter().enumerate() {
        let path = path.index(i);
        let kind = text(condition, "type");
        if kind.is_empty() && !may_be_empty {
            found.errors.push(Error::required(&path.child("type"), ""));
        }
        let allowed = if FINAL_TYPES.contains(&kind) { &["True"][..] } else { STATUSES };
        match text(condition, "status") {
            "" => found.errors.push(Error::required(&path.child("status"), "")),
            value if !allowed.contains(&value) => found.errors.push(Error::not_supported(&path.child("status"), value, allowed)),
            _ => {}
        }
        if !seen.insert(kind) && !may_repeat {
            found.errors.push(Error::duplicate(&path.child("type"), kind));
        }
    }
    let both = |types: &[&str]| APPROVAL_TYPES.iter().all(|t| types.contains(t));
    if both(&types(request)) && !both(&before) {
        let members: Vec<String> = APPROVAL_TYPES.iter().map(member).collect();
        found.declared.push(Error::invalid(
            &path,
            format!("{{{}}}", members.join(", ")),
            format!("must specify at most one of: {}", members.iter().map(|m| format!("`{m}`")).collect::<Vec<_>>().join(", ")),
        ));
    }
}

/// The name by which declared rules call a condition.
fn member(kind: &&str) -> String {
    format!("conditions[{{\"type\": \"{kind}\"}}]")
}

/// Why an issued certificate (base64 of PEM) is none.
fn certificate_error(encoded: &str) -> Option<String> {
    if encoded.is_empty() {
        return None;
    }
    let pem = STANDARD.decode(encoded).unwrap_or_default();
    let blocks = pem::blocks(&String::from_utf8_lossy(&pem));
    if blocks.is_empty() {
        return Some("must contain at least one CERTIFICATE PEM block".to_owned());
    }
    blocks.iter().find_map(|block| {
        if block.kind != "CERTIFICATE" {
            Some(format!("only CERTIFICATE PEM blocks are allowed, found \"{}\"", block.kind))
        } else if block.has_headers {
            Some("no PEM block headers are permitted".to_owned())
        } else if x509::Certificate::parse(&block.bytes).is_none() {
            Some("x509: malformed certificate".to_owned())
        } else {
            None
        }
    })
}

/// What each endpoint may do: only `approval` approves and denies, only `status` issues, and nothing is taken back.
fn validate_transition(errors: &mut ErrorList, subresource: &str, new: &Value, old: &Value) {
    let status = Path::new("status");
    let path = status.child("conditions");
    for kind in FINAL_TYPES.iter().filter(|t| of_type(new, t).len() < of_type(old, t).len()) {
        errors.push(Error::forbidden(&path, format!("updates may not remove a condition of type \"{kind}\"")));
    }
    if subresource != "approval" {
        for kind in APPROVAL_TYPES {
            let (before, after) = (of_type(old, kind), of_type(new, kind));
            if after.len() > before.len() {
                errors.push(Error::forbidden(&path, format!("updates may not add a condition of type \"{kind}\"")));
            } else if after.len() == before.len() && after != before {
                errors.push(Error::forbidden(&path, format!("updates may not modify a condition of type \"{kind}\"\n")));
            }
        }
    }
    if certificate(new) != certificate(old) {
        let path = status.child("certificate");
        if subresource != "status" {
            errors.push(Error::forbidden(&path, "updates may not set certificate content"));
        } else if !certificate(old).is_empty() {
            errors.push(Error::forbidden(&path, "updates may not modify existing certificate content"));
        }
    }
}

/// A write of the status does not touch how the request was approved or denied.
fn keep_approval(new: &mut Value, old: &Value) {
    for kind in APPROVAL_TYPES {
        let before: Vec<Value> = of_type(old, kind).into_iter().cloned().collect();
        if before.len() != of_type(new, kind).len() {
            continue;
        }
        let Some(status) = crate::value::field_mut(new, "status") else { continue };
        let kept = items_mut(status, "conditions").iter_mut().filter(|c| text(c, "type") == *kind);
        for (condition, before) in kept.zip(before) {
            *condition = before;
        }
    }
}

fn stamp_conditions(new: &mut Value, old: &Value, now: &str) {
    let Some(status) = crate::value::field_mut(new, "status") else { return };
    for condition in items_mut(status, "conditions") {
        if !has(condition, "lastUpdateTime") {
            set(condition, "lastUpdateTime", now);
        }
        if !has(condition, "lastTransitionTime") {
            let same = |c: &&Value| text(c, "type") == text(condition, "type") && text(c, "status") == text(condition, "status");
            let before = conditions(old).iter().filter(same).find_map(|c| text_if_set(c, "lastTransitionTime")).unwrap_or(now).to_owned();
            set(condition, "lastTransitionTime", before);
        }
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    table::AGE,
    Column::new(
        "SignerName",
        "string",
        "",
        0,
        "Requested signer for the request. It is a qualified name in the form: `scope-hostname.io/name`. If empty, it will be defaulted:\n 1. If it's a kubelet client certificate, it is assigned\n    \"kubernetes.io/kube-apiserver-client-kubelet\".\n 2. If it's a kubelet serving certificate, it is assigned\n    \"kubernetes.io/kubelet-serving\".\n 3. Otherwise, it is assigned \"kubernetes.io/legacy-unknown\".\nDistribution of trust for signers happens out of band. You can select on this field using `spec.signerName`.",
    ),
    Column::new("Requestor", "string", "", 0, "Base64-encoded PKCS#10 CSR data"),
    Column::new(
        "RequestedDuration",
        "string",
        "",
        0,
        "expirationSeconds is the requested duration of validity of the issued certificate. The certificate signer may issue a certificate with a different validity duration so a client must check the delta between the notBefore and and notAfter fields in the issued certificate to determine the actual duration.\n\nThe v1.22+ in-tree implementations of the well-known Kubernetes signers will honor this field as long as the requested duration is not greater than the maximum duration they will honor per the --cluster-signing-duration CLI flag to the Kubernetes controller manager.\n\nCertificate signers may not honor this field for various reasons:\n\n  1. Old signer that is unaware of the field (such as the in-tree\n     implementations prior to v1.22)\n  2. Signer whose configured maximum is shorter than the requested duration\n  3. Signer whose configured minimum is longer than the requested duration\n\nThe minimum valid value for expirationSeconds is 600, i.e. 10 minutes.",
    ),
    Column::new("Condition", "string", "", 0, "Conditions applied to the request, such as approval or denial."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn the_user_is_the_one_who_asks() {
        let groups = ["system:masters".to_owned()];
        let cx = Context { user: "ann", groups: &groups, ..Context::example() };
        let mut request = json!({"spec": {"username": "bob", "uid": "1", "extra": {"a": ["b"]}}, "status": {"certificate": "x"}});
        CertificateSigningRequest.prepare_for_create(&cx, &mut request);
        assert_eq!(request, json!({"spec": {"username": "ann", "groups": ["system:masters"]}, "status": {}}));
    }

    #[test]
    fn only_the_approval_endpoint_approves() {
        let approved = json!({"status": {"conditions": [{"type": "Approved", "status": "True"}]}});
        let mut errors = ErrorList::new();
        validate_transition(&mut errors, "status", &approved, &json!({}));
        assert_eq!(texts(&errors), ["status.conditions: Forbidden: updates may not add a condition of type \"Approved\""]);
        errors.clear();
        validate_transition(&mut errors, "approval", &approved, &json!({}));
        assert!(errors.is_empty());
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let mut found = Findings::default();
        validate(&mut found, &json!({"spec": {"request": "LS0t", "usages": ["any"], "signerName": "a.b/c"}}), None);
        assert_eq!(texts(&found.errors), ["spec.request: Invalid value: \"LS0t\": PEM block type must be CERTIFICATE REQUEST"]);
    }
}
