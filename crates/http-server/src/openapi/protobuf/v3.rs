//! The messages of `openapi.v3` that documents here consist of.

use super::{Holds, Message};
use serde_json::Value;

pub(crate) static DOCUMENT: Message = Message {
    fields: &[
        ("openapi", 1, Holds::Text),
        ("info", 2, Holds::Is(|_| (&[], &INFO))),
        ("paths", 4, Holds::Named(1, |_| (&[], &PATH_ITEM))),
        ("components", 5, Holds::Is(|_| (&[], &COMPONENTS))),
    ],
    extensions: 9,
};

static INFO: Message = Message { fields: &[("title", 1, Holds::Text), ("version", 6, Holds::Text)], extensions: 7 };

static COMPONENTS: Message = Message {
    fields: &[("schemas", 1, Holds::Named(1, schema)), ("securitySchemes", 7, Holds::Named(1, |_| (&[1], &SECURITY_SCHEME)))],
    extensions: 10,
};

static SECURITY_SCHEME: Message = Message {
    fields: &[("type", 1, Holds::Text), ("description", 2, Holds::Text), ("name", 3, Holds::Text), ("in", 4, Holds::Text)],
    extensions: 9,
};

static PATH_ITEM: Message = Message {
    fields: &[
        ("get", 4, OPERATION_FIELD),
        ("put", 5, OPERATION_FIELD),
        ("post", 6, OPERATION_FIELD),
        ("delete", 7, OPERATION_FIELD),
        ("options", 8, OPERATION_FIELD),
        ("head", 9, OPERATION_FIELD),
        ("patch", 10, OPERATION_FIELD),
        ("parameters", 13, PARAMETERS),
    ],
    extensions: 14,
};

const OPERATION_FIELD: Holds = Holds::Is(|_| (&[], &OPERATION));
const PARAMETERS: Holds = Holds::Each(|_| (&[1], &PARAMETER));
const CONTENT: Holds = Holds::Named(1, |_| (&[], &MEDIA_TYPE));

static OPERATION: Message = Message {
    fields: &[
        ("tags", 1, Holds::Texts),
        ("description", 3, Holds::Text),
        ("operationId", 5, Holds::Text),
        ("parameters", 6, PARAMETERS),
        ("requestBody", 7, Holds::Is(|_| (&[1], &REQUEST_BODY))),
        ("responses", 8, Holds::Named(2, |_| (&[1], &RESPONSE))),
    ],
    extensions: 13,
};

static PARAMETER: Message = Message {
    fields: &[
        ("name", 1, Holds::Text),
        ("in", 2, Holds::Text),
        ("description", 3, Holds::Text),
        ("required", 4, Holds::Bool),
        ("schema", 10, Holds::Is(schema)),
    ],
    extensions: 14,
};

static REQUEST_BODY: Message = Message { fields: &[("content", 2, CONTENT), ("required", 3, Holds::Bool)], extensions: 4 };

static RESPONSE: Message = Message { fields: &[("description", 1, Holds::Text), ("content", 3, CONTENT)], extensions: 5 };

static MEDIA_TYPE: Message = Message { fields: &[("schema", 1, Holds::Is(schema))], extensions: 5 };

/// `SchemaOrReference`.
fn schema(value: &Value) -> (&'static [u32], &'static Message) {
    if value.get("$ref").is_some() { (&[2], &REFERENCE) } else { (&[1], &SCHEMA) }
}

static REFERENCE: Message = Message { fields: &[("$ref", 1, Holds::Text)], extensions: 0 };

pub(super) static SCHEMA: Message = Message {
    fields: &[
        ("nullable", 1, Holds::Bool),
        ("title", 9, Holds::Text),
        ("multipleOf", 10, Holds::Double),
        ("maximum", 11, Holds::Double),
        ("exclusiveMaximum", 12, Holds::Bool),
        ("minimum", 13, Holds::Double),
        ("exclusiveMinimum", 14, Holds::Bool),
        ("maxLength", 15, Holds::Int),
        ("minLength", 16, Holds::Int),
        ("pattern", 17, Holds::Text),
        ("maxItems", 18, Holds::Int),
        ("minItems", 19, Holds::Int),
        ("uniqueItems", 20, Holds::Bool),
        ("maxProperties", 21, Holds::Int),
        ("minProperties", 22, Holds::Int),
        ("required", 23, Holds::Texts),
        ("enum", 24, Holds::Yamls),
        ("type", 25, Holds::Text),
        ("allOf", 26, Holds::Each(schema)),
        ("oneOf", 27, Holds::Each(schema)),
        ("anyOf", 28, Holds::Each(schema)),
        ("not", 29, Holds::Is(|_| (&[], &SCHEMA))),
        ("items", 30, Holds::In(1, &Holds::Is(schema))),
        ("properties", 31, Holds::Named(1, schema)),
        ("additionalProperties", 32, Holds::SchemaOrBool(schema)),
        ("default", 33, Holds::Default),
        ("description", 34, Holds::Text),
        ("format", 35, Holds::Text),
    ],
    extensions: 36,
};
