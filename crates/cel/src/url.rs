//! What is wrong with the text of a URL, as Go's `url.ParseRequestURI` tells it and Kubernetes' library passes it on.

/// Checks the text of a URL for `url(...)`.
///
/// # Errors
/// In upstream's words.
pub fn check(text: &str) -> Result<(), String> {
    problem(text).map_or(Ok(()), |why| Err(format!("URL parse error during conversion from string: parse {text:?}: {why}")))
}

fn problem(text: &str) -> Option<String> {
    if text.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return Some("net/url: invalid control character in URL".to_owned());
    }
    if text.is_empty() {
        return Some("empty url".to_owned());
    }
    let (scheme, rest) = match scheme(text) {
        Ok(parts) => parts,
        Err(why) => return Some(why),
    };
    if !rest.starts_with('/') {
        return scheme.is_empty().then(|| "invalid URI for request".to_owned());
    }
    let authority = rest.strip_prefix("//").filter(|after| !after.starts_with('/'))?;
    let authority = authority.split(['/', '?']).next().unwrap_or(authority);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host_problem(host)
}

/// The scheme, empty without one, and what follows it.
fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default())),
            _ => break,
        }
    }
    Ok(("", text))
}

fn host_problem(host: &str) -> Option<String> {
    let port = if host.starts_with('[') {
        let Some(end) = host.rfind(']') else { return Some("missing ']' in host".to_owned()) };
        host.get(end + 1..).unwrap_or_default()
    } else {
        host.rfind(':').map_or("", |at| host.get(at..).unwrap_or_default())
    };
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    if !is_port {
        return Some(format!("invalid port {port:?} after host"));
    }
    host.chars().find(|c| matches!(c, ' ' | '"' | '<' | '>')).map(|c| format!("invalid character {:?} in host name", c.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_refused_in_the_words_of_go() {
        for (text, why) in [
            ("abc", "invalid URI for request"),
            (":x", "missing protocol scheme"),
            ("http://[::1", "missing ']' in host"),
            ("http://a:b", "invalid port \":b\" after host"),
        ] {
            assert_eq!(check(text).unwrap_err(), format!("URL parse error during conversion from string: parse {text:?}: {why}"));
        }
        for good in ["https://a.b:80/c?d=e", "/path", "http://[::1]:8080/", "mailto:a"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }
}
