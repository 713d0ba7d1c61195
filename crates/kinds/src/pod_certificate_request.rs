//! PodCertificateRequest: a kubelet asks for a certificate for a pod.

use crate::{
    Column, Context, Row, SelectableField, Strategy, Traits,
    certificate_signing_request::only_named,
    condition,
    go_struct::{self, GoField},
    object_meta::{self, IMMUTABLE},
    pem, pod_spec, table,
    value::{entries, field, has, int, items, set, set_default, text, text_if_set},
    x509::{self, PublicKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The strategy of PodCertificateRequest.
#[derive(Debug)]
pub struct PodCertificateRequest;

const MAX_UID_BYTES: usize = 128;
const MAX_KEY_BYTES: usize = 10 * 1024;
const MAX_CHAIN_BYTES: usize = 100 * 1024;
const MIN_LIFETIME: i64 = 60 * 60;
const MAX_LIFETIME: i64 = 91 * 24 * 60 * 60;
const MAX_KUBERNETES_LIFETIME: i64 = 24 * 60 * 60;
const SKEW: i64 = 5 * 60;
const REFRESH_MARGIN: i64 = 10 * 60;
const TYPES: &[&str] = &["Issued", "Denied", "Failed"];

static SELECTABLE: [SelectableField; 3] = [
    SelectableField::new("spec.signerName", |v| Cow::Borrowed(text(spec(v), "signerName"))),
    SelectableField::new("spec.podName", |v| Cow::Borrowed(text(spec(v), "podName"))),
    SelectableField::new("spec.nodeName", |v| Cow::Borrowed(text(spec(v), "nodeName"))),
];

impl Strategy for PodCertificateRequest {
    fn traits(&self) -> Traits {
        Traits {
            unconditional_update: false,
            reset_fields: &[("", &[&["status"]]), ("status", &[&["metadata"], &["spec"]])],
            ..Traits::DEFAULT
        }
    }

    fn default(&self, request: &mut Value) {
        if let Some(spec) = crate::value::object_mut(request, "spec") {
            set_default(spec, "maxExpirationSeconds", 86400);
        }
    }

    fn prepare_for_create(&self, _: &Context<'_>, request: &mut Value) {
        set(request, "status", json!({}));
    }

    fn validate(&self, _: &Context<'_>, request: &Value) -> ErrorList {
        validate(spec(request))
    }

    fn validate_update(&self, cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        if cx.subresource == "status" {
            return validate_status(cx, new, old);
        }
        if spec(new) == spec(old) {
            return ErrorList::new();
        }
        vec![Error::invalid_printed(&Path::new("spec"), go_struct::compact(spec(new), SPEC), IMMUTABLE)]
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

    fn row(&self, request: &Value, _: i64, _: bool) -> Row {
        let spec = spec(request);
        let state = conditions(request).iter().map(|c| text(c, "type")).rfind(|t| TYPES.contains(t)).unwrap_or("Pending");
        let annotations: Vec<String> =
            entries(spec, "unverifiedUserAnnotations").map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect();
        Row::of(vec![
            table::name(request),
            json!(text(spec, "podName")),
            json!(text(spec, "serviceAccountName")),
            json!(text(spec, "nodeName")),
            json!(text(spec, "signerName")),
            json!(state),
            json!(if annotations.is_empty() { table::NONE.to_owned() } else { annotations.join(",") }),
        ])
    }
}

/// `PodCertificateRequestSpec`.
const SPEC: &[GoField] = &[
    go_struct::text("SignerName", "signerName"),
    go_struct::text("PodName", "podName"),
    go_struct::text("PodUID", "podUID"),
    go_struct::text("ServiceAccountName", "serviceAccountName"),
    go_struct::text("ServiceAccountUID", "serviceAccountUID"),
    go_struct::text("NodeName", "nodeName"),
    go_struct::text("NodeUID", "nodeUID"),
    go_struct::nullable("MaxExpirationSeconds", "maxExpirationSeconds"),
    go_struct::nullable("PKIXPublicKey", "pkixPublicKey"),
    go_struct::nullable("ProofOfPossession", "proofOfPossession"),
    go_struct::nullable("StubPKCS10Request", "stubPKCS10Request"),
    go_struct::nullable("UnverifiedUserAnnotations", "unverifiedUserAnnotations"),
];

fn spec(request: &Value) -> &Value {
    field(request, "spec").unwrap_or(&Value::Null)
}

fn status(request: &Value) -> &Value {
    field(request, "status").unwrap_or(&Value::Null)
}

fn conditions(request: &Value) -> &[Value] {
    items(status(request), "conditions")
}

fn bytes(holder: &Value, key: &str) -> Vec<u8> {
    STANDARD.decode(text(holder, key)).unwrap_or_default()
}

fn omitted(path: &Path<'_>, why: &str) -> Error {
    Error::invalid_unprinted(path, why)
}

fn validate(spec: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("spec");
    let signer = text(spec, "signerName");
    pod_spec::signer_name(&mut errors, signer, &path.child("signerName"));
    validate_annotations(&mut errors, spec, &path.child("unverifiedUserAnnotations"));
    for (name, uid) in [("podName", "podUID"), ("serviceAccountName", "serviceAccountUID"), ("nodeName", "nodeUID")] {
        let (name_value, uid_value) = (text(spec, name), text(spec, uid));
        invalid_each(&mut errors, &path.child(name), name_value, names::is_dns1123_subdomain(name_value));
        if uid_value.is_empty() {
            errors.push(Error::invalid(&path.child(uid), "", "must not be empty"));
        }
        if uid_value.len() > MAX_UID_BYTES {
            errors.push(Error::too_long(&path.child(uid), MAX_UID_BYTES));
        }
    }
    let lifetime_path = path.child("maxExpirationSeconds");
    let Some(lifetime) = int(spec, "maxExpirationSeconds") else {
        errors.push(Error::required(&lifetime_path, "must be set"));
        return errors;
    };
    let domain = signer.split('/').next().unwrap_or_default();
    let kubernetes = domain == "kubernetes.io" || domain.ends_with(".kubernetes.io");
    let max = if kubernetes { MAX_KUBERNETES_LIFETIME } else { MAX_LIFETIME };
    if !(MIN_LIFETIME..=max).contains(&lifetime) {
        errors.push(Error::invalid(&lifetime_path, lifetime, format!("must be in the range [{MIN_LIFETIME}, {max}]")));
    }
    let given = |key| !text(spec, key).is_empty();
    match (given("stubPKCS10Request"), given("pkixPublicKey"), given("proofOfPossession")) {
        (true, false, false) => errors.extend(validate_stub(spec, &path.child("stubPKCS10Request"))),
        (false, true, true) => errors.extend(validate_key(spec, &path)),
        _ => errors.push(omitted(&path, "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set")),
    }
    errors
}

fn validate_annotations(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let mut size = 0;
    for (key, value) in entries(spec, "unverifiedUserAnnotations") {
        size += key.len() + value.as_str().map_or(0, str::len);
        let key = key.to_lowercase();
        let problems = names::is_qualified_name(&key);
        if key.is_empty() {
            errors.push(Error::required(path, ""));
        } else if !problems.is_empty() || key.contains('/') {
            invalid_each(errors, path, &key, problems);
        } else {
            errors.push(Error::invalid(path, key, "must be a domain-prefixed key (such as \"acme.io/foo\")"));
        }
    }
    if size > object_meta::TOTAL_ANNOTATION_SIZE_LIMIT {
        errors.push(Error::too_long(path, object_meta::TOTAL_ANNOTATION_SIZE_LIMIT));
    }
}

fn validate_stub(spec: &Value, path: &Path<'_>) -> Option<Error> {
    let der = bytes(spec, "stubPKCS10Request");
    if der.len() > MAX_KEY_BYTES {
        return Some(Error::too_long(path, MAX_KEY_BYTES));
    }
    let Some(request) = x509::Request::parse(&der) else { return Some(omitted(path, "must be a valid PKCS#10 CSR")) };
    weak_key(request.key, "elliptic public keys must use curve P256, P384, or P521", path)
        .map(|e| e.unwrap_or_else(|| omitted(path, "unknown public key type; supported types are Ed25519, ECDSA, and RSA")))
}

fn validate_key(spec: &Value, path: &Path<'_>) -> Option<Error> {
    let (der, proof) = (bytes(spec, "pkixPublicKey"), bytes(spec, "proofOfPossession"));
    let (key_path, proof_path) = (path.child("pkixPublicKey"), path.child("proofOfPossession"));
    if der.len() > MAX_KEY_BYTES {
        return Some(Error::too_long(&key_path, MAX_KEY_BYTES));
    }
    if proof.len() > MAX_KEY_BYTES {
        return Some(Error::too_long(&proof_path, MAX_KEY_BYTES));
    }
    let encoded = text(spec, "pkixPublicKey");
    let Some(key) = x509::parse_public_key(&der) else {
        return Some(Error::invalid(&key_path, encoded, "must be a valid PKIX-serialized public key"));
    };
    let unknown = || Error::invalid(&key_path, encoded, "unknown public key type; supported types are Ed25519, ECDSA, and RSA");
    weak_key(key, "elliptic public keys must use curve P256 or P384", &key_path).map(|e| e.unwrap_or_else(unknown))
}

/// Why a key will not do: an error, or none of its own if it is of an unknown type.
fn weak_key(key: PublicKey, curves: &str, path: &Path<'_>) -> Option<Option<Error>> {
    match key {
        PublicKey::Elliptic("P-224") => Some(Some(Error::invalid(path, "curve P-224", curves))),
        PublicKey::Rsa(bits) if bits != 3072 && bits != 4096 => {
            Some(Some(Error::invalid(path, format!("{bits}-bit modulus"), "RSA keys must have modulus size 3072 or 4096")))
        }
        PublicKey::Other => Some(None),
        PublicKey::Ed25519 | PublicKey::Elliptic(_) | PublicKey::Rsa(_) => None,
    }
}

fn is(request: &Value, kind: &str) -> bool {
    conditions(request).iter().any(|c| text(c, "type") == kind && text(c, "status") == "True")
}

fn validate_status(cx: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
    let path = Path::new("status");
    let mut errors = validate_conditions(new, &path.child("conditions"));
    if !errors.is_empty() {
        return errors;
    }
    let (after, before) = (status(new), status(old));
    if TYPES.iter().any(|t| is(old, t)) {
        if after != before {
            errors.push(omitted(&path, "immutable after PodCertificateRequest is issued, denied, or failed"));
        }
    } else if is(new, "Denied") || is(new, "Failed") {
        if after.as_object().is_some_and(|s| s.iter().any(|(key, value)| key != "conditions" && !crate::value::is_zero(value))) {
            errors.push(omitted(&path, "non-condition status fields must be empty when denying or failing the PodCertificateRequest"));
        }
    } else if is(new, "Issued") {
        errors.extend(validate_issued(cx, after, spec(old), &path));
    } else if after != before {
        errors.push(omitted(&path, "status is immutable unless transitioning to \"Issued\", \"Denied\", or \"Failed\""));
    }
    errors
}

fn validate_conditions(request: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut known = 0;
    for (i, condition) in conditions(request).iter().enumerate() {
        // Upstream makes the index a name of its own.
        let index = format!("[{i}]");
        let at = path.child(&index);
        let kind = text(condition, "type");
        if !TYPES.contains(&kind) {
            errors.push(Error::not_supported(&at.child("type"), kind, TYPES));
            continue;
        }
        known += 1;
        if known > 1 {
            let why = "There may be at most one condition with type \"Issued\", \"Denied\", or \"Failed\"";
            errors.push(Error::invalid(&at.child("type"), kind, why));
        }
        if text(condition, "status") != "True" {
            errors.push(Error::not_supported(&at.child("status"), text(condition, "status"), &["True"]));
        }
    }
    errors.extend(condition::validate_all(conditions(request), path));
    errors
}

fn validate_issued(cx: &Context<'_>, status: &Value, spec: &Value, path: &Path<'_>) -> ErrorList {
    let chain_path = path.child("certificateChain");
    let chain = text(status, "certificateChain");
    let wrong_chain = |why: &str| vec![Error::invalid(&chain_path, chain, why)];
    if chain.len() > MAX_CHAIN_BYTES {
        return vec![Error::too_long(&chain_path, MAX_CHAIN_BYTES)];
    }
    let blocks = pem::blocks(chain);
    let Some((leaf, rest)) = blocks.split_first() else {
        return wrong_chain("issued certificate chain must contain at least one certificate");
    };
    if leaf.kind != "CERTIFICATE" {
        return wrong_chain("issued certificate chain must consist entirely of CERTIFICATE PEM blocks");
    }
    let Some(certificate) = x509::Certificate::parse(&leaf.bytes) else {
        return wrong_chain("leaf certificate does not parse as valid X.509");
    };
    let stub = bytes(spec, "stubPKCS10Request");
    let pkix = bytes(spec, "pkixPublicKey");
    let wanted = if stub.is_empty() { Some(&pkix[..]) } else { x509::Request::parse(&stub).map(|r| r.key_bytes) };
    if wanted != Some(certificate.key_bytes) {
        return wrong_chain("leaf certificate was not issued to the requested public key");
    }
    if let Some(errors) = validate_times(cx, status, spec, &certificate, path) {
        return errors;
    }
    for block in rest {
        if block.kind != "CERTIFICATE" {
            return wrong_chain("issued certificate chain must consist entirely of CERTFICATE PEM blocks");
        }
        if x509::Certificate::parse(&block.bytes).is_none() {
            return wrong_chain("intermediate certificate does not parse as valid X.509");
        }
    }
    ErrorList::new()
}

fn validate_times(cx: &Context<'_>, status: &Value, spec: &Value, leaf: &x509::Certificate<'_>, path: &Path<'_>) -> Option<ErrorList> {
    let required = [
        ("notBefore", "must be present and consistent with the issued certificate"),
        ("notAfter", "must be present and consistent with the issued certificate"),
        ("beginRefreshAt", "must be present and in the range [notbefore+10min, notafter-10min]"),
    ];
    let missing: ErrorList =
        required.iter().filter(|(key, _)| !has(status, key)).map(|(key, why)| Error::required(&path.child(key), *why)).collect();
    if !missing.is_empty() {
        return Some(missing);
    }
    let seconds = |key: &str| text_if_set(status, key).and_then(table::millis).unwrap_or_default() / 1000;
    let wrong = |key: &str, why: &str| Some(vec![Error::invalid(&path.child(key), text(status, key), why)]);
    let (from, until, refresh) = (seconds("notBefore"), seconds("notAfter"), seconds("beginRefreshAt"));
    if from != leaf.not_before {
        return wrong("notBefore", "must be set to the NotBefore time encoded in the leaf certificate");
    }
    if (from - cx.now_millis / 1000).abs() >= SKEW {
        return wrong("notBefore", "must be set to within 5 minutes of kube-apiserver's current time");
    }
    if until != leaf.not_after {
        return wrong("notAfter", "must be set to the NotAfter time encoded in the leaf certificate");
    }
    let (lifetime, chain) = (leaf.not_after - leaf.not_before, path.child("certificateChain"));
    let nanos = lifetime.saturating_mul(1_000_000_000);
    if lifetime < MIN_LIFETIME {
        return Some(vec![Error::invalid(&chain, nanos, "leaf certificate lifetime must be >= 1 hour")]);
    }
    let max = int(spec, "maxExpirationSeconds").unwrap_or_default();
    if lifetime > max {
        return Some(vec![Error::invalid(
            &chain,
            nanos,
            format!("leaf certificate lifetime must be <= spec.maxExpirationSeconds ({max})"),
        )]);
    }
    if refresh < from + REFRESH_MARGIN {
        return wrong("beginRefreshAt", "must be at least 10 minutes after status.notBefore");
    }
    if refresh > until - REFRESH_MARGIN {
        return wrong("beginRefreshAt", "must be at least 10 minutes before status.notAfter");
    }
    None
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new("PodName", "string", "", 0, "podName is the name of the pod into which the certificate will be mounted."),
    Column::new("ServiceAccountName", "string", "", 0, "serviceAccountName is the name of the service account the pod is running as."),
    Column::new("NodeName", "string", "", 0, "nodeName is the name of the node the pod is assigned to."),
    Column::new(
        "SignerName",
        "string",
        "",
        0,
        "signerName indicates the requested signer.\n\nAll signer names beginning with `kubernetes.io` are reserved for use by the Kubernetes project.  There is currently one well-known signer documented by the Kubernetes project, `kubernetes.io/kube-apiserver-client-pod`, which will issue client certificates understood by kube-apiserver.  It is currently unimplemented.",
    ),
    Column::new("State", "string", "", 0, "Is the request Pending, Issued, Denied, or Failed?"),
    Column::new(
        "UnverifiedUserAnnotations",
        "string",
        "",
        0,
        "unverifiedUserAnnotations allow pod authors to pass additional information to the signer implementation.  Kubernetes does not restrict or validate this metadata in any way.\n\nEntries are subject to the same validation as object metadata annotations, with the addition that all keys must be domain-prefixed. No restrictions are placed on values, except an overall size limitation on the entire field.\n\nSigners should document the keys and values they support.  Signers should deny requests that contain keys they do not recognize.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn a_key_comes_in_one_form() {
        let spec = json!({"signerName": "example.com/a", "podName": "p", "podUID": "1", "serviceAccountName": "s", "serviceAccountUID": "2",
            "nodeName": "n", "nodeUID": "3", "maxExpirationSeconds": 60});
        assert_eq!(
            texts(&validate(&spec)),
            [
                "spec.maxExpirationSeconds: Invalid value: 60: must be in the range [3600, 7862400]",
                "spec: Invalid value: exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set",
            ]
        );
    }

    #[test]
    fn an_answer_is_final() {
        let answered = |reason: &str| json!({"status": {"conditions": [{"type": "Denied", "status": "True", "reason": reason, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
        let cx = Context { subresource: "status", ..Context::example() };
        assert_eq!(
            texts(&PodCertificateRequest.validate_update(&cx, &answered("B"), &answered("A"))),
            ["status: Invalid value: immutable after PodCertificateRequest is issued, denied, or failed"]
        );
    }
}
