//! One step of a field path.

use crate::go_format;
use serde_json::{Number, Value};
use std::{
    borrow::Cow,
    cmp::Ordering,
    fmt::{self, Display as _},
};

/// A field's name: that of a schema table, or one that an object brought.
pub type Name = Cow<'static, str>;

/// One step of a field path.
#[derive(Debug, Clone)]
pub enum Element {
    /// A field of a struct or a key of a map.
    Field(Name),
    /// The item of a keyed list with these key fields, sorted by name.
    Key(Vec<(Name, Value)>),
    /// The item of a set with this value.
    Value(Value),
    /// The item at this index.
    Index(i64),
}

/// A path from the root of an object; prints as `.spec.containers[name="a"].image`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Path(pub Vec<Element>);

impl Path {
    /// A path of fields only, such as `["spec", "replicas"]`.
    pub fn of_fields<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self(names.into_iter().map(|name| Element::Field(Cow::Owned(name.to_owned()))).collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|element| element.fmt(f))
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(fields) => {
                f.write_str("[")?;
                for (i, (name, value)) in fields.iter().enumerate() {
                    if i > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{name}=")?;
                    write_value(f, value)?;
                }
                f.write_str("]")
            }
            Self::Value(value) => {
                f.write_str("[=")?;
                write_value(f, value)?;
                f.write_str("]")
            }
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::Null => f.write_str("null"),
        Value::String(s) => go_format::quoted(s).fmt(f),
        Value::Array(items) => {
            f.write_str("[")?;
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    f.write_str(",")?;
                }
                write_value(f, item)?;
            }
            f.write_str("]")
        }
        Value::Object(members) => members.iter().try_for_each(|(name, value)| {
            write!(f, "{name}=")?;
            write_value(f, value)
        }),
        scalar => go_format::plain(scalar).fmt(f),
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Element {}

impl PartialOrd for Element {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Element {
    /// Fields, then keys, then values, then indexes.
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |element: &Self| match element {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        };
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => compare_members(a.iter().map(borrowed), b.iter().map(borrowed)),
            (Self::Value(a), Self::Value(b)) => compare(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

fn borrowed((name, value): &(Name, Value)) -> (&str, &Value) {
    (name, value)
}

fn compare_members<'v>(a: impl Iterator<Item = (&'v str, &'v Value)>, mut b: impl Iterator<Item = (&'v str, &'v Value)>) -> Ordering {
    for (a_name, a_value) in a {
        let Some((b_name, b_value)) = b.next() else { return Ordering::Greater };
        let order = a_name.cmp(b_name).then_with(|| compare(a_value, b_value));
        if order != Ordering::Equal {
            return order;
        }
    }
    if b.next().is_some() { Ordering::Less } else { Ordering::Equal }
}

/// A total order of JSON values: numbers (by value), text, booleans, lists, objects, null.
pub(crate) fn compare(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    };
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => compare_numbers(a, b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => {
            let different = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|order| *order != Ordering::Equal);
            different.unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            compare_members(a.iter().map(|(n, v)| (n.as_str(), v)), b.iter().map(|(n, v)| (n.as_str(), v)))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

fn compare_numbers(a: &Number, b: &Number) -> Ordering {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Equality of values as apply sees it: `1` is `1.0`.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    compare(a, b) == Ordering::Equal
}
