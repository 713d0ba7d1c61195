//! Media types and the clauses of an `Accept` header (C-11-01, C-11-02).

/// The encodings that are offered, in the order in which wildcards choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Encoding {
    Json,
    Yaml,
    Protobuf,
}

impl Encoding {
    pub const ALL: [Self; 3] = [Self::Json, Self::Yaml, Self::Protobuf];

    /// As `Content-Type` names it.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }

    /// The part after `application/`.
    const fn subtype(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Protobuf => "vnd.kubernetes.protobuf",
        }
    }

    /// Whether a stream of watch events exists in it (C-06-04).
    pub const fn streams(self) -> bool {
        !matches!(self, Self::Yaml)
    }

    /// The encoding of a request body by its `Content-Type`; an empty one is JSON (C-11-20), one with a broken parameter none.
    pub fn of_content_type(header: &str) -> Option<Self> {
        if header.is_empty() {
            return Some(Self::Json);
        }
        let mut parts = header.split(';');
        let essence = parts.next().unwrap_or_default().trim();
        if parts.map(str::trim).any(|p| !p.is_empty() && p.split_once('=').is_none_or(|(name, value)| name.is_empty() || value.is_empty()))
        {
            return None;
        }
        Self::ALL.into_iter().find(|e| essence.eq_ignore_ascii_case(e.media_type()))
    }
}

/// Names of the offered media types, as refusals list them.
pub(crate) const MEDIA_TYPES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// Names of the offered streams.
pub(crate) const STREAM_MEDIA_TYPES: &str = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

/// One clause of an `Accept` header.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Clause<'a> {
    main: &'a str,
    sub: &'a str,
    quality: f32,
    parameters: &'a str,
}

impl<'a> Clause<'a> {
    /// Whether it names or covers this encoding.
    pub fn covers(&self, encoding: Encoding) -> bool {
        match (self.main, self.sub) {
            ("application", "*") | ("*", "*") => true,
            (main, sub) => main == "application" && sub == encoding.subtype(),
        }
    }

    /// Whether it names or covers this type.
    pub fn covers_type(&self, main: &str, sub: &str) -> bool {
        (self.main == main || self.main == "*") && (self.sub == sub || self.sub == "*")
    }

    /// Whether it names `application/<subtype>`.
    pub fn is_application(&self, subtype: &str) -> bool {
        self.main == "application" && self.sub == subtype
    }

    /// The parameters but `q`; those without a single `=` are passed over.
    pub fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        pairs(self.parameters).filter(|(name, _)| *name != "q").map(|(name, value)| (name, value.trim_matches(' ')))
    }

    fn parse(text: &'a str) -> Option<Self> {
        let (essence, parameters) = text.trim_matches(' ').split_once(';').unwrap_or((text.trim_matches(' '), ""));
        let (main, sub) = match essence.split_once('/') {
            Some((_, sub)) if sub.is_empty() || sub.contains('/') => return None,
            Some((main, sub)) => (main.trim_matches(' '), sub.trim_matches(' ')),
            None if essence.trim_matches(' ') == "*" => ("*", "*"),
            None => return None,
        };
        let quality = pairs(parameters).filter(|(name, _)| *name == "q").last().map_or(1.0, |(_, q)| q.parse().unwrap_or(0.0));
        Some(Self { main, sub, quality, parameters })
    }

    /// Whether it is to be tried before the other. This is no order (a wildcard of better quality and a named type each
    /// come before the other), so how it is sorted by matters.
    fn precedes(&self, other: &Self) -> bool {
        self.quality > other.quality || (self.main != "*" && other.main == "*") || (self.sub != "*" && other.sub == "*")
    }
}

fn pairs(parameters: &str) -> impl Iterator<Item = (&str, &str)> {
    parameters
        .split(';')
        .filter_map(|p| p.split_once('='))
        .filter(|(_, v)| !v.is_empty() && !v.contains('='))
        .map(|(k, v)| (k.trim_matches(' '), v))
}

/// The clauses of an `Accept` header in the order in which they are tried, as goautoneg sorts them.
pub(crate) fn clauses(header: &str) -> Vec<Clause<'_>> {
    let mut clauses: Vec<_> = header.split(',').filter_map(Clause::parse).collect();
    for end in 1..clauses.len() {
        let mut at = end;
        while let Some([before, this]) = clauses.get_mut(at - 1..=at) {
            if !this.precedes(before) {
                break;
            }
            std::mem::swap(before, this);
            if at == 1 {
                break;
            }
            at -= 1;
        }
    }
    clauses
}

/// Whether the header names one of these types or `*/*`, by the exact comparison of kube-apiserver's router: no other
/// wildcards, no upper case, parameters cut off (chapter 18 on C-11-01).
pub(crate) fn router_accepts(header: &str, produced: &[&str]) -> bool {
    header.is_empty() || router_types(header).any(|t| t == "*/*" || produced.contains(&t))
}

/// The media types of a header as kube-apiserver's router reads it.
pub(crate) fn router_types(header: &str) -> impl Iterator<Item = &str> {
    header.split(',').map(|t| t.split(';').next().unwrap_or_default().trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(header: &str) -> Vec<String> {
        clauses(header).iter().map(|c| format!("{}/{}", c.main, c.sub)).collect()
    }

    #[test]
    fn clauses_are_tried_by_quality_then_in_order() {
        assert_eq!(order("application/json;q=0.5,application/yaml;q=0.9"), ["application/yaml", "application/json"]);
        assert_eq!(order("application/yaml,application/json"), ["application/yaml", "application/json"]);
        assert_eq!(order("application/json;q=0,application/yaml;q=0.1"), ["application/yaml", "application/json"]);
    }

    #[test]
    fn what_is_no_media_type_is_passed_over() {
        assert_eq!(order("json, a/b/c, /, */*"), ["*/*"]);
        assert_eq!(order("*"), ["*/*"]);
    }

    #[test]
    fn parameters_without_one_equals_sign_are_passed_over() {
        let clause = Clause::parse("application/json; as = Table ;x;y=;z=1=2;q=0.3").unwrap();
        assert_eq!(clause.parameters().collect::<Vec<_>>(), [("as", "Table")]);
        assert!((clause.quality - 0.3).abs() < f32::EPSILON);
    }

    #[test]
    fn the_router_knows_no_partial_wildcards() {
        assert!(router_accepts("text/html, */*;q=0.1", &["application/json"]));
        assert!(!router_accepts("application/*", &["application/json"]));
        assert!(!router_accepts("Application/JSON", &["application/json"]));
    }
}
