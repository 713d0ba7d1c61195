//! What a value looks like: the one representation for built-in kinds and custom resources.

use std::{any::Any, borrow::Cow, ops::Deref, sync::Arc};

/// Text that is static for built-in kinds and owned for custom resources.
pub type Text = Cow<'static, str>;

/// A shared reference that is a plain static for built-in kinds and counted for custom resources.
#[derive(Debug)]
pub enum Ref<T: 'static> {
    /// A row of a generated table.
    Static(&'static T),
    /// Made at run time from a CustomResourceDefinition.
    Shared(Arc<T>),
}

impl<T> Clone for Ref<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Static(t) => Self::Static(t),
            Self::Shared(t) => Self::Shared(t.clone()),
        }
    }
}

impl<T> Deref for Ref<T> {
    type Target = T;
    fn deref(&self) -> &T {
        match self {
            Self::Static(t) => t,
            Self::Shared(t) => t,
        }
    }
}

/// One position in an object: its shape and how patches treat it.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The JSON form of a value here.
    pub shape: Shape,
    /// Server-side apply's treatment of a list (`x-kubernetes-list-type`, C-07-42).
    pub list_type: ListType,
    /// `x-kubernetes-map-type: atomic` on a map or struct.
    pub atomic: bool,
    /// Whether JSON null is a value of its own here (custom resources only).
    pub nullable: bool,
    /// Value rules of a custom resource's OpenAPI schema (`minimum`, `pattern`, CEL ...), opaque to this crate:
    /// `minkapi-schema` puts its own type in and takes it out again.
    pub rules: Option<Arc<dyn Rules>>,
}

/// Value rules that only custom resources have; see [`Schema::rules`].
pub trait Rules: Any + Send + Sync + std::fmt::Debug {
    /// The concrete rules, to be downcast by the crate that made them.
    fn as_any(&self) -> &dyn Any;
}

/// The JSON form of a value.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Any JSON value (RawExtension, `JSON`, `x-kubernetes-preserve-unknown-fields` without a type).
    Any,
    /// UTF-8 text.
    String,
    /// Base64 text.
    Bytes,
    /// `true` or `false`.
    Bool,
    /// 32-bit integer.
    Int32,
    /// 64-bit integer.
    Int64,
    /// IEEE double.
    Double,
    /// `metav1.Time`: RFC 3339, whole seconds.
    Time,
    /// `metav1.MicroTime`: RFC 3339 with six fractional digits.
    MicroTime,
    /// `metav1.Duration`: Go duration text.
    Duration,
    /// `resource.Quantity`.
    Quantity,
    /// `intstr.IntOrString`.
    IntOrString,
    /// `metav1.FieldsV1`: a JSON object that is kept as it is.
    FieldsV1,
    /// A struct with named fields.
    Struct(Ref<Struct>),
    /// A map from text to values of one schema.
    Map(Ref<Schema>),
    /// A list of values of one schema.
    List(Ref<Schema>),
    /// `JSONSchemaPropsOrBool` and its kin in a CustomResourceDefinition: the struct, or what [`Alternative`] says.
    SchemaOr(Ref<Struct>, Alternative),
}

/// What may stand in the place of a `JSONSchemaProps`. Unknown fields below it are dropped silently, even when decoding is
/// strict, because Go decodes these types by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    /// `true` or `false` (`JSONSchemaPropsOrBool`).
    Bool,
    /// A list of `JSONSchemaProps` (`JSONSchemaPropsOrArray`).
    Schemas,
    /// A list of text (`JSONSchemaPropsOrStringArray`).
    Strings,
}

/// How server-side apply merges a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListType {
    /// Replaced as a whole (also what lists without the extension are).
    Atomic,
    /// A set of scalars.
    Set,
    /// Keyed by these fields of its items.
    Map(Cow<'static, [Text]>),
}

/// A named struct: a Go type of the Kubernetes API, or an object schema of a custom resource.
#[derive(Debug, Clone)]
pub struct Struct {
    /// OpenAPI name, such as `io.k8s.api.core.v1.Container`; empty for parts of custom resources.
    pub name: Text,
    /// Go name as decode errors print it, such as `v1.Container`.
    pub go_name: Text,
    /// Fields sorted by JSON name, for binary search.
    pub fields: Cow<'static, [Field]>,
    /// Custom resources: unknown fields are kept (`x-kubernetes-preserve-unknown-fields`).
    pub preserve_unknown: bool,
    /// Custom resources: an embedded object whose apiVersion, kind and metadata are kept and checked (C-10-13).
    pub embedded: bool,
    /// Custom resources: schema of the values of fields not named (`additionalProperties` beside `properties`).
    pub additional: Option<Ref<Schema>>,
}

impl Struct {
    /// The field with this JSON name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(self.position(name)?)
    }

    /// Where the field with this JSON name stands among [`Self::fields`].
    pub fn position(&self, name: &str) -> Option<usize> {
        let start = start_of(name);
        self.fields.binary_search_by(|field| field.start.cmp(&start).then_with(|| (*field.name).cmp(name))).ok()
    }
}

/// The first eight bytes of a name as a number, which is ordered as names are: most are told apart by it.
pub const fn start_of(name: &str) -> u64 {
    let bytes = name.as_bytes();
    if let Some(first) = bytes.first_chunk() {
        return u64::from_be_bytes(*first);
    }
    let (mut start, mut at) = (0, 0);
    while at < bytes.len() {
        start = (start << 8) | bytes[at] as u64;
        at += 1;
    }
    if at == 0 { 0 } else { start << (64 - 8 * at) }
}

/// One field of a [`Struct`].
#[derive(Debug, Clone)]
pub struct Field {
    /// JSON name.
    pub name: Text,
    /// [`start_of`] the name.
    pub start: u64,
    /// What it holds.
    pub schema: Schema,
    /// When the field is written out.
    pub presence: Presence,
    /// Listed under `required` in the OpenAPI schema.
    pub required: bool,
    /// Default as JSON text, from the OpenAPI schema (not those made by Go code).
    pub default: Option<Text>,
    /// Protobuf field number; 0 where protobuf does not know it.
    pub proto: u32,
    /// Place among the fields of its Go struct, in which order Go writes them; 0 for all fields of custom resources, which
    /// are written in order of name.
    pub order: u8,
    /// Numbers of the protobuf messages that hold the field where JSON shows it higher up, outermost first (Go's embedded
    /// structs: a `Volume`'s `emptyDir` is field 2 of its field 2); empty where both forms agree.
    pub proto_in: &'static [u32],
    /// Strategic merge: the list's merge key (`x-kubernetes-patch-merge-key`).
    pub patch_merge_key: Option<Text>,
    /// Strategic merge: `patchStrategy` contains `merge`.
    pub patch_merge: bool,
    /// Strategic merge: `patchStrategy` contains `retainKeys`.
    pub patch_retain_keys: bool,
}

impl Field {
    /// A field as custom resources have them: it is written when it is set, and nothing else is known of it.
    pub fn new(name: Text, schema: Schema) -> Self {
        Self {
            start: start_of(&name),
            name,
            schema,
            presence: Presence::Set,
            required: false,
            default: None,
            proto: 0,
            order: 0,
            proto_in: &[],
            patch_merge_key: None,
            patch_merge: false,
            patch_retain_keys: false,
        }
    }
}

/// When Go's encoder writes a field; decides what a decode and encode leaves of zero values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// A pointer, or a custom resource's field: written exactly when set (zero values are kept).
    Set,
    /// `omitempty` on a plain value: zero values (0, "", false, empty list or map) vanish.
    NonZero,
    /// A plain value without `omitempty`: always written, as its zero value if need be (`null` for lists and maps, `{}`
    /// with its own always-written fields for structs).
    Always,
    /// A pointer without `omitempty`: always written, as `null` when unset.
    Nullable,
}
