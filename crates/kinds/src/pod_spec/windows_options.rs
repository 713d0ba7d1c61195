//! Windows options of a security context, and pods of host processes.

use crate::value::{at, field, flag, flag_if_set, text_if_set};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};
use serde_json::Value;

const CREDENTIAL_SPEC_MAX: usize = 64 * 1024;
const DOMAIN_MAX: usize = 256;
const USER_MAX: usize = 104;

/// Checks `windowsOptions`.
pub fn validate(errors: &mut ErrorList, options: Option<&Value>, path: &Path<'_>) {
    let Some(options) = options else { return };
    if let Some(name) = text_if_set(options, "gmsaCredentialSpecName") {
        invalid_each(errors, &path.child("gmsaCredentialSpecName"), name, names::is_dns1123_subdomain(name));
    }
    if let Some(spec) = text_if_set(options, "gmsaCredentialSpec") {
        let path = path.child("gmsaCredentialSpec");
        if spec.is_empty() {
            errors.push(Error::invalid(&path, spec, "gmsaCredentialSpec cannot be an empty string"));
        } else if spec.len() > CREDENTIAL_SPEC_MAX {
            errors.push(Error::invalid(&path, spec, "gmsaCredentialSpec size must be under 64 KiB"));
        }
    }
    if let Some(user) = text_if_set(options, "runAsUserName") {
        for detail in user_name_problems(user) {
            errors.push(Error::invalid(&path.child("runAsUserName"), user, detail));
        }
    }
}

fn user_name_problems(name: &str) -> Vec<&'static str> {
    if name.is_empty() {
        return vec!["runAsUserName cannot be an empty string"];
    }
    if name.bytes().any(|b| b.is_ascii_control()) {
        return vec!["runAsUserName cannot contain control characters"];
    }
    let (domain, user) = match name.split_once('\\') {
        Some((_, user)) if user.contains('\\') => return vec!["runAsUserName cannot contain more than one backslash"],
        Some((domain, user)) => (Some(domain), user),
        None => (None, name),
    };
    let rules = [
        (domain.is_some_and(|d| d.len() >= DOMAIN_MAX), "runAsUserName's Domain length must be under 256 characters"),
        (
            domain.is_some_and(|d| !is_netbios_name(d) && !is_dns_name(d)),
            "runAsUserName's Domain doesn't match the NetBios nor the DNS format",
        ),
        (user.is_empty(), "runAsUserName's User cannot be empty"),
        (user.len() > USER_MAX, "runAsUserName's User length must not be longer than 104 characters"),
        (!user.is_empty() && user.chars().all(|c| matches!(c, '.' | ' ')), "runAsUserName's User cannot contain only periods or spaces"),
        (
            user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']),
            r#"runAsUserName's User cannot contain the following characters: "/\:;|=,+*?<>@[]"#,
        ),
    ];
    rules.into_iter().filter_map(|(wrong, detail)| wrong.then_some(detail)).collect()
}

fn is_netbios_name(domain: &str) -> bool {
    (1..=15).contains(&domain.chars().count())
        && !domain.starts_with('.')
        && !domain.contains(['\\', '/', ':', '*', '?', '"', '<', '>', '|'])
}

fn is_dns_name(domain: &str) -> bool {
    domain.split('.').all(|label| {
        let bytes = label.as_bytes();
        bytes.len() <= 63
            && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    })
}

/// Host processes: either all containers of a pod are ones or none is, and they are on the host's network.
pub fn validate_host_processes(errors: &mut ErrorList, spec: &Value, path: &Path<'_>) {
    let host_process = |context: &Value| field(context, "windowsOptions").and_then(|o| flag_if_set(o, "hostProcess"));
    let of_pod = field(spec, "securityContext").and_then(host_process);
    let (mut all, mut host) = (0, 0);
    super::visit_containers(spec, path, |container, container_path| {
        all += 1;
        let own = at(container, &["securityContext"]).and_then(host_process);
        if let (Some(of_pod), Some(own)) = (of_pod, own)
            && of_pod != own
        {
            let context = container_path.child("securityContext");
            let options = context.child("windowsOptions");
            let detail = format!("pod hostProcess value must be identical if both are specified, was {of_pod}");
            errors.push(Error::invalid(&options.child("hostProcess"), own, detail));
        }
        if own.or(of_pod).unwrap_or_default() {
            host += 1;
        }
    });
    if host == 0 {
        return;
    }
    if host != all {
        let detail = "If pod contains any hostProcess containers then all containers must be HostProcess containers";
        errors.push(Error::invalid(path, "", detail));
    }
    if !flag(spec, "hostNetwork") {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        errors.push(Error::invalid(&path.child("hostNetwork"), false, detail));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_may_have_a_domain() {
        assert!(user_name_problems("Administrator").is_empty());
        assert!(user_name_problems(r"EXAMPLE\admin").is_empty());
        assert!(user_name_problems(r"corp.example.com\admin").is_empty());
        assert_eq!(user_name_problems(r"a\b\c"), ["runAsUserName cannot contain more than one backslash"]);
        assert_eq!(user_name_problems(".."), ["runAsUserName's User cannot contain only periods or spaces"]);
    }
}
