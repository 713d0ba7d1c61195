//! What is wrong with the text of a URL, as Go's `url.ParseRequestURI` tells it and Kubernetes' library passes it on.

use crate::value::Val;
use kube_cel::cel::objects::{Key, Opaque};
use std::{collections::BTreeMap, sync::Arc};

/// Checks the text of a URL for `url(...)`.
///
/// # Errors
/// In upstream's words.
pub fn check(text: &str) -> Result<(), String> {
    problem_of(text).map_or(Ok(()), |why| Err(format!("URL parse error during conversion from string: {why}")))
}

/// What is wrong with a text, if anything, in the words of Go.
pub fn problem_of(text: &str) -> Option<String> {
    problem(text).map(|why| format!("parse {text:?}: {why}"))
}

/// The parts of a URL as Go has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    text: String,
    scheme: String,
    host: String,
    path: String,
    query: String,
}

impl Opaque for Url {
    fn runtime_type_name(&self) -> &'static str {
        "kubernetes.URL"
    }
}

impl Url {
    /// Takes a text apart that [`check`] has found to be a URL.
    pub fn parse(text: &str) -> Self {
        let (scheme, rest) = scheme(text).unwrap_or(("", text));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.strip_prefix("//").filter(|after| !after.starts_with('/')) {
            Some(after) => after.split_at(after.find('/').unwrap_or(after.len())),
            None => ("", rest),
        };
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let is_opaque = !scheme.is_empty() && !rest.starts_with('/');
        Self {
            text: text.to_owned(),
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_owned(),
            path: if is_opaque { String::new() } else { escaped(path) },
            query: query.to_owned(),
        }
    }

    /// The result of an accessor; None for what is none.
    pub fn get<'v>(&self, accessor: &str) -> Option<Val<'v>> {
        Some(match accessor {
            "getScheme" => Val::text(self.scheme.as_str()),
            "getHost" => Val::text(self.host.as_str()),
            "getHostname" => Val::text(self.host_and_port().0),
            "getPort" => Val::text(self.host_and_port().1),
            "getEscapedPath" => Val::text(self.path.as_str()),
            "getQuery" => self.values(),
            _ => return None,
        })
    }

    /// Without the brackets of an IPv6 address.
    fn host_and_port(&self) -> (&str, &str) {
        let after_brackets = self.host.rfind(']').map_or(0, |at| at + 1);
        let (name, port) = match self.host.get(after_brackets..).and_then(|rest| rest.rfind(':')) {
            Some(at) => {
                (self.host.get(..after_brackets + at).unwrap_or_default(), self.host.get(after_brackets + at + 1..).unwrap_or_default())
            }
            None => (self.host.as_str(), ""),
        };
        (name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name), port)
    }

    fn values<'v>(&self) -> Val<'v> {
        let mut values: BTreeMap<Key, Vec<Val<'v>>> = BTreeMap::new();
        for pair in self.query.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let (Some(key), Some(value)) = (unescaped(key), unescaped(value)) {
                values.entry(Key::String(Arc::new(key))).or_default().push(Val::text(value));
            }
        }
        Val::Map(Arc::new(values.into_iter().map(|(key, values)| (key, Val::list(values))).collect()))
    }
}

/// A path in which what must be escaped is.
fn escaped(path: &str) -> String {
    let stays = |b: u8| b.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!'()*[]%".contains(&b);
    path.bytes().map(|b| if stays(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A part of a query; None if an escape in it is none.
fn unescaped(text: &str) -> Option<String> {
    let (mut out, mut bytes) = (Vec::new(), text.bytes());
    while let Some(b) = bytes.next() {
        out.push(match b {
            b'+' => b' ',
            b'%' => {
                let hex = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?
            }
            b => b,
        });
    }
    String::from_utf8(out).ok()
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
