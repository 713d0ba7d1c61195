//! Whether what is written out for the clauses of `format` can fill them, before there are values.

use crate::{format::clause, types::Type};

/// What may fill a clause, and what is said of all else.
const CLAUSES: [(char, &[&str], &str); 7] = [
    ('d', &["int", "uint"], "decimal clause can only be used on integers"),
    ('f', &["double", "string"], "fixed-point clause can only be used on doubles"),
    ('e', &["double", "string"], "scientific clause can only be used on doubles"),
    ('b', &["int", "uint", "bool"], "only integers and bools can be formatted as binary"),
    ('x', &["int", "uint", "string", "bytes"], "only integers, byte buffers, and strings can be formatted as hex"),
    ('X', &["int", "uint", "string", "bytes"], "only integers, byte buffers, and strings can be formatted as hex"),
    ('o', &["int", "uint"], "octal clause can only be used on integers"),
];

/// Checks a text against the types of its arguments.
///
/// # Errors
/// In cel-go's words, with the index of the argument that is at fault, if it is one.
pub fn check(text: &str, types: &[Type]) -> Result<(), (Option<usize>, String)> {
    let mut rest = text;
    let mut used = 0;
    while let Some((_, after)) = rest.split_once('%') {
        if let Some(after) = after.strip_prefix('%') {
            rest = after;
            continue;
        }
        let (_, letter, after) = clause(after).map_err(|why| (None, parse_error(&why)))?;
        let of = types.get(used).ok_or_else(|| (None, format!("index {used} out of range")))?;
        if let Some((_, fitting, words)) = CLAUSES.iter().find(|(of, ..)| *of == letter)
            && !matches!(of, Type::Dyn)
            && !fitting.contains(&of.to_string().as_str())
        {
            return Err((Some(used), format!("error during formatting: {words}, was given {of}")));
        }
        used += 1;
        rest = after;
    }
    let given = types.len();
    if given > used {
        return Err((None, format!("too many arguments supplied to string.format (expected {used}, got {given})")));
    }
    Ok(())
}

fn parse_error(why: &str) -> String {
    if why.starts_with("unexpected end") { why.to_owned() } else { format!("could not parse formatting clause: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_take_what_they_can_print() {
        assert_eq!(check("%d of %s", &[Type::Int, Type::TEXT]), Ok(()));
        let words = "error during formatting: decimal clause can only be used on integers, was given string".to_owned();
        assert_eq!(check("%s is %d", &[Type::Int, Type::TEXT]), Err((Some(1), words)));
        assert_eq!(check("%d", &[]), Err((None, "index 0 out of range".to_owned())));
        assert_eq!(check("%%", &[Type::Int]), Err((None, "too many arguments supplied to string.format (expected 0, got 1)".to_owned())));
    }
}
