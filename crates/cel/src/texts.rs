//! Functions of texts, and errors about them, where the libraries have other words than cel-go.

use kube_cel::cel::{
    Context, ExecutionError, Value,
    extractors::{Arguments, This},
};
use std::sync::Arc;

/// Adds the functions.
pub fn register(context: &mut Context<'_>) {
    context.add_function("substring", |This(text): This<Arc<String>>, Arguments(args): Arguments| {
        substring(&text, &args).map_err(|why| ExecutionError::function_error("substring", why))
    });
}

fn substring(text: &str, args: &[Value]) -> Result<Value, String> {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let (start, end) = match args {
        [Value::Int(start)] => (*start, length),
        [Value::Int(start), Value::Int(end)] if start > end => {
            return Err(format!("invalid substring range. start: {start}, end: {end}"));
        }
        [Value::Int(start), Value::Int(end)] => (*start, *end),
        _ => return Err("no such overload".to_owned()),
    };
    if let Some(outside) = [start, end].into_iter().find(|index| *index < 0 || *index > length) {
        return Err(format!("index out of range: {outside}"));
    }
    let (start, end) = (usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(0));
    let part: String = text.chars().skip(start).take(end - start).collect();
    Ok(Value::String(Arc::new(part)))
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
        let error = |args: &[i64]| substring("abc", &args.iter().map(|i| Value::Int(*i)).collect::<Vec<_>>()).unwrap_err();
        assert_eq!(error(&[2, 1]), "invalid substring range. start: 2, end: 1");
        assert_eq!(error(&[5]), "index out of range: 5");
        assert_eq!(error(&[0, 9]), "index out of range: 9");
        assert_eq!(semver_error("1.2.x").unwrap(), "Invalid character(s) found in patch number \"x\"");
        assert_eq!(semver_error("01.2.3").unwrap(), "Major number must not contain leading zeroes \"01\"");
        assert_eq!(semver_error("1.2").unwrap(), "No Major.Minor.Patch elements found");
    }
}
