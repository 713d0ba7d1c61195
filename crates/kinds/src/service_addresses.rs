//! A Service's cluster IPs and the families that they belong to.

use crate::{
    service::CLUSTER_IP_NONE,
    value::{field, items, text, text_if_set},
};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    ip,
};
use serde_json::Value;
use std::net::IpAddr;

const FAMILIES: &[&str] = &["IPv4", "IPv6"];
const POLICIES: &[&str] = &["PreferDualStack", "RequireDualStack", "SingleStack"];
const MAX_IPS: usize = 2;

/// Whether a service with this spec has no cluster IP on purpose.
pub fn is_headless(spec: &Value) -> bool {
    matches!(items(spec, "clusterIPs"), [only] if only == CLUSTER_IP_NONE)
}

/// `IPv4`, `IPv6`, or `unknown` for what is no address.
pub fn family_of(address: &str) -> &'static str {
    match ip::parse_sloppy(address) {
        Some(IpAddr::V4(_)) => "IPv4",
        Some(IpAddr::V6(_)) => "IPv6",
        None => "unknown",
    }
}

/// Wrong addresses are told unless they are among `known`, which the object had already.
pub fn validate_ip_unless_known(errors: &mut ErrorList, address: &str, known: &[&str], path: &Path<'_>) {
    if !known.contains(&address) {
        invalid_each(errors, path, address, ip::is_valid_ip_for_legacy_field(address));
    }
}

/// Everything wrong with addresses and families; `before` is the spec of the stored service.
pub fn validate(spec: &Value, before: Option<&Value>) -> ErrorList {
    if text(spec, "type") == "ExternalName" {
        return ErrorList::new();
    }
    let path = Path::new("spec");
    let ips_path = path.child("clusterIPs");
    let ips = texts(spec, "clusterIPs");
    let printed = || printed_list(spec, "clusterIPs");
    let mut errors: ErrorList = primary_error(text(spec, "clusterIP"), &ips, &ips_path, printed()).into_iter().collect();
    errors.extend(validate_families(spec, &path));
    let known = before.map_or_else(Vec::new, |before| texts(before, "clusterIPs"));
    let told = errors.len();
    for (i, address) in ips.iter().enumerate() {
        match (i, *address, ips.len()) {
            (0, CLUSTER_IP_NONE, 1) => {}
            (0, CLUSTER_IP_NONE, _) => errors.push(Error::invalid(&ips_path, printed(), "'None' must be the first and only value")),
            _ => validate_ip_unless_known(&mut errors, address, &known, &ips_path.index(i)),
        }
    }
    let malformed = errors.len() > told;
    if ips.len() > MAX_IPS {
        errors.push(Error::invalid(&ips_path, printed(), "may only hold up to 2 values"));
    }
    if malformed {
        return errors;
    }
    if ips.len() > 1 && FAMILIES.iter().any(|family| !ips.iter().any(|ip| family_of(ip) == *family)) {
        errors.push(Error::invalid(&ips_path, printed(), "may specify no more than one IP for each IP family"));
    }
    if !is_headless(spec) {
        for (i, (address, family)) in ips.iter().zip(texts(spec, "ipFamilies")).enumerate() {
            if FAMILIES.contains(&family) && family_of(address) != family {
                let detail = format!("expected an {family} value as indicated by `ipFamilies[{i}]`");
                errors.push(Error::invalid(&ips_path.index(i), *address, detail));
            }
        }
    }
    errors
}

fn texts<'a>(spec: &'a Value, key: &str) -> Vec<&'a str> {
    items(spec, key).iter().filter_map(Value::as_str).collect()
}

/// A list as Go prints it: `null` when unset.
fn printed_list(spec: &Value, key: &str) -> Value {
    field(spec, key).filter(|v| v.as_array().is_some_and(|list| !list.is_empty())).cloned().unwrap_or_default()
}

fn primary_error(primary: &str, ips: &[&str], path: &Path<'_>, printed: Value) -> Option<Error> {
    match (primary, ips.first()) {
        ("", None) => None,
        ("", Some(_)) => Some(Error::invalid(path, printed, "must be empty when `clusterIP` is not specified")),
        (_, None) => Some(Error::required(path, "")),
        (primary, Some(first)) => (primary != *first).then(|| Error::invalid(path, printed, "first value must match `clusterIP`")),
    }
}

fn validate_families(spec: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let families = texts(spec, "ipFamilies");
    let families_path = path.child("ipFamilies");
    for (i, family) in families.iter().enumerate() {
        if !FAMILIES.contains(family) {
            errors.push(Error::not_supported(&families_path.index(i), *family, FAMILIES));
        }
        if families.iter().take(i).any(|earlier| earlier == family) {
            errors.push(Error::duplicate(&families_path.index(i), *family));
        }
    }
    if let Some(policy) = text_if_set(spec, "ipFamilyPolicy").filter(|policy| !POLICIES.contains(policy)) {
        errors.push(Error::not_supported(&path.child("ipFamilyPolicy"), policy, POLICIES));
    }
    errors
}

/// What may not happen to addresses and families once they are set: they can be added to and taken from at the end only.
pub fn validate_change(spec: &Value, before: &Value) -> ErrorList {
    if [spec, before].iter().any(|spec| text(spec, "type") == "ExternalName") {
        return ErrorList::new();
    }
    let (headless, was_headless) = (is_headless(spec), is_headless(before));
    let mut errors = ErrorList::new();
    if !(headless && was_headless) {
        errors.extend(validate_list_change(spec, before, &CLUSTER_IPS));
    }
    if !headless && !was_headless {
        errors.extend(validate_list_change(spec, before, &IP_FAMILIES));
    }
    errors
}

/// How a change of one of the two lists is told.
struct ListWords {
    key: &'static str,
    each: bool,
    unset: &'static str,
    release: &'static str,
    /// The list that is printed where the first value changed together with the length.
    printed: &'static str,
}

const CLUSTER_IPS: ListWords = ListWords {
    key: "clusterIPs",
    each: true,
    unset: "primary clusterIP can not be unset",
    release: "must be set to 'SingleStack' when releasing the secondary clusterIP",
    printed: "clusterIPs",
};

const IP_FAMILIES: ListWords = ListWords {
    key: "ipFamilies",
    each: false,
    unset: "primary ipFamily can not be unset",
    release: "must be set to 'SingleStack' when releasing the secondary ipFamily",
    printed: "clusterIPs",
};

fn validate_list_change(spec: &Value, before: &Value, words: &ListWords) -> ErrorList {
    const CHANGED: &str = "may not change once set";
    let mut errors = ErrorList::new();
    let path = Path::new("spec");
    let list_path = path.child(words.key);
    let first = list_path.index(0);
    let (now, old) = (texts(spec, words.key), texts(before, words.key));
    if now.len() == old.len() {
        for (i, _) in now.iter().zip(&old).enumerate().filter(|(_, (now, old))| now != old) {
            let at = list_path.index(if words.each { i } else { 0 });
            errors.push(Error::invalid(&at, printed_list(spec, words.key), CHANGED));
        }
        return errors;
    }
    let shrunk = now.len() < old.len();
    if shrunk && texts(spec, "clusterIPs").is_empty() {
        errors.push(Error::invalid(&first, printed_list(spec, words.key), words.unset));
    }
    if let (Some(now), Some(old)) = (now.first(), old.first())
        && now != old
    {
        errors.push(Error::invalid(&first, printed_list(spec, words.printed), CHANGED));
    }
    if shrunk && now.len() == 1 && text_if_set(spec, "ipFamilyPolicy") != Some("SingleStack") {
        let policy = field(spec, "ipFamilyPolicy").cloned().unwrap_or_default();
        errors.push(Error::invalid(&path.child("ipFamilyPolicy"), policy, words.release));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    #[test]
    fn addresses_fit_their_families() {
        let spec = json!({"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ipFamilies": ["IPv6"]});
        assert_eq!(
            texts(&validate(&spec, None)),
            ["spec.clusterIPs[0]: Invalid value: \"10.0.0.1\": expected an IPv6 value as indicated by `ipFamilies[0]`"]
        );
    }

    #[test]
    fn the_first_of_both_forms_agree() {
        let spec = json!({"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.2"]});
        assert_eq!(texts(&validate(&spec, None)), ["spec.clusterIPs: Invalid value: [\"10.0.0.2\"]: first value must match `clusterIP`"]);
    }

    #[test]
    fn an_address_stays() {
        let spec = |ip: &str| json!({"clusterIPs": [ip]});
        assert_eq!(
            texts(&validate_change(&spec("10.0.0.2"), &spec("10.0.0.1"))),
            ["spec.clusterIPs[0]: Invalid value: [\"10.0.0.2\"]: may not change once set"]
        );
        assert_eq!(
            texts(&validate_change(&json!({}), &spec("10.0.0.1"))),
            ["spec.clusterIPs[0]: Invalid value: null: primary clusterIP can not be unset"]
        );
        assert!(validate_change(&spec("None"), &spec("None")).is_empty());
    }

    #[test]
    fn dual_stack_means_one_of_each() {
        let spec = json!({"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1", "10.0.0.2"]});
        assert_eq!(
            texts(&validate(&spec, None)),
            ["spec.clusterIPs: Invalid value: [\"10.0.0.1\",\"10.0.0.2\"]: may specify no more than one IP for each IP family"]
        );
    }
}
