//! Printer columns of custom resources (C-10-19).

use super::json_path::JsonPath;
use crate::{
    Column, Row,
    table::{self, description},
    value,
};
use minkapi_schema::time::Time;
use serde_json::{Number, Value};

/// The columns of a version: its name and what its definition asks for.
#[derive(Debug)]
pub struct Printer {
    columns: Vec<Column>,
    paths: Vec<JsonPath>,
}

impl Printer {
    /// Of `additionalPrinterColumns`; without any, the age. A path that cannot be read ends the columns, as upstream.
    pub fn new(columns: &[Value]) -> Self {
        let mut printer = Self { columns: vec![table::NAME], paths: Vec::new() };
        if columns.is_empty() {
            let age = Column::new("Age", "date", "", 0, description::AGE);
            printer.paths.extend(JsonPath::parse(".metadata.creationTimestamp"));
            printer.columns.push(age);
        }
        for column in columns {
            let text = |key: &str| value::text(column, key).to_owned();
            let Some(path) = JsonPath::parse(&text("jsonPath")) else { break };
            let description = match text("description") {
                empty if empty.is_empty() => format!("Custom resource definition column (in JSONPath format): {}", text("jsonPath")),
                description => description,
            };
            printer.paths.push(path);
            printer.columns.push(Column {
                name: text("name").into(),
                kind: text("type").into(),
                format: text("format").into(),
                description: description.into(),
                priority: value::int(column, "priority").and_then(|p| i32::try_from(p).ok()).unwrap_or_default(),
            });
        }
        printer
    }

    /// Its columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// An object's row.
    pub fn row(&self, object: &Value, now_millis: i64) -> Row {
        let mut cells = vec![table::name(object)];
        for (column, path) in self.columns.iter().skip(1).zip(&self.paths) {
            let found = path.first(object);
            cells.push(found.map_or(Value::Null, |value| cell(&column.kind, &value, now_millis)));
        }
        Row::of(cells)
    }
}

fn cell(kind: &str, value: &Value, now_millis: i64) -> Value {
    match (kind, value) {
        ("string", value) => text(value).into(),
        ("integer", Value::Number(n)) => n.as_i64().or_else(|| n.as_f64().map(|f| f as i64)).map_or(Value::Null, Value::from),
        ("number", Value::Number(n)) => Value::Number(Number::clone(n)),
        ("boolean", Value::Bool(b)) => (*b).into(),
        ("date", Value::String(date)) => match Time::parse(date) {
            Ok(time) if time.is_zero() => table::UNKNOWN.into(),
            Ok(time) => table::human_duration(now_millis.saturating_sub(time.millis())).into(),
            Err(_) if date.is_empty() || date == "null" => table::UNKNOWN.into(),
            Err(_) => "<invalid>".into(),
        },
        _ => Value::Null,
    }
}

/// A value in a column of text: JSON but for text itself.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
