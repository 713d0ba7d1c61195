//! Names: a pod's DNS, its host name and entries of its hosts file.

use crate::value::{field, flag, items, text, text_if_set};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    ip, names,
};
use serde_json::Value;

const POLICIES: &[&str] = &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const NAMESERVERS_MAX: usize = 3;
const SEARCHES_MAX: usize = 32;
const SEARCHES_MAX_CHARS: usize = 2048;
const HOSTNAME_MAX: usize = 64;

/// Checks `dnsPolicy`.
pub fn validate_policy(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    match text(spec, "dnsPolicy") {
        "" => errors.push(Error::required(path, "")),
        policy if !POLICIES.contains(&policy) => errors.push(Error::not_supported(path, policy, POLICIES)),
        _ => {}
    }
}

/// Checks `dnsConfig`.
pub fn validate_config(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let config = field(spec, "dnsConfig");
    if text(spec, "dnsPolicy") == "None" {
        let Some(config) = config else {
            errors.push(Error::required(path, "must provide `dnsConfig` when `dnsPolicy` is None"));
            return;
        };
        if items(config, "nameservers").is_empty() {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            errors.push(Error::required(&path.child("nameservers"), detail));
            return;
        }
    }
    let Some(config) = config else { return };
    let (servers, servers_path) = (items(config, "nameservers"), path.child("nameservers"));
    if servers.len() > NAMESERVERS_MAX {
        errors.push(Error::invalid(&servers_path, servers.to_vec(), "must not have more than 3 nameservers"));
    }
    for (i, server) in servers.iter().filter_map(Value::as_str).enumerate() {
        invalid_each(errors, &servers_path.index(i), server, ip::is_valid_ip_for_legacy_field(server));
    }
    searches(errors, items(config, "searches"), &path.child("searches"));
    let options = path.child("options");
    for (i, option) in items(config, "options").iter().enumerate() {
        if text(option, "name").is_empty() {
            errors.push(Error::required(&options.index(i), "must not be empty"));
        }
    }
}

fn searches(errors: &mut ErrorList, searches: &[Value], path: &Path<'_>) {
    if searches.len() > SEARCHES_MAX {
        errors.push(Error::invalid(path, searches.to_vec(), "must not have more than 32 search paths"));
    }
    let texts = || searches.iter().filter_map(Value::as_str);
    let joined = texts().map(str::len).sum::<usize>() + searches.len().saturating_sub(1);
    if joined > SEARCHES_MAX_CHARS {
        let detail = format!("must not have more than {SEARCHES_MAX_CHARS} characters (including spaces) in the search list");
        errors.push(Error::invalid(path, searches.to_vec(), detail));
    }
    for (i, search) in texts().enumerate().filter(|(_, search)| *search != ".") {
        let search = search.strip_suffix('.').unwrap_or(search);
        invalid_each(errors, &path.index(i), search, names::is_dns1123_subdomain_with_underscore(search));
    }
}

/// Checks `hostnameOverride`.
pub fn validate_hostname_override(errors: &mut ErrorList, spec: &Value, spec_path: &Path<'_>) {
    let Some(name) = text_if_set(spec, "hostnameOverride") else { return };
    let path = spec_path.child("hostnameOverride");
    for key in ["setHostnameAsFQDN", "hostNetwork"] {
        if flag(spec, key) {
            errors.push(Error::forbidden(&path, format!("may not be specified when {key} is true")));
        }
    }
    if name.len() > HOSTNAME_MAX {
        errors.push(Error::too_long(&path, HOSTNAME_MAX));
    }
    invalid_each(errors, &path, name, names::is_dns1123_subdomain(name));
}

/// Checks `hostAliases`.
pub fn validate_host_aliases(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    for (i, alias) in items(spec, "hostAliases").iter().enumerate() {
        let at_index = path.index(i);
        let address = text(alias, "ip");
        invalid_each(errors, &at_index.child("ip"), address, ip::is_valid_ip_for_legacy_field(address));
        let hosts = at_index.child("hostnames");
        for (j, host) in items(alias, "hostnames").iter().filter_map(Value::as_str).enumerate() {
            invalid_each(errors, &hosts.index(j), host, names::is_dns1123_subdomain(host));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn without_a_policy_of_the_cluster_a_nameserver_is_needed() {
        let mut errors = ErrorList::new();
        validate_config(&mut errors, &json!({"dnsPolicy": "None", "dnsConfig": {}}), &Path::new("dnsConfig"));
        assert_eq!(
            errors[0].to_string(),
            "dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"
        );
    }
}
