//! The messages of `openapi.v2` that documents here consist of.

use super::{Choose, Holds, Message};
use serde_json::Value;

pub(crate) static DOCUMENT: Message = Message {
    fields: &[
        ("swagger", 1, Holds::Text),
        ("info", 2, Holds::Is(|_| (&[], &INFO))),
        ("paths", 8, Holds::Named(2, |_| (&[], &PATH_ITEM))),
        ("definitions", 9, Holds::Named(1, SCHEMA_OF)),
        ("parameters", 10, Holds::Named(1, defined_parameter)),
        // The one scheme has no scopes, so what is named has no content.
        ("security", 12, Holds::EachNamed(1, |_| (&[], &NOTHING))),
        ("securityDefinitions", 13, Holds::Named(1, |_| (&[2], &API_KEY))),
    ],
    extensions: 16,
};

static INFO: Message = Message { fields: &[("title", 1, Holds::Text), ("version", 2, Holds::Text)], extensions: 7 };

static NOTHING: Message = Message { fields: &[], extensions: 0 };

static API_KEY: Message = Message {
    fields: &[("type", 1, Holds::Text), ("name", 2, Holds::Text), ("in", 3, Holds::Text), ("description", 4, Holds::Text)],
    extensions: 5,
};

static PATH_ITEM: Message = Message {
    fields: &[
        ("get", 2, OPERATION_FIELD),
        ("put", 3, OPERATION_FIELD),
        ("post", 4, OPERATION_FIELD),
        ("delete", 5, OPERATION_FIELD),
        ("options", 6, OPERATION_FIELD),
        ("head", 7, OPERATION_FIELD),
        ("patch", 8, OPERATION_FIELD),
        ("parameters", 9, Holds::Each(parameter)),
    ],
    extensions: 10,
};

const OPERATION_FIELD: Holds = Holds::Is(|_| (&[], &OPERATION));

static OPERATION: Message = Message {
    fields: &[
        ("tags", 1, Holds::Texts),
        ("description", 3, Holds::Text),
        ("operationId", 5, Holds::Text),
        ("produces", 6, Holds::Texts),
        ("consumes", 7, Holds::Texts),
        ("parameters", 8, Holds::Each(parameter)),
        ("responses", 9, Holds::Named(1, |_| (&[1], &RESPONSE))),
        ("schemes", 10, Holds::Texts),
    ],
    extensions: 13,
};

static RESPONSE: Message =
    Message { fields: &[("description", 1, Holds::Text), ("schema", 2, Holds::Is(|_| (&[1], &SCHEMA)))], extensions: 5 };

/// `ParametersItem`.
fn parameter(value: &Value) -> (&'static [u32], &'static Message) {
    match (value.get("$ref"), value["in"].as_str()) {
        (Some(_), _) => (&[2], &REFERENCE),
        (None, Some("body")) => (&[1, 1], &BODY),
        (None, Some("path")) => (&[1, 2, 4], &PATH),
        (None, _) => (&[1, 2, 3], &QUERY),
    }
}

/// `Parameter`.
fn defined_parameter(value: &Value) -> (&'static [u32], &'static Message) {
    match value["in"].as_str() {
        Some("body") => (&[1], &BODY),
        Some("path") => (&[2, 4], &PATH),
        _ => (&[2, 3], &QUERY),
    }
}

static REFERENCE: Message = Message { fields: &[("$ref", 1, Holds::Text)], extensions: 0 };

static BODY: Message = Message {
    fields: &[
        ("description", 1, Holds::Text),
        ("name", 2, Holds::Text),
        ("in", 3, Holds::Text),
        ("required", 4, Holds::Bool),
        ("schema", 5, Holds::Is(SCHEMA_OF)),
    ],
    extensions: 6,
};

static QUERY: Message = Message {
    fields: &[
        ("required", 1, Holds::Bool),
        ("in", 2, Holds::Text),
        ("description", 3, Holds::Text),
        ("name", 4, Holds::Text),
        ("type", 6, Holds::Text),
        ("format", 7, Holds::Text),
        ("uniqueItems", 20, Holds::Bool),
    ],
    extensions: 23,
};

static PATH: Message = Message {
    fields: &[
        ("required", 1, Holds::Bool),
        ("in", 2, Holds::Text),
        ("description", 3, Holds::Text),
        ("name", 4, Holds::Text),
        ("type", 5, Holds::Text),
        ("format", 6, Holds::Text),
        ("uniqueItems", 19, Holds::Bool),
    ],
    extensions: 22,
};

const SCHEMA_OF: Choose = |_| (&[], &SCHEMA);

pub(super) static SCHEMA: Message = Message {
    fields: &[
        ("$ref", 1, Holds::Text),
        ("format", 2, Holds::Text),
        ("title", 3, Holds::Text),
        ("description", 4, Holds::Text),
        ("default", 5, Holds::Yaml),
        ("multipleOf", 6, Holds::Double),
        ("maximum", 7, Holds::Double),
        ("exclusiveMaximum", 8, Holds::Bool),
        ("minimum", 9, Holds::Double),
        ("exclusiveMinimum", 10, Holds::Bool),
        ("maxLength", 11, Holds::Int),
        ("minLength", 12, Holds::Int),
        ("pattern", 13, Holds::Text),
        ("maxItems", 14, Holds::Int),
        ("minItems", 15, Holds::Int),
        ("uniqueItems", 16, Holds::Bool),
        ("maxProperties", 17, Holds::Int),
        ("minProperties", 18, Holds::Int),
        ("required", 19, Holds::Texts),
        ("enum", 20, Holds::Yamls),
        ("additionalProperties", 21, Holds::SchemaOrBool(SCHEMA_OF)),
        ("type", 22, Holds::In(1, &Holds::Text)),
        ("items", 23, Holds::In(1, &Holds::Is(SCHEMA_OF))),
        ("properties", 25, Holds::Named(1, SCHEMA_OF)),
    ],
    extensions: 31,
};
