//! Tables: columns, rows and the words that cells are written in (C-05-45, C-05-46).

use crate::value;
use jiff::Timestamp;
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

impl Row {
    /// A row without conditions.
    pub const fn of(cells: Vec<Value>) -> Self {
        Self { cells, conditions: Vec::new() }
    }
}

/// What a cell says of something that is not there.
pub const NONE: &str = "<none>";

/// What a cell says of something that is not known.
pub const UNKNOWN: &str = "<unknown>";

/// What a cell says of something that is not set.
pub const UNSET: &str = "<unset>";

/// Standard descriptions of columns, from the documentation of the API types.
pub mod description {
    /// Of `metadata.creationTimestamp`.
    pub const AGE: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
    /// Of `metadata.name`.
    pub const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
}

/// The column that nearly every Table starts with.
pub const NAME: Column = Column::new("Name", "string", "name", 0, description::NAME);

/// The column of an object's age.
pub const AGE: Column = Column::new("Age", "string", "", 0, description::AGE);

/// The cell of an object's name.
pub fn name(object: &Value) -> Value {
    object.get("metadata").map_or("", |meta| value::text(meta, "name")).into()
}

/// The cell of an object's age (C-05-46).
pub fn age(object: &Value, now_millis: i64) -> Value {
    since(object.get("metadata").map_or("", |meta| value::text(meta, "creationTimestamp")), now_millis).into()
}

/// A map of labels as `a=1,b=2`; `<none>` when it is empty.
pub fn labels(map: Option<&Value>) -> String {
    let pairs: Vec<String> = map
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, label)| format!("{key}={}", label.as_str().unwrap_or_default()))
        .collect();
    if pairs.is_empty() { NONE.to_owned() } else { pairs.join(",") }
}

/// How long ago an RFC 3339 time was; `<unknown>` if it is unset.
pub fn since(time: &str, now_millis: i64) -> String {
    millis(time).map_or_else(|| UNKNOWN.to_owned(), |then| human_duration(now_millis.saturating_sub(then)))
}

/// An RFC 3339 time in milliseconds since 1970.
pub fn millis(time: &str) -> Option<i64> {
    time.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// A duration in milliseconds as people read it, in two units at most (C-05-46).
pub fn human_duration(millis: i64) -> String {
    // Go's durations end after 292 years.
    let seconds = millis.min(i64::MAX / 1_000_000) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let pair =
        |n: i64, unit: char, rest: i64, small: char| if rest == 0 { format!("{n}{unit}") } else { format!("{n}{unit}{rest}{small}") };
    match seconds {
        ..=-2 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, 'm', seconds % 60, 's'),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, 'h', minutes % 60, 'm'),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 24 * 8 => pair(days, 'd', hours % 24, 'h'),
        _ if days < 365 * 2 => format!("{days}d"),
        _ if days < 365 * 8 => pair(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_get_coarser_as_they_grow() {
        let minute = 60 * 1000;
        let (hour, day) = (60 * minute, 24 * 60 * minute);
        for (millis, text) in [
            (-2000, "<invalid>"),
            (-1999, "0s"),
            (119_999, "119s"),
            (2 * minute, "2m"),
            (2 * minute + 5000, "2m5s"),
            (10 * minute + 5000, "10m"),
            (179 * minute, "179m"),
            (3 * hour, "3h"),
            (3 * hour + minute, "3h1m"),
            (8 * hour + minute, "8h"),
            (48 * hour, "2d"),
            (49 * hour, "2d1h"),
            (8 * day + hour, "8d"),
            (730 * day, "2y"),
            (731 * day, "2y1d"),
            (8 * 365 * day + day, "8y"),
        ] {
            assert_eq!(human_duration(millis), text, "{millis}");
        }
    }

    #[test]
    fn an_unset_time_is_unknown() {
        assert_eq!(since("", 0), "<unknown>");
        assert_eq!(since("1970-01-01T00:00:00Z", 5000), "5s");
    }
}
