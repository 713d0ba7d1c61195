//! The query of a URL, as Go reads it.

use std::borrow::Cow;

/// A parsed query. Empty queries cost nothing.
#[derive(Debug, Default)]
pub(crate) struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Query<'a> {
    /// Parses `a=b&c`; what does not decode is passed over.
    pub fn parse(raw: Option<&'a str>) -> Self {
        let pairs = raw.unwrap_or_default().split('&').filter(|p| !p.is_empty() && !p.contains(';')).filter_map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((unescape(name)?, unescape(value)?))
        });
        Self { pairs: pairs.collect() }
    }

    /// The first value of a parameter.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first value of a parameter; empty when absent.
    pub fn text(&self, name: &str) -> &str {
        self.first(name).unwrap_or_default()
    }

    /// All parameters as they came.
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    /// All values of a parameter.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(n, _)| n == name).map(|(_, v)| &**v)
    }

    /// Whether the parameter is there, whatever its value.
    pub fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// A boolean parameter: any word but `false` and `0` is true (C-01-02).
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.first(name).map(|v| !(v == "0" || v.eq_ignore_ascii_case("false")))
    }
}

fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let spaced = text.replace('+', " ");
    decode(&spaced).map(|t| Cow::Owned(t.into_owned()))
}

/// Percent-decodes a URL's text; none when an escape is malformed or the result is no UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    let malformed = text.split('%').skip(1).any(|rest| !rest.as_bytes().get(..2).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)));
    if malformed {
        return None;
    }
    percent_encoding::percent_decode_str(text).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_repeat() {
        let query = Query::parse(Some("a=b%20c+d&a=e&&f&bad=%zz"));
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["b c d", "e"]);
        assert_eq!(query.first("f"), Some(""));
        assert!(!query.has("bad"));
    }

    #[test]
    fn any_word_but_false_and_zero_is_true() {
        let query = Query::parse(Some("a&b=0&c=FALSE&d=no"));
        assert_eq!(["a", "b", "c", "d", "e"].map(|n| query.flag(n)), [Some(true), Some(false), Some(false), Some(true), None]);
    }
}
