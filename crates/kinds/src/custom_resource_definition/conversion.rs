//! How objects are converted between versions (C-10-22).

use super::validation::one_of;
use crate::value;
use minkapi_schema::{
    field::{Error, ErrorList, Path},
    names as rules,
};
use serde_json::Value;

const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// The conversion of an internal spec.
pub fn validate(conversion: Option<&Value>, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let Some(conversion) = conversion.filter(|c| !c.is_null()) else { return errors };
    let strategy = value::text(conversion, "strategy");
    errors.extend(one_of(&path.child("strategy"), strategy, &["None", "Webhook"]));
    let (config, versions) = (path.child("webhookClientConfig"), path.child("conversionReviewVersions"));
    let reviewed = value::items(conversion, "conversionReviewVersions");
    if strategy != "Webhook" {
        let forbidden = "should not be set when strategy is not set to Webhook";
        if value::has(conversion, "webhookClientConfig") {
            errors.push(Error::forbidden(&config, forbidden));
        }
        if !reviewed.is_empty() {
            errors.push(Error::forbidden(&versions, forbidden));
        }
        return errors;
    }
    match value::field(conversion, "webhookClientConfig") {
        None => errors.push(Error::required(&config, "required when strategy is set to Webhook")),
        Some(client) => match (value::text_if_set(client, "url"), value::field(client, "service")) {
            (Some(url), None) => errors.extend(webhook_url(url, &config.child("url"))),
            (None, Some(service)) => errors.extend(webhook_service(service, &config.child("service"))),
            _ => errors.push(Error::required(&config, "exactly one of url or service is required")),
        },
    }
    errors.extend(review_versions(reviewed, &versions));
    errors
}

fn review_versions(versions: &[Value], path: &Path<'_>) -> ErrorList {
    if versions.is_empty() {
        return vec![Error::required(path, "")];
    }
    let mut errors = ErrorList::new();
    for (index, version) in versions.iter().enumerate() {
        let name = version.as_str().unwrap_or_default();
        if versions.iter().take(index).any(|v| v == version) {
            errors.push(Error::invalid(&path.index(index), name, "duplicate version"));
            continue;
        }
        errors.extend(rules::is_dns1035_label(name).into_iter().map(|p| Error::invalid(&path.index(index), name, p)));
    }
    if !versions.iter().any(|v| v.as_str().is_some_and(|v| REVIEW_VERSIONS.contains(&v))) {
        errors.push(Error::invalid(path, versions.to_vec(), format!("must include at least one of {}", REVIEW_VERSIONS.join(", "))));
    }
    errors
}

/// The URL of a webhook.
pub fn webhook_url(url: &str, path: &Path<'_>) -> ErrorList {
    const FORM: &str = "; desired format: https://host[/path]";
    let mut errors = ErrorList::new();
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, rest) = rest.split_once(':').filter(|(s, _)| !s.contains('/')).unwrap_or(("", rest));
    let authority = rest.strip_prefix("//").map_or("", |r| r.split('/').next().unwrap_or_default());
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if scheme != "https" {
        errors.push(Error::invalid(path, scheme, format!("'https' is the only allowed URL scheme{FORM}")));
    }
    if host.is_empty() {
        errors.push(Error::invalid(path, "", format!("host must be specified{FORM}")));
    }
    for (part, detail) in [
        (user, "user information is not permitted in the URL"),
        (fragment, "fragments are not permitted in the URL"),
        (query, "query parameters are not permitted in the URL"),
    ] {
        if !part.is_empty() {
            errors.push(Error::invalid(path, part, detail));
        }
    }
    errors
}

/// The Service of a conversion webhook.
pub fn webhook_service(service: &Value, path: &Path<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    // Upstream mixes the two up: each stands for the other's absence.
    for (key, told) in [("namespace", "name"), ("name", "namespace")] {
        if value::text(service, key).is_empty() {
            errors.push(Error::required(&path.child(told), ""));
        }
    }
    let port = value::int(service, "port").unwrap_or_default();
    let problems = rules::is_valid_port_num(port);
    if !problems.is_empty() {
        errors.push(Error::invalid(&path.child("port"), port, format!("port is not valid: {}", problems.join(", "))));
    }
    let url_path = value::text(service, "path");
    let at = path.child("path");
    if url_path.is_empty() || url_path == "/" {
        return errors;
    }
    if url_path == "//" {
        errors.push(Error::invalid(&at, url_path, "segment[0] may not be empty"));
        return errors;
    }
    if !url_path.starts_with('/') {
        errors.push(Error::invalid(&at, url_path, "must start with a '/'"));
    }
    let inner = url_path.get(1..).unwrap_or_default();
    for (index, step) in inner.strip_suffix('/').unwrap_or(inner).split('/').enumerate() {
        if step.is_empty() {
            errors.push(Error::invalid(&at, url_path, format!("segment[{index}] may not be empty")));
            continue;
        }
        for problem in rules::is_dns1123_subdomain(step) {
            errors.push(Error::invalid(&at, url_path, format!("segment[{index}]: {problem}")));
        }
    }
    errors
}
