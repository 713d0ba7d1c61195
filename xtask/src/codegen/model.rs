//! OpenAPI, protobuf and Go facts joined: the structs, kinds and resources to write out.

use super::{
    discovery::Served,
    facts::{GoStruct, Omit},
    openapi::{Definition, Definitions, GroupVersionKind},
    proto::{Message, ProtoField},
};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

/// Everything that is written out.
pub struct Model {
    /// Structs by OpenAPI name.
    pub structs: BTreeMap<String, Struct>,
    /// `(apiVersion, kind, struct)` of every top-level kind.
    pub kinds: Vec<(String, String, String)>,
    /// What is served.
    pub served: Vec<Served>,
}

/// Fields by JSON name.
pub type Struct = BTreeMap<String, Field>;

/// One field; the names are those of `minkapi_registry::Field`.
#[derive(Default)]
pub struct Field {
    pub schema: Schema,
    pub presence: &'static str,
    pub required: bool,
    pub default: Option<String>,
    /// Places of the embedded structs around it and its own, outermost first: what fields are ordered by.
    pub place: Vec<usize>,
    pub proto: u32,
    pub proto_in: Vec<u32>,
    pub patch_merge_key: Option<String>,
    pub patch_merge: bool,
    pub patch_retain_keys: bool,
}

/// One position.
#[derive(Default, Clone)]
pub struct Schema {
    pub shape: Shape,
    pub list_type: ListType,
    pub atomic: bool,
}

/// The JSON form of a value.
#[derive(Default, Clone)]
pub enum Shape {
    /// A shape without parameters, by its name in the registry.
    #[default]
    Any,
    Plain(&'static str),
    Struct(String),
    Map(Box<Schema>),
    List(Box<Schema>),
    SchemaOr(&'static str),
}

/// How apply merges a list.
#[derive(Default, Clone, PartialEq)]
pub enum ListType {
    #[default]
    Atomic,
    Set,
    Map(Vec<String>),
}

/// The struct of CustomResourceDefinitions that [`Shape::SchemaOr`] speaks of.
pub const JSON_SCHEMA_PROPS: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// Kinds that OpenAPI does not list, with the package of their struct. `*` stands for any apiVersion.
const MORE_KINDS: &[(&str, &str, &str)] = &[
    ("*", "CreateOptions", META),
    ("*", "DeleteOptions", META),
    ("*", "GetOptions", META),
    ("*", "ListOptions", META),
    ("*", "PatchOptions", META),
    ("*", "UpdateOptions", META),
    ("*", "WatchEvent", META),
    ("meta.k8s.io/v1", "PartialObjectMetadata", META),
    ("meta.k8s.io/v1", "PartialObjectMetadataList", META),
    ("policy/v1beta1", "Eviction", "io.k8s.api.policy.v1beta1"),
    ("apidiscovery.k8s.io/v2", "APIGroupDiscoveryList", "io.k8s.api.apidiscovery.v2"),
    ("apidiscovery.k8s.io/v2beta1", "APIGroupDiscoveryList", "io.k8s.api.apidiscovery.v2beta1"),
];

/// Types that are not structs in JSON.
const SPECIAL: &[(&str, Shape)] = &[
    ("apimachinery.pkg.api.resource.Quantity", Shape::Plain("Quantity")),
    ("apimachinery.pkg.util.intstr.IntOrString", Shape::Plain("IntOrString")),
    ("apimachinery.pkg.apis.meta.v1.Time", Shape::Plain("Time")),
    ("apimachinery.pkg.apis.meta.v1.MicroTime", Shape::Plain("MicroTime")),
    ("apimachinery.pkg.apis.meta.v1.Duration", Shape::Plain("Duration")),
    ("apimachinery.pkg.apis.meta.v1.FieldsV1", Shape::Plain("FieldsV1")),
    ("apimachinery.pkg.runtime.RawExtension", Shape::Any),
    ("apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", Shape::Any),
    ("apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool", Shape::SchemaOr("Bool")),
    ("apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray", Shape::SchemaOr("Schemas")),
    ("apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray", Shape::SchemaOr("Strings")),
];

/// Joins the sources; fails where they contradict each other.
pub fn join(
    openapi: &Definitions,
    proto: &BTreeMap<String, Message>,
    go: &BTreeMap<String, GoStruct>,
    served: Vec<Served>,
) -> Result<Model, String> {
    let mut kinds = kinds(openapi, &served);
    kinds.sort();
    let joiner = Joiner { openapi, proto, go };
    let mut structs = BTreeMap::new();
    let mut pending: Vec<String> = kinds.iter().map(|(_, _, name)| name.clone()).collect();
    while let Some(name) = pending.pop() {
        if let Entry::Vacant(place) = structs.entry(name) {
            let found = joiner.one(place.key())?;
            found.values().for_each(|f| references(&f.schema.shape, &mut pending));
            place.insert(found);
        }
    }
    Ok(Model { structs, kinds, served })
}

/// Every kind of a served version, resources and lists and the rest alike.
fn kinds(openapi: &Definitions, served: &[Served]) -> Vec<(String, String, String)> {
    let versions: BTreeSet<_> = served.iter().map(|s| (s.group.as_str(), s.version.as_str())).collect();
    let any_version = |kind: &str| MORE_KINDS.iter().any(|(v, k, _)| *v == "*" && *k == kind);
    let mut kinds: Vec<_> = MORE_KINDS.iter().map(|(v, k, package)| ((*v).to_owned(), (*k).to_owned(), format!("{package}.{k}"))).collect();
    for (name, definition) in openapi {
        for GroupVersionKind { group, version, kind } in &definition.kinds {
            if versions.contains(&(group.as_str(), version.as_str())) && !any_version(kind) {
                let gvk = GroupVersionKind { group: group.clone(), version: version.clone(), kind: kind.clone() };
                kinds.push((gvk.api_version(), kind.clone(), name.clone()));
            }
        }
    }
    kinds
}

fn references(shape: &Shape, into: &mut Vec<String>) {
    match shape {
        Shape::Struct(name) => into.push(name.clone()),
        Shape::Map(of) | Shape::List(of) => references(&of.shape, into),
        Shape::SchemaOr(_) => into.push(JSON_SCHEMA_PROPS.to_owned()),
        Shape::Any | Shape::Plain(_) => {}
    }
}

struct Joiner<'a> {
    openapi: &'a Definitions,
    proto: &'a BTreeMap<String, Message>,
    go: &'a BTreeMap<String, GoStruct>,
}

impl Joiner<'_> {
    /// The fields of one struct, embedded ones included.
    fn one(&self, name: &str) -> Result<Struct, String> {
        let mut fields = Struct::new();
        self.collect(name, &[], &[], &mut fields)?;
        let Some(definition) = self.openapi.get(name) else { return Ok(fields) };
        for (property, schema) in &definition.properties {
            let field = fields.get_mut(property).ok_or_else(|| format!("{name}.{property} is in OpenAPI but not in Go"))?;
            field.required = definition.required.contains(property);
            field.default = schema.default.as_ref().map(ToString::to_string);
            field.patch_merge_key = schema.patch_merge_key.clone();
            field.patch_merge = schema.patch_strategy.split(',').any(|s| s == "merge");
            field.patch_retain_keys = schema.patch_strategy.split(',').any(|s| s == "retainKeys");
        }
        Ok(fields)
    }

    fn collect(&self, name: &str, held_in: &[u32], places: &[usize], into: &mut Struct) -> Result<(), String> {
        let empty = GoStruct::default();
        let go = match (self.go.get(name), self.openapi.get(name)) {
            (Some(go), _) => go,
            (None, Some(definition)) if definition.properties.is_empty() => &empty,
            (None, _) => return Err(format!("{name}: no Go struct")),
        };
        let message = self.proto.get(name);
        for (json, tags) in &go.fields {
            let found = message.and_then(|m| m.get(tags.proto.as_ref().unwrap_or(json)));
            let property = self.openapi.get(name).and_then(|d| d.properties.get(json));
            let schema = match (property, found) {
                (Some(property), _) => self.schema(property),
                (None, Some(found)) => self.schema_from_proto(found),
                // TypeMeta is the one struct that protobuf does not carry.
                (None, None) => Schema { shape: Shape::Plain("String"), ..Schema::default() },
            };
            let mut field = Field { presence: presence(tags.omit, &schema.shape), schema, ..Field::default() };
            match found {
                Some(found) => {
                    (field.proto, field.proto_in) = self.numbers(found, held_in);
                    field.place = places.iter().copied().chain([found.place + 1]).collect();
                }
                None if message.is_some() => return Err(format!("{name}.{json} has no protobuf number")),
                None => {}
            }
            into.insert(json.clone(), field);
        }
        for embedded in &go.embedded {
            let holder = message.and_then(|m| m.get(&embedded.proto));
            let number = holder.map(|f| f.number);
            let path: Vec<u32> = held_in.iter().copied().chain(number).collect();
            // TypeMeta has no place of its own; it comes first.
            let places: Vec<usize> = places.iter().copied().chain([holder.map_or(0, |f| f.place + 1)]).collect();
            let mut fields = Struct::new();
            self.collect(&embedded.of, &path, &places, &mut fields)?;
            if number.is_none() {
                // TypeMeta: the envelope carries it instead.
                fields.values_mut().for_each(|f| f.proto = 0);
            }
            into.extend(fields);
        }
        // Embedded structs have no definition of their own: what OpenAPI knows stands with the struct that embeds them.
        if let Some(definition) = self.openapi.get(name) {
            for (json, property) in &definition.properties {
                if let Some(field) = into.get_mut(json) {
                    field.schema = self.schema(property);
                }
            }
        }
        Ok(())
    }

    /// Field number, and those of the messages around it: an embedded struct, or a named list type's `items`.
    fn numbers(&self, found: &ProtoField, held_in: &[u32]) -> (u32, Vec<u32>) {
        let wrapper =
            self.proto.get(&found.of).filter(|m| !found.map && !found.repeated && is_wrapper(m) && !self.go.contains_key(&found.of));
        match wrapper {
            Some(_) => (1, held_in.iter().copied().chain([found.number]).collect()),
            None => (found.number, held_in.to_owned()),
        }
    }

    fn schema(&self, definition: &Definition) -> Schema {
        let atomic = definition.map_type.as_deref() == Some("atomic");
        let list_type = match definition.list_type.as_deref() {
            Some("set") => ListType::Set,
            Some("map") => ListType::Map(definition.list_map_keys.clone()),
            _ => ListType::Atomic,
        };
        if let Some(target) = definition.target() {
            let shape = special(target).unwrap_or_else(|| Shape::Struct(target.to_owned()));
            let target_atomic = self.openapi.get(target).is_some_and(|d| d.map_type.as_deref() == Some("atomic"));
            // A field may make an atomic type granular; what is in a RawExtension is one value to server-side apply.
            let granular = definition.map_type.as_deref() == Some("granular");
            let atomic = atomic || (target_atomic && !granular) || target == RAW_EXTENSION;
            return Schema { shape, list_type, atomic };
        }
        let shape = match (definition.kind.as_deref(), definition.format.as_deref()) {
            (Some("string"), Some("byte")) => Shape::Plain("Bytes"),
            (Some("string"), _) => Shape::Plain("String"),
            (Some("boolean"), _) => Shape::Plain("Bool"),
            (Some("integer"), Some("int32")) => Shape::Plain("Int32"),
            (Some("integer"), _) => Shape::Plain("Int64"),
            (Some("number"), _) => Shape::Plain("Double"),
            (Some("array"), _) => definition.items.as_ref().map_or(Shape::Any, |i| Shape::List(Box::new(self.schema(i)))),
            (Some("object"), _) => definition.values.as_ref().map_or(Shape::Any, |v| Shape::Map(Box::new(self.schema(v)))),
            _ => Shape::Any,
        };
        Schema { shape, list_type, atomic }
    }

    fn schema_from_proto(&self, field: &ProtoField) -> Schema {
        let one = match field.of.as_str() {
            "string" => Shape::Plain("String"),
            "bytes" => Shape::Plain("Bytes"),
            "bool" => Shape::Plain("Bool"),
            "int32" => Shape::Plain("Int32"),
            "int64" => Shape::Plain("Int64"),
            "double" => Shape::Plain("Double"),
            name => special(name).unwrap_or_else(|| Shape::Struct(name.to_owned())),
        };
        let one = Schema { shape: one, ..Schema::default() };
        let shape = match (field.repeated, field.map) {
            (true, _) => Shape::List(Box::new(one)),
            (_, true) => Shape::Map(Box::new(one)),
            _ => return one,
        };
        Schema { shape, ..Schema::default() }
    }
}

/// A Go list type with a name of its own is a message with nothing but `repeated items = 1`.
fn is_wrapper(message: &Message) -> bool {
    message.len() == 1 && message.get("items").is_some_and(|f| f.repeated && f.number == 1)
}

fn special(name: &str) -> Option<Shape> {
    let name = name.strip_prefix("io.k8s.")?;
    SPECIAL.iter().find(|(special, _)| *special == name).map(|(_, shape)| shape.clone())
}

fn presence(omit: Omit, shape: &Shape) -> &'static str {
    let vanishes = match shape {
        Shape::List(_) | Shape::Map(_) => true,
        Shape::Plain(name) => ["String", "Bytes", "Bool", "Int32", "Int64", "Double"].contains(name),
        Shape::Any | Shape::Struct(_) | Shape::SchemaOr(_) => false,
    };
    match omit {
        Omit::Pointer => "Set",
        Omit::NullablePointer => "Nullable",
        Omit::Zero => "NonZero",
        Omit::Empty if vanishes => "NonZero",
        Omit::Empty | Omit::Never => "Always",
    }
}
