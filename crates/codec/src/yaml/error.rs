//! Syntax errors in go-yaml's words.

use granit_parser::ScanError;

/// Where go-yaml sees an error, against the line where our parser sees it.
enum Line {
    /// In the same line; not told in the first.
    Same,
    /// Counted from zero, as it does for errors of structure.
    Before,
    /// In the line after.
    After,
    /// The last that has text.
    Last,
    /// Where the text ends: the line after its last line break.
    AfterLast,
}

/// What our parser's messages contain, what go-yaml says instead, and where.
const WORDS: &[(&str, &str, Line)] = &[
    ("unexpected character", "found character that cannot start any token", Line::Same),
    ("while scanning a plain scalar, found a tab", "found a tab character that violates indentation", Line::After),
    ("block scalar content cannot start with a tab", "found a tab character where an indentation space is expected", Line::After),
    ("invalid indentation in flow construct", "did not find expected ',' or ']'", Line::Same),
    ("invalid trailing content after double-quoted scalar", "did not find expected ',' or '}'", Line::Before),
    ("misplaced bracket", "did not find expected node content", Line::Before),
    ("unexpected EOF while parsing", "did not find expected node content", Line::Before),
    ("did not find expected node content", "did not find expected node content", Line::Before),
    ("tabs disallowed", "found character that cannot start any token", Line::Same),
    ("tab cannot be used", "found character that cannot start any token", Line::Same),
    ("mapping values are not allowed", "mapping values are not allowed in this context", Line::Same),
    ("unknown escape character", "found unknown escape character", Line::Same),
    ("multiline quoted scalar", "found unexpected end of stream", Line::AfterLast),
    ("simple key expected ':'", "could not find expected ':'", Line::After),
    ("did not find expected key", "did not find expected key", Line::Before),
    ("did not find expected '-' indicator", "did not find expected '-' indicator", Line::Before),
    ("illegal placement of ':'", "did not find expected ',' or ']'", Line::Before),
    ("unclosed bracket '['", "did not find expected ',' or ']'", Line::Last),
    ("unclosed bracket '{'", "did not find expected ',' or '}'", Line::Last),
];

/// The error as go-yaml prints it; what it has no words for keeps our parser's.
pub fn describe(error: &ScanError, text: &str) -> String {
    let (line, info) = (error.marker().line(), error.info());
    if info.contains("unknown anchor") {
        let name = text.split('*').nth(1).unwrap_or_default();
        let name = name.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').next().unwrap_or_default();
        return format!("yaml: unknown anchor '{name}' referenced");
    }
    let (message, line) = match WORDS.iter().find(|(ours, ..)| info.contains(ours)) {
        Some((_, message, Line::Same)) => (*message, if line == 1 { 0 } else { line }),
        Some((_, message, Line::Before)) => (*message, line.saturating_sub(1)),
        Some((_, message, Line::After)) => (*message, line + 1),
        // A comma promises another member.
        Some((_, _, Line::Last)) if text.trim_end().ends_with(',') => ("did not find expected node content", text.lines().count()),
        Some((_, message, Line::Last)) => (*message, text.lines().count()),
        Some((_, message, Line::AfterLast)) => (*message, text.matches('\n').count() + 1),
        None => (info, line),
    };
    if line == 0 { format!("yaml: {message}") } else { format!("yaml: line {line}: {message}") }
}
