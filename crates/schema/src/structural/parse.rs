//! A CRD's `openAPIV3Schema` as JSON to [`Structural`].

use super::{Additional, ExpressionRule, ListKind, Structural, Type, ValueRules, formats};
use crate::pattern;
use serde_json::Value;

impl Structural {
    /// Takes a schema apart. Keywords of a wrong type are as good as absent: the CRD's own decoding has refused them.
    pub fn parse(schema: &Value) -> Self {
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        let int_or_string = flag(schema, "x-kubernetes-int-or-string");
        let type_ = text("type").and_then(parse_type);
        Self {
            type_,
            nullable: flag(schema, "nullable"),
            int_or_string,
            preserve_unknown: flag(schema, "x-kubernetes-preserve-unknown-fields"),
            embedded: flag(schema, "x-kubernetes-embedded-resource"),
            default: schema.get("default").filter(|v| !v.is_null()).cloned(),
            properties: schema
                .get("properties")
                .and_then(Value::as_object)
                .map(|map| map.iter().map(|(name, of)| (name.clone(), Self::parse(of))).collect())
                .unwrap_or_default(),
            additional: match schema.get("additionalProperties") {
                Some(Value::Bool(any)) => Some(Additional::Any(*any)),
                Some(of @ Value::Object(_)) => Some(Additional::Schema(Box::new(Self::parse(of)))),
                _ => None,
            },
            items: schema.get("items").filter(|v| v.is_object()).map(|of| Box::new(Self::parse(of))),
            list_kind: match text("x-kubernetes-list-type") {
                Some("set") => ListKind::Set,
                Some("map") => ListKind::Map,
                _ => ListKind::Atomic,
            },
            list_map_keys: texts(schema, "x-kubernetes-list-map-keys"),
            atomic: text("x-kubernetes-map-type") == Some("atomic"),
            rules: rules(schema, type_),
            expressions: schema
                .get("x-kubernetes-validations")
                .and_then(Value::as_array)
                .map(|list| list.iter().map(expression).collect())
                .unwrap_or_default(),
        }
    }
}

fn parse_type(name: &str) -> Option<Type> {
    [Type::Object, Type::Array, Type::String, Type::Integer, Type::Number, Type::Boolean].into_iter().find(|t| t.as_str() == name)
}

fn flag(schema: &Value, key: &str) -> bool {
    schema.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn texts(schema: &Value, key: &str) -> Vec<String> {
    let list = schema.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn rules(schema: &Value, type_: Option<Type>) -> ValueRules {
    let text = |key: &str| schema.get(key).and_then(Value::as_str).filter(|s| !s.is_empty());
    let number = |key: &str| schema.get(key).and_then(Value::as_number).cloned();
    let integer = |key: &str| schema.get(key).and_then(Value::as_i64);
    let list = |key: &str| schema.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let schemas = |key: &str| list(key).iter().map(Structural::parse).collect();
    ValueRules {
        format: text("format").filter(|f| formats::is_supported_format(f, type_)).map(str::to_owned),
        maximum: number("maximum"),
        exclusive_maximum: flag(schema, "exclusiveMaximum"),
        minimum: number("minimum"),
        exclusive_minimum: flag(schema, "exclusiveMinimum"),
        multiple_of: number("multipleOf"),
        max_length: integer("maxLength"),
        min_length: integer("minLength"),
        pattern: text("pattern").map(|p| (p.to_owned(), pattern::compile(p))),
        max_items: integer("maxItems"),
        min_items: integer("minItems"),
        unique_items: flag(schema, "uniqueItems"),
        max_properties: integer("maxProperties"),
        min_properties: integer("minProperties"),
        required: texts(schema, "required"),
        enumeration: list("enum").to_vec(),
        all_of: schemas("allOf"),
        any_of: schemas("anyOf"),
        one_of: schemas("oneOf"),
        not: schema.get("not").filter(|v| v.is_object()).map(|of| Box::new(Structural::parse(of))),
    }
}

fn expression(rule: &Value) -> ExpressionRule {
    let text = |key: &str| rule.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    ExpressionRule {
        rule: text("rule"),
        message: text("message"),
        message_expression: text("messageExpression"),
        reason: text("reason"),
        field_path: text("fieldPath"),
        optional_old_self: rule.get("optionalOldSelf").and_then(Value::as_bool),
    }
}
