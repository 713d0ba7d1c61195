//! The vocabulary in which the generated tables are written: short `const` constructors of the public types.

use crate::{Alternative, Field, ListType, Presence, Ref, Schema, Shape, Struct, Text, TopLevelKind, start_of};
use std::borrow::Cow;

/// [`Shape`] in a form that constants can copy.
#[derive(Clone, Copy)]
pub enum Type {
    Any,
    String,
    Bytes,
    Bool,
    Int32,
    Int64,
    Double,
    Time,
    MicroTime,
    #[allow(dead_code, reason = "no served kind has one today; the next version may")]
    Duration,
    Quantity,
    IntOrString,
    FieldsV1,
    Of(&'static Struct),
    Map(&'static Schema),
    List(&'static Schema),
    Or(&'static Struct, Alternative),
}

/// One position: what `items!` makes schemas of.
#[derive(Clone, Copy)]
pub struct Position {
    of: Type,
    list: List,
    atomic: bool,
}

#[derive(Clone, Copy)]
enum List {
    Atomic,
    Set,
    Map(&'static [Text]),
}

/// One field: what `structs!` makes [`Field`]s of.
#[derive(Clone, Copy)]
pub struct Row {
    name: &'static str,
    at: Position,
    presence: Presence,
    proto: u32,
    order: u8,
    proto_in: &'static [u32],
    required: bool,
    default: Option<&'static str>,
    key: Option<&'static str>,
    merge: bool,
    retain_keys: bool,
}

/// Text of a table.
pub const fn t(text: &'static str) -> Text {
    Cow::Borrowed(text)
}

/// Items of a list or values of a map.
pub const fn v(of: Type) -> Position {
    Position { of, list: List::Atomic, atomic: false }
}

/// A field with its protobuf number and its place in the Go struct.
pub const fn f(name: &'static str, of: Type, presence: Presence, proto: u32, order: u8) -> Row {
    Row {
        name,
        at: v(of),
        presence,
        proto,
        order,
        proto_in: &[],
        required: false,
        default: None,
        key: None,
        merge: false,
        retain_keys: false,
    }
}

/// A top-level kind.
pub const fn kind(api_version: &'static str, kind: &'static str, of: &'static Struct) -> TopLevelKind {
    TopLevelKind { api_version: t(api_version), kind: t(kind), schema: Ref::Static(of) }
}

impl Position {
    /// Replaced as a whole by apply.
    pub const fn atomic(mut self) -> Self {
        self.atomic = true;
        self
    }

    /// The schema.
    pub const fn schema(self) -> Schema {
        let shape = match self.of {
            Type::Any => Shape::Any,
            Type::String => Shape::String,
            Type::Bytes => Shape::Bytes,
            Type::Bool => Shape::Bool,
            Type::Int32 => Shape::Int32,
            Type::Int64 => Shape::Int64,
            Type::Double => Shape::Double,
            Type::Time => Shape::Time,
            Type::MicroTime => Shape::MicroTime,
            Type::Duration => Shape::Duration,
            Type::Quantity => Shape::Quantity,
            Type::IntOrString => Shape::IntOrString,
            Type::FieldsV1 => Shape::FieldsV1,
            Type::Of(of) => Shape::Struct(Ref::Static(of)),
            Type::Map(of) => Shape::Map(Ref::Static(of)),
            Type::List(of) => Shape::List(Ref::Static(of)),
            Type::Or(of, alternative) => Shape::SchemaOr(Ref::Static(of), alternative),
        };
        let list_type = match self.list {
            List::Atomic => ListType::Atomic,
            List::Set => ListType::Set,
            List::Map(keys) => ListType::Map(Cow::Borrowed(keys)),
        };
        Schema { shape, list_type, atomic: self.atomic, nullable: false, rules: None }
    }
}

impl Row {
    /// Inside the protobuf messages of these numbers.
    pub const fn inside(mut self, proto_in: &'static [u32]) -> Self {
        self.proto_in = proto_in;
        self
    }

    /// Replaced as a whole by apply.
    pub const fn atomic(mut self) -> Self {
        self.at.atomic = true;
        self
    }

    /// A list that is a set.
    pub const fn set(mut self) -> Self {
        self.at.list = List::Set;
        self
    }

    /// A list keyed by these fields.
    pub const fn map(mut self, keys: &'static [Text]) -> Self {
        self.at.list = List::Map(keys);
        self
    }

    /// Required in OpenAPI.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Default as JSON text.
    pub const fn default(mut self, json: &'static str) -> Self {
        self.default = Some(json);
        self
    }

    /// Strategic merge key.
    pub const fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    /// Strategic merge: merged, not replaced.
    pub const fn merge(mut self) -> Self {
        self.merge = true;
        self
    }

    /// Strategic merge: `$retainKeys` is honoured.
    pub const fn retain_keys(mut self) -> Self {
        self.retain_keys = true;
        self
    }

    /// The field.
    pub const fn field(self) -> Field {
        Field {
            name: t(self.name),
            start: start_of(self.name),
            schema: self.at.schema(),
            presence: self.presence,
            required: self.required,
            default: optional(self.default),
            proto: self.proto,
            order: self.order,
            proto_in: self.proto_in,
            patch_merge_key: optional(self.key),
            patch_merge: self.merge,
            patch_retain_keys: self.retain_keys,
        }
    }
}

const fn optional(text: Option<&'static str>) -> Option<Text> {
    match text {
        Some(text) => Some(t(text)),
        None => None,
    }
}

/// Statics of type [`Struct`]: `NAME = "openapi.name" as "go.name" { rows }`.
macro_rules! structs {
    ($($name:ident = $openapi:literal as $go:literal { $($row:expr,)* })*) => {$(
        pub static $name: $crate::Struct = $crate::Struct {
            name: t($openapi),
            go_name: t($go),
            fields: {
                static FIELDS: &[$crate::Field] = &[$($row.field()),*];
                std::borrow::Cow::Borrowed(FIELDS)
            },
            preserve_unknown: false,
            embedded: false,
            additional: None,
        };
    )*};
}

/// Statics of type [`Schema`]: `NAME = v(type);`.
macro_rules! items {
    ($($name:ident = $position:expr;)*) => {$( static $name: $crate::Schema = $position.schema(); )*};
}

/// A static list of [`Text`].
macro_rules! texts {
    ($($text:literal),*) => {{
        static TEXTS: &[$crate::Text] = &[$(t($text)),*];
        std::borrow::Cow::Borrowed(TEXTS)
    }};
}

/// The table of resources; see its only use for the form of a row.
macro_rules! resources {
    ($({ $group:literal $version:literal $kind:literal $plural:literal $singular:literal
         short [$($short:literal),*] categories [$($category:literal),*] namespaced $namespaced:literal
         verbs [$($verb:literal),*] schema $module:ident::$schema:ident stored $storage:literal $stored:literal $hash:literal
         $({ $sub:literal $sub_group:literal $sub_version:literal $sub_kind:literal [$($sub_verb:literal),*] $($sub_schema:tt)* })*
    })*) => {&[$(
        $crate::Resource {
            group: t($group),
            version: t($version),
            kind: t($kind),
            list_kind: t(concat!($kind, "List")),
            plural: t($plural),
            singular: t($singular),
            short_names: texts![$($short),*],
            categories: texts![$($category),*],
            namespaced: $namespaced,
            verbs: $crate::Verbs::of(&[$($verb),*]),
            subresources: {
                static SUBRESOURCES: &[$crate::Subresource] = &[$($crate::Subresource {
                    name: t($sub),
                    group: t($sub_group),
                    version: t($sub_version),
                    kind: t($sub_kind),
                    verbs: $crate::Verbs::of(&[$($sub_verb),*]),
                    schema: optional_schema!($($sub_schema)*),
                }),*];
                std::borrow::Cow::Borrowed(SUBRESOURCES)
            },
            schema: $crate::Ref::Static(&$module::$schema),
            storage: t($storage),
            storage_version: t($stored),
            storage_version_hash: t($hash),
            custom: false,
        }
    ),*]};
}

macro_rules! optional_schema {
    (none) => {
        None
    };
    (some($module:ident::$schema:ident)) => {
        Some($crate::Ref::Static(&$module::$schema))
    };
}

pub(crate) use {items, optional_schema, resources, structs, texts};
