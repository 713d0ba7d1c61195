//! Value validation as kube-openapi's validator does it, with its messages (C-10-15).

mod checks;

use super::{Additional, Structural, fields::Fields, number};
use crate::field::{Error, ErrorList, Path};
use serde_json::{Map, Value};
use std::fmt::Write;

/// What validation found in one value, and how much of it fitted: alternatives of `anyOf` and `oneOf` are compared by that.
#[derive(Debug, Default)]
pub struct Validation {
    problems: Vec<Problem>,
    matches: usize,
}

/// A problem, the text that tells it apart from others, and how it is told.
#[derive(Debug, Clone)]
struct Problem {
    text: String,
    error: Error,
}

impl Structural {
    /// Everything wrong with an object of this schema. With the object before the change, problems of parts that did
    /// not change are tolerated (ratcheting).
    pub fn validate(&self, new: &Value, old: Option<&Value>) -> ErrorList {
        if checks::fits(self, new) {
            return ErrorList::new();
        }
        let mut validator = Validator { path: String::new() };
        let found = validator.ratcheted(self, new, old);
        found.problems.into_iter().map(|p| p.error).collect()
    }

    /// As [`Structural::validate`] for a part of an object that is told apart by `path` (a default, the status); the
    /// messages themselves name places within the part.
    pub fn validate_part(&self, new: &Value, old: Option<&Value>, path: &str) -> ErrorList {
        let mut errors = self.validate(new, old);
        for error in &mut errors {
            error.field = if error.field == "<nil>" { path.to_owned() } else { format!("{path}.{}", error.field) };
        }
        errors
    }
}

impl Validation {
    fn merge(&mut self, other: Self) {
        for problem in other.problems {
            self.add(problem);
        }
        self.matches += other.matches;
    }

    fn add(&mut self, problem: Problem) {
        if !self.problems.iter().any(|p| p.text == problem.text) {
            self.problems.push(problem);
        }
    }

    const fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

struct Validator {
    path: String,
}

impl Validator {
    /// The place where errors of this value belong; the object itself is `<nil>`.
    fn place(&self) -> &str {
        let path = self.path.strip_prefix('.').unwrap_or(&self.path);
        if path.is_empty() { "<nil>" } else { path }
    }

    fn here(&self, make: impl FnOnce(&Path<'_>) -> Error) -> Error {
        make(&Path::new(self.place()))
    }

    fn invalid(&self, value: impl Into<Value>, detail: &str) -> Problem {
        let text = format!("{} in body {detail}", self.path);
        Problem { error: self.here(|p| Error::invalid(p, value, text.clone())), text }
    }

    fn ratcheted(&mut self, schema: &Structural, new: &Value, old: Option<&Value>) -> Validation {
        let mut found = self.check(schema, new, old);
        if !found.is_valid() && old.is_some_and(|old| number::equal(old, new)) {
            found.problems.clear();
        }
        found
    }

    /// All validators of one schema on one value; `old` is the value before the change where the two correspond.
    fn check(&mut self, schema: &Structural, value: &Value, old: Option<&Value>) -> Validation {
        let mut found = Validation::default();
        if value.is_null() {
            found.merge(self.type_of(schema, value));
            found.merge(self.enumeration(schema, value));
            return found;
        }
        if has_type(schema) {
            found.merge(self.type_of(schema, value));
            found.matches += 1;
        }
        found.merge(self.combinators(schema, value, old));
        found.matches += 1;
        match value {
            Value::String(text) => {
                found.merge(self.string(schema, text));
                found.matches += 1;
                if let Some(format) = &schema.rules.format {
                    found.merge(self.format(format, text));
                    found.matches += 1;
                }
            }
            Value::Number(number) => {
                found.merge(self.number(schema, number));
                found.matches += 1;
            }
            Value::Array(list) => {
                found.merge(self.list(schema, list, old));
                found.matches += 1;
            }
            _ => {}
        }
        found.merge(self.enumeration(schema, value));
        found.matches += 1;
        if let Value::Object(map) = value {
            found.merge(self.object(schema, map, old));
            found.matches += 1;
        }
        found.matches += 1;
        found
    }

    /// Checks a field; `dot` stands before its name.
    fn in_field<T>(&mut self, dot: &str, name: &str, check: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(dot);
        self.path.push_str(name);
        let result = check(self);
        self.path.truncate(length);
        result
    }

    fn inside<T>(&mut self, step: std::fmt::Arguments<'_>, check: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        let _ = self.path.write_fmt(step);
        let result = check(self);
        self.path.truncate(length);
        result
    }

    fn object(&mut self, schema: &Structural, map: &Map<String, Value>, old: Option<&Value>) -> Validation {
        let mut found = Validation::default();
        let size = i64::try_from(map.len()).unwrap_or(i64::MAX);
        if let Some(min) = schema.rules.min_properties.filter(|min| size < *min) {
            found.add(self.invalid(size, &format!("should have at least {min} properties")));
        }
        if let Some(max) = schema.rules.max_properties.filter(|max| size > *max) {
            let text = format!("{} in body should have at most {max} properties", self.path);
            found.add(Problem { error: self.here(|p| Error::too_many(p, map.len(), usize::try_from(max).unwrap_or(0))), text });
        }
        let mut fields = Fields::of(schema);
        let mut of_properties = Validation::default();
        let dot = if self.path.is_empty() { "" } else { "." };
        for (name, value) in map {
            match (fields.next(name), &schema.additional) {
                (Some(property), _) => of_properties.merge(self.in_field(dot, name, |v| v.child(property, name, value, old))),
                (None, Some(Additional::Any(false))) => {
                    let text = format!("{}.{name} in body is a forbidden property", self.path);
                    found.add(Problem { error: self.here(|p| Error::invalid(p, name.clone(), text.clone())), text });
                }
                (None, Some(Additional::Schema(of))) => found.merge(self.in_field(".", name, |v| v.child(of, name, value, old))),
                (None, _) => {}
            }
        }
        found.merge(of_properties);
        for name in &schema.rules.required {
            if !map.contains_key(name) {
                let problem = self.inside(format_args!(".{name}"), |v| Problem {
                    text: format!("{} in body is required", v.path),
                    error: v.here(|p| Error::required(p, "")),
                });
                found.add(problem);
            }
        }
        found
    }

    fn child(&mut self, schema: &Structural, name: &str, value: &Value, old: Option<&Value>) -> Validation {
        let type_meta = self.path == name && matches!(name, "apiVersion" | "kind");
        match old.and_then(|old| old.get(name)).filter(|_| !type_meta) {
            Some(old) => self.ratcheted(schema, value, Some(old)),
            None => self.check(schema, value, None),
        }
    }

    fn list(&mut self, schema: &Structural, list: &[Value], old: Option<&Value>) -> Validation {
        let mut found = Validation::default();
        if let Some(items) = &schema.items {
            for (index, item) in list.iter().enumerate() {
                let old = old.and_then(|old| schema.corresponding(item, old));
                let step = format_args!("[{index}]");
                found.merge(match old {
                    Some(_) => self.inside(step, |v| v.ratcheted(items, item, old)),
                    None => self.inside(step, |v| v.check(items, item, None)),
                });
            }
        }
        let size = i64::try_from(list.len()).unwrap_or(i64::MAX);
        if let Some(min) = schema.rules.min_items.filter(|min| size < *min) {
            found.add(self.invalid(size, &format!("should have at least {min} items")));
        }
        if let Some(max) = schema.rules.max_items.filter(|max| size > *max) {
            let text = format!("{} in body should have at most {max} items", self.path);
            found.add(Problem { error: self.here(|p| Error::too_many(p, list.len(), usize::try_from(max).unwrap_or(0))), text });
        }
        if schema.rules.unique_items && list.iter().enumerate().any(|(i, a)| list.iter().take(i).any(|b| number::equal(a, b))) {
            found.add(self.invalid("", "shouldn't contain duplicates"));
        }
        found.matches += 1;
        found
    }
}

fn has_type(schema: &Structural) -> bool {
    schema.type_.is_some() || schema.int_or_string || schema.rules.format.is_some()
}

#[cfg(test)]
mod tests;
