//! Component schemas of built-in structs, in version 3's form.

use minkapi_registry::{Field, ListType, Schema, Shape, Struct, group_versions, struct_named, top_level_kind};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Where references to components point.
pub(super) const PREFIX: &str = "#/components/schemas/";

pub(super) const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";

/// The components that a document refers to. References are followed until all are there.
#[derive(Debug)]
pub(super) struct Components {
    /// The group-version of the document, which DeleteOptions and WatchEvent are also said to be of.
    group: String,
    version: String,
    wanted: BTreeSet<String>,
    /// Structs that are replaced as a whole; the tables say so where they are used.
    atomic: BTreeSet<String>,
    made: Map<String, Value>,
}

impl Components {
    pub fn new(group: &str, version: &str) -> Self {
        Self { group: group.to_owned(), version: version.to_owned(), wanted: BTreeSet::new(), atomic: BTreeSet::new(), made: Map::new() }
    }

    /// A reference to a component, which is then made.
    pub fn reference(&mut self, name: &str) -> Value {
        if !self.made.contains_key(name) {
            self.wanted.insert(name.to_owned());
        }
        json!({"$ref": format!("{PREFIX}{name}")})
    }

    /// Adds a component that is not made from the tables.
    pub fn insert(&mut self, name: String, schema: Value) {
        self.wanted.remove(&name);
        self.made.insert(name, schema);
    }

    /// All components.
    pub fn finish(mut self) -> Value {
        while let Some(name) = self.wanted.pop_first() {
            let schema = self.make(&name);
            self.made.insert(name, schema);
        }
        for name in &self.atomic {
            if let Some(schema) = self.made.get_mut(name) {
                schema["x-kubernetes-map-type"] = "atomic".into();
            }
        }
        Value::Object(self.made)
    }

    fn make(&mut self, name: &str) -> Value {
        match name.strip_prefix(META).map(|rest| rest.trim_start_matches('.')) {
            Some("Time") => return json!({"type": "string", "format": "date-time"}),
            Some("MicroTime") => return json!({"type": "string", "format": "date-time"}),
            Some("Duration") => return json!({"type": "string"}),
            Some("FieldsV1" | "Patch") => return json!({"type": "object"}),
            _ => {}
        }
        match name {
            QUANTITY => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
            INT_OR_STRING => json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
            RAW_EXTENSION => json!({"type": "object"}),
            _ => struct_named(name).map_or_else(|| json!({"type": "object"}), |of| self.of_struct(of)),
        }
    }

    fn of_struct(&mut self, of: &Struct) -> Value {
        let mut schema = json!({"type": "object"});
        let required: Vec<&str> = of.fields.iter().filter(|f| f.required).map(|f| &*f.name).collect();
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        let mut properties: Map<String, Value> = of.fields.iter().map(|f| (f.name.to_string(), self.of_field(f))).collect();
        if is_list(of)
            && let Some(items) = properties.get_mut("items").and_then(Value::as_object_mut)
        {
            items.remove("x-kubernetes-list-type");
        }
        if !properties.is_empty() {
            schema["properties"] = properties.into();
        }
        let kinds = self.kinds_of(of);
        if !kinds.is_empty() {
            schema["x-kubernetes-group-version-kind"] = kinds.into();
        }
        schema
    }

    fn of_field(&mut self, field: &Field) -> Value {
        let mut schema = self.of_schema(&field.schema);
        let mut more = Map::new();
        if let Some(default) = field.default.as_ref().and_then(|d| serde_json::from_str(d).ok()) {
            more.insert("default".into(), default);
        }
        let strategies: Vec<&str> =
            [("merge", field.patch_merge), ("retainKeys", field.patch_retain_keys)].iter().filter(|(_, on)| *on).map(|(s, _)| *s).collect();
        if !strategies.is_empty() {
            more.insert("x-kubernetes-patch-strategy".into(), strategies.join(",").into());
        }
        if let Some(key) = &field.patch_merge_key {
            more.insert("x-kubernetes-patch-merge-key".into(), (&**key).into());
        }
        if let Some(members) = schema.as_object_mut() {
            // A reference has no place for siblings.
            if let Some(reference) = members.remove("$ref") {
                members.insert("allOf".into(), json!([{"$ref": reference}]));
            }
            members.append(&mut more);
        }
        schema
    }

    fn of_schema(&mut self, schema: &Schema) -> Value {
        let mut value = match &schema.shape {
            Shape::Any => self.reference(RAW_EXTENSION),
            Shape::String => json!({"type": "string"}),
            Shape::Bytes => json!({"type": "string", "format": "byte"}),
            Shape::Bool => json!({"type": "boolean"}),
            Shape::Int32 => json!({"type": "integer", "format": "int32"}),
            Shape::Int64 => json!({"type": "integer", "format": "int64"}),
            Shape::Double => json!({"type": "number", "format": "double"}),
            Shape::Time => self.reference(&format!("{META}.Time")),
            Shape::MicroTime => self.reference(&format!("{META}.MicroTime")),
            Shape::Duration => self.reference(&format!("{META}.Duration")),
            Shape::FieldsV1 => self.reference(&format!("{META}.FieldsV1")),
            Shape::Quantity => self.reference(QUANTITY),
            Shape::IntOrString => self.reference(INT_OR_STRING),
            Shape::Struct(of) => {
                if schema.atomic {
                    self.atomic.insert(of.name.to_string());
                }
                self.reference(&of.name)
            }
            Shape::Map(of) => json!({"type": "object", "additionalProperties": self.of_schema(of)}),
            Shape::List(of) => json!({"type": "array", "items": self.of_schema(of)}),
            Shape::SchemaOr(..) => json!({}),
        };
        match (&schema.shape, &schema.list_type) {
            (Shape::List(_), ListType::Set) => value["x-kubernetes-list-type"] = "set".into(),
            (Shape::List(_), ListType::Map(keys)) => {
                value["x-kubernetes-list-type"] = "map".into();
                value["x-kubernetes-list-map-keys"] = keys.iter().map(|k| &**k).collect();
            }
            (Shape::List(_), ListType::Atomic) => value["x-kubernetes-list-type"] = "atomic".into(),
            (Shape::Map(_), _) if schema.atomic => value["x-kubernetes-map-type"] = "atomic".into(),
            _ => {}
        }
        value
    }

    /// The kinds that a struct is, by the last part of its name.
    fn kinds_of(&self, of: &Struct) -> Vec<Value> {
        let kind = of.name.rsplit('.').next().unwrap_or_default();
        let mut kinds = Vec::new();
        for gv in group_versions() {
            let api_version = if gv.group.is_empty() { gv.version.to_string() } else { format!("{}/{}", gv.group, gv.version) };
            let Some(found) = top_level_kind(&api_version, kind).filter(|k| k.schema.name == of.name) else { continue };
            let own = gv.group.is_empty() || (gv.group == self.group && gv.version == self.version);
            if found.api_version != "*" || own {
                kinds.push(json!({"group": &*gv.group, "kind": kind, "version": &*gv.version}));
            }
        }
        kinds
    }
}

/// Whether a struct is the list of a kind; its items are said to be of no list type.
fn is_list(of: &Struct) -> bool {
    let metadata = of.field("metadata").map(|f| &f.schema.shape);
    matches!(metadata, Some(Shape::Struct(metadata)) if metadata.name.ends_with(".ListMeta"))
}
