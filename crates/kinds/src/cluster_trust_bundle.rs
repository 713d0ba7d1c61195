//! ClusterTrustBundle: certificates to trust, for all.

use crate::{
    Column, Context, NameRule, Row, SelectableField, Strategy, Traits,
    certificate_signing_request::only_named,
    object_meta::immutable,
    pem, pod_spec, table,
    value::{field, text},
    x509,
};
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names,
};
use serde_json::{Value, json};
use std::{borrow::Cow, collections::BTreeMap};

/// The strategy of ClusterTrustBundle.
#[derive(Debug)]
pub struct ClusterTrustBundle;

const MAX_BYTES: usize = 1024 * 1024;

static SELECTABLE: [SelectableField; 1] = [SelectableField::new("spec.signerName", |v| Cow::Borrowed(text(spec(v), "signerName")))];

impl Strategy for ClusterTrustBundle {
    fn traits(&self) -> Traits {
        Traits { unconditional_update: false, name: NameRule::Own(name_errors), name_on_update: true, ..Traits::DEFAULT }
    }

    fn validate(&self, _: &Context<'_>, bundle: &Value) -> ErrorList {
        validate(bundle, None)
    }

    fn validate_update(&self, _: &Context<'_>, new: &Value, old: &Value) -> ErrorList {
        let mut errors = validate(new, Some(old));
        let path = Path::new("spec");
        let signer = |bundle| Value::from(text(spec(bundle), "signerName"));
        errors.extend(immutable(Some(&signer(new)), Some(&signer(old)), &path.child("signerName")));
        errors
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

    fn row(&self, bundle: &Value, _: i64, _: bool) -> Row {
        let signer = text(spec(bundle), "signerName");
        Row::of(vec![table::name(bundle), json!(if signer.is_empty() { table::NONE } else { signer })])
    }
}

fn spec(bundle: &Value) -> &Value {
    field(bundle, "spec").unwrap_or(&Value::Null)
}

fn validate(bundle: &Value, old: Option<&Value>) -> ErrorList {
    let mut errors = ErrorList::new();
    let path = Path::new("spec");
    let signer = text(spec(bundle), "signerName");
    if !signer.is_empty() {
        pod_spec::signer_name(&mut errors, signer, &path.child("signerName"));
    }
    let trusted = text(spec(bundle), "trustBundle");
    if old.is_none_or(|old| text(spec(old), "trustBundle") != trusted) {
        validate_bundle(&mut errors, trusted, &path.child("trustBundle"));
    }
    errors
}

/// A signer's bundles are named after it.
fn name_errors(bundle: &Value, name: &str, prefix: bool) -> names::Messages {
    let signer = text(spec(bundle), "signerName");
    let subdomain = |name: &str| NameRule::Subdomain.check(bundle, name, prefix);
    if signer.is_empty() {
        return if name.contains(':') {
            vec!["ClusterTrustBundle without signer name must not have \":\" in its name".to_owned()]
        } else {
            subdomain(name)
        };
    }
    let prefix = format!("{}:", signer.replace('/', ":"));
    match name.strip_prefix(&prefix) {
        Some(rest) => subdomain(rest),
        None => vec![format!("ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}")],
    }
}

fn validate_bundle(errors: &mut ErrorList, bundle: &str, path: &Path<'_>) {
    if bundle.len() > MAX_BYTES {
        errors.push(Error::too_long(path, MAX_BYTES));
        return;
    }
    let before = errors.len();
    let mut tell = |why: String| errors.push(Error::invalid(path, "<value omitted>", why));
    let mut anchors: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for (i, block) in pem::blocks(bundle).into_iter().enumerate() {
        if block.kind != "CERTIFICATE" {
            tell(format!("entry {i} has bad block type: {}", block.kind));
        } else if block.has_headers {
            tell(format!("entry {i} has PEM block headers"));
        } else {
            match x509::Certificate::parse(&block.bytes).map(|c| c.is_authority) {
                None => tell(format!("entry {i} does not parse as X.509")),
                Some(false) => tell(format!("entry {i} does not have the CA bit set")),
                Some(true) => anchors.entry(block.bytes).or_default().push(i),
            }
        }
    }
    if errors.len() > before {
        return;
    }
    if anchors.is_empty() {
        errors.push(Error::invalid(path, "<value omitted>", "at least one trust anchor must be provided"));
    }
    for indexes in anchors.values().filter(|indexes| indexes.len() > 1) {
        let indexes = indexes.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
        errors.push(Error::invalid(path, "<value omitted>", format!("duplicate trust anchor (indices [{indexes}])")));
    }
}

static COLUMNS: &[Column] = &[
    table::NAME,
    Column::new(
        "SignerName",
        "string",
        "",
        0,
        "signerName indicates the associated signer, if any.\n\nIn order to create or update a ClusterTrustBundle that sets signerName, you must have the following cluster-scoped permission: group=certificates.k8s.io resource=signers resourceName=<the signer name> verb=attest.\n\nIf signerName is not empty, then the ClusterTrustBundle object must be named with the signer name as a prefix (translating slashes to colons). For example, for the signer name `example.com/foo`, valid ClusterTrustBundle object names include `example.com:foo:abc` and `example.com:foo:v1`.\n\nIf signerName is empty, then the ClusterTrustBundle object's name must not have such a prefix.\n\nList/watch requests for ClusterTrustBundles can filter on this field using a `spec.signerName=NAME` field selector.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn a_bundle_is_named_after_its_signer() {
        let bundle = json!({"spec": {"signerName": "example.com/foo"}});
        assert!(name_errors(&bundle, "example.com:foo:x", false).is_empty());
        assert_eq!(
            name_errors(&bundle, "x", false),
            ["ClusterTrustBundle for signerName example.com/foo must be named with prefix example.com:foo:"]
        );
    }

    #[test]
    fn a_bundle_holds_certificates_of_authorities() {
        let bundle = |text: &str| json!({"metadata": {"name": "a"}, "spec": {"trustBundle": text}});
        assert_eq!(
            texts(&validate(&bundle(""), None)),
            ["spec.trustBundle: Invalid value: \"<value omitted>\": at least one trust anchor must be provided"]
        );
        assert_eq!(
            texts(&validate(&bundle("-----BEGIN KEY-----\nAQ==\n-----END KEY-----"), None)),
            ["spec.trustBundle: Invalid value: \"<value omitted>\": entry 0 has bad block type: KEY"]
        );
    }
}
