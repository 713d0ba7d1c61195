//! `Warning` headers (C-01-14).

use http::{HeaderMap, HeaderValue, header::WARNING};
use minkapi_view::Warnings;

/// All texts together may have this many characters; beyond, each is cut.
const TOTAL: usize = 4096;
/// What a text is cut to.
const EACH: usize = 256;

/// Adds a header for each warning.
pub(crate) fn add_headers(headers: &mut HeaderMap, warnings: &Warnings) {
    for text in fitted(warnings.iter().filter(|t| !t.is_empty() && !t.chars().any(char::is_control)).collect()) {
        let mut quoted = String::with_capacity(text.len() + 10);
        quoted.push_str("299 - \"");
        for c in text.chars() {
            if matches!(c, '"' | '\\') {
                quoted.push('\\');
            }
            quoted.push(c);
        }
        quoted.push('"');
        if let Ok(value) = HeaderValue::from_bytes(quoted.as_bytes()) {
            headers.append(WARNING, value);
        }
    }
}

/// The texts as they are sent: whole while they fit; from the first that does not fit on, all are cut and no more are
/// taken once the total is reached.
fn fitted(texts: Vec<&str>) -> Vec<&str> {
    let mut written = 0;
    let overflow = texts.iter().position(|t| {
        let fits = written + t.chars().count() <= TOTAL;
        written += if fits { t.chars().count() } else { 0 };
        !fits
    });
    let Some(overflow) = overflow else { return texts };
    let mut out = Vec::new();
    let mut written = 0;
    for (at, text) in texts.into_iter().enumerate() {
        if at > overflow && written >= TOTAL {
            break;
        }
        let end = text.char_indices().nth(EACH).map_or(text.len(), |(at, _)| at);
        let cut = text.get(..end).unwrap_or(text);
        written += cut.chars().count();
        out.push(cut);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        let mut warnings = Warnings::default();
        warnings.add(r#"unknown field "spec.x\y""#);
        let mut headers = HeaderMap::new();
        add_headers(&mut headers, &warnings);
        assert_eq!(headers[WARNING], r#"299 - "unknown field \"spec.x\\y\"""#);
    }

    #[test]
    fn a_single_long_text_is_sent_whole_but_too_many_are_cut() {
        let long = "x".repeat(1000);
        assert_eq!(fitted(vec![&long]), [&*long]);
        let many: Vec<String> = (0..20).map(|n| format!("{n:04}{long}")).collect();
        let cut = fitted(many.iter().map(String::as_str).collect());
        assert!(cut.iter().all(|t| t.len() == EACH));
        assert_eq!(cut.len(), 16, "no more are added once the total is reached");
    }
}
