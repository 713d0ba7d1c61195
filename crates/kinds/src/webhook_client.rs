//! How a webhook is reached: by URL or by Service.

use crate::value::{int, text, text_if_set};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each, quoted},
    names,
};
use serde_json::Value;

const FORM: &str = "; desired format: https://host[/path]";

/// Everything wrong with a webhook's URL.
pub fn validate_url(errors: &mut ErrorList, url: &str, path: &Path<'_>) {
    let parts = match Url::parse(url) {
        Ok(parts) => parts,
        Err(why) => {
            errors.push(Error::required(path, format!("url must be a valid URL: parse {}: {why}{FORM}", quoted(url))));
            return;
        }
    };
    if parts.scheme != "https" {
        errors.push(Error::invalid(path, parts.scheme, format!("'https' is the only allowed URL scheme{FORM}")));
    }
    if parts.host.is_empty() {
        errors.push(Error::invalid(path, "", format!("host must be specified{FORM}")));
    }
    let parts = [
        (parts.user, "user information is not permitted in the URL"),
        (parts.fragment.filter(|f| !f.is_empty()), "fragments are not permitted in the URL"),
        (parts.query.filter(|q| !q.is_empty()), "query parameters are not permitted in the URL"),
    ];
    for (part, why) in parts {
        errors.extend(part.map(|part| Error::invalid(path, part, why)));
    }
}

/// Everything wrong with a reference to the Service behind a webhook.
pub fn validate_service(errors: &mut ErrorList, service: &Value, path: &Path<'_>) {
    // Upstream passes name and namespace the other way round, so that each is missed under the other's name, in this order.
    for (given, told) in [("namespace", "name"), ("name", "namespace")] {
        if text(service, given).is_empty() {
            errors.push(Error::required(&path.child(told), ""));
        }
    }
    let port = int(service, "port").unwrap_or_default();
    let wrong = names::is_valid_port_num(port);
    if !wrong.is_empty() {
        errors.push(Error::invalid(&path.child("port"), port, format!("port is not valid: {}", wrong.join(", "))));
    }
    if let Some(target) = text_if_set(service, "path").filter(|p| !matches!(*p, "" | "/")) {
        validate_path(errors, target, &path.child("path"));
    }
}

fn validate_path(errors: &mut ErrorList, target: &str, path: &Path<'_>) {
    if target == "//" {
        errors.push(Error::invalid(path, target, "segment[0] may not be empty"));
        return;
    }
    if !target.starts_with('/') {
        errors.push(Error::invalid(path, target, "must start with a '/'"));
    }
    let mut rest = target.chars();
    rest.next();
    let rest = rest.as_str();
    for (i, segment) in rest.strip_suffix('/').unwrap_or(rest).split('/').enumerate() {
        if segment.is_empty() {
            errors.push(Error::invalid(path, target, format!("segment[{i}] may not be empty")));
            continue;
        }
        let wrong = names::is_dns1123_subdomain(segment).into_iter().map(|why| format!("segment[{i}]: {why}")).collect();
        invalid_each(errors, path, target, wrong);
    }
}

/// The parts of a URL that are looked at.
struct Url<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    host: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Url<'a> {
    /// As Go's `url.Parse`, with its words for what is wrong.
    fn parse(text: &'a str) -> Result<Self, String> {
        if text.bytes().any(|b| b < b' ' || b == 0x7f) {
            return Err("net/url: invalid control character in URL".to_owned());
        }
        let (text, fragment) = split_off(text, '#');
        let (scheme, rest) = split_scheme(text)?;
        let (rest, query) = split_off(rest, '?');
        if scheme.is_empty() && !rest.starts_with('/') && rest.split('/').next().is_some_and(|first| first.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
        let Some(rest) = rest.strip_prefix("//") else { return Ok(Self { scheme, user: None, host: "", query, fragment }) };
        let authority = rest.split('/').next().unwrap_or_default();
        let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let port =
            if host.starts_with('[') { host.rsplit_once(']').map(|(_, port)| port) } else { host.find(':').map(|at| host.split_at(at).1) };
        if let Some(port) = port.filter(|p| !p.is_empty() && !p.strip_prefix(':').is_some_and(|d| d.bytes().all(|b| b.is_ascii_digit()))) {
            return Err(format!("invalid port {} after host", quoted(port)));
        }
        if let Some(bad) = host.chars().find(|c| matches!(c, ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')) {
            return Err(format!("invalid character {} in host name", quoted(&bad.to_string())));
        }
        Ok(Self { scheme, user, host, query, fragment })
    }
}

fn split_off(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn split_scheme(text: &str) -> Result<(&str, &str), String> {
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((text.get(..i).unwrap_or_default(), text.get(i + 1..).unwrap_or_default())),
            _ => break,
        }
    }
    Ok(("", text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;
    use serde_json::json;

    fn url(text: &str) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate_url(&mut errors, text, &Path::new("url"));
        texts(&errors)
    }

    #[test]
    fn a_url_is_a_host_and_a_path() {
        assert!(url("https://example.com:8443/validate").is_empty());
        assert_eq!(url("http://example.com"), [format!("url: Invalid value: \"http\": 'https' is the only allowed URL scheme{FORM}")]);
        assert_eq!(
            url("https://me@example.com/?a=b#c"),
            [
                "url: Invalid value: \"me\": user information is not permitted in the URL",
                "url: Invalid value: \"c\": fragments are not permitted in the URL",
                "url: Invalid value: \"a=b\": query parameters are not permitted in the URL",
            ]
        );
        assert_eq!(url(":x"), [format!("url: Required value: url must be a valid URL: parse \":x\": missing protocol scheme{FORM}")]);
    }

    #[test]
    fn a_service_is_missed_under_the_other_name() {
        let mut errors = ErrorList::new();
        validate_service(&mut errors, &json!({"name": "a", "port": 443, "path": "/a//b"}), &Path::new("service"));
        assert_eq!(texts(&errors), ["service.name: Required value", "service.path: Invalid value: \"/a//b\": segment[1] may not be empty"]);
    }
}
