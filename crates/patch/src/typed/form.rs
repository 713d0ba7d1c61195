//! How a place in an object is walked, from its schema or from its value.

use crate::field_set::{Element, Name};
use minkapi_registry::{Field, ListType, Schema, Shape, Struct};
use serde_json::Value;

/// The type of a place in an object.
#[derive(Clone, Copy)]
pub(crate) enum Type<'s> {
    /// As the schema says. Below `x-kubernetes-preserve-unknown-fields` (`open`) structs take any field.
    Of { schema: &'s Schema, open: bool },
    /// A whole object.
    Root(&'s Struct),
    /// By its value: objects merge, lists are replaced.
    Deduced,
    /// A leaf, whatever it is.
    Untyped,
}

/// How a value of some type is walked.
#[derive(Clone, Copy)]
pub(crate) enum Form<'s> {
    Scalar(Scalar),
    List(List<'s>),
    Map(Map<'s>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Numeric,
    String,
    Boolean,
    Any,
}

#[derive(Clone, Copy)]
pub(crate) struct List<'s> {
    pub(crate) items: Type<'s>,
    pub(crate) kind: &'s ListType,
}

#[derive(Clone, Copy)]
pub(crate) struct Map<'s> {
    /// Declared fields.
    pub(crate) of: Option<&'s Struct>,
    open: bool,
    /// The type of members that are not declared; None if there may be none.
    pub(crate) values: Option<Type<'s>>,
    pub(crate) atomic: bool,
}

const ATOMIC: ListType = ListType::Atomic;

impl<'s> Type<'s> {
    /// How to walk `value`.
    pub(crate) fn form(self, value: &Value) -> Form<'s> {
        match self {
            Self::Root(of) => Form::Map(struct_map(of, false, false)),
            Self::Deduced => by_value(value, false),
            Self::Untyped => by_value(value, true),
            Self::Of { schema, open } => match &schema.shape {
                Shape::Any | Shape::SchemaOr(..) => by_value(value, schema.atomic),
                Shape::String | Shape::Bytes | Shape::Duration => Form::Scalar(Scalar::String),
                Shape::Bool => Form::Scalar(Scalar::Boolean),
                Shape::Int32 | Shape::Int64 | Shape::Double => Form::Scalar(Scalar::Numeric),
                Shape::Time | Shape::MicroTime | Shape::Quantity | Shape::IntOrString => Form::Scalar(Scalar::Any),
                // The text that it is in flight.
                Shape::FieldsV1 if value.is_string() => Form::Scalar(Scalar::String),
                Shape::FieldsV1 => Form::Map(Map { of: None, open: true, values: Some(Type::Deduced), atomic: schema.atomic }),
                Shape::Struct(of) => Form::Map(struct_map(of, open, schema.atomic)),
                Shape::Map(values) => {
                    Form::Map(Map { of: None, open, values: Some(Type::Of { schema: values, open }), atomic: schema.atomic })
                }
                Shape::List(items) => Form::List(List { items: Type::Of { schema: items, open }, kind: &schema.list_type }),
            },
        }
    }
}

fn struct_map(of: &Struct, open: bool, atomic: bool) -> Map<'_> {
    let open = open || of.preserve_unknown;
    let values = match &of.additional {
        Some(schema) => Some(Type::Of { schema, open }),
        None if open || of.fields.is_empty() => Some(Type::Deduced),
        None => None,
    };
    Map { of: Some(of), open, values, atomic }
}

fn by_value(value: &Value, atomic: bool) -> Form<'static> {
    match value {
        Value::Array(_) => Form::List(List { items: Type::Untyped, kind: &ATOMIC }),
        // Null passes for anything; upstream looks at it as a map first.
        Value::Object(_) | Value::Null => {
            let values = if atomic { Type::Untyped } else { Type::Deduced };
            Form::Map(Map { of: None, open: true, values: Some(values), atomic })
        }
        _ => Form::Scalar(Scalar::Any),
    }
}

impl<'s> Map<'s> {
    /// The declared field of this name.
    pub(crate) fn field(self, name: &str) -> Option<&'s Field> {
        self.of?.field(name)
    }

    /// The type of a member; None if the schema does not have it.
    pub(crate) fn member(self, name: &str) -> Option<Type<'s>> {
        match self.field(name) {
            Some(field) => Some(Type::Of { schema: &field.schema, open: self.open }),
            None => self.values,
        }
    }

    /// The type of a member; what is not in the schema is deduced.
    pub(crate) fn type_of(self, name: &str) -> Type<'s> {
        self.member(name).unwrap_or(Type::Deduced)
    }

    /// The path element of a member, its type (what is not in the schema is deduced), and whether it is a declared field.
    pub(crate) fn step(self, name: &str) -> (Element, Type<'s>, bool) {
        match self.field(name) {
            Some(field) => (Element::Field(field.name.clone()), Type::Of { schema: &field.schema, open: self.open }, true),
            None => (Element::Field(Name::Owned(name.to_owned())), self.values.unwrap_or(Type::Deduced), false),
        }
    }
}

impl List<'_> {
    pub(crate) fn is_atomic(self) -> bool {
        *self.kind == ListType::Atomic
    }
}

impl Form<'_> {
    /// Whether two forms of one type walk the same way.
    pub(crate) fn same_as(self, other: Self) -> bool {
        matches!((self, other), (Self::Scalar(_), Self::Scalar(_)) | (Self::List(_), Self::List(_)) | (Self::Map(_), Self::Map(_)))
    }
}
