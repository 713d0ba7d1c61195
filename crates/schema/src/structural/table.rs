//! A schema in the form of the generated tables, for patches, server-side apply and OpenAPI.

use super::{Additional, ListKind, Structural, Type};
use minkapi_registry::{Field, ListType, Ref, Schema, Shape, Struct, Text};
use std::{borrow::Cow, sync::Arc};

/// The struct of ObjectMeta, which embedded objects have too.
struct Metadata(Option<&'static Struct>);

impl Structural {
    /// The schema of a whole custom resource; `metadata` is the struct of ObjectMeta.
    pub fn to_struct(&self, metadata: Option<&'static Struct>) -> Struct {
        self.whole(&Metadata(metadata))
    }

    /// An object that says what it is and has metadata.
    fn whole(&self, metadata: &Metadata) -> Struct {
        let mut of = self.object(metadata);
        let text = |name: &'static str| Field::new(Text::Borrowed(name), plain(Shape::String));
        let mut fields: Vec<Field> =
            of.fields.iter().filter(|f| !matches!(&*f.name, "apiVersion" | "kind" | "metadata")).cloned().collect();
        fields.extend([text("apiVersion"), text("kind")]);
        if let Some(metadata) = metadata.0 {
            fields.push(Field::new(Text::Borrowed("metadata"), plain(Shape::Struct(Ref::Static(metadata)))));
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        of.fields = Cow::Owned(fields);
        of
    }

    fn object(&self, metadata: &Metadata) -> Struct {
        let fields = self.properties.iter().map(|(name, of)| {
            let mut field = Field::new(Text::Owned(name.clone()), of.schema(metadata));
            field.required = self.rules.required.contains(name);
            field.default = of.default.as_ref().map(|d| Text::Owned(d.to_string()));
            field
        });
        Struct {
            name: Text::Borrowed(""),
            go_name: Text::Borrowed(""),
            fields: fields.collect(),
            preserve_unknown: self.preserve_unknown,
            embedded: self.embedded,
            additional: match &self.additional {
                Some(Additional::Schema(of)) => Some(Ref::Shared(Arc::new(of.schema(metadata)))),
                Some(Additional::Any(_)) => Some(Ref::Shared(Arc::new(plain(Shape::Any)))),
                None => None,
            },
        }
    }

    fn schema(&self, metadata: &Metadata) -> Schema {
        let shape = match self.type_ {
            _ if self.int_or_string => Shape::IntOrString,
            Some(Type::Object) if self.properties.is_empty() && !self.preserve_unknown && !self.embedded => match &self.additional {
                Some(Additional::Schema(of)) => Shape::Map(Ref::Shared(Arc::new(of.schema(metadata)))),
                _ => Shape::Struct(Ref::Shared(Arc::new(self.object(metadata)))),
            },
            Some(Type::Object) if self.embedded => Shape::Struct(Ref::Shared(Arc::new(self.whole(metadata)))),
            Some(Type::Object) => Shape::Struct(Ref::Shared(Arc::new(self.object(metadata)))),
            Some(Type::Array) => {
                let items = self.items.as_ref().map_or_else(|| plain(Shape::Any), |items| items.schema(metadata));
                Shape::List(Ref::Shared(Arc::new(items)))
            }
            Some(Type::String) => Shape::String,
            Some(Type::Integer) => Shape::Int64,
            Some(Type::Number) => Shape::Double,
            Some(Type::Boolean) => Shape::Bool,
            None => Shape::Any,
        };
        let list_type = match self.list_kind {
            ListKind::Atomic => ListType::Atomic,
            ListKind::Set => ListType::Set,
            ListKind::Map => ListType::Map(self.list_map_keys.iter().cloned().map(Text::Owned).collect()),
        };
        Schema { shape, list_type, atomic: self.atomic, nullable: self.nullable, rules: None }
    }
}

const fn plain(shape: Shape) -> Schema {
    Schema { shape, list_type: ListType::Atomic, atomic: false, nullable: false, rules: None }
}
