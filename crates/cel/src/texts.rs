//! Functions of texts, and errors about them, where the libraries have other words than cel-go.

use crate::value::Val;

/// A part of a text.
///
/// # Errors
/// In cel-go's words.
pub fn substring<'v>(text: &str, args: &[Val<'v>]) -> Result<Val<'v>, String> {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let (start, end) = match args {
        [Val::Int(start)] => (*start, length),
        [Val::Int(start), Val::Int(end)] if start > end => return Err(format!("invalid substring range. start: {start}, end: {end}")),
        [Val::Int(start), Val::Int(end)] => (*start, *end),
        _ => return Err("no such overload".to_owned()),
    };
    if let Some(outside) = [start, end].into_iter().find(|index| *index < 0 || *index > length) {
        return Err(format!("index out of range: {outside}"));
    }
    let (start, end) = (usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(0));
    Ok(Val::text(text.chars().skip(start).take(end - start).collect::<String>()))
}

/// A text with parts of it replaced, at most so often if that is not negative.
pub fn replace(text: &str, old: &str, new: &str, times: i64) -> String {
    usize::try_from(times).map_or_else(|_| text.replace(old, new), |times| text.replacen(old, new, times))
}

/// The parts of a text, at most so many if that is not negative; without a separator, its characters.
pub fn split<'v>(text: &str, by: &str, parts: i64) -> Val<'v> {
    let most = usize::try_from(parts).unwrap_or(usize::MAX);
    let split: Vec<String> = if by.is_empty() {
        let mut rest = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let ends: Vec<usize> = rest.by_ref().take(most.saturating_sub(1)).collect();
        let last = ends.last().copied().unwrap_or(0);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let mut parts: Vec<String> = starts.zip(&ends).filter_map(|(from, to)| Some(text.get(from..*to)?.to_owned())).collect();
        if last < text.len() && most > 0 {
            parts.extend(text.get(last..).map(str::to_owned));
        }
        parts
    } else {
        if most == 0 { Vec::new() } else { text.splitn(most, by).map(str::to_owned).collect() }
    };
    Val::list(split.into_iter().map(Val::text).collect())
}

/// What is wrong with a semantic version that the parser refused, where upstream has words for it.
pub fn semver_error(version: &str) -> Option<String> {
    let core: Vec<&str> = version.splitn(3, '.').collect();
    let [major, minor, patch] = core.as_slice() else { return Some("No Major.Minor.Patch elements found".to_owned()) };
    let patch = patch.split(['-', '+']).next().unwrap_or(patch);
    for (name, part) in [("major", *major), ("minor", *minor), ("patch", patch)] {
        let title = format!("{}{}", name.get(..1)?.to_uppercase(), name.get(1..)?);
        if !part.bytes().all(|b| b.is_ascii_digit()) || part.is_empty() {
            return Some(format!("Invalid character(s) found in {name} number {part:?}"));
        }
        if part.len() > 1 && part.starts_with('0') {
            return Some(format!("{title} number must not contain leading zeroes {part:?}"));
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_texts_are_refused_in_the_words_of_cel_go() {
        let error = |args: &[i64]| substring("abc", &args.iter().map(|i| Val::Int(*i)).collect::<Vec<_>>()).unwrap_err();
        assert_eq!(error(&[2, 1]), "invalid substring range. start: 2, end: 1");
        assert_eq!(error(&[5]), "index out of range: 5");
        assert_eq!(error(&[0, 9]), "index out of range: 9");
        assert_eq!(semver_error("1.2.x").unwrap(), "Invalid character(s) found in patch number \"x\"");
        assert_eq!(semver_error("01.2.3").unwrap(), "Major number must not contain leading zeroes \"01\"");
        assert_eq!(semver_error("1.2").unwrap(), "No Major.Minor.Patch elements found");
    }
}
