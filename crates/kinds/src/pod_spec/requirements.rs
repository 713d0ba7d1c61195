//! `resources` of a container or of a pod: names, amounts, and requests against limits.

use super::{
    Options,
    resources::{ResourceList, is_extended, is_huge_page, is_integer, is_native, is_overcommit_allowed, is_pod_level, is_standard, list},
};
use crate::value::{items, text};
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
    quantity::Quantity,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Checks `resources` of a container. `claims` are the names of the pod's resource claims.
pub fn validate_container(errors: &mut ErrorList, requirements: &Value, claims: &BTreeSet<&str>, path: &Path<'_>, options: &Options) {
    validate(errors, requirements, validate_container_name, claims, path, options);
}

/// Checks `resources` of a pod.
pub fn validate_pod(errors: &mut ErrorList, requirements: &Value, claims: &BTreeSet<&str>, path: &Path<'_>, options: &Options) {
    validate(errors, requirements, pod_resource_name, claims, path, options);
}

type NameCheck = fn(&mut ErrorList, &str, &Path<'_>);

fn validate(
    errors: &mut ErrorList,
    requirements: &Value,
    check_name: NameCheck,
    claims: &BTreeSet<&str>,
    path: &Path<'_>,
    options: &Options,
) {
    let (limits, requests) = (list(requirements, "limits"), list(requirements, "requests"));
    let (limits_path, requests_path) = (path.child("limits"), path.child("requests"));
    for (name, quantity) in &limits {
        amount(errors, name, quantity, check_name, &limits_path.key(name));
        huge_page_multiple(errors, name, quantity, &limits_path.key(name), options);
    }
    for (name, quantity) in &requests {
        amount(errors, name, quantity, check_name, &requests_path.key(name));
        match limits.get(name) {
            Some(limit) if quantity != limit && !is_overcommit_allowed(name) => {
                errors.push(Error::invalid(&requests_path, quantity.to_string(), format!("must be equal to {name} limit of {limit}")));
            }
            Some(limit) if quantity > limit => {
                let detail = format!("must be less than or equal to {name} limit of {limit}");
                errors.push(Error::invalid(&requests_path, quantity.to_string(), detail));
            }
            Some(_) => {}
            None if !is_overcommit_allowed(name) => {
                errors.push(Error::required(&limits_path, "Limit must be set for non overcommitable resources"));
            }
            None => {}
        }
        huge_page_multiple(errors, name, quantity, &requests_path.key(name), options);
    }
    let any = |check: fn(&str) -> bool| [&limits, &requests].iter().any(|l: &&ResourceList| l.keys().any(|name| check(name)));
    if any(is_huge_page) && !any(|name| matches!(name, "cpu" | "memory")) {
        errors.push(Error::forbidden(path, "HugePages require cpu or memory"));
    }
    claim_names(errors, requirements, claims, &path.child("claims"));
}

fn amount(errors: &mut ErrorList, name: &str, quantity: &Quantity, check_name: NameCheck, path: &Path<'_>) {
    check_name(errors, name, path);
    validate_quantity(errors, name, quantity, path);
}

/// Amounts are not negative, and whole where the resource is counted.
pub fn validate_quantity(errors: &mut ErrorList, name: &str, quantity: &Quantity, path: &Path<'_>) {
    if quantity.sign() < 0 {
        errors.push(Error::invalid(path, quantity.to_string(), "must be greater than or equal to 0"));
    }
    if is_integer(name) && quantity.milli_value() % 1000 != 0 {
        errors.push(Error::invalid(path, quantity.to_string(), "must be an integer"));
    }
}

fn huge_page_multiple(errors: &mut ErrorList, name: &str, quantity: &Quantity, path: &Path<'_>, options: &Options) {
    if is_huge_page(name) && !options.indivisible_huge_pages && !is_huge_page_multiple(name, quantity) {
        let detail = format!("{quantity} is not positive integer multiple of {name}");
        errors.push(Error::invalid(path, quantity.to_string(), detail));
    }
}

/// Whether an amount of huge pages is a multiple of their size.
pub fn is_huge_page_multiple(name: &str, quantity: &Quantity) -> bool {
    let Some(Ok(size)) = name.strip_prefix("hugepages-").map(str::parse::<Quantity>) else { return false };
    // A size of more than 64 bits has the value 0, which kube-apiserver divides by.
    size.sign() > 0 && size.milli_value() % 1000 == 0 && quantity.value().checked_rem(size.value()) == Some(0)
}

/// A resource name in general: qualified, or one that Kubernetes knows.
pub fn validate_name(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    let messages = names::is_qualified_name(name);
    if !messages.is_empty() {
        invalid_each(errors, path, name, messages);
    } else if !name.contains('/') && !is_standard(name) {
        errors.push(Error::invalid(path, name, "must be a standard resource type or fully qualified"));
    }
}

/// The name of a resource that a container asks for.
pub fn validate_container_name(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    validate_name(errors, name, path);
    if !name.contains('/') {
        if !matches!(name, "cpu" | "memory" | "ephemeral-storage") && !is_huge_page(name) {
            errors.push(Error::invalid(path, name, "must be a standard resource for containers"));
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.push(Error::invalid(path, name, "doesn't follow extended resource name standard"));
    }
}

fn pod_resource_name(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    let before = errors.len();
    validate_name(errors, name, path);
    if errors.len() == before && !is_pod_level(name) {
        errors.push(Error::not_supported(path, name, &["cpu", "hugepages-", "memory"]));
    }
}

/// A container uses claims of its pod, each once, as a whole or by request.
fn claim_names(errors: &mut ErrorList, requirements: &Value, pod_claims: &BTreeSet<&str>, path: &Path<'_>) {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (i, claim) in items(requirements, "claims").iter().enumerate() {
        let at_index = path.index(i);
        let (name, request) = (text(claim, "name"), text(claim, "request"));
        if name.is_empty() {
            errors.push(Error::required(&at_index, ""));
            continue;
        }
        if used.contains(name) {
            errors.push(Error::duplicate(&at_index, name));
        } else {
            let mut key = name.to_owned();
            if !request.is_empty() {
                invalid_each(errors, &at_index.child("request"), request, names::is_dns1123_label(request));
                key = format!("{name}/{request}");
            }
            if used.contains(&key) {
                errors.push(Error::duplicate(&at_index, key.as_str()));
            } else if request.is_empty() {
                for _ in used.iter().filter(|k| k.split_once('/').is_some_and(|(n, _)| n == name)) {
                    errors.push(Error::duplicate(&at_index, name));
                }
            }
            used.insert(key);
        }
        if !pod_claims.contains(name) {
            let mut error = Error::not_found(&at_index, name);
            error.detail = "must be one of the names in pod.spec.resourceClaims".to_owned();
            if pod_claims.is_empty() {
                error.detail.push_str(" which is empty");
            } else {
                error.detail.push_str(": ");
                error.detail.push_str(&pod_claims.iter().copied().collect::<Vec<_>>().join(", "));
            }
            errors.push(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn texts(requirements: Value) -> Vec<String> {
        let mut errors = ErrorList::new();
        validate_container(&mut errors, &requirements, &BTreeSet::new(), &Path::new("r"), &Options::default());
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_request_is_at_most_its_limit() {
        assert_eq!(
            texts(json!({"limits": {"cpu": "1"}, "requests": {"cpu": "2"}})),
            ["r.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"]
        );
    }

    #[test]
    fn devices_are_counted_and_cannot_be_overcommitted() {
        assert_eq!(
            texts(json!({"limits": {"example.com/gpu": "1500m"}, "requests": {"example.com/gpu": "1"}})),
            [
                "r.limits[example.com/gpu]: Invalid value: \"1500m\": must be an integer",
                "r.requests: Invalid value: \"1\": must be equal to example.com/gpu limit of 1500m",
            ]
        );
    }

    #[test]
    fn names_without_a_domain_are_known_ones() {
        assert_eq!(
            texts(json!({"limits": {"gpu": "1"}})),
            [
                "r.limits[gpu]: Invalid value: \"gpu\": must be a standard resource type or fully qualified",
                "r.limits[gpu]: Invalid value: \"gpu\": must be a standard resource for containers",
            ]
        );
    }
}
