//! Tables (C-05-40 to C-05-46): which columns and cells there are is the kind's business.

use crate::{
    encode::{self, Writer},
    list_body,
    negotiate::MetaVersion,
    query::Query,
};
use minkapi_kinds::{Column, Row, Strategy, table};
use minkapi_object::{Status, write_json};
use minkapi_view::List;
use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// What of an object goes into its row (C-05-41).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum IncludeObject {
    #[default]
    Metadata,
    Object,
    None,
}

impl IncludeObject {
    /// From the query.
    ///
    /// # Errors
    /// 400.
    pub fn of(query: &Query<'_>) -> Result<Self, Status> {
        match query.text("includeObject") {
            "" | "Metadata" => Ok(Self::Metadata),
            "Object" => Ok(Self::Object),
            "None" => Ok(Self::None),
            other => Err(Status::bad_request(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: \"{other}\": must be 'Metadata', 'Object', 'None', or empty"
            ))),
        }
    }
}

/// The columns of kinds that have none of their own.
static DEFAULT_COLUMNS: [Column; 2] = [table::NAME, Column::new("Created At", "date", "", 0, table::description::AGE)];

/// What `creationTimestamp` prints as when there is none.
const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

/// Makes the rows of one kind of object.
struct Rows<'a> {
    strategy: &'a dyn Strategy,
    columns: Option<&'a [Column]>,
    now_millis: i64,
    include: IncludeObject,
    version: MetaVersion,
}

impl<'a> Rows<'a> {
    fn new(writer: &Writer<'a>, version: MetaVersion, object: Option<&Value>) -> Self {
        let strategy = strategy_of(writer, object);
        Self {
            strategy,
            columns: strategy.columns(object.and_then(|o| o["apiVersion"].as_str()).unwrap_or(writer.api_version)),
            now_millis: now_millis(),
            include: writer.include,
            version,
        }
    }

    fn columns(&self) -> &'a [Column] {
        self.columns.unwrap_or(&DEFAULT_COLUMNS)
    }

    fn row(&self, object: &Value, in_list: bool) -> Value {
        let Row { cells, conditions } = match self.columns {
            Some(_) => self.strategy.row(object, self.now_millis, in_list),
            None => {
                let meta = &object["metadata"];
                let created = meta["creationTimestamp"].as_str().unwrap_or(ZERO_TIME);
                Row::of(vec![meta["name"].as_str().unwrap_or_default().into(), created.into()])
            }
        };
        let mut row = Map::new();
        row.insert("cells".into(), cells.into());
        if !conditions.is_empty() {
            row.insert("conditions".into(), conditions.into());
        }
        // The marker of the initial events must reach the client whatever it asked for (C-05-43).
        let marker = object["metadata"]["annotations"].get("k8s.io/initial-events-end").is_some();
        let included = match self.include {
            IncludeObject::Object => object.clone(),
            IncludeObject::None if !marker => Value::Null,
            IncludeObject::None | IncludeObject::Metadata => encode::metadata_value(self.strategy, object, self.version),
        };
        row.insert("object".into(), included);
        Value::Object(row)
    }
}

/// The strategy of the object that is shown: a subresource may show another kind than the target's.
fn strategy_of<'a>(writer: &Writer<'a>, object: Option<&Value>) -> &'a dyn Strategy {
    let resource = &writer.served.resource;
    let other = object.and_then(|o| {
        let (api_version, kind) = (o["apiVersion"].as_str()?, o["kind"].as_str()?);
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if kind == resource.kind { None } else { minkapi_kinds::strategy(group, kind) }
    });
    other.unwrap_or(&*writer.served.strategy)
}

fn now_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|d| i64::try_from(d.as_millis()).ok()).unwrap_or(0)
}

/// JSON of a table with one row.
///
/// # Errors
/// None today.
pub(crate) fn of_object(writer: &Writer<'_>, version: MetaVersion, object: &Value) -> Result<Vec<u8>, Status> {
    of_event(writer, version, object, true)
}

/// JSON of a table with one row, with or without the column definitions (C-05-43).
///
/// # Errors
/// None today.
pub(crate) fn of_event(writer: &Writer<'_>, version: MetaVersion, object: &Value, with_columns: bool) -> Result<Vec<u8>, Status> {
    let rows = Rows::new(writer, version, Some(object));
    let mut metadata = Map::new();
    if let Some(resource_version) = object["metadata"].get("resourceVersion") {
        metadata.insert("resourceVersion".into(), resource_version.clone());
    }
    let columns = if with_columns { definitions(rows.columns()) } else { Value::Null };
    document(version, Value::Object(metadata), columns, vec![rows.row(object, false)].into())
}

/// JSON of a table with a row for each object of a list.
///
/// # Errors
/// Objects that cannot be converted to the version asked for.
pub(crate) fn of_list(writer: &Writer<'_>, version: MetaVersion, list: &List) -> Result<Vec<u8>, Status> {
    let rows = Rows::new(writer, version, None);
    // Chapter 18 on C-05-40.
    let none = if rows.columns.is_none() { Value::Null } else { Value::Array(Vec::new()) };
    let mut text = document(version, list_body::metadata(list, false), definitions(rows.columns()), none)?;
    if list.items.is_empty() {
        return Ok(text);
    }
    // Rows are the last member. One after the other, they never are all there as trees.
    text.truncate(text.len() - if rows.columns.is_none() { "null}".len() } else { "[]}".len() });
    text.push(b'[');
    for object in &list.items {
        let row = rows.row(&writer.view.object_value(writer.served, object)?, true);
        write_json(&mut text, &row);
        text.push(b',');
    }
    text.pop();
    text.extend_from_slice(b"]}");
    Ok(text)
}

fn document(version: MetaVersion, metadata: Value, columns: Value, rows: Value) -> Result<Vec<u8>, Status> {
    let table = json!({
        "kind": "Table",
        "apiVersion": version.api_version(),
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": rows,
    });
    serde_json::to_vec(&table).map_err(Status::internal)
}

fn definitions(columns: &[Column]) -> Value {
    let definition = |c: &Column| json!({"name": &*c.name, "type": &*c.kind, "format": &*c.format, "description": &*c.description, "priority": c.priority});
    columns.iter().map(definition).collect()
}
