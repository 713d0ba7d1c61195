//! Names in dynamic resource allocation: pools, attributes, drivers, shares.

use crate::csi_driver_name;
use minkapi_schema::{
    field::{Error, ErrorList, Path, invalid_each},
    names,
};

/// Longest domain of a qualified name.
pub const MAX_DOMAIN: usize = 63;
/// Longest name below a domain.
pub const MAX_ID: usize = 32;
const MAX_POOL: usize = 253;

/// A pool: subdomains separated by slashes.
pub fn pool(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    if name.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    if name.len() > MAX_POOL {
        errors.push(Error::too_long(path, MAX_POOL));
    }
    for part in name.split('/') {
        invalid_each(errors, path, part, names::is_dns1123_subdomain(part));
    }
}

/// A pool where the rule is declared: its words name the segment.
pub fn declared_pool(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    if name.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    if name.len() > MAX_POOL {
        errors.push(Error::too_long(path, MAX_POOL));
    }
    for (i, part) in name.split('/').enumerate() {
        if part.is_empty() {
            errors.push(Error::invalid(path, name, format!("segment {i}: must not be empty")));
        } else {
            prefixed(errors, path, part, &format!("segment {i}: "), names::is_dns1123_subdomain(part));
        }
    }
}

/// A driver where the rule is declared.
pub fn declared_driver(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    if name.is_empty() {
        errors.push(Error::required(path, ""));
        return;
    }
    invalid_each(errors, path, name, names::is_dns1123_subdomain_caseless(name));
    if name.chars().count() > csi_driver_name::MAX {
        errors.push(Error::too_long_characters(path, csi_driver_name::MAX));
    }
}

/// `name` or `domain/name`.
pub fn qualified(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    match *name.split('/').collect::<Vec<_>>() {
        [id] => identifier(errors, id, path),
        [domain, id] => {
            if domain.is_empty() {
                errors.push(Error::invalid(path, "", "the domain must not be empty"));
            } else {
                errors.extend(csi_driver_name::validate(domain, path));
            }
            if id.is_empty() {
                errors.push(Error::invalid(path, "", "the name must not be empty"));
            } else {
                identifier(errors, id, path);
            }
        }
        // More slashes pass, as upstream lets them.
        _ => {}
    }
}

/// `domain/name` where the rule is declared.
pub fn declared_fully_qualified(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    match *name.split('/').collect::<Vec<_>>() {
        [id] => identifier(errors, id, path),
        [domain, id] => {
            if domain.is_empty() {
                errors.push(Error::invalid(path, "", "prefix must not be empty"));
            } else {
                if domain.len() > MAX_DOMAIN {
                    errors.push(Error::too_long(path, MAX_DOMAIN));
                }
                prefixed(errors, path, domain, "prefix: ", names::is_dns1123_subdomain(domain));
            }
            if id.is_empty() {
                errors.push(Error::invalid(path, "", "name must not be empty"));
            } else {
                identifier(errors, id, path);
            }
        }
        _ => {}
    }
    if !name.contains('/') {
        errors.push(Error::invalid(path, name, "a fully qualified name must be a domain and a name separated by a slash"));
    }
}

/// The UUID of a share.
pub fn declared_uuid(errors: &mut ErrorList, uuid: &str, path: &Path<'_>) {
    let fits = |(i, b): (usize, u8)| match i {
        8 | 13 | 18 | 23 => b == b'-',
        _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
    };
    if uuid.len() != 36 || !uuid.bytes().enumerate().all(fits) {
        let why = "must be a lowercase UUID in 8-4-4-4-12 format";
        errors.push(Error::invalid(path, uuid, why));
    }
}

/// The name of a resource that a class of devices also goes by.
pub fn declared_extended_resource(errors: &mut ErrorList, name: &str, path: &Path<'_>) {
    if !name.contains('/') {
        errors.push(Error::invalid(path, name, "a name must be a domain-prefixed path, such as 'example.com/my-prop'"));
    } else if name.contains("kubernetes.io/") {
        errors.push(Error::invalid(path, name, "must not have \"kubernetes.io/\" domain"));
    }
    if name.starts_with("requests.") {
        errors.push(Error::invalid(path, name, "must not have \"requests.\" prefix"));
    }
    invalid_each(errors, path, name, names::is_qualified_name(&format!("requests.{name}")));
}

fn identifier(errors: &mut ErrorList, id: &str, path: &Path<'_>) {
    if id.len() > MAX_ID {
        errors.push(Error::too_long(path, MAX_ID));
    }
    invalid_each(errors, path, id, names::is_c_identifier(id));
}

fn prefixed(errors: &mut ErrorList, path: &Path<'_>, value: &str, prefix: &str, messages: names::Messages) {
    invalid_each(errors, path, value, messages.into_iter().map(|message| format!("{prefix}{message}")).collect());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::texts;

    #[test]
    fn a_pool_is_a_path_of_subdomains() {
        let check = |name| {
            let mut errors = ErrorList::new();
            declared_pool(&mut errors, name, &Path::new("pool"));
            texts(&errors)
        };
        assert!(check("node-1/gpus").is_empty());
        assert_eq!(check("a//b"), ["pool: Invalid value: \"a//b\": segment 1: must not be empty"]);
    }

    #[test]
    fn a_fully_qualified_name_has_a_domain() {
        let mut errors = ErrorList::new();
        declared_fully_qualified(&mut errors, "memory", &Path::new("a"));
        assert_eq!(
            texts(&errors),
            ["a: Invalid value: \"memory\": a fully qualified name must be a domain and a name separated by a slash"]
        );
    }
}
