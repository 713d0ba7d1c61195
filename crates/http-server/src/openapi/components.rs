//! Component schemas of built-in structs, in version 3's form.

use super::descriptions::Descriptions;
use minkapi_registry::{
    Alternative, Field, ListType, Schema, Shape, Struct, group_versions, open_api_extensions, struct_named, top_level_kind,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Where references to components point.
pub(super) const PREFIX: &str = "#/components/schemas/";

pub(super) const VERSION_INFO: &str = "io.k8s.apimachinery.pkg.version.Info";
pub(super) const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
/// A kind whose apiVersion and kind are described.
const ANY_OBJECT: &str = "io.k8s.api.core.v1.Pod";
/// The package whose types decode themselves.
const DEFINITIONS: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.";

/// Types that are not what their Go structs look like.
const SPECIAL: &[(&str, &str)] = &[
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", r#"{"type": "string", "format": "date-time"}"#),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", r#"{"type": "string", "format": "date-time"}"#),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Duration", r#"{"type": "string"}"#),
    (QUANTITY, r#"{"oneOf": [{"type": "string"}, {"type": "number"}]}"#),
    (INT_OR_STRING, r#"{"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}"#),
    (
        VERSION_INFO,
        r#"{"type": "object",
            "required": ["major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"],
            "properties": {
                "major": {"type": "string", "default": ""}, "minor": {"type": "string", "default": ""},
                "emulationMajor": {"type": "string"}, "emulationMinor": {"type": "string"},
                "minCompatibilityMajor": {"type": "string"}, "minCompatibilityMinor": {"type": "string"},
                "gitVersion": {"type": "string", "default": ""}, "gitCommit": {"type": "string", "default": ""},
                "gitTreeState": {"type": "string", "default": ""}, "buildDate": {"type": "string", "default": ""},
                "goVersion": {"type": "string", "default": ""}, "compiler": {"type": "string", "default": ""},
                "platform": {"type": "string", "default": ""}}}"#,
    ),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", "{}"),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray", "{}"),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool", "{}"),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray", "{}"),
];

/// The components that a document refers to. References are followed until all are there.
pub(super) struct Components<'a> {
    descriptions: &'a Descriptions,
    /// The group-version of the document, which DeleteOptions and WatchEvent are also said to be of.
    group: String,
    version: String,
    wanted: BTreeSet<String>,
    /// Structs that are replaced as a whole; the tables say so where they are used.
    atomic: BTreeSet<String>,
    made: Map<String, Value>,
}

impl<'a> Components<'a> {
    pub fn new(group: &str, version: &str, descriptions: &'a Descriptions) -> Self {
        Self {
            descriptions,
            group: group.to_owned(),
            version: version.to_owned(),
            wanted: BTreeSet::new(),
            atomic: BTreeSet::new(),
            made: Map::new(),
        }
    }

    /// What kinds and fields are for.
    pub const fn descriptions(&self) -> &'a Descriptions {
        self.descriptions
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
        let mut schema = match SPECIAL.iter().find(|(special, _)| *special == name) {
            Some((_, schema)) => serde_json::from_str(schema).unwrap_or_default(),
            None => struct_named(name).map_or_else(|| json!({"type": "object"}), |of| self.of_struct(of)),
        };
        if let Some(text) = self.descriptions.of_kind(name) {
            schema["description"] = text.into();
        }
        self.extend(&mut schema, name);
        schema
    }

    /// Adds what the tables do not say, and the descriptions of fields.
    fn extend(&self, schema: &mut Value, name: &str) {
        for extension in open_api_extensions(name) {
            let Ok(patch) = serde_json::from_str(extension.patch) else { continue };
            let schema = if extension.field.is_empty() { &mut *schema } else { &mut schema["properties"][extension.field] };
            merge(schema, patch);
        }
        let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (field, schema) in fields.into_iter().flatten() {
            let Some(members) = schema.as_object_mut() else { continue };
            let values = members.get("enum").and_then(Value::as_array).map(|values| possible(values)).unwrap_or_default();
            if let Some(text) = self.describe(name, field) {
                members.insert("description".into(), format!("{text}{values}").into());
            }
            // A reference has no place for siblings.
            if members.len() > 1
                && let Some(reference) = members.remove("$ref")
            {
                members.insert("allOf".into(), json!([{"$ref": reference}]));
            }
        }
    }

    /// Lists are not described, but two of their fields are those of any object.
    fn describe(&self, name: &str, field: &str) -> Option<&'a str> {
        let of_list =
            || self.descriptions.of_field(ANY_OBJECT, field).filter(|_| name.ends_with("List") && matches!(field, "apiVersion" | "kind"));
        self.descriptions.of_field(name, field).or_else(of_list)
    }

    fn of_struct(&mut self, of: &Struct) -> Value {
        let mut schema = json!({"type": "object"});
        let mut required: Vec<&Field> = of.fields.iter().filter(|f| f.required).collect();
        required.sort_by_key(|f| f.order);
        if !required.is_empty() {
            schema["required"] = required.iter().map(|f| &*f.name).collect();
        }
        let properties: Map<String, Value> = of.fields.iter().map(|f| (f.name.to_string(), self.of_field(f, of))).collect();
        if !properties.is_empty() {
            schema["properties"] = properties.into();
        }
        let kinds = self.kinds_of(of);
        if !kinds.is_empty() {
            schema["x-kubernetes-group-version-kind"] = kinds.into();
        }
        schema
    }

    fn of_field(&mut self, field: &Field, of: &Struct) -> Value {
        let mut schema = self.of_schema(&field.schema, of);
        if let Some(default) = field.default.as_ref().and_then(|d| serde_json::from_str(d).ok()) {
            schema["default"] = default;
        }
        let strategies: Vec<&str> =
            [("merge", field.patch_merge), ("retainKeys", field.patch_retain_keys)].iter().filter(|(_, on)| *on).map(|(s, _)| *s).collect();
        if !strategies.is_empty() {
            schema["x-kubernetes-patch-strategy"] = strategies.join(",").into();
        }
        if let Some(key) = &field.patch_merge_key {
            schema["x-kubernetes-patch-merge-key"] = (&**key).into();
        }
        match (&field.schema.shape, &field.schema.list_type) {
            (Shape::List(_), ListType::Set) => schema["x-kubernetes-list-type"] = "set".into(),
            (Shape::List(_), ListType::Map(keys)) => {
                schema["x-kubernetes-list-type"] = "map".into();
                schema["x-kubernetes-list-map-keys"] = keys.iter().map(|k| &**k).collect();
            }
            (Shape::List(_), ListType::Atomic) => schema["x-kubernetes-list-type"] = "atomic".into(),
            (Shape::Map(_), _) if field.schema.atomic => schema["x-kubernetes-map-type"] = "atomic".into(),
            _ => {}
        }
        schema
    }

    fn of_schema(&mut self, schema: &Schema, within: &Struct) -> Value {
        match &schema.shape {
            Shape::Any if within.name.starts_with(DEFINITIONS) => self.reference(&format!("{DEFINITIONS}JSON")),
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
            Shape::Map(of) => json!({"type": "object", "additionalProperties": self.of_schema(of, within)}),
            Shape::List(of) => json!({"type": "array", "items": self.of_schema(of, within)}),
            Shape::SchemaOr(_, alternative) => self.reference(&format!("{DEFINITIONS}{}", alternative_name(*alternative))),
        }
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

/// The name of a type that is a JSONSchemaProps or something else.
const fn alternative_name(alternative: Alternative) -> &'static str {
    match alternative {
        Alternative::Bool => "JSONSchemaPropsOrBool",
        Alternative::Schemas => "JSONSchemaPropsOrArray",
        Alternative::Strings => "JSONSchemaPropsOrStringArray",
    }
}

/// How upstream lists the values of an enumeration below the description of a field.
fn possible(values: &[Value]) -> String {
    let lines: Vec<String> = values.iter().map(|v| format!("\n - `{v}`")).collect();
    format!("\n\nPossible enum values:{}", lines.concat())
}

/// JSON merge patch (RFC 7386).
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    for (name, value) in patch {
        match target.as_object_mut() {
            Some(members) if value.is_null() => drop(members.remove(&name)),
            _ => merge(&mut target[&name], value),
        }
    }
}
