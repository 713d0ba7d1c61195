//! The OpenAPI v3 schemas of CustomResourceDefinitions: what they keep, fill in and refuse (contract 10.2).
//!
//! [`Structural`] is a schema taken apart once. [`Structural::to_struct`] gives the table form in which built-in kinds
//! are described too, for patches and server-side apply.

mod coerce;
mod default;
mod embedded;
mod field_path;
mod fields;
mod formats;
mod list_type;
mod number;
mod parse;
mod prune;
mod table;
mod validate;

pub use embedded::for_each_embedded;
pub use formats::{is_of_format, is_supported_format};
pub use number::{equal, print_float};
pub use validate::Validation;

use crate::pattern;
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// A type of JSON schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the schema's")]
pub enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

impl Type {
    /// Its name in a schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }
}

/// What fields that `properties` does not name may be.
#[derive(Debug, Clone)]
pub enum Additional {
    /// `additionalProperties: true` or `false`.
    Any(bool),
    /// A schema.
    Schema(Box<Structural>),
}

/// `x-kubernetes-list-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the schema's")]
pub enum ListKind {
    #[default]
    Atomic,
    Set,
    Map,
}

/// A schema of a custom resource or a part of one.
#[derive(Debug, Clone, Default)]
pub struct Structural {
    /// `type`.
    pub type_: Option<Type>,
    /// `nullable`.
    pub nullable: bool,
    /// `x-kubernetes-int-or-string`.
    pub int_or_string: bool,
    /// `x-kubernetes-preserve-unknown-fields: true`.
    pub preserve_unknown: bool,
    /// `x-kubernetes-embedded-resource`.
    pub embedded: bool,
    /// `default`.
    pub default: Option<Value>,
    /// `properties`.
    pub properties: BTreeMap<String, Self>,
    /// `additionalProperties`.
    pub additional: Option<Additional>,
    /// `items`.
    pub items: Option<Box<Self>>,
    /// `x-kubernetes-list-type`.
    pub list_kind: ListKind,
    /// `x-kubernetes-list-map-keys`.
    pub list_map_keys: Vec<String>,
    /// `x-kubernetes-map-type: atomic`.
    pub atomic: bool,
    /// Checks of the value.
    pub rules: ValueRules,
    /// `x-kubernetes-validations`.
    pub expressions: Vec<ExpressionRule>,
}

/// The value validations of a schema.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the names are the schema's")]
pub struct ValueRules {
    /// Only a format that is checked; others are dropped as upstream does.
    pub format: Option<String>,
    pub maximum: Option<Number>,
    pub exclusive_maximum: bool,
    pub minimum: Option<Number>,
    pub exclusive_minimum: bool,
    pub multiple_of: Option<Number>,
    pub max_length: Option<i64>,
    pub min_length: Option<i64>,
    /// Its text and its compiled form.
    pub pattern: Option<(String, pattern::Compiled)>,
    pub max_items: Option<i64>,
    pub min_items: Option<i64>,
    pub unique_items: bool,
    pub max_properties: Option<i64>,
    pub min_properties: Option<i64>,
    pub required: Vec<String>,
    pub enumeration: Vec<Value>,
    pub all_of: Vec<Structural>,
    pub any_of: Vec<Structural>,
    pub one_of: Vec<Structural>,
    pub not: Option<Box<Structural>>,
}

/// One rule of `x-kubernetes-validations`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names are the rule's")]
pub struct ExpressionRule {
    pub rule: String,
    pub message: String,
    pub message_expression: String,
    /// `FieldValueInvalid` when empty.
    pub reason: String,
    pub field_path: String,
    pub optional_old_self: Option<bool>,
}

impl Structural {
    /// The schema of the field `name`: its property, or that of additional properties.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.properties.get(name).or(match &self.additional {
            Some(Additional::Schema(schema)) => Some(schema),
            _ => None,
        })
    }
}
