//! What is known of a value before there is one: its type, and how large it may get.

use crate::{escape, names::is_reserved};
use minkapi_schema::structural::{self, Additional, Structural};
use serde_json::Value;
use std::{collections::BTreeMap, fmt, sync::Arc};

/// The largest request, from which the sizes of unbounded values are estimated.
const MAX_REQUEST: u64 = 3 * 1024 * 1024;

/// What the type of `self` is called.
const ROOT: &str = "selfType";

/// The type of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Known only when there is a value.
    Dyn,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A 64-bit integer.
    Int,
    /// An unsigned 64-bit integer.
    Uint,
    /// A double.
    Double,
    /// Text of at most so many bytes.
    Text(u64),
    /// Bytes, at most so many.
    Bytes(u64),
    /// A point in time.
    Timestamp,
    /// A span of time.
    Duration,
    /// A list of at most so many items.
    List(Arc<Type>, u64),
    /// A map of keys to values, with at most so many entries.
    Map(Arc<Type>, Arc<Type>, u64),
    /// An object whose fields are known.
    Object(Arc<ObjectType>),
    /// The type of a type.
    Of(Arc<Type>),
    /// `optional_type` of a type.
    Optional(Arc<Type>),
    /// A type of a library, such as `kubernetes.Quantity`.
    Library(&'static str),
    /// An object that an expression makes, by the name of its type: `Object.spec`.
    Made(Arc<str>),
}

/// What is known of objects.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectType {
    /// What it is called in issues; objects of different names are never compared.
    pub name: String,
    /// Its fields by their names in expressions.
    pub fields: BTreeMap<String, Type>,
    /// The least size of one as JSON.
    pub min_size: u64,
}

impl Type {
    /// Text without a known bound.
    pub const TEXT: Self = Self::Text(MAX_REQUEST - 2);

    /// An object with these fields.
    pub fn object(fields: impl IntoIterator<Item = (String, Self)>) -> Self {
        Self::Object(Arc::new(ObjectType { name: "object".to_owned(), fields: fields.into_iter().collect(), min_size: 2 }))
    }

    /// A map of text to values of a type.
    pub fn map_of(values: Self) -> Self {
        Self::Map(Arc::new(Self::TEXT), Arc::new(values), u64::MAX)
    }

    /// The type of a whole custom resource: of metadata only the names can be used.
    pub fn of_resource(schema: &Structural) -> Self {
        Self::of_resource_named(schema, ROOT)
    }

    fn of_resource_named(schema: &Structural, name: &str) -> Self {
        let mut schema = schema.clone();
        let text = Structural { type_: Some(structural::Type::String), ..Structural::default() };
        let mut metadata = Structural { type_: Some(structural::Type::Object), ..Structural::default() };
        for name in ["name", "generateName"] {
            metadata.properties.insert(name.to_owned(), text.clone());
        }
        schema.properties.insert("apiVersion".to_owned(), text.clone());
        schema.properties.insert("kind".to_owned(), text);
        schema.properties.insert("metadata".to_owned(), metadata);
        Self::of_named(&schema, name).unwrap_or(Self::Dyn)
    }

    /// The type of values of a schema; None where expressions cannot use them.
    pub fn of(schema: &Structural) -> Option<Self> {
        Self::of_named(schema, ROOT)
    }

    fn of_named(schema: &Structural, name: &str) -> Option<Self> {
        if schema.int_or_string {
            return Some(Self::Dyn);
        }
        Some(match schema.type_? {
            structural::Type::Boolean => Self::Bool,
            structural::Type::Integer => Self::Int,
            structural::Type::Number => Self::Double,
            structural::Type::String => text(schema),
            structural::Type::Array => {
                let items = of_part(schema.items.as_deref()?, &format!("{name}.@idx"))?;
                let max = bound(schema.rules.max_items).unwrap_or((MAX_REQUEST - 2) / (items.min_size() + 1));
                Self::List(Arc::new(items), max)
            }
            structural::Type::Object => match &schema.additional {
                Some(Additional::Schema(of)) => {
                    let values = of_part(of, &format!("{name}.@elem"))?;
                    // An entry has at least two quotes, a colon, a comma and its value.
                    let max = bound(schema.rules.max_properties).unwrap_or((MAX_REQUEST - 2) / (values.min_size() + 6));
                    Self::Map(Arc::new(Self::TEXT), Arc::new(values), max)
                }
                _ => object(schema, name),
            },
        })
    }

    /// What the result of an expression is called, which issues call otherwise.
    pub fn result_name(&self) -> String {
        match self {
            Self::Null => "null_type".to_owned(),
            Self::Timestamp => "google.protobuf.Timestamp".to_owned(),
            Self::Duration => "google.protobuf.Duration".to_owned(),
            other => other.to_string(),
        }
    }

    /// The smallest size of a value as JSON.
    pub fn min_size(&self) -> u64 {
        match self {
            Self::Dyn | Self::Int | Self::Uint | Self::Double => 1,
            Self::Null | Self::Bool => 4,
            Self::Timestamp => 21,
            Self::Duration => 3,
            Self::Object(of) => of.min_size,
            _ => 2,
        }
    }

    /// The largest size of a value, in the units that functions on it work through.
    pub fn max_size(&self) -> u64 {
        match self {
            Self::Text(max) | Self::Bytes(max) | Self::List(_, max) | Self::Map(_, _, max) => *max,
            Self::Dyn => MAX_REQUEST - 2,
            _ => 1,
        }
    }

    /// How many values of this type fit into one request.
    pub fn max_cardinality(&self) -> u64 {
        MAX_REQUEST / (self.min_size() + 1)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::Text(_) => f.write_str("string"),
            Self::Bytes(_) => f.write_str("bytes"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::List(item, _) => write!(f, "list({item})"),
            Self::Map(key, value, _) => write!(f, "map({key}, {value})"),
            Self::Object(of) => f.write_str(&of.name),
            Self::Of(of) => write!(f, "type({of})"),
            Self::Optional(of) => write!(f, "optional_type({of})"),
            Self::Library(name) => f.write_str(name),
            Self::Made(name) => f.write_str(name),
        }
    }
}

fn bound(limit: Option<i64>) -> Option<u64> {
    limit.map(|n| u64::try_from(n).unwrap_or(0))
}

/// The type of a part; embedded objects have metadata.
fn of_part(schema: &Structural, name: &str) -> Option<Type> {
    if schema.embedded { Some(Type::of_resource_named(schema, name)) } else { Type::of_named(schema, name) }
}

fn text(schema: &Structural) -> Type {
    match schema.rules.format.as_deref() {
        Some("byte") => Type::Bytes(bound(schema.rules.max_length).unwrap_or(MAX_REQUEST - 2)),
        Some("duration") => Type::Duration,
        Some("date" | "date-time" | "datetime") => Type::Timestamp,
        _ => {
            let longest = schema.rules.enumeration.iter().filter_map(Value::as_str).map(str::len).max();
            // A character may have four bytes.
            let max = bound(schema.rules.max_length).map(|n| n.saturating_mul(4)).or(longest.map(|n| n as u64));
            Type::Text(max.unwrap_or(MAX_REQUEST - 2))
        }
    }
}

fn object(schema: &Structural, type_name: &str) -> Type {
    let mut fields = BTreeMap::new();
    let mut size = 2;
    for (name, property) in &schema.properties {
        let Some(of) = of_part(property, &format!("{type_name}.{name}")) else { continue };
        if schema.rules.required.contains(name) && property.default.is_none() {
            size += name.len() as u64 + of.min_size() + 4;
        }
        if is_reserved(name) {
            fields.insert(name.clone(), of.clone());
        }
        if let Some(name) = escape(name) {
            fields.insert(name.into_owned(), of);
        }
    }
    Type::Object(Arc::new(ObjectType { name: type_name.to_owned(), fields, min_size: size }))
}
