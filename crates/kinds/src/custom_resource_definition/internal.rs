//! The internal form of a definition's spec, which validation walks and whose paths its errors name.

use crate::value;
use minkapi_schema::field::html_safe;
use serde_json::{Map, Value, json};

/// What a version has in `apiextensions/v1` and what the internal spec calls it when all versions agree on it.
const SHARED: [(&str, &str); 4] = [
    ("subresources", "subresources"),
    ("schema", "validation"),
    ("additionalPrinterColumns", "additionalPrinterColumns"),
    ("selectableFields", "selectableFields"),
];

/// The spec with what all versions agree on moved to its top, and the conversion webhook flattened.
pub fn spec(definition: &Value) -> Value {
    let mut spec = definition.get("spec").cloned().unwrap_or_else(|| json!({}));
    flatten_conversion(&mut spec);
    let versions = value::items(&spec, "versions").to_vec();
    let Some(first) = versions.first() else { return spec };
    value::set(&mut spec, "version", value::text(first, "name"));
    for (of_version, of_spec) in SHARED {
        let shared = value::field(first, of_version).filter(|v| !value::is_zero(v) || of_version != "additionalPrinterColumns");
        if versions.iter().any(|v| value::field(v, of_version) != value::field(first, of_version)) {
            continue;
        }
        if let Some(shared) = shared {
            value::set(&mut spec, of_spec, shared.clone());
        }
        value::items_mut(&mut spec, "versions").iter_mut().for_each(|v| value::unset(v, of_version));
    }
    spec
}

fn flatten_conversion(spec: &mut Value) {
    let Some(conversion) = value::field_mut(spec, "conversion") else { return };
    let Some(webhook) = value::field(conversion, "webhook").cloned() else { return };
    value::unset(conversion, "webhook");
    if let Some(config) = value::field(&webhook, "clientConfig") {
        value::set(conversion, "webhookClientConfig", config.clone());
    }
    value::set(conversion, "conversionReviewVersions", value::items(&webhook, "conversionReviewVersions").to_vec());
}

/// What a version of an internal spec says, or what the spec says for all of them.
pub fn of_version<'a>(spec: &'a Value, version: &'a Value, of_version: &str) -> Option<&'a Value> {
    let per_version = value::items(spec, "versions").iter().any(|v| value::has(v, of_version));
    if per_version {
        return value::field(version, of_version);
    }
    let (_, of_spec) = SHARED.iter().find(|(name, _)| *name == of_version)?;
    value::field(spec, of_spec)
}

/// The versions of an internal spec as Go prints them in errors.
pub fn printed_versions(spec: &Value) -> String {
    if !value::has(spec, "versions") {
        return "null".to_owned();
    }
    let versions: Vec<String> = value::items(spec, "versions").iter().map(printed_version).collect();
    html_safe(format!("[{}]", versions.join(",")))
}

fn printed_version(version: &Value) -> String {
    let plain = |key: &str| value::field(version, key).map_or_else(|| "null".to_owned(), Value::to_string);
    let schema = value::field(version, "schema").map_or_else(
        || "null".to_owned(),
        |v| format!("{{\"OpenAPIV3Schema\":{}}}", value::field(v, "openAPIV3Schema").map_or_else(|| "null".to_owned(), schema_json)),
    );
    format!(
        "{{\"Name\":{},\"Served\":{},\"Storage\":{},\"Deprecated\":{},\"DeprecationWarning\":{},\"Schema\":{schema},\"Subresources\":{},\"AdditionalPrinterColumns\":{},\"SelectableFields\":{}}}",
        Value::from(value::text(version, "name")),
        value::flag(version, "served"),
        value::flag(version, "storage"),
        value::flag(version, "deprecated"),
        plain("deprecationWarning"),
        plain("subresources"),
        plain("additionalPrinterColumns"),
        plain("selectableFields"),
    )
}

/// How a keyword is declared in Go.
enum Keyword {
    Text,
    Flag,
    Nullable,
    Schema,
    Schemas,
    SchemaMap,
    SchemaOrArray,
    SchemaOrBool,
    Rules,
}

/// Go's fields of a schema in their order, with their keywords.
const KEYWORDS: [(&str, &str, Keyword); 44] = [
    ("ID", "id", Keyword::Text),
    ("Schema", "$schema", Keyword::Text),
    ("Ref", "$ref", Keyword::Nullable),
    ("Description", "description", Keyword::Text),
    ("Type", "type", Keyword::Text),
    ("Nullable", "nullable", Keyword::Flag),
    ("Format", "format", Keyword::Text),
    ("Title", "title", Keyword::Text),
    ("Default", "default", Keyword::Nullable),
    ("Maximum", "maximum", Keyword::Nullable),
    ("ExclusiveMaximum", "exclusiveMaximum", Keyword::Flag),
    ("Minimum", "minimum", Keyword::Nullable),
    ("ExclusiveMinimum", "exclusiveMinimum", Keyword::Flag),
    ("MaxLength", "maxLength", Keyword::Nullable),
    ("MinLength", "minLength", Keyword::Nullable),
    ("Pattern", "pattern", Keyword::Text),
    ("MaxItems", "maxItems", Keyword::Nullable),
    ("MinItems", "minItems", Keyword::Nullable),
    ("UniqueItems", "uniqueItems", Keyword::Flag),
    ("MultipleOf", "multipleOf", Keyword::Nullable),
    ("Enum", "enum", Keyword::Nullable),
    ("MaxProperties", "maxProperties", Keyword::Nullable),
    ("MinProperties", "minProperties", Keyword::Nullable),
    ("Required", "required", Keyword::Nullable),
    ("Items", "items", Keyword::SchemaOrArray),
    ("AllOf", "allOf", Keyword::Schemas),
    ("OneOf", "oneOf", Keyword::Schemas),
    ("AnyOf", "anyOf", Keyword::Schemas),
    ("Not", "not", Keyword::Schema),
    ("Properties", "properties", Keyword::SchemaMap),
    ("AdditionalProperties", "additionalProperties", Keyword::SchemaOrBool),
    ("PatternProperties", "patternProperties", Keyword::SchemaMap),
    ("Dependencies", "dependencies", Keyword::Nullable),
    ("AdditionalItems", "additionalItems", Keyword::SchemaOrBool),
    ("Definitions", "definitions", Keyword::SchemaMap),
    ("ExternalDocs", "externalDocs", Keyword::Nullable),
    ("Example", "example", Keyword::Nullable),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", Keyword::Nullable),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", Keyword::Flag),
    ("XIntOrString", "x-kubernetes-int-or-string", Keyword::Flag),
    ("XListMapKeys", "x-kubernetes-list-map-keys", Keyword::Nullable),
    ("XListType", "x-kubernetes-list-type", Keyword::Nullable),
    ("XMapType", "x-kubernetes-map-type", Keyword::Nullable),
    ("XValidations", "x-kubernetes-validations", Keyword::Rules),
];

/// Go's names of the keywords that a schema uses, in their order.
pub fn keywords_in_use(schema: &Value) -> impl Iterator<Item = &'static str> + use<'_> {
    KEYWORDS.iter().filter(|(_, json, _)| schema.get(json).is_some_and(|v| !value::is_zero(v))).map(|(go, ..)| *go)
}

/// A schema as Go prints it in errors.
pub fn printed_schema(schema: &Value) -> String {
    html_safe(schema_json(schema))
}

fn schema_json(schema: &Value) -> String {
    let fields: Vec<String> =
        KEYWORDS.iter().map(|(go, json, keyword)| format!("\"{go}\":{}", printed_keyword(value::field(schema, json), keyword))).collect();
    format!("{{{}}}", fields.join(","))
}

fn printed_keyword(value: Option<&Value>, keyword: &Keyword) -> String {
    let null = || "null".to_owned();
    match (value, keyword) {
        (None, Keyword::Text) => "\"\"".to_owned(),
        (None, Keyword::Flag) => "false".to_owned(),
        (None, _) => null(),
        (Some(v), Keyword::Schema) => schema_json(v),
        (Some(v), Keyword::Schemas) => {
            let list: Vec<String> = v.as_array().into_iter().flatten().map(schema_json).collect();
            format!("[{}]", list.join(","))
        }
        (Some(v), Keyword::SchemaMap) => {
            let entries: Vec<String> = v
                .as_object()
                .unwrap_or(&Map::new())
                .iter()
                .map(|(k, v)| format!("{}:{}", Value::from(k.as_str()), schema_json(v)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        (Some(v), Keyword::SchemaOrArray) => format!("{{\"Schema\":{},\"JSONSchemas\":null}}", schema_json(v)),
        (Some(Value::Bool(allows)), Keyword::SchemaOrBool) => format!("{{\"Allows\":{allows},\"Schema\":null}}"),
        (Some(v), Keyword::SchemaOrBool) => format!("{{\"Allows\":true,\"Schema\":{}}}", schema_json(v)),
        (Some(v), Keyword::Rules) => {
            let list: Vec<String> = v.as_array().into_iter().flatten().map(rule_json).collect();
            format!("[{}]", list.join(","))
        }
        (Some(v), _) => v.to_string(),
    }
}

/// A rule of `x-kubernetes-validations` as Go prints it in errors.
pub fn printed_rule(rule: &Value) -> String {
    html_safe(rule_json(rule))
}

fn rule_json(rule: &Value) -> String {
    let text = |key: &str| Value::from(value::text(rule, key));
    let nullable = |key: &str| value::field(rule, key).map_or_else(|| "null".to_owned(), Value::to_string);
    format!(
        "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{},\"FieldPath\":{},\"OptionalOldSelf\":{}}}",
        text("rule"),
        text("message"),
        text("messageExpression"),
        nullable("reason"),
        text("fieldPath"),
        nullable("optionalOldSelf"),
    )
}
