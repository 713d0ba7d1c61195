//! Field selectors (C-05-31).

use std::fmt;

/// One comma-separated part: `path=value` or `path!=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRequirement {
    /// Dotted path, such as `spec.nodeName`.
    pub path: String,
    /// Value to compare with.
    pub value: String,
    /// Whether the field must differ.
    pub negated: bool,
}

/// A parsed field selector; all requirements must hold. The empty one matches everything.
///
/// ```
/// use minkapi_object::FieldSelector;
///
/// let selector = FieldSelector::parse("status.phase!=Failed,spec.nodeName=n1")?;
/// assert!(selector.matches(|path| if path == "spec.nodeName" { "n1" } else { "Running" }));
/// assert_eq!(selector.exact("spec.nodeName"), Some("n1"));
/// # Ok::<(), minkapi_object::ParseFieldSelectorError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSelector {
    /// The requirements, ordered by their text.
    pub requirements: Vec<FieldRequirement>,
}

/// Why a selector is refused, with kube-apiserver's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseFieldSelectorError(pub String);

impl FieldSelector {
    /// Parses `a=b,c!=d`; in values `\`, `,` and `=` are escaped with a backslash. Whether a path can be selected by is
    /// not known here.
    ///
    /// # Errors
    /// In the words of apimachinery's `fields.ParseSelector`.
    pub fn parse(text: &str) -> Result<Self, ParseFieldSelectorError> {
        let mut terms = split_terms(text);
        // Sorted before anything is checked: this decides which of several errors is told.
        terms.sort_unstable();
        let mut requirements = Vec::new();
        for term in terms.into_iter().filter(|t| !t.is_empty()) {
            let Some((path, negated, value)) = split_term(term) else {
                return Err(ParseFieldSelectorError(format!("invalid selector: '{text}'; can't understand '{term}'")));
            };
            requirements.push(FieldRequirement { path: path.to_owned(), value: unescape(value)?, negated });
        }
        Ok(Self { requirements })
    }

    /// Whether every requirement holds, given how to read a field.
    pub fn matches<'a>(&self, field: impl Fn(&str) -> &'a str) -> bool {
        self.requirements.iter().all(|r| (field(&r.path) == r.value) != r.negated)
    }

    /// The one value that the field must have, if there is a requirement of that form.
    pub fn exact(&self, path: &str) -> Option<&str> {
        self.requirements.iter().find(|r| !r.negated && r.path == path).map(|r| r.value.as_str())
    }

    /// Whether this matches everything.
    pub const fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, r) in self.requirements.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{}{}{}", r.path, if r.negated { "!=" } else { "=" }, escape(&r.value))?;
        }
        Ok(())
    }
}

/// Splits at commas that no backslash stands before.
fn split_terms(text: &str) -> Vec<&str> {
    let mut escaped = false;
    let at_comma = |c: char| {
        let separates = !escaped && c == ',';
        escaped = !escaped && c == '\\';
        separates
    };
    text.split(at_comma).collect()
}

/// The path, whether the operator is `!=`, and the value as it stands. There are no escapes in paths, so the first
/// operator is the one.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    term.char_indices().find_map(|(at, _)| {
        let (path, rest) = term.split_at(at);
        let negated = rest.strip_prefix("!=").map(|value| (path, true, value));
        negated.or_else(|| rest.strip_prefix("==").or_else(|| rest.strip_prefix('=')).map(|value| (path, false, value)))
    })
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=")
}

fn unescape(value: &str) -> Result<String, ParseFieldSelectorError> {
    let bad_escape = |sequence: String| {
        let message = format!("invalid field selector: invalid escape sequence: {sequence}");
        Err(ParseFieldSelectorError(message))
    };
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                Some(c) => return bad_escape(format!("\\{c}")),
                None => return bad_escape("\\".to_owned()),
            },
            ',' | '=' => {
                // Go prints the rune as a number.
                let message = format!("invalid field selector: unescaped character in value: {}", u32::from(c));
                return Err(ParseFieldSelectorError(message));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        FieldSelector::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn all_terms_must_hold() {
        let selector = FieldSelector::parse("a=1,,b!=2,c==3").unwrap();
        let field = |a: &'static str, b: &'static str| {
            move |path: &str| {
                if path == "a" {
                    a
                } else if path == "b" {
                    b
                } else {
                    "3"
                }
            }
        };
        assert!(selector.matches(field("1", "1")));
        assert!(!selector.matches(field("2", "1")));
        assert!(!selector.matches(field("1", "2")));
        assert_eq!(selector.exact("a"), Some("1"));
        assert_eq!(selector.exact("b"), None, "a negated term fixes no value");
    }

    #[test]
    fn the_empty_selector_matches_everything() {
        for text in ["", ",", ",,"] {
            assert!(FieldSelector::parse(text).unwrap().is_empty(), "{text:?}");
        }
    }

    #[test]
    fn separators_in_values_are_escaped() {
        let selector = FieldSelector::parse(r"a=x\,y\=z\\").unwrap();
        assert_eq!(selector.exact("a"), Some(r"x,y=z\"));
        assert_eq!(selector.to_string(), r"a=x\,y\=z\\");
    }

    #[test]
    fn what_cannot_be_understood_is_told_as_upstream_does() {
        assert_eq!(error("a"), "invalid selector: 'a'; can't understand 'a'");
        assert_eq!(error("b=1,a in (x)"), "invalid selector: 'b=1,a in (x)'; can't understand 'a in (x)'");
        assert_eq!(error(r"a=x\b"), r"invalid field selector: invalid escape sequence: \b");
        assert_eq!(error(r"a=x\"), r"invalid field selector: invalid escape sequence: \");
        assert_eq!(error("a=x=y"), "invalid field selector: unescaped character in value: 61");
        assert_eq!(FieldSelector::parse("=a").unwrap().requirements[0].path, "");
    }
}
