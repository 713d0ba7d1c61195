//! Whether a value fits its schema well enough to be applied.

use super::{
    form::{Form, List, Map, Scalar, Type},
    list_item,
};
use crate::{
    field_set::Element,
    go_format::{plain, syntax, type_name},
};
use serde_json::Value;
use std::{collections::BTreeSet, fmt};

/// Where a value does not fit its schema, in upstream's words: `.spec.x: field not declared in schema` (C-07-43).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ValidationErrors(Vec<(String, String)>);

impl fmt::Display for ValidationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = self.0.len() != 1;
        if many {
            f.write_str("errors:")?;
        }
        for (path, message) in &self.0 {
            f.write_str(if many { "\n  " } else { "" })?;
            if !path.is_empty() {
                write!(f, "{path}: ")?;
            }
            f.write_str(message)?;
        }
        Ok(())
    }
}

/// Checks a value against its type. Duplicate items of sets and keyed lists are an error unless allowed.
pub(crate) fn validate(of: Type<'_>, value: &Value, allow_duplicates: bool) -> Result<(), ValidationErrors> {
    let mut walk = Walk { allow_duplicates, path: Vec::new(), errors: Vec::new() };
    walk.value(of, value);
    if walk.errors.is_empty() { Ok(()) } else { Err(ValidationErrors(walk.errors)) }
}

struct Walk {
    allow_duplicates: bool,
    path: Vec<Element>,
    errors: Vec<(String, String)>,
}

impl Walk {
    fn error(&mut self, message: String) {
        let path = self.path.iter().map(Element::to_string).collect();
        self.errors.push((path, message));
    }

    fn value(&mut self, of: Type<'_>, value: &Value) {
        match (of.form(value), value) {
            (_, Value::Null) => {}
            (Form::Map(map), Value::Object(members)) => self.members(map, members),
            (Form::Map(_), other) => self.error(format!("expected map, got &{{{}}}", plain(other))),
            (Form::List(list), Value::Array(items)) => self.items(list, items),
            (Form::List(_), other) => self.error(format!("expected list, got &{{{}}}", plain(other))),
            (Form::Scalar(scalar), value) => self.scalar(scalar, value),
        }
    }

    fn scalar(&mut self, scalar: Scalar, value: &Value) {
        match (scalar, value) {
            (Scalar::Numeric, Value::Number(_)) | (Scalar::String, Value::String(_)) | (Scalar::Boolean, Value::Bool(_)) => {}
            (Scalar::Any, Value::Number(_) | Value::String(_) | Value::Bool(_)) => {}
            (Scalar::Numeric, other) => self.error(format!("expected numeric (int or float), got {}", type_name(other))),
            (Scalar::String, other) => self.error(format!("expected string, got &value.valueUnstructured{{Value:{}}}", syntax(other))),
            (Scalar::Boolean, other) => self.error(format!("expected boolean, got &{{{}}}", plain(other))),
            (Scalar::Any, other) => self.error(format!("expected any scalar, got &{{{}}}", plain(other))),
        }
    }

    /// A member that is not declared ends the walk of its object.
    fn members(&mut self, map: Map<'_>, members: &serde_json::Map<String, Value>) {
        for (name, member) in members {
            let of = map.member(name);
            self.path.push(Element::Field(name.clone().into()));
            match of {
                Some(of) => self.value(of, member),
                None => self.error("field not declared in schema".into()),
            }
            self.path.pop();
            if of.is_none() {
                return;
            }
        }
    }

    fn items(&mut self, list: List<'_>, items: &[Value]) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let element = if list.is_atomic() {
                Element::Index(index as i64)
            } else {
                match list_item::element(list, item) {
                    Ok(element) => element,
                    Err(why) => return self.error(format!("element {index}: {why}")),
                }
            };
            if !list.is_atomic() && !self.allow_duplicates && !seen.insert(element.clone()) {
                self.error(format!("duplicate entries for key {element}"));
            }
            self.path.push(element);
            self.value(list.items, item);
            self.path.pop();
        }
    }
}
