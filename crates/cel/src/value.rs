//! Values while an expression is evaluated. Those that come from JSON stay there: what is inside of them is looked at only
//! where an expression does.

use crate::{
    convert::{convert, scalar},
    names::unescape,
};
use kube_cel::cel::{
    Value as Cel,
    objects::{Key, Map, OptionalValue},
};
use minkapi_schema::structural::{Additional, ListKind, Structural};
use serde_json::Value;
use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

/// A value.
#[derive(Debug, Clone, Default)]
pub enum Val<'v> {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A 64-bit integer.
    Int(i64),
    /// An unsigned 64-bit integer.
    Uint(u64),
    /// A double.
    Double(f64),
    /// Text.
    Text(Text<'v>),
    /// A list or an object as JSON, seen through its schema.
    Json(&'v Value, Option<&'v Structural>),
    /// A list that was made by an expression.
    List(Arc<Vec<Self>>, Kind<'v>),
    /// A map that was made by an expression.
    Map(Arc<BTreeMap<Key, Self>>),
    /// A type.
    Type(String),
    /// A value that may be missing.
    Optional(Option<Arc<Self>>),
    /// Bytes, times, and values of libraries; lists and maps that were given in this form.
    Other(Cel),
}

/// Text that is part of something else, or of its own.
#[derive(Debug, Clone)]
pub enum Text<'v> {
    /// Part of an object or of an expression.
    Borrowed(&'v str),
    /// Made by an expression.
    Owned(Arc<String>),
}

/// How lists are compared and joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'v> {
    /// By position.
    Atomic,
    /// Regardless of order.
    Set,
    /// By these fields of their items.
    Keyed(&'v [String]),
}

impl Text<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }
}

impl<'v> Val<'v> {
    /// Text of its own.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text::Owned(Arc::new(text.into())))
    }

    /// A list in which position counts.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(items), Kind::Atomic)
    }

    /// An integer.
    pub fn int(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// JSON of a schema, or of none.
    pub fn json(value: &'v Value, schema: Option<&'v Structural>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Array(_) | Value::Object(_) => Self::Json(value, schema),
            Value::String(text) if schema.is_none_or(|s| s.rules.format.is_none()) => Self::Text(Text::Borrowed(text)),
            Value::String(_) | Value::Number(_) => Self::cel(scalar(value, schema)),
        }
    }

    /// A value of the function libraries.
    pub fn cel(value: Cel) -> Self {
        match value {
            Cel::Null => Self::Null,
            Cel::Bool(b) => Self::Bool(b),
            Cel::Int(i) => Self::Int(i),
            Cel::UInt(u) => Self::Uint(u),
            Cel::Float(f) => Self::Double(f),
            Cel::String(text) => Self::Text(Text::Owned(text)),
            Cel::Opaque(of) => match of.downcast_ref::<OptionalValue>() {
                Some(optional) => Self::Optional(optional.value().map(|value| Arc::new(Self::cel(value.clone())))),
                None => Self::Other(Cel::Opaque(of)),
            },
            other => Self::Other(other),
        }
    }

    /// The value as the function libraries have it.
    pub fn to_cel(&self) -> Cel {
        match self {
            Self::Null => Cel::Null,
            Self::Bool(b) => Cel::Bool(*b),
            Self::Int(i) => Cel::Int(*i),
            Self::Uint(u) => Cel::UInt(*u),
            Self::Double(f) => Cel::Float(*f),
            Self::Text(Text::Owned(text)) => Cel::String(text.clone()),
            Self::Text(Text::Borrowed(text)) => Cel::String(Arc::new((*text).to_owned())),
            Self::Json(value, schema) => convert(value, *schema),
            Self::List(items, _) => Cel::List(Arc::new(items.iter().map(Self::to_cel).collect())),
            Self::Map(map) => Cel::Map(Map { map: Arc::new(map.iter().map(|(key, value)| (key.clone(), value.to_cel())).collect()) }),
            Self::Type(name) => Cel::String(Arc::new(name.clone())),
            Self::Optional(of) => {
                let optional = of.as_ref().map_or_else(OptionalValue::none, |of| OptionalValue::of(of.to_cel()));
                Cel::Opaque(Arc::new(optional))
            }
            Self::Other(other) => other.clone(),
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text.as_str()) } else { None }
    }

    /// How many items a list has; None for what is no list.
    pub fn list_len(&self) -> Option<usize> {
        match self {
            Self::List(items, _) => Some(items.len()),
            Self::Json(Value::Array(items), _) => Some(items.len()),
            Self::Other(Cel::List(items)) => Some(items.len()),
            _ => None,
        }
    }

    /// An item of a list.
    pub fn item(&self, index: usize) -> Option<Self> {
        match self {
            Self::List(items, _) => items.get(index).cloned(),
            Self::Json(Value::Array(items), schema) => {
                let of = schema.and_then(|s| s.items.as_deref());
                items.get(index).map(|item| Self::json(item, of))
            }
            Self::Other(Cel::List(items)) => items.get(index).cloned().map(Self::cel),
            _ => None,
        }
    }

    /// The items of a list; None for what is no list.
    pub fn items(&self) -> Option<Vec<Self>> {
        let len = self.list_len()?;
        Some((0..len).filter_map(|index| self.item(index)).collect())
    }

    /// How a list is compared.
    pub fn kind(&self) -> Kind<'v> {
        match self {
            Self::List(_, kind) => *kind,
            Self::Json(Value::Array(_), Some(schema)) => match schema.list_kind {
                ListKind::Atomic => Kind::Atomic,
                ListKind::Set => Kind::Set,
                ListKind::Map => Kind::Keyed(&schema.list_map_keys),
            },
            _ => Kind::Atomic,
        }
    }

    /// Whether it is a map or an object.
    pub const fn is_map(&self) -> bool {
        matches!(self, Self::Map(_) | Self::Json(Value::Object(_), _) | Self::Other(Cel::Map(_)))
    }

    /// How many entries a map has, with those that expressions cannot use; None for what is no map.
    pub fn map_len(&self) -> Option<usize> {
        match self {
            Self::Map(map) => Some(map.len()),
            Self::Json(Value::Object(map), _) => Some(map.len()),
            Self::Other(Cel::Map(map)) => Some(map.map.len()),
            _ => None,
        }
    }

    /// The value of a field by the name that it has in expressions, or of an entry.
    pub fn field(&self, name: &str) -> Option<Self> {
        match self {
            Self::Json(Value::Object(map), schema) => field_of(map, *schema, name),
            Self::Map(_) | Self::Other(Cel::Map(_)) => self.entry(&Key::String(Arc::new(name.to_owned()))),
            _ => None,
        }
    }

    /// The value of an entry. Numbers of different types that are equal are one key.
    pub fn entry(&self, key: &Key) -> Option<Self> {
        match (self, key) {
            (Self::Json(Value::Object(map), schema), Key::String(name)) => field_of(map, *schema, name),
            (Self::Map(map), _) => map.get(key).or_else(|| map.get(&other_key(key)?)).cloned(),
            (Self::Other(Cel::Map(map)), _) => map.map.get(key).or_else(|| map.map.get(&other_key(key)?)).cloned().map(Self::cel),
            _ => None,
        }
    }

    /// The keys of a map in their order; None for what is no map.
    pub fn keys(&self) -> Option<Vec<Key>> {
        Some(match self {
            Self::Map(map) => map.keys().cloned().collect(),
            Self::Json(Value::Object(map), schema) => {
                let named = map.iter().filter_map(|(name, value)| key_of(name, value, *schema));
                named.map(|name| Key::String(Arc::new(name))).collect()
            }
            Self::Other(Cel::Map(map)) => {
                let mut keys: Vec<Key> = map.map.keys().cloned().collect();
                keys.sort();
                keys
            }
            _ => return None,
        })
    }

    /// A value as a key of maps.
    pub fn to_key(&self) -> Option<Key> {
        Some(match self {
            Self::Text(Text::Owned(text)) => Key::String(text.clone()),
            Self::Text(Text::Borrowed(text)) => Key::String(Arc::new((*text).to_owned())),
            Self::Int(number) => Key::Int(*number),
            Self::Uint(number) => Key::Uint(*number),
            Self::Bool(truth) => Key::Bool(*truth),
            #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "only if nothing is lost")]
            Self::Double(number) if (*number as i64) as f64 == *number => Key::Int(*number as i64),
            _ => return None,
        })
    }

    /// The value of a key.
    pub fn of_key(key: &Key) -> Self {
        match key {
            Key::String(text) => Self::Text(Text::Owned(text.clone())),
            Key::Int(number) => Self::Int(*number),
            Key::Uint(number) => Self::Uint(*number),
            Key::Bool(truth) => Self::Bool(*truth),
        }
    }

    /// How many characters, bytes, items or entries it has; None where nothing is counted.
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.as_str().chars().count()),
            Self::Other(Cel::Bytes(bytes)) => Some(bytes.len()),
            _ => self.list_len().or_else(|| self.map_len()),
        }
    }

    /// The name of its type.
    pub fn type_name(&self) -> String {
        match self {
            Self::Optional(_) => "optional_type".to_owned(),
            Self::Json(Value::Array(_), _) | Self::List(..) => "list".to_owned(),
            Self::Json(..) | Self::Map(_) => "map".to_owned(),
            Self::Text(_) => "string".to_owned(),
            Self::Type(_) => "type".to_owned(),
            Self::Other(Cel::Opaque(of)) => of.runtime_type_name().to_owned(),
            other => crate::conversions::type_name(&other.to_cel()),
        }
    }
}

/// The key of the other type of integers.
fn other_key(key: &Key) -> Option<Key> {
    match key {
        Key::Int(number) => u64::try_from(*number).ok().map(Key::Uint),
        Key::Uint(number) => i64::try_from(*number).ok().map(Key::Int),
        _ => None,
    }
}

/// Whether names of fields are escaped, as those of objects with properties are.
fn has_properties(schema: &Structural) -> bool {
    schema.embedded || !schema.properties.is_empty()
}

fn field_of<'v>(map: &'v serde_json::Map<String, Value>, schema: Option<&'v Structural>, name: &str) -> Option<Val<'v>> {
    let Some(schema) = schema else { return map.get(name).map(|value| Val::json(value, None)) };
    if !has_properties(schema) {
        let Some(Additional::Schema(of)) = &schema.additional else { return None };
        return map.get(name).map(|value| Val::json(value, Some(of)));
    }
    let name = unescape(name);
    let value = map.get(&*name).filter(|value| !value.is_null())?;
    match schema.properties.get(&*name) {
        Some(of) => Some(Val::json(value, Some(of))),
        None => is_of_every_object(&name).then(|| Val::json(value, None)),
    }
}

/// The name that a field has among keys; None where expressions cannot use it.
fn key_of(name: &str, value: &Value, schema: Option<&Structural>) -> Option<String> {
    let Some(schema) = schema else { return Some(name.to_owned()) };
    if !has_properties(schema) {
        return matches!(schema.additional, Some(Additional::Schema(_))).then(|| name.to_owned());
    }
    let is_known = schema.properties.contains_key(name) || is_of_every_object(name);
    (is_known && !value.is_null()).then(|| crate::escape(name).map_or_else(|| name.to_owned(), std::borrow::Cow::into_owned))
}

/// Fields of objects that their schemas need not name; checked expressions use them only where there are some.
fn is_of_every_object(name: &str) -> bool {
    matches!(name, "apiVersion" | "kind" | "metadata")
}

/// Whether two values are equal: numbers by what they are, lists as their kind says.
pub fn equal(left: &Val<'_>, right: &Val<'_>) -> bool {
    match (left, right) {
        (Val::Null, Val::Null) => true,
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Text(a), Val::Text(b)) => a.as_str() == b.as_str(),
        (Val::Int(_) | Val::Uint(_) | Val::Double(_), _) => compare(left, right) == Some(Ordering::Equal),
        (Val::Optional(a), Val::Optional(b)) => match (a, b) {
            (Some(a), Some(b)) => equal(a, b),
            (a, b) => a.is_none() && b.is_none(),
        },
        _ if left.list_len().is_some() => left.list_len() == right.list_len() && lists_equal(left, right),
        _ if left.is_map() => right.is_map() && left.map_len() == right.map_len() && maps_equal(left, right),
        (Val::Other(a), Val::Other(b)) => a == b,
        (Val::Type(a), Val::Type(b)) => a == b,
        _ => false,
    }
}

fn lists_equal(left: &Val<'_>, right: &Val<'_>) -> bool {
    let (Some(a), Some(b)) = (left.items(), right.items()) else { return false };
    match left.kind() {
        Kind::Atomic => a.iter().zip(&b).all(|(a, b)| equal(a, b)),
        Kind::Set => {
            b.iter().all(|item| a.iter().any(|other| equal(other, item))) && a.iter().all(|item| b.iter().any(|other| equal(other, item)))
        }
        Kind::Keyed(keys) => {
            b.iter().all(|item| a.iter().find(|other| same_key(other, item, keys)).is_some_and(|found| equal(found, item)))
        }
    }
}

/// Whether items of a list have the same key.
pub fn same_key(a: &Val<'_>, b: &Val<'_>, keys: &[String]) -> bool {
    let has_same = |key: &String| {
        let Some(name) = crate::escape(key) else { return true };
        equal(&a.field(&name).unwrap_or_default(), &b.field(&name).unwrap_or_default())
    };
    keys.iter().all(has_same)
}

fn maps_equal(left: &Val<'_>, right: &Val<'_>) -> bool {
    if let (Val::Json(Value::Object(a), Some(schema)), Val::Json(Value::Object(b), _)) = (left, right)
        && !matches!(schema.additional, Some(Additional::Schema(_)))
    {
        // What no schema describes is compared as it is.
        let is_unknown = |name: &String| !schema.properties.contains_key(name);
        let differs = |(name, value): (&String, &Value)| b.get(name).is_some_and(|other| other != value);
        if a.iter().filter(|(name, _)| is_unknown(name)).any(differs) {
            return false;
        }
    }
    left.keys().into_iter().flatten().all(|key| match (left.entry(&key), right.entry(&key)) {
        (Some(a), Some(b)) => equal(&a, &b),
        _ => false,
    })
}

/// The order of two values of which one is before the other; None where there is none.
pub fn compare(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => Some(a.cmp(b)),
        (Val::Uint(a), Val::Uint(b)) => Some(a.cmp(b)),
        (Val::Double(a), Val::Double(b)) => a.partial_cmp(b),
        (Val::Int(a), Val::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        (Val::Uint(a), Val::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
        #[allow(clippy::cast_precision_loss, reason = "as upstream")]
        (Val::Int(a), Val::Double(b)) => (*a as f64).partial_cmp(b),
        #[allow(clippy::cast_precision_loss, reason = "as upstream")]
        (Val::Double(a), Val::Int(b)) => a.partial_cmp(&(*b as f64)),
        #[allow(clippy::cast_precision_loss, reason = "as upstream")]
        (Val::Uint(a), Val::Double(b)) => (*a as f64).partial_cmp(b),
        #[allow(clippy::cast_precision_loss, reason = "as upstream")]
        (Val::Double(a), Val::Uint(b)) => a.partial_cmp(&(*b as f64)),
        (Val::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
        (Val::Text(a), Val::Text(b)) => Some(a.as_str().cmp(b.as_str())),
        (Val::Other(Cel::Bytes(a)), Val::Other(Cel::Bytes(b))) => Some(a.cmp(b)),
        (Val::Other(Cel::Timestamp(a)), Val::Other(Cel::Timestamp(b))) => Some(a.cmp(b)),
        (Val::Other(Cel::Duration(a)), Val::Other(Cel::Duration(b))) => Some(a.cmp(b)),
        _ => None,
    }
}
