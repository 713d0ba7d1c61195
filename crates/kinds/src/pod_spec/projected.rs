//! Projected volumes: several sources in one directory.

use super::{
    Options, go,
    paths::{file_mode, local_non_reserved},
    volume_source::{downward_file, key_to_path},
};
use crate::{
    go_struct, label_selector,
    value::{entries, field, has, int, items, text},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each, quoted},
    names,
};
use serde_json::Value;
use std::collections::BTreeSet;

const CONFLICT: &str = "conflicting duplicate paths";
const KEY_TYPES: &[&str] = &["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"];

/// The paths taken so far, over all sources.
type Taken<'a> = BTreeSet<&'a str>;

/// Checks a projected volume.
pub fn validate(errors: &mut ErrorList, projected: &Value, path: &Path<'_>, options: &Options) {
    file_mode(errors, int(projected, "defaultMode"), &path.child("defaultMode"));
    let mut taken = Taken::new();
    let sources = path.child("sources");
    for (i, source) in items(projected, "sources").iter().enumerate() {
        let source_path = sources.index(i);
        let mut count = 0;
        for key in ["secret", "configMap"] {
            if let Some(value) = field(source, key) {
                count += 1;
                keyed_files(errors, value, &source_path.child(key), path, &mut taken);
            }
        }
        if let Some(value) = field(source, "downwardAPI") {
            count += 1;
            for file in items(value, "items") {
                downward_file(errors, file, &source_path.child("downwardAPI"));
                let target = text(file, "path");
                take(errors, &mut taken, target, target, path);
            }
        }
        if let Some(value) = field(source, "serviceAccountToken") {
            count += 1;
            token(errors, value, &source_path.child("serviceAccountToken"), path, options);
        }
        if let Some(value) = field(source, "clusterTrustBundle") {
            count += 1;
            trust_bundle(errors, value, &source_path.child("clusterTrustBundle"));
            let target = text(value, "path");
            if !taken.insert(target) {
                errors.push(Error::invalid(path, target, CONFLICT));
            }
        }
        if let Some(value) = field(source, "podCertificate") {
            count += 1;
            pod_certificate(errors, value, &source_path.child("podCertificate"), path, &mut taken);
        }
        if count > 1 {
            errors.push(Error::forbidden(&source_path, "may not specify more than 1 volume type per source"));
        }
    }
}

fn take<'a>(errors: &mut ErrorList, taken: &mut Taken<'a>, target: &'a str, shown: &str, path: &Path<'_>) {
    if !target.is_empty() && !taken.insert(target) {
        errors.push(Error::invalid(path, shown, CONFLICT));
    }
}

fn keyed_files<'a>(errors: &mut ErrorList, source: &'a Value, path: &Path<'_>, volume: &Path<'_>, taken: &mut Taken<'a>) {
    let name = text(source, "name");
    if name.is_empty() {
        errors.push(Error::required(&path.child("name"), ""));
    }
    let list = path.child("items");
    for (i, item) in items(source, "items").iter().enumerate() {
        key_to_path(errors, item, &list.index(i));
        take(errors, taken, text(item, "path"), name, volume);
    }
}

fn token(errors: &mut ErrorList, source: &Value, path: &Path<'_>, volume: &Path<'_>, options: &Options) {
    let expiration = path.child("expirationSeconds");
    match int(source, "expirationSeconds") {
        None => errors.push(Error::required(&expiration, "")),
        Some(seconds) if seconds < 600 => {
            errors.push(Error::invalid(&expiration, seconds, "may not specify a duration less than 10 minutes"));
        }
        Some(seconds) if seconds > 1 << 32 => {
            errors.push(Error::invalid(&expiration, seconds, "may not specify a duration larger than 2^32 seconds"));
        }
        Some(_) => {}
    }
    match text(source, "path") {
        "" => errors.push(Error::required(&volume.child("path"), "")),
        target if !options.non_local_token_path => local_non_reserved(errors, target, &volume.child("path")),
        _ => {}
    }
}

fn trust_bundle(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    match (has(source, "name"), has(source, "signerName")) {
        (true, true) => {
            let printed = go_struct::compact(source, go::CLUSTER_TRUST_BUNDLE_PROJECTION);
            errors.push(Error::invalid_printed(path, printed, "only one of name and signerName may be used"));
        }
        (true, false) => {
            let name = text(source, "name");
            let name_path = path.child("name");
            if name.is_empty() {
                errors.push(Error::required(&name_path, "must be a valid object name"));
            }
            for message in trust_bundle_name(name) {
                errors.push(Error::invalid(&name_path, name, format!("not a valid clustertrustbundlename: {message}")));
            }
            if let Some(selector) = field(source, "labelSelector") {
                let printed = selector.to_string();
                errors.push(Error::invalid_printed(
                    &path.child("labelSelector"),
                    printed,
                    "labelSelector must be unset if name is specified",
                ));
            }
        }
        (false, true) => {
            let signer = text(source, "signerName");
            if signer.is_empty() {
                errors.push(Error::required(&path.child("signerName"), "must be a valid signer name"));
            }
            signer_name(errors, signer, &path.child("signerName"));
            errors.extend(label_selector::validate(field(source, "labelSelector"), &path.child("labelSelector")));
        }
        (false, false) => errors.push(Error::required(path, "either name or signerName must be specified")),
    }
    if text(source, "path").is_empty() {
        errors.push(Error::required(&path.child("path"), ""));
    }
    local_non_reserved(errors, text(source, "path"), &path.child("path"));
}

/// What is wrong with a trust bundle's name, which starts with its signer's if it has one.
fn trust_bundle_name(name: &str) -> Vec<String> {
    match name.rsplit_once(':') {
        Some((_, own)) => names::is_dns1123_subdomain(own),
        None => names::is_dns1123_subdomain(name),
    }
}

fn pod_certificate<'a>(errors: &mut ErrorList, source: &'a Value, path: &Path<'_>, volume: &Path<'_>, taken: &mut Taken<'a>) {
    let signer = text(source, "signerName");
    signer_name(errors, signer, &path.child("signerName"));
    user_annotations(errors, source, &path.child("userAnnotations"));
    let key_type = text(source, "keyType");
    if !KEY_TYPES.contains(&key_type) {
        errors.push(Error::not_supported(&path.child("keyType"), key_type, KEY_TYPES));
    }
    if let Some(seconds) = int(source, "maxExpirationSeconds") {
        let seconds_path = path.child("maxExpirationSeconds");
        if seconds < 3600 {
            errors.push(Error::invalid(&seconds_path, seconds, "if provided, maxExpirationSeconds must be >= 3600"));
        }
        // A day for signers of Kubernetes, 91 days for others.
        let longest = if is_kubernetes_signer(signer) { 86_400 } else { 7_862_400 };
        if seconds > longest {
            errors.push(Error::invalid(&seconds_path, seconds, format!("if provided, maxExpirationSeconds must be <= {longest}")));
        }
    }
    let targets = ["credentialBundlePath", "keyPath", "certificateChainPath"];
    for key in targets {
        let target = text(source, key);
        if !target.is_empty() {
            local_non_reserved(errors, target, &path.child(key));
            take(errors, taken, target, target, volume);
        }
    }
    if targets.iter().all(|key| text(source, key).is_empty()) {
        errors.push(Error::required(path, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"));
    }
}

/// Annotations that the signer gets to see: their keys have a domain.
fn user_annotations(errors: &mut ErrorList, source: &Value, path: &Path<'_>) {
    let mut total = 0;
    for (key, value) in entries(source, "userAnnotations") {
        total += key.len() + value.as_str().map_or(0, str::len);
        let key = key.to_lowercase();
        let messages = names::is_qualified_name(&key);
        if key.is_empty() {
            errors.push(Error::required(path, ""));
        } else if messages.is_empty() && !key.contains('/') {
            errors.push(Error::invalid(path, key, "must be a domain-prefixed key (such as \"acme.io/foo\")"));
        } else {
            invalid_each(errors, path, &key, messages);
        }
    }
    if total > 256 * 1024 {
        errors.push(Error::too_long(path, 256 * 1024));
    }
}

fn is_kubernetes_signer(signer: &str) -> bool {
    let host = signer.split_once('/').map_or(signer, |(host, _)| host);
    host == "kubernetes.io" || host.ends_with(".kubernetes.io")
}

/// A signer: a domain, `/` and a path whose parts are subdomains.
pub fn signer_name(errors: &mut ErrorList, signer: &str, path: &Path<'_>) {
    if signer.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    let Some((domain, rest)) = signer.split_once('/').filter(|(_, rest)| !rest.contains('/')) else {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        errors.push(Error::invalid(path, signer, detail));
        return;
    };
    if domain.len() > 253 {
        errors.push(Error::too_long(path, 253));
    }
    first_bad_part(errors, domain, names::is_dns1123_label, path);
    if !domain.contains('.') {
        errors.push(Error::invalid(path, domain, "should be a domain with at least two segments separated by dots"));
    }
    first_bad_part(errors, rest, names::is_dns1123_subdomain, path);
    let longest = 253 + 1 + 253 + 63 + 1;
    if signer.len() > longest {
        errors.push(Error::too_long(path, longest));
    }
}

fn first_bad_part(errors: &mut ErrorList, dotted: &str, rule: fn(&str) -> Vec<String>, path: &Path<'_>) {
    let bad = dotted.split('.').map(|part| (part, rule(part))).find(|(_, messages)| !messages.is_empty());
    for message in bad.iter().flat_map(|(_, messages)| messages) {
        let part = bad.as_ref().map_or("", |(part, _)| part);
        errors.push(Error::invalid(path, dotted, format!("validating label {}: {message}", quoted(part))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(projected: Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate(&mut errors, &projected, &Path::new("projected"), &Options::default());
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn two_sources_must_not_write_one_path() {
        let errors = texts(json!({"sources": [
            {"secret": {"name": "s", "items": [{"key": "k", "path": "p"}]}},
            {"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}},
        ]}));
        assert_eq!(errors, ["projected: Invalid value: \"c\": conflicting duplicate paths"]);
    }

    #[test]
    fn a_token_lives_at_least_ten_minutes() {
        let errors = texts(json!({"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 60}}]}));
        assert_eq!(
            errors,
            [
                "projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"
            ]
        );
    }
}
