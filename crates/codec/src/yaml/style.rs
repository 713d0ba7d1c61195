//! How a text may be written: plain, quoted, or as a literal block.

use super::scalar::{Scalar, is_base_60};

/// The notation of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `text`
    Plain,
    /// `'text'`
    Single,
    /// `"text"`
    Double,
    /// `|` and lines.
    Literal,
}

impl Style {
    /// The notation that go-yaml chooses for a text in block context.
    pub fn of(text: &str, is_key: bool) -> Self {
        let traits = Traits::of(text);
        if text.contains('\n') {
            return if traits.block_allowed && !is_key { Self::Literal } else { Self::Double };
        }
        if Scalar::resolve(text).is_some() || is_base_60(text) {
            return Self::Double;
        }
        match (traits.plain_allowed && !traits.multiline, traits.single_allowed) {
            (true, _) => Self::Plain,
            (false, true) if !(is_key && traits.multiline) => Self::Single,
            _ => Self::Double,
        }
    }
}

struct Traits {
    plain_allowed: bool,
    single_allowed: bool,
    block_allowed: bool,
    multiline: bool,
}

impl Traits {
    fn of(text: &str) -> Self {
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut breaks, mut break_space, mut space_break) = (false, false, false, false);
        let mut before = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let blank_follows = chars.peek().is_none_or(|n| matches!(n, ' ' | '\t'));
            indicators |= match (before, c) {
                (None, '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`') => true,
                (None, '?' | '-') | (_, ':') => blank_follows,
                (Some(b), '#') => b == ' ' || b == '\t' || is_break(b),
                _ => false,
            };
            special |= !is_printable(c);
            breaks |= is_break(c);
            break_space |= c == ' ' && before.is_some_and(is_break);
            space_break |= is_break(c) && before == Some(' ');
            before = Some(c);
        }
        let edge = |c: Option<char>| c.is_some_and(|c| c == ' ' || is_break(c));
        let edges = edge(text.chars().next()) || edge(before);
        Self {
            plain_allowed: !(indicators || special || breaks || break_space || space_break || edges),
            single_allowed: !(break_space || space_break || special),
            block_allowed: !(before == Some(' ') || space_break || special),
            multiline: breaks,
        }
    }
}

/// Line breaks of YAML 1.1.
pub const fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What may stand outside of double quotes. Tabs and everything beyond the basic plane may not.
pub const fn is_printable(c: char) -> bool {
    matches!(c, '\n' | '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}
