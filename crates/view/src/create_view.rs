//! How a sandbox view is made: as values, and as the spec of a View object.

use minkapi_store::{BASE, Mode};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How a named sandbox view is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateView {
    /// The view to fork; `base` is the base view, under whatever name it is served.
    pub from: String,
    /// Whether later changes of the parent are seen.
    pub mode: Mode,
    /// The parent's revision to start from; the current one by default. A live view that starts in the past holds what
    /// has changed since as changes of its own.
    pub at_revision: Option<u64>,
    /// Labels, for those who list views.
    pub labels: BTreeMap<String, String>,
    /// Seconds after which the view is deleted, unless other views were forked from it.
    pub ttl_seconds: Option<u64>,
}

impl Default for CreateView {
    /// A live fork of the base view, for as long as the server runs.
    fn default() -> Self {
        Self { from: BASE.to_owned(), mode: Mode::Live, at_revision: None, labels: BTreeMap::new(), ttl_seconds: None }
    }
}

impl CreateView {
    /// What the spec and the labels of a View object ask for; None when they are of another form, which validation tells.
    pub(crate) fn of_object(object: &Value) -> Option<Self> {
        let spec = &object["spec"];
        let number = |key: &str| match &spec[key] {
            Value::Null => Some(None),
            value => value.as_u64().map(Some),
        };
        let labels = object["metadata"]["labels"].as_object();
        Some(Self {
            from: match &spec["from"] {
                Value::Null => BASE.to_owned(),
                from => from.as_str()?.to_owned(),
            },
            mode: match &spec["mode"] {
                Value::Null => Mode::Live,
                mode => mode_of(mode.as_str()?)?,
            },
            at_revision: number("atRevision")?,
            ttl_seconds: number("ttlSeconds")?,
            labels: labels.into_iter().flatten().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect(),
        })
    }

    /// The spec of a View object that was forked from the view of this public name.
    pub(crate) fn spec(&self, from: &str) -> Value {
        let mut spec = Map::from_iter([("from".to_owned(), from.into()), ("mode".to_owned(), mode_name(self.mode).into())]);
        for (key, value) in [("atRevision", self.at_revision), ("ttlSeconds", self.ttl_seconds)] {
            spec.extend(value.map(|value| (key.to_owned(), json!(value))));
        }
        Value::Object(spec)
    }
}

/// The name of a mode in the API.
pub const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "live",
        Mode::Frozen => "frozen",
    }
}

/// The mode of this name.
pub fn mode_of(name: &str) -> Option<Mode> {
    [Mode::Live, Mode::Frozen].into_iter().find(|mode| mode_name(*mode) == name)
}
