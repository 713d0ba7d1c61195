//! Tables (C-05-40 to C-05-46): which columns and cells there are is the kind's business.

use crate::{
    encode::{self, Writer},
    list_body,
    negotiate::{MetaVersion, Negotiated},
    pieces::{Next, PIECE, Pieces},
    query::Query,
};
use minkapi_codec::write_partial_object_metadata;
use minkapi_kinds::{Column, Row, Strategy, table};
use minkapi_object::{Object, Outline, Status, write_json};
use minkapi_view::{List, Served, View};
use serde_json::{Map, Value, json};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

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

    fn cells(&self, object: &Value, in_list: bool) -> Row {
        if self.columns.is_some() {
            return self.strategy.row(object, self.now_millis, in_list);
        }
        let meta = &object["metadata"];
        let created = meta["creationTimestamp"].as_str().unwrap_or(ZERO_TIME);
        Row::of(vec![meta["name"].as_str().unwrap_or_default().into(), created.into()])
    }

    fn row(&self, object: &Value, in_list: bool) -> Value {
        let Row { cells, conditions } = self.cells(object, in_list);
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

    /// Appends the row of an object in a list.
    fn write(&self, writer: &Writer<'_>, object: &Object, out: &mut Vec<u8>) -> Result<(), Status> {
        let resource = &writer.served.resource;
        let as_stored = writer.served.is_storage_version() && self.strategy.traits().hidden_annotation.is_none();
        if !as_stored || self.include == IncludeObject::None {
            write_json(out, &self.row(&writer.view.object_value(writer.served, object)?, true));
            return Ok(());
        }
        // Cells are made of a few fields, and the rest is there in JSON already.
        let outline = self.strategy.row_outline();
        let mut value = object.read(outline);
        if let (Outline::All(_), Some(members)) = (outline, value.as_object_mut()) {
            members.insert("apiVersion".to_owned(), writer.api_version.into());
            members.insert("kind".to_owned(), resource.kind.as_ref().into());
        }
        let Row { cells, conditions } = self.cells(&value, true);
        out.extend_from_slice(b"{\"cells\":");
        write_json(out, &cells.into());
        if !conditions.is_empty() {
            out.extend_from_slice(b",\"conditions\":");
            write_json(out, &conditions.into());
        }
        out.extend_from_slice(b",\"object\":");
        match self.include {
            IncludeObject::Object => object.write_typed(writer.api_version, &resource.kind, out),
            _ => write_partial_object_metadata(object, self.version.api_version(), out),
        }
        out.push(b'}');
        Ok(())
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
pub(crate) fn of_list(writer: &Writer<'_>, version: MetaVersion, list: List) -> Result<TableList, Status> {
    let rows = Rows::new(writer, version, None);
    // Chapter 18 on C-05-40.
    let none = if rows.columns.is_none() { Value::Null } else { Value::Array(Vec::new()) };
    let mut text = document(version, list_body::metadata(&list, false), definitions(rows.columns()), none)?;
    if !list.items.is_empty() {
        // Rows are the last member.
        text.truncate(text.len() - if rows.columns.is_none() { "null}".len() } else { "[]}".len() });
        text.push(b'[');
    }
    Ok(TableList {
        view: writer.view.clone(),
        served: writer.served.clone(),
        api_version: writer.api_version.to_owned(),
        negotiated: writer.negotiated,
        include: writer.include,
        version,
        text,
        objects: list.items.into_iter(),
    })
}

/// A table that is put together while it is sent.
#[derive(Debug)]
pub(crate) struct TableList {
    view: View,
    served: Arc<Served>,
    api_version: String,
    negotiated: Negotiated,
    include: IncludeObject,
    version: MetaVersion,
    /// What comes next.
    text: Vec<u8>,
    objects: std::vec::IntoIter<Arc<Object>>,
}

impl TableList {
    /// Makes rows until there are this many bytes or all rows. Tells whether there are more rows.
    ///
    /// # Errors
    /// As [`of_list`].
    pub fn fill(&mut self, enough: usize) -> Result<bool, Status> {
        let writer = Writer {
            view: &self.view,
            served: &self.served,
            api_version: &self.api_version,
            negotiated: self.negotiated,
            include: self.include,
        };
        let rows = Rows::new(&writer, self.version, None);
        while self.text.len() < enough {
            let Some(object) = self.objects.next() else { return Ok(false) };
            rows.write(&writer, &object, &mut self.text)?;
            self.text.extend_from_slice(if self.objects.len() == 0 { b"]}" } else { b"," });
        }
        Ok(self.objects.len() > 0)
    }

    /// The text that was made since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }
}

impl Pieces for TableList {
    fn next(&mut self) -> Next {
        if self.text.len() < PIECE
            && let Err(status) = self.fill(PIECE)
        {
            // What is stored in the version asked for needs no conversion that could fail.
            tracing::error!(%status, "a table's row could not be made");
            return Next::End;
        }
        match self.take() {
            text if text.is_empty() => Next::End,
            mut text => {
                if self.objects.len() == 0 {
                    text.push(b'\n');
                }
                Next::Piece(text.into())
            }
        }
    }

    fn remaining(&self) -> Option<u64> {
        None
    }
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
