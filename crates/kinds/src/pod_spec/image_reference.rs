//! Image references, as `distribution/reference` reads them (C-03-40).

/// Whether the kubelet would pull the tag `latest` for this image: it is tagged so, or neither tagged nor pinned to a digest.
/// A malformed reference has no tag at all.
pub fn is_latest(image: &str) -> bool {
    match tag_and_digest(image) {
        Some((Some(tag), _)) => tag == "latest",
        Some((None, digest)) => digest.is_none(),
        None => false,
    }
}

/// Tag and digest of a well-formed reference.
fn tag_and_digest(image: &str) -> Option<(Option<&str>, Option<&str>)> {
    if image.len() == 64 && image.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let (domain, remainder) = split_domain(image);
    let untagged = remainder.split_once(':').map_or(remainder, |(before, _)| before);
    if untagged.chars().any(char::is_uppercase) {
        return None;
    }
    let (named, digest) = match remainder.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (remainder, None),
    };
    let (path, tag) = match named.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (named, None),
    };
    let official = domain.is_none() && !path.contains('/');
    let length = if official { "library/".len() } else { 0 } + path.len();
    let well_formed = domain.is_none_or(is_domain)
        && length <= 255
        && path.split('/').all(is_path_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest);
    well_formed.then_some((tag, digest))
}

/// A first component is a registry only if it looks like one.
fn split_domain(image: &str) -> (Option<&str>, &str) {
    match image.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" || first.chars().any(char::is_uppercase) => {
            (Some(first), rest)
        }
        _ => (None, image),
    }
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (domain, None),
    };
    let host_is_fine = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(ipv6) => !ipv6.is_empty() && ipv6.bytes().all(|b| b.is_ascii_hexdigit() || b == b':'),
        None => host.split('.').all(is_domain_component),
    };
    host_is_fine && port.is_none_or(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
}

fn is_domain_component(component: &str) -> bool {
    !component.is_empty()
        && !component.starts_with('-')
        && !component.ends_with('-')
        && component.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Lower-case letters and digits, separated by one `.`, one or two `_`, or any number of `-`.
fn is_path_component(component: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !component.starts_with(alphanumeric) || !component.ends_with(alphanumeric) {
        return false;
    }
    component.split(alphanumeric).all(|separator| matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|c| word(c) || matches!(c, '.' | '-'))
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else { return false };
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == length && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::is_latest;

    #[test]
    fn an_image_without_tag_and_digest_is_latest() {
        for image in ["nginx", "nginx:latest", "a/b", "registry.example.com:5000/a/b", "localhost/x:latest", "[::1]:5000/x", "a__b/c--d"] {
            assert!(is_latest(image), "{image}");
        }
    }

    #[test]
    fn a_tag_or_digest_pins_it() {
        let digest = format!("nginx@sha256:{}", "a".repeat(64));
        for image in ["nginx:1.29", "registry:5000/nginx:v1", "nginx:Latest", &digest, &digest.replace('@', ":1@")] {
            assert!(!is_latest(image), "{image}");
        }
    }

    #[test]
    fn a_malformed_reference_has_no_tag() {
        let id = "a".repeat(64);
        for image in ["", "Nginx", "nginx:", "a//b", "-a", "a_-b", "nginx@sha256:12", " nginx", "nginx:a b", &id] {
            assert!(!is_latest(image), "{image:?}");
        }
    }
}
