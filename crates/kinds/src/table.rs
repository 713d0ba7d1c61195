//! Tables: columns, rows and the words that cells are written in (C-05-45, C-05-46).

use minkapi_registry::Text;
use serde_json::Value;
use std::borrow::Cow;

/// A column of a kind's Table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Heading.
    pub name: Text,
    /// `string`, `integer`, `date`, ...
    pub kind: Text,
    /// `name` for the name column, else mostly empty.
    pub format: Text,
    /// What the column shows.
    pub description: Text,
    /// 0 is always shown, 1 only with `-o wide`.
    pub priority: i32,
}

impl Column {
    /// A column of a built-in kind.
    pub const fn new(name: &'static str, kind: &'static str, format: &'static str, priority: i32, description: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            kind: Cow::Borrowed(kind),
            format: Cow::Borrowed(format),
            description: Cow::Borrowed(description),
            priority,
        }
    }
}

/// One object's cells, in the order of its kind's columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// One value a column.
    pub cells: Vec<Value>,
    /// `conditions` of the row: a finished pod is `Completed`.
    pub conditions: Vec<Value>,
}
