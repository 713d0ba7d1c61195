//! Where a decoder stands, as its two kinds of messages tell it.

use super::go_types::named_type;
use minkapi_registry::{Field, Schema, Shape, Struct};
use std::fmt::Write;

/// A chain of steps from the document's root, on the stack.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'p> {
    Root,
    /// The root of a part that stands at this path of a larger document.
    At(&'p str),
    Field {
        parent: &'p Place<'p>,
        of: &'p Struct,
        field: &'p Field,
    },
    Key {
        parent: &'p Place<'p>,
        key: &'p str,
    },
    Index {
        parent: &'p Place<'p>,
        index: usize,
    },
}

/// Go's embedded structs (`json:",inline"`): type errors name them between the names of the fields.
const EMBEDDED: [(&str, &[&str]); 18] = [
    ("v1.ConfigMapEnvSource", &["LocalObjectReference"]),
    ("v1.ConfigMapKeySelector", &["LocalObjectReference"]),
    ("v1.ConfigMapProjection", &["LocalObjectReference"]),
    ("v1.ConfigMapVolumeSource", &["LocalObjectReference"]),
    ("v1.DeviceAllocationConfiguration", &["DeviceConfiguration"]),
    ("v1.DeviceClaimConfiguration", &["DeviceConfiguration"]),
    ("v1.DeviceClassConfiguration", &["DeviceConfiguration"]),
    ("v1.EphemeralContainer", &["EphemeralContainerCommon"]),
    ("v1.IngressRule", &["IngressRuleValue"]),
    ("v1.NamedRuleWithOperations", &["RuleWithOperations", "Rule"]),
    ("v1.PersistentVolumeSpec", &["PersistentVolumeSource"]),
    ("v1.Probe", &["ProbeHandler"]),
    ("v1.RuleWithOperations", &["Rule"]),
    ("v1.SecretEnvSource", &["LocalObjectReference"]),
    ("v1.SecretKeySelector", &["LocalObjectReference"]),
    ("v1.SecretProjection", &["LocalObjectReference"]),
    ("v1.Volume", &["VolumeSource"]),
    ("v1.VolumeProjection", &["VolumeProjection"]),
];

impl Place<'_> {
    /// The path of a field below here as strict problems print it: `spec.containers[0].x`.
    pub(super) fn document_path(&self, field: &str) -> String {
        let mut path = String::new();
        self.write_path(&mut path);
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(field);
        path
    }

    fn write_path(&self, out: &mut String) {
        let (parent, name) = match self {
            Self::Root => return,
            Self::At(path) => {
                out.push_str(path);
                return;
            }
            Self::Field { parent, field, .. } => (parent, &*field.name),
            Self::Key { parent, key } => (parent, *key),
            Self::Index { parent, index } => {
                parent.write_path(out);
                let _ = write!(out, "[{index}]");
                return;
            }
        };
        parent.write_path(out);
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(name);
    }

    /// `json: cannot unmarshal <what> into Go struct field PodSpec.spec.containers of type <go_type>`.
    pub(super) fn cannot_unmarshal(&self, what: &str, go_type: &str) -> String {
        match self.innermost_field() {
            None => format!("json: cannot unmarshal {what} into Go value of type {go_type}"),
            Some((of, _)) => {
                let mut names = String::new();
                self.write_fields(&mut names);
                let name = of.go_name.rsplit('.').next().unwrap_or_default();
                format!("json: cannot unmarshal {what} into Go struct field {name}.{names} of type {go_type}")
            }
        }
    }

    /// The Go type of the position here.
    pub(super) fn go_type(&self, schema: &Schema) -> String {
        go_type(schema, self.innermost_field().and_then(|(of, field)| named_type(&of.name, &field.name)))
    }

    fn innermost_field(&self) -> Option<(&Struct, &Field)> {
        match self {
            Self::Root | Self::At(_) => None,
            Self::Field { of, field, .. } => Some((of, field)),
            Self::Key { parent, .. } | Self::Index { parent, .. } => parent.innermost_field(),
        }
    }

    /// The names of the fields on the way; keys and indexes are not told.
    fn write_fields(&self, out: &mut String) {
        match self {
            Self::Root | Self::At(_) => {}
            Self::Key { parent, .. } | Self::Index { parent, .. } => parent.write_fields(out),
            Self::Field { parent, of, field } => {
                parent.write_fields(out);
                if !out.is_empty() {
                    out.push('.');
                }
                if !field.proto_in.is_empty()
                    && let Ok(at) = EMBEDDED.binary_search_by(|(name, _)| (*name).cmp(&*of.go_name))
                    && let Some((_, embedded)) = EMBEDDED.get(at)
                {
                    for name in embedded.iter().take(field.proto_in.len()) {
                        out.push_str(name);
                        out.push('.');
                    }
                }
                out.push_str(&field.name);
            }
        }
    }
}

/// The Go type of a position, whose text may be of a type with a name.
fn go_type(schema: &Schema, named: Option<&str>) -> String {
    match &schema.shape {
        Shape::String => named.unwrap_or("string").to_owned(),
        Shape::Time | Shape::MicroTime | Shape::Duration => "string".to_owned(),
        Shape::Bytes => "[]uint8".to_owned(),
        Shape::Bool => "bool".to_owned(),
        Shape::Int32 | Shape::IntOrString => "int32".to_owned(),
        Shape::Int64 => "int64".to_owned(),
        Shape::Double => "float64".to_owned(),
        Shape::Quantity => "resource.Quantity".to_owned(),
        Shape::FieldsV1 => "v1.FieldsV1".to_owned(),
        Shape::Any => "interface {}".to_owned(),
        Shape::Struct(of) | Shape::SchemaOr(of, _) => of.go_name.clone().into_owned(),
        Shape::List(items) => format!("[]{}", go_type(items, named)),
        Shape::Map(values) if matches!(values.shape, Shape::Quantity) => "v1.ResourceList".to_owned(),
        Shape::Map(values) => format!("map[string]{}", go_type(values, named)),
    }
}
