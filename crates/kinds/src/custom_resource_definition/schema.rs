//! The rules that hold for every schema inside of a definition's schema.

mod list;
mod rules;

use super::expressions::Expressions;
use crate::value;
use minkapi_schema::field::{Error, ErrorList, Path};
use serde_json::Value;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What holds for a schema because of where it stands.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// Why defaults may not be set here; None where they may.
    no_defaults: Option<&'a str>,
    inside_metadata: bool,
    /// The part of the schema in which objects of an update do not correspond, so that rules cannot use `oldSelf`.
    pub(super) uncorrelatable: Option<&'a str>,
    pub(super) is_root: bool,
    /// How many such values an object may have; None where nothing limits them.
    pub(super) cardinality: Option<u64>,
    /// Whether rules here are compiled: not inside of value validations.
    compiles: bool,
}

/// Problems of schemas first, then those of rules.
struct Found {
    schema: ErrorList,
    rules: ErrorList,
    expressions: Option<Expressions>,
}

/// Everything wrong with a version's schema; `expressions` are there if it is structural.
pub fn validate(root: &Value, path: &Path<'_>, expressions: Option<Expressions>) -> ErrorList {
    let mut found = Found { schema: ErrorList::new(), rules: ErrorList::new(), expressions };
    let around = Surroundings {
        no_defaults: None,
        inside_metadata: false,
        uncorrelatable: None,
        is_root: true,
        cardinality: Some(1),
        compiles: true,
    };
    found.check(root, path, around);
    let mut errors = found.schema;
    errors.extend(found.rules);
    if let Some(expressions) = found.expressions {
        errors.extend(expressions.total_cost(path));
    }
    errors
}

impl Found {
    /// Returns whether the schema, what is below it included, has no problems but those of rules.
    fn check(&mut self, s: &Value, path: &Path<'_>, around: Surroundings<'_>) {
        let before = self.schema.len();
        self.standard(s, path, around);
        if value::flag(s, "uniqueItems") {
            let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.schema.push(Error::forbidden(&path.child("uniqueItems"), detail));
        }
        let around_inner = Surroundings { is_root: false, ..around };
        self.additional_properties(s, path, around_inner);
        self.properties(s, path, around);
        let uncompiled = Surroundings { compiles: false, ..around_inner };
        if let Some(not) = value::field(s, "not") {
            self.check(not, &path.child("not"), uncompiled);
        }
        for key in ["allOf", "oneOf", "anyOf"] {
            let at = path.child(key);
            for (index, of) in value::items(s, key).iter().enumerate() {
                self.check(of, &at.index(index), uncompiled);
            }
        }
        let at = path.child("definitions");
        for (name, of) in value::entries(s, "definitions") {
            self.check(of, &at.key(name), uncompiled);
        }
        self.items(s, path, around_inner);
        self.extensions(s, path);
        list::validate(s, path, &mut self.schema);
        rules::validate(s, path, &mut self.schema);
        let fits = self.schema.len() == before;
        if let (true, true, Some(expressions)) = (fits, around.compiles, &mut self.expressions) {
            self.rules.extend(expressions.compile(s, path, &around));
        }
    }

    /// Keywords that no schema of a definition may have.
    fn standard(&mut self, s: &Value, path: &Path<'_>, around: Surroundings<'_>) {
        let type_ = value::text(s, "type");
        if !type_.is_empty() && !TYPES.contains(&type_) {
            self.schema.push(Error::not_supported(&path.child("type"), type_, &TYPES));
        }
        let mut forbid = |key: &str, set: bool, detail: &str| {
            if set {
                self.schema.push(Error::forbidden(&path.child(key), detail));
            }
        };
        let has = |key: &str| s.get(key).is_some_and(|v| !value::is_zero(v) || v.is_boolean());
        if let Some(reason) = around.no_defaults {
            forbid("default", value::has(s, "default"), &format!("must not be set {reason}"));
        }
        for key in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
            forbid(key, has(key), &format!("{key} is not supported"));
        }
        forbid("type", type_ == "null", "type cannot be set to null, use nullable as an alternative");
        forbid("items", s.get("items").is_some_and(Value::is_array) && has("items"), "items must be a schema object and not an array");
        forbid(
            "x-kubernetes-embedded-resource",
            around.inside_metadata && value::flag(s, "x-kubernetes-embedded-resource"),
            "must not be used inside of resource meta",
        );
    }

    fn additional_properties(&mut self, s: &Value, path: &Path<'_>, around: Surroundings<'_>) {
        let Some(of) = value::field(s, "additionalProperties") else { return };
        let at = path.child("additionalProperties");
        if value::entries(s, "properties").next().is_some() && *of != Value::Bool(true) {
            self.schema.push(Error::forbidden(&at, "additionalProperties and properties are mutual exclusive"));
        }
        if of.is_object() {
            let reason = "inside additionalProperties applying to object metadata";
            let no_defaults = if around.inside_metadata { Some(reason) } else { around.no_defaults };
            let cardinality = within(around.cardinality, s, "maxProperties");
            self.check(of, &at, Surroundings { no_defaults, cardinality, ..around });
        }
    }

    fn properties(&mut self, s: &Value, path: &Path<'_>, around: Surroundings<'_>) {
        let at = path.child("properties");
        for (name, of) in value::entries(s, "properties") {
            let mut inner = Surroundings { is_root: false, ..around };
            let reason = format!("in top-level {name}");
            let is_object = around.is_root || value::flag(s, "x-kubernetes-embedded-resource");
            if is_object && matches!(name, "metadata" | "kind" | "apiVersion") {
                inner.inside_metadata = true;
                if around.is_root {
                    inner.no_defaults = Some(&reason);
                }
            }
            self.check(of, &at.key(name), inner);
        }
    }

    fn items(&mut self, s: &Value, path: &Path<'_>, around: Surroundings<'_>) {
        let place = path.to_string();
        let mut inner = Surroundings { cardinality: within(around.cardinality, s, "maxItems"), ..around };
        if value::text(s, "x-kubernetes-list-type") != "map" {
            inner.uncorrelatable = inner.uncorrelatable.or(Some(&place));
        }
        let at = path.child("items");
        match s.get("items") {
            Some(items @ Value::Object(_)) => self.check(items, &at, inner),
            Some(Value::Array(list)) => list.iter().enumerate().for_each(|(i, of)| self.check(of, &at.index(i), inner)),
            _ => {}
        }
    }

    fn extensions(&mut self, s: &Value, path: &Path<'_>) {
        if value::flag_if_set(s, "x-kubernetes-preserve-unknown-fields") == Some(false) {
            let at = path.child("x-kubernetes-preserve-unknown-fields");
            self.schema.push(Error::invalid(&at, false, "must be true or undefined"));
        }
        let Some(map_type) = value::text_if_set(s, "x-kubernetes-map-type") else { return };
        if value::text(s, "type") != "object" {
            self.schema.push(wrong_type(s, path, "must be object if x-kubernetes-map-type is specified"));
        }
        if !matches!(map_type, "atomic" | "granular") {
            self.schema.push(Error::not_supported(&path.child("x-kubernetes-map-type"), map_type, &["atomic", "granular"]));
        }
    }
}

/// How many values there are inside of so many maps or lists of this schema.
fn within(outer: Option<u64>, s: &Value, limit: &str) -> Option<u64> {
    let limit = value::int(s, limit)?;
    Some(outer?.saturating_mul(u64::try_from(limit).unwrap_or(0)))
}

/// The error of a type that is missing or another one.
fn wrong_type(s: &Value, path: &Path<'_>, detail: &str) -> Error {
    match value::text(s, "type") {
        "" => Error::required(&path.child("type"), detail),
        type_ => Error::invalid(&path.child("type"), type_, detail),
    }
}
