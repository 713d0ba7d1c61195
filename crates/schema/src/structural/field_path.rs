//! Paths into a schema, as selectable fields and rules name them: `.spec.color`, `.labels['a']`.

use super::{Additional, Structural};

impl Structural {
    /// The place that a path names and its schema. With `arrays`, keys in brackets are understood.
    ///
    /// # Errors
    /// Why the path is none.
    pub fn find(&self, json_path: &str, arrays: bool) -> Result<(String, &Self), String> {
        let mut place = String::new();
        let mut at = self;
        let mut rest = json_path;
        while !rest.is_empty() {
            let key;
            if let Some(after) = rest.strip_prefix('[') {
                if !arrays {
                    return Err("array notation is not allowed".to_owned());
                }
                (key, rest) = quoted_key(after)?;
            } else if let Some(after) = rest.strip_prefix('.') {
                if after.is_empty() {
                    return Err("unexpected end of JSON path".to_owned());
                }
                // A delimiter is a token of its own.
                let end = after.find(['.', '[', ']']).unwrap_or(after.len()).max(1);
                let (name, tail) = after.split_at(end);
                key = name.to_owned();
                rest = tail;
            } else {
                let token = rest.split(['.', '[', ']']).next().filter(|t| !t.is_empty()).unwrap_or(rest);
                return Err(format!("expected [ or . but got: {token}"));
            }
            at = match (at.properties.get(&key), &at.additional) {
                (Some(property), _) => {
                    if !place.is_empty() {
                        place.push('.');
                    }
                    place.push_str(&key);
                    property
                }
                (None, Some(Additional::Schema(of))) if at.properties.is_empty() => {
                    place.push_str(&format!("[{key}]"));
                    of
                }
                _ => return Err("does not refer to a valid field".to_owned()),
            };
        }
        Ok((place, at))
    }
}

/// The key between quotes and brackets, and what follows.
fn quoted_key(after: &str) -> Result<(String, &str), String> {
    let end_of_path = || "unexpected end of JSON path".to_owned();
    let Some(inner) = after.strip_prefix('\'') else {
        let token = after.split(['.', '[', ']']).next().filter(|t| !t.is_empty()).unwrap_or(after);
        return Err(if after.is_empty() { end_of_path() } else { format!("expected single quoted string but got {token}") });
    };
    let mut key = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('a') => key.push('\u{7}'),
                Some('b') => key.push('\u{8}'),
                Some('f') => key.push('\u{c}'),
                Some('n') => key.push('\n'),
                Some('r') => key.push('\r'),
                Some('t') => key.push('\t'),
                Some('v') => key.push('\u{b}'),
                Some(c @ ('\'' | '\\')) => key.push(c),
                Some(c) => return Err(format!("invalid string literal: invalid escape char \\{c}")),
                None => return Err(end_of_path()),
            },
            '\'' => {
                let tail = inner.get(at + 1..).unwrap_or_default();
                return match tail.strip_prefix(']') {
                    Some(rest) => Ok((key, rest)),
                    None if tail.is_empty() => Err(end_of_path()),
                    None => Err(format!("expected ] but got {tail}")),
                };
            }
            c => key.push(c),
        }
    }
    Err(format!("expected single quoted string but got '{inner}"))
}
