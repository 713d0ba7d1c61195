//! The checks of one value that do not descend: type, text, number, enum, and the combinators around them.

use super::{Problem, Validation, Validator, has_type};
use crate::{
    field::Error,
    structural::{Additional, Structural, Type, fields::Fields, formats, number},
};
use serde_json::{Number, Value};

/// The type of a value and its format, as the validator sees Go's values.
fn type_of_value(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Null => ("null", ""),
        Value::Bool(_) => ("boolean", ""),
        Value::String(_) => ("string", ""),
        Value::Number(n) if n.is_f64() => ("number", "float64"),
        Value::Number(_) => ("integer", "int64"),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
    }
}

fn types(schema: &Structural) -> &'static [&'static str] {
    match schema.type_ {
        _ if schema.int_or_string => &["integer", "string"],
        Some(Type::Object) => &["object"],
        Some(Type::Array) => &["array"],
        Some(Type::String) => &["string"],
        Some(Type::Integer) => &["integer"],
        Some(Type::Number) => &["number"],
        Some(Type::Boolean) => &["boolean"],
        None => &[],
    }
}

/// The type that a value has where its schema wants another, and the format if it is that which is told.
fn misfit<'s>(schema: &'s Structural, value: &Value) -> Option<(Option<&'s str>, &'static str)> {
    if !has_type(schema) {
        return None;
    }
    let types = types(schema);
    let (actual, actual_format) = type_of_value(value);
    if value.is_null() {
        return (!types.is_empty() && !schema.nullable).then_some((None, "null"));
    }
    let whole_float = || matches!(value, Value::Number(n) if n.is_f64() && n.as_f64().is_some_and(number::is_whole));
    let fits =
        types.contains(&actual) || (types.contains(&"integer") && whole_float()) || (actual == "integer" && types.contains(&"number"));
    let text_or_list = matches!(value, Value::String(_) | Value::Array(_));
    if let Some(format) = &schema.rules.format {
        if !text_or_list && !fits && actual_format != format {
            return Some((Some(format), actual_format));
        }
        if text_or_list && !types.contains(&"number") && !types.contains(&"integer") {
            return None;
        }
    }
    (!fits).then_some((None, actual))
}

/// Whether nothing at all is wrong with a value, which needs no paths and no words.
pub(super) fn fits(schema: &Structural, value: &Value) -> bool {
    let rules = &schema.rules;
    if misfit(schema, value).is_some() || !is_enumerated(schema, value) {
        return false;
    }
    if value.is_null() {
        return true;
    }
    // What is combined is rare, and checked as it is told.
    let nowhere = || Validator { path: String::new() };
    if !(has_no_combinators(schema) || nowhere().combinators(schema, value, None).is_valid()) {
        return false;
    }
    let bounded = |size: usize, min: Option<i64>, max: Option<i64>| {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        min.is_none_or(|min| size >= min) && max.is_none_or(|max| size <= max)
    };
    match value {
        Value::String(text) => {
            let has_bounds = rules.min_length.is_some() || rules.max_length.is_some();
            (!has_bounds || bounded(text.chars().count(), rules.min_length, rules.max_length))
                && rules.pattern.as_ref().is_none_or(|(_, pattern)| pattern.as_ref().is_ok_and(|pattern| pattern.is_match(text)))
                && rules.format.as_ref().is_none_or(|format| formats::is_of_format(text, format) != Some(false))
        }
        Value::Number(number) => nowhere().number(schema, number).is_valid(),
        Value::Array(list) => {
            bounded(list.len(), rules.min_items, rules.max_items)
                && (!rules.unique_items || list.len() < 2)
                && schema.items.as_ref().is_none_or(|items| list.iter().all(|item| fits(items, item)))
        }
        Value::Object(map) => {
            let mut fields = Fields::of(schema);
            let all_fit = map.iter().all(|(name, value)| match (fields.next(name), &schema.additional) {
                (Some(property), _) => fits(property, value),
                (None, Some(Additional::Any(allowed))) => *allowed,
                (None, Some(Additional::Schema(of))) => fits(of, value),
                (None, None) => true,
            });
            all_fit
                && bounded(map.len(), rules.min_properties, rules.max_properties)
                && rules.required.iter().all(|name| map.contains_key(name))
        }
        Value::Null | Value::Bool(_) => true,
    }
}

fn has_no_combinators(schema: &Structural) -> bool {
    let rules = &schema.rules;
    rules.any_of.is_empty() && rules.one_of.is_empty() && rules.all_of.is_empty() && rules.not.is_none()
}

fn is_enumerated(schema: &Structural, value: &Value) -> bool {
    let allowed = &schema.rules.enumeration;
    allowed.is_empty() || allowed.iter().any(|a| !a.is_null() && number::equal(a, value))
}

fn single(problem: Problem) -> Validation {
    Validation { problems: vec![problem], matches: 0 }
}

const FITS: Validation = Validation { problems: Vec::new(), matches: 1 };

impl Validator {
    fn wrong_type(&self, expected: &str, actual: &str) -> Validation {
        let text = format!("{} in body must be of type {expected}: {}", self.path, crate::field::quoted(actual));
        single(Problem { error: self.here(|p| Error::type_invalid(p, actual, text.clone())), text })
    }

    pub(super) fn type_of(&self, schema: &Structural, value: &Value) -> Validation {
        match misfit(schema, value) {
            None => FITS,
            Some((Some(format), actual)) => self.wrong_type(format, actual),
            Some((None, actual)) => self.wrong_type(&types(schema).join(","), actual),
        }
    }

    pub(super) fn enumeration(&self, schema: &Structural, value: &Value) -> Validation {
        if is_enumerated(schema, value) {
            return Validation::default();
        }
        let allowed = &schema.rules.enumeration;
        let words: Vec<String> = allowed.iter().map(|a| a.as_str().map_or_else(|| a.to_string(), str::to_owned)).collect();
        let shown: Vec<&str> = words.iter().map(String::as_str).collect();
        let error = self.here(|p| Error::not_supported(p, value.clone(), &shown));
        single(Problem { text: format!("{} in body should be one of [{}]", self.path, words.join(" ")), error })
    }

    /// Only the first of length and pattern that fails is told.
    pub(super) fn string(&self, schema: &Structural, text: &str) -> Validation {
        let rules = &schema.rules;
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if let Some(max) = rules.max_length.filter(|max| length > *max) {
            let message = format!("{} in body should be at most {max} chars long", self.path);
            return single(Problem { error: self.here(|p| Error::too_long(p, usize::try_from(max).unwrap_or(0))), text: message });
        }
        if let Some(min) = rules.min_length.filter(|min| length < *min) {
            return single(self.invalid(text, &format!("should be at least {min} chars long")));
        }
        match &rules.pattern {
            Some((pattern, Ok(regex))) if !regex.is_match(text) => single(self.invalid(text, &format!("should match '{pattern}'"))),
            Some((pattern, Err(why))) => {
                single(self.invalid(text, &format!("should match '{pattern}, but pattern is invalid: error parsing regexp: {why}'")))
            }
            _ => Validation::default(),
        }
    }

    pub(super) fn format(&self, format: &str, text: &str) -> Validation {
        if formats::is_of_format(text, format) == Some(false) { self.wrong_type(format, text) } else { Validation::default() }
    }

    pub(super) fn number(&self, schema: &Structural, value: &Number) -> Validation {
        let mut found = Validation { problems: Vec::new(), matches: 1 };
        let rules = &schema.rules;
        if let Some(why) = out_of_range(schema, value) {
            let text = format!("Checked value must be of type {why} in {}", self.path);
            let error = Error::invalid(&crate::field::Path::ROOT, "", text.clone());
            found.add(Problem { text, error });
        }
        let shown = |detail: String| {
            let text = format!("{} in body {detail}", self.path);
            let mut error = self.here(|p| Error::invalid(p, Value::Number(value.clone()), text.clone()));
            error.bad_value = Some(number::print(value));
            Problem { text, error }
        };
        if let Some(factor) = &rules.multiple_of
            && !is_multiple(value, factor)
        {
            found.add(shown(format!("should be a multiple of {}", bound(value, factor))));
        }
        if let Some(min) = &rules.minimum
            && compare(value, min, |a, b| if rules.exclusive_minimum { a <= b } else { a < b })
        {
            let words = if rules.exclusive_minimum { "should be greater than" } else { "should be greater than or equal to" };
            found.add(shown(format!("{words} {}", bound(value, min))));
        }
        if let Some(max) = &rules.maximum
            && compare(value, max, |a, b| if rules.exclusive_maximum { a >= b } else { a > b })
        {
            let words = if rules.exclusive_maximum { "should be less than" } else { "should be less than or equal to" };
            found.add(shown(format!("{words} {}", bound(value, max))));
        }
        found
    }

    pub(super) fn combinators(&mut self, schema: &Structural, value: &Value, old: Option<&Value>) -> Validation {
        let mut found = Validation::default();
        let rules = &schema.rules;
        if has_no_combinators(schema) {
            return FITS;
        }
        let quoted_path = crate::field::quoted(&self.path);
        let whole = |text: String| {
            let error = Error::invalid(&crate::field::Path::ROOT, "", text.clone());
            Problem { text, error }
        };
        if !rules.any_of.is_empty() {
            let results: Vec<Validation> = self.alternatives(&rules.any_of, value, old, true);
            match best(results) {
                Ok((_, first)) => found.merge(first),
                Err(closest) => {
                    found.add(whole(format!("{quoted_path} must validate at least one schema (anyOf)")));
                    found.merge(closest);
                }
            }
        }
        if !rules.one_of.is_empty() {
            let results = self.alternatives(&rules.one_of, value, old, false);
            match best(results) {
                Ok((1, first)) => found.merge(first),
                Ok((count, _)) => {
                    found.add(whole(format!(
                        "{quoted_path} must validate one and only one schema (oneOf). Found {count} valid alternatives"
                    )));
                }
                Err(closest) => {
                    found.add(whole(format!("{quoted_path} must validate one and only one schema (oneOf). Found none valid")));
                    found.merge(closest);
                }
            }
        }
        if !rules.all_of.is_empty() {
            let results = self.alternatives(&rules.all_of, value, old, false);
            let valid = results.iter().filter(|r| r.is_valid()).count();
            for result in results {
                found.merge(result);
            }
            if valid != rules.all_of.len() {
                let none = if valid == 0 { ". None validated" } else { "" };
                found.add(whole(format!("{quoted_path} must validate all the schemas (allOf){none}")));
            }
        }
        if let Some(not) = &rules.not
            && self.check(not, value, old).is_valid()
        {
            found.add(whole(format!("{quoted_path} must not validate the schema (not)")));
        }
        found.matches += 1;
        found
    }

    fn alternatives(&mut self, schemas: &[Structural], value: &Value, old: Option<&Value>, stop_at_first: bool) -> Vec<Validation> {
        let mut results = Vec::with_capacity(schemas.len());
        for schema in schemas {
            let result = self.check(schema, value, old);
            let done = stop_at_first && result.is_valid();
            results.push(result);
            if done {
                break;
            }
        }
        results
    }
}

/// How many alternatives fit and the first that does, or the one that fits best.
fn best(results: Vec<Validation>) -> Result<(usize, Validation), Validation> {
    let valid = results.iter().filter(|r| r.is_valid()).count();
    let mut closest: Option<Validation> = None;
    for result in results {
        if result.is_valid() {
            return Ok((valid, result));
        }
        if valid == 0 && closest.as_ref().is_none_or(|c| result.matches > c.matches) {
            closest = Some(result);
        }
    }
    Err(closest.unwrap_or_default())
}

/// Integers are compared and shown as integers, with the bound cut to one.
fn bound(value: &Number, bound: &Number) -> String {
    let float = bound.as_f64().unwrap_or_default();
    if value.as_i64().is_some() { (float as i64).to_string() } else { number::print_float(float) }
}

fn compare(value: &Number, bound: &Number, is_bad: impl Fn(f64, f64) -> bool) -> bool {
    match (value.as_i64(), bound.as_i64()) {
        // Beyond 2^53 doubles would blur the difference.
        (Some(a), Some(b)) => {
            let order = a.cmp(&b) as i8;
            is_bad(f64::from(order), 0.0)
        }
        (Some(a), None) => is_bad(a as f64, (bound.as_f64().unwrap_or_default() as i64) as f64),
        _ => is_bad(value.as_f64().unwrap_or_default(), bound.as_f64().unwrap_or_default()),
    }
}

fn is_multiple(value: &Number, factor: &Number) -> bool {
    let float = factor.as_f64().unwrap_or_default();
    if let Some(value) = value.as_i64()
        && float >= 1.0
    {
        return value % (float as i64).max(1) == 0;
    }
    let value = value.as_f64().unwrap_or_default();
    float > 0.0 && number::is_whole(if float < 1.0 { 1.0 / float * value } else { value / float })
}

/// One more than the largest integer.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// `integer with format int32` if the value does not fit its type and format.
fn out_of_range(schema: &Structural, value: &Number) -> Option<String> {
    let format = schema.rules.format.as_deref();
    let type_ = schema.type_?;
    let float = value.as_f64().unwrap_or_default();
    let fits = match (type_, format) {
        (Type::Integer, Some("int32")) => {
            value.as_i64().map_or_else(|| number::is_whole(float) && float.abs() <= 2_147_483_647.0, |i| i32::try_from(i).is_ok())
        }
        (Type::Integer, _) => value.as_i64().is_some() || float.fract() == 0.0 && (-TWO_TO_63..TWO_TO_63).contains(&float),
        (Type::Number, Some("float")) => float.abs() <= f64::from(f32::MAX),
        _ => true,
    };
    (!fits).then(|| match format {
        Some(format) => format!("{} with format {format}", type_.as_str()),
        None => format!("{} (default format)", type_.as_str()),
    })
}
