//! Entries of `metadata.managedFields`: reading, order, writing (C-07-47).

use super::owned::Owned;
use crate::field_set::FieldsV1Error;
use serde_json::{Map, Value};
use thiserror::Error;

/// Why recorded managedFields cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ManagedFieldsError {
    #[error("operation must be `Apply` or `Update`")]
    Operation,
    #[error("apiVersion must not be empty")]
    ApiVersion,
    #[error("missing fieldsType in managed fields entry {0}")]
    NoFieldsType(usize),
    #[error("invalid fieldsType \"{0}\" in managed fields entry {1}")]
    FieldsType(String, usize),
    #[error("error decoding versioned set from managed fields entry {0}: error decoding set: {1}")]
    Fields(usize, FieldsV1Error),
}

/// Checks entries that something else than this module has written; admission may have.
///
/// # Errors
/// The first thing that keeps them from being read.
pub fn validate_managed_fields(entries: &Value) -> Result<(), ManagedFieldsError> {
    Managed::decode(Some(entries)).map(|_| ())
}

/// How a field was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// Who wrote: there is one entry for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manager {
    pub(super) name: String,
    pub(super) operation: Operation,
    /// Empty for appliers, who keep their entry when they change version.
    pub(super) api_version: String,
    pub(super) subresource: String,
}

impl Manager {
    pub(super) fn new(name: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        let name = if name.is_empty() { "unknown" } else { name }.to_owned();
        let api_version = if operation == Operation::Apply { "" } else { api_version }.to_owned();
        Self { name, operation, api_version, subresource: subresource.to_owned() }
    }
}

/// What a manager owns.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) manager: Manager,
    /// The version in which the fields are named.
    pub(super) api_version: String,
    pub(super) fields: Owned,
    /// RFC 3339.
    pub(super) time: Option<String>,
}

/// All entries of an object.
#[derive(Debug, Clone, Default)]
pub(super) struct Managed {
    pub(super) entries: Vec<Entry>,
}

impl Managed {
    pub(super) fn decode(entries: Option<&Value>) -> Result<Self, ManagedFieldsError> {
        let mut managed = Self::default();
        for (index, entry) in entries.and_then(Value::as_array).into_iter().flatten().enumerate() {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
            let operation = match text("operation") {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return Err(ManagedFieldsError::Operation),
            };
            let api_version = text("apiVersion").to_owned();
            if api_version.is_empty() {
                return Err(ManagedFieldsError::ApiVersion);
            }
            match text("fieldsType") {
                "FieldsV1" => {}
                "" => return Err(ManagedFieldsError::NoFieldsType(index)),
                other => return Err(ManagedFieldsError::FieldsType(other.to_owned(), index)),
            }
            let fields = match entry.get("fieldsV1") {
                Some(fields) => Owned::read(fields).map_err(|err| ManagedFieldsError::Fields(index, err))?,
                None => Owned::default(),
            };
            let keyed_version = if operation == Operation::Apply { String::new() } else { api_version.clone() };
            let manager = Manager {
                name: text("manager").to_owned(),
                operation,
                api_version: keyed_version,
                subresource: text("subresource").to_owned(),
            };
            let time = entry.get("time").and_then(Value::as_str).map(str::to_owned);
            managed.entries.retain(|entry| entry.manager != manager);
            managed.entries.push(Entry { manager, api_version, fields, time });
        }
        Ok(managed)
    }

    /// The entries as an object in flight has them, sorted (C-07-47); None if there are none.
    pub(super) fn encode(&self) -> Option<Value> {
        if self.entries.is_empty() {
            return None;
        }
        let mut entries: Vec<&Entry> = self.entries.iter().collect();
        entries.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        Some(Value::Array(entries.into_iter().map(Entry::encode).collect()))
    }

    pub(super) fn get(&self, manager: &Manager) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.manager == *manager)
    }

    pub(super) fn take(&mut self, manager: &Manager) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.manager == *manager)?;
        Some(self.entries.swap_remove(at))
    }
}

impl Entry {
    /// When it was written, in seconds since 1970; 0 if that is not recorded.
    pub(super) fn seconds(&self) -> i64 {
        self.time.as_deref().and_then(|time| time.parse::<jiff::Timestamp>().ok()).map_or(0, jiff::Timestamp::as_second)
    }

    fn sort_key(&self) -> (Operation, i64, &str, &str, &str) {
        (self.manager.operation, self.seconds(), &self.manager.name, &self.api_version, &self.manager.subresource)
    }

    fn encode(&self) -> Value {
        encode(&self.manager, &self.api_version, self.time.as_deref().unwrap_or_default(), self.fields.to_text())
    }
}

/// An entry as an object in flight has it.
pub(super) fn encode(manager: &Manager, api_version: &str, time: &str, fields: String) -> Value {
    let mut entry = Map::new();
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() {
            entry.insert(name.to_owned(), value.into());
        }
    };
    put("manager", &manager.name);
    put("operation", manager.operation.as_str());
    put("apiVersion", api_version);
    put("time", time);
    put("fieldsType", "FieldsV1");
    put("subresource", &manager.subresource);
    entry.insert("fieldsV1".into(), fields.into());
    Value::Object(entry)
}
