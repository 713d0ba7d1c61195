//! How fields merge, out of the schema tables.

use super::error::unclassified;
use crate::PatchError;
use minkapi_registry::{Field, Schema, Shape, Struct};

/// The type of what is being merged.
#[derive(Clone, Copy)]
pub(super) enum Node<'s> {
    Struct(&'s Struct),
    Other(&'s Schema),
}

/// How a field merges.
#[derive(Clone, Copy)]
pub(super) struct Strategy<'s> {
    /// Lists merge by key or as a set; `false` replaces them.
    pub(super) merge: bool,
    /// The value replaces the object, even where objects usually merge.
    pub(super) replace: bool,
    /// `$retainKeys` belongs into patches of it.
    pub(super) retain_keys: bool,
    pub(super) merge_key: Option<&'s str>,
}

/// Fields of type object that are replaced (`patchStrategy:"replace"`); there is one in the whole API.
const REPLACED: [(&str, &str); 1] = [("io.k8s.api.policy.v1.PodDisruptionBudgetSpec", "selector")];

impl<'s> Node<'s> {
    fn of(schema: &'s Schema) -> Self {
        match &schema.shape {
            Shape::Struct(of) => Self::Struct(of),
            _ => Self::Other(schema),
        }
    }

    /// The type and strategy of an object field.
    pub(super) fn map_field(self, name: &str) -> Result<(Self, Strategy<'s>), PatchError> {
        let (of, field) = self.field(name)?;
        Ok((Self::of(&field.schema), strategy(of, field)))
    }

    /// The type of the items of a list field, and its strategy.
    pub(super) fn list_field(self, name: &str) -> Result<(Self, Strategy<'s>), PatchError> {
        let (of, field) = self.field(name)?;
        match &field.schema.shape {
            Shape::List(items) if matches!(items.shape, Shape::List(_)) => Err(unclassified("unexpected slice of slice")),
            Shape::List(items) => Ok((Self::of(items), strategy(of, field))),
            Shape::Bytes => Ok((Self::of(&field.schema), strategy(of, field))),
            _ => Err(unclassified("expected slice or array type, but got: struct")),
        }
    }

    fn field(self, name: &str) -> Result<(&'s Struct, &'s Field), PatchError> {
        let unknown = |of: &str| unclassified(format!("unable to find api field in struct {of} for the json field {name:?}"));
        match self {
            Self::Struct(of) => {
                let field = of.field(name).ok_or_else(|| unknown(of.go_name.rsplit('.').next().unwrap_or_default()))?;
                Ok((of, field))
            }
            Self::Other(schema) => match schema.shape {
                Shape::Any => Err(unknown("RawExtension")),
                Shape::FieldsV1 => Err(unknown("FieldsV1")),
                _ => {
                    let kind = self.kind_name();
                    Err(unclassified(format!("merging an object in json but data type is not struct, instead is: {kind}")))
                }
            },
        }
    }

    /// The Go kind of the type.
    pub(super) fn kind_name(self) -> &'static str {
        match self {
            Self::Struct(_) => "struct",
            Self::Other(schema) => match schema.shape {
                Shape::Map(_) => "map",
                Shape::List(_) => "slice",
                Shape::Bytes => "uint8",
                Shape::String => "string",
                Shape::Bool => "bool",
                Shape::Int32 => "int32",
                Shape::Int64 => "int64",
                Shape::Double => "float64",
                _ => "struct",
            },
        }
    }
}

fn strategy<'s>(of: &Struct, field: &'s Field) -> Strategy<'s> {
    Strategy {
        merge: field.patch_merge,
        replace: REPLACED.contains(&(&of.name, &field.name)),
        retain_keys: field.patch_retain_keys,
        merge_key: field.patch_merge_key.as_deref(),
    }
}
