//! Rules for paths inside volumes and containers.

use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

/// A path that stays below where it starts: relative, and without `..`.
pub fn local_descending(errors: &mut ErrorList, target: &str, path: &Path<'_>) {
    if target.starts_with('/') {
        errors.push(Error::invalid(path, target, "must be a relative path"));
    }
    no_backsteps(errors, target, path);
}

/// A path without `..`.
pub fn no_backsteps(errors: &mut ErrorList, target: &str, path: &Path<'_>) {
    if has_backsteps(target) {
        errors.push(Error::invalid(path, target, "must not contain '..'"));
    }
}

/// Whether `..` is an element of the path.
pub fn has_backsteps(target: &str) -> bool {
    target.split('/').any(|part| part == "..")
}

/// A descending path whose name does not start with `..` either, which volumes that are written atomically keep for themselves.
pub fn local_non_reserved(errors: &mut ErrorList, target: &str, path: &Path<'_>) {
    local_descending(errors, target, path);
    if target.starts_with("..") && !target.starts_with("../") {
        errors.push(Error::invalid(path, target, "must not start with '..'"));
    }
}

/// The mode of a file, if it is set.
pub fn file_mode(errors: &mut ErrorList, mode: Option<i64>, path: &Path<'_>) {
    if let Some(mode) = mode.filter(|m| !(0..=0o777).contains(m)) {
        errors.push(Error::invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive"));
    }
}

/// One `Invalid value` for each message.
pub fn each(errors: &mut ErrorList, path: &Path<'_>, value: impl Into<Value>, messages: Vec<String>) {
    if !messages.is_empty() {
        let value = value.into();
        errors.extend(messages.into_iter().map(|message| Error::invalid(path, value.clone(), message)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_refused_once() {
        for (target, count) in [("a/b", 0), ("/a", 1), ("../a", 1), ("..a", 1), ("a/../../b", 1)] {
            let mut errors = ErrorList::new();
            local_non_reserved(&mut errors, target, &Path::new("path"));
            assert_eq!(errors.len(), count, "{target}");
        }
    }
}
